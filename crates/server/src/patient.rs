//! Connections whose client stopped reading are closed: a write that makes no progress ends them.

use std::{io, pin::Pin, time::Duration};

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;

/// What the kernel keeps of an answer that is not read yet, in bytes (Linux doubles it). It says that
/// there is room again only when a third of its buffer is free: in one that grows to its 4 MB, a client
/// that reads 40 KB a second would look like one that does not read at all.
const SEND_BUFFER: usize = 64 * 1024;

/// Such a connection.
pub(crate) fn stream(
    stream: TcpStream,
    patience: Duration,
) -> io::Result<Pin<Box<TimeoutStream<TcpStream>>>> {
    SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER)?;
    // Small events of a stream must not wait for an acknowledgement of the one before.
    stream.set_nodelay(true)?;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience));
    Ok(Box::pin(stream))
}
