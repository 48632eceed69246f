//! Connections whose client stopped reading are closed: a write that makes no progress ends them.

use std::{
    future::{Ready, ready},
    io,
    pin::Pin,
    time::Duration,
};

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// Makes such connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patient(pub(crate) Duration);

impl<S> Accept<TcpStream, S> for Patient {
    type Stream = Pin<Box<TimeoutStream<TcpStream>>>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Small events of a stream must not wait for an acknowledgement of the one before.
        let soon = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.0));
        ready(soon.map(|()| (Box::pin(stream), service)))
    }
}
