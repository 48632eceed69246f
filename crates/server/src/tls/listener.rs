//! What becomes of a connection before HTTP is spoken on it: bounds on its client's patience, and TLS.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::{TlsAcceptor, rustls, server::TlsStream};
use tokio_util::either::Either;

use super::Tls;
use crate::patient;

/// A handshake is two messages of a client: whoever needs longer is closed.
const HANDSHAKE: Duration = Duration::from_secs(10);

type Plain = Pin<Box<TimeoutStream<TcpStream>>>;
/// A connection, with TLS or without.
pub(crate) type Connection = Either<Plain, Box<TlsStream<Plain>>>;

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Front {
    patience: Duration,
    tls: Option<TlsAcceptor>,
}

impl Front {
    /// Connections whose clients have this patience of ours, with TLS where there is a pair.
    pub(crate) fn new(patience: Duration, tls: Option<&Arc<Tls>>) -> Front {
        Front { patience, tls: tls.map(|tls| TlsAcceptor::from(tls.config())) }
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for Front {
    type Stream = Connection;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Connection, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Front { patience, tls } = self.clone();
        // Each connection has a task of its own: one that never ends its handshake holds nobody else up.
        Box::pin(async move {
            let plain = patient::stream(stream, patience)?;
            let Some(tls) = tls else { return Ok((Either::Left(plain), service)) };
            let met = tokio::time::timeout(HANDSHAKE.min(patience), tls.accept(plain)).await;
            match met.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(stream) => Ok((Either::Right(Box::new(stream)), service)),
                Err(error) => {
                    // Counted and not logged: whoever scans us must not fill the log.
                    metrics::counter!("contactiq_tls_handshake_failures_total", "why" => why(&error))
                        .increment(1);
                    tracing::debug!(reason = why(&error), "a handshake failed");
                    Err(error)
                }
            }
        })
    }
}

/// Why a handshake failed, in one word.
fn why(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::PeerIncompatible(_)) => "version",
        Some(rustls::Error::InvalidMessage(_)) => "no_tls",
        Some(rustls::Error::AlertReceived(_)) => "refused_by_client",
        Some(rustls::Error::NoApplicationProtocol) => "protocol",
        Some(_) => "other",
        None if error.kind() == io::ErrorKind::TimedOut => "late",
        None => "closed",
    }
}
