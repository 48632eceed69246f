//! Secrets (A8): the configuration names where they stand, this module reads them, again and again, and nobody is shown
//! one.
//!
//! What stands on this machine is read with the configuration; what stands in a manager is read by a [`Keeper`], at the
//! start and then every `secrets.refresh_seconds`, on SIGHUP, and soon after a provider or the database refused
//! what we have. A manager that is sealed or away changes nothing: the last good value stays in force, and the log, the
//! figures and `doctor` say since when.

#[cfg(feature = "secrets-aws")]
mod aws;
#[cfg(feature = "secrets-aws")]
mod aws_role;
#[cfg(feature = "secrets-azure")]
mod azure;
mod error;
#[cfg(feature = "secrets-gcp")]
mod gcp;
mod keeper;
mod local;
mod manager;
mod reference;
mod sources;
mod strength;
mod text;
mod vault;

use std::{collections::HashMap, path::Path};

use contactiq_domain::{Secret, Timestamp};
use zeroize::Zeroizing;

pub use error::SourceError;
pub use keeper::{Keeper, Standing};
pub use reference::{Entry, HOW, Reference};
pub use strength::weakness;
pub use text::{Read, SecretText, Written};

/// Reads a secret all of whose places are on this machine; none where one is elsewhere. The error names the place.
pub(crate) fn read_local(
    text: &SecretText,
    env: &HashMap<String, String>,
    now: Timestamp,
) -> Option<Result<(), (Reference, SourceError)>> {
    if text.is_empty() {
        return None;
    }
    let mut values: Vec<Secret> = Vec::new();
    for reference in text.references() {
        match local::read(reference, env)? {
            Ok(value) => values.push(value),
            Err(error) => {
                text.fail(error.clone());
                return Some(Err((reference.clone(), error)));
            }
        }
    }
    text.take(values, now);
    Some(Ok(()))
}

/// Whether others than its owner may read a file.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    local::is_open_to_others(path)
}

impl SecretText {
    /// The active value as it stands now: a file is read anew. For what lets us into a manager, and for TLS.
    pub(crate) fn reread(&self) -> Result<Zeroizing<String>, SourceError> {
        match self.places().first() {
            Some(Written::Reference(Reference::File(path))) => {
                Ok(Zeroizing::new(local::file(path)?.expose().to_owned()))
            }
            _ => Ok(self.expose()),
        }
    }
}
