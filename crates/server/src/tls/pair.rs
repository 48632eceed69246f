//! A certificate and its private key, as they stand in files and managers of secrets.

use std::path::Path;

use contactiq_domain::Timestamp;
use tokio_rustls::rustls::{
    self, InconsistentKeys,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use super::validity::not_after;
use crate::secrets::{SecretText, SourceError};

/// No chain of certificates is longer; what is, is another file.
const LONGEST: u64 = 256 * 1024;

/// Why a certificate and a key are no pair for us. No word of a key is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// The certificate's file.
    #[error("server.tls.certificate can't be read ({0}): mount it, or let this user read it")]
    Certificate(String),
    /// There is no certificate in it.
    #[error(
        "server.tls.certificate holds no certificate: write PEM, the server's own first, then those between it and the authority"
    )]
    NoCertificate,
    /// The key.
    #[error("server.tls.key: {0}")]
    Key(SourceError),
    /// There is no key in it.
    #[error("server.tls.key holds no private key: write PEM (PKCS #8, SEC 1 or PKCS #1) without a password")]
    NoKey,
    /// They don't belong together.
    #[error("server.tls.key is not the key of server.tls.certificate: put both of one pair there")]
    Mismatch,
    /// The key's kind.
    #[error(
        "server.tls.key is of a kind that TLS 1.3 has no signature for: make an ECDSA key (P-256), Ed25519, or RSA of 2048 bits or more"
    )]
    Unusable,
    /// It ended.
    #[error("server.tls.certificate ended on {0}: renew it")]
    Ended(Timestamp),
}

/// Both as PEM.
pub(super) struct Texts {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Zeroizing<String>,
}

impl Texts {
    /// As they stand now: files are read anew, of a manager's key what was read last.
    pub(super) fn read(certificate: &Path, key: &SecretText) -> Result<Texts, PairError> {
        let told = |e: std::io::Error| PairError::Certificate(e.kind().to_string());
        let meta = std::fs::metadata(certificate).map_err(told)?;
        if !meta.is_file() || meta.len() > LONGEST {
            return Err(PairError::Certificate("it is no file of at most 256 KiB".to_owned()));
        }
        let certificate = std::fs::read(certificate).map_err(told)?;
        Ok(Texts { certificate, key: key.reread().map_err(PairError::Key)? })
    }
}

/// A pair that can be used.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: CertifiedKey,
    /// When the server's own certificate ends.
    pub(super) ends: Timestamp,
}

impl Pair {
    pub(super) fn of(texts: &Texts, provider: &CryptoProvider) -> Result<Pair, PairError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&texts.certificate)
            .collect::<Result<_, _>>()
            .map_err(|_| PairError::NoCertificate)?;
        let ends = chain.first().and_then(|own| not_after(own)).ok_or(PairError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(texts.key.as_bytes()).map_err(|_| PairError::NoKey)?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => PairError::Mismatch,
            rustls::Error::InvalidCertificate(_) => PairError::NoCertificate,
            _ => PairError::Unusable,
        })?;
        Ok(Pair { key, ends })
    }

    /// One that has ended takes the place of none.
    pub(super) fn unless_ended(self, now: Timestamp) -> Result<Pair, PairError> {
        if self.ends > now { Ok(self) } else { Err(PairError::Ended(self.ends)) }
    }
}
