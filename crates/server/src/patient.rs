//! Connections whose client stopped reading are closed: a write that makes no progress ends them.

use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    time::Duration,
};

use axum_server::accept::Accept;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// What the kernel keeps of an answer that is not read yet, in bytes (Linux doubles it). It says that
/// there is room again only when a third of its buffer is free: in one that grows to its 4 MB, a client
/// that reads 40 KB a second would look like one that does not read at all.
const SEND_BUFFER: usize = 64 * 1024;

/// Makes such connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patient(pub(crate) Duration);

impl<S> Accept<TcpStream, S> for Patient {
    type Stream = Pin<Box<TimeoutStream<TcpStream>>>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Small events of a stream must not wait for an acknowledgement of the one before.
        let sized = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
        let ready_made = sized.and_then(|()| stream.set_nodelay(true));
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.0));
        ready(ready_made.map(|()| (Box::pin(stream), service)))
    }
}
