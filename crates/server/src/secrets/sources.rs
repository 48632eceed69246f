//! All places of secrets behind one reading.

use std::{
    collections::HashMap,
    mem::discriminant,
    sync::{Arc, OnceLock},
};

use contactiq_domain::{Clock, Secret};

#[cfg(feature = "secrets-aws")]
use super::aws::Aws;
#[cfg(feature = "secrets-azure")]
use super::azure::Azure;
#[cfg(feature = "secrets-gcp")]
use super::gcp::Gcp;
use super::{
    Reference, SourceError, local,
    vault::{Entries, READING, Vault},
};
use crate::config;

/// The ways to the managers, each made when it is first asked.
pub(super) struct Sources {
    settings: config::Secrets,
    clock: Arc<dyn Clock>,
    vault: OnceLock<Result<Vault, SourceError>>,
    #[cfg(feature = "secrets-aws")]
    aws: OnceLock<Result<Aws, SourceError>>,
    #[cfg(feature = "secrets-azure")]
    azure: OnceLock<Result<Azure, SourceError>>,
    #[cfg(feature = "secrets-gcp")]
    gcp: OnceLock<Result<Gcp, SourceError>>,
}

/// What one reading of all secrets knows already.
#[derive(Default)]
pub(super) struct Reading {
    entries: Entries,
    /// Managers that did not answer: the others' secrets do not wait for them again.
    away: Vec<(std::mem::Discriminant<Reference>, SourceError)>,
}

impl Sources {
    pub(super) fn new(settings: &config::Secrets, clock: Arc<dyn Clock>) -> Sources {
        Sources {
            settings: settings.clone(),
            clock,
            vault: OnceLock::new(),
            #[cfg(feature = "secrets-aws")]
            aws: OnceLock::new(),
            #[cfg(feature = "secrets-azure")]
            azure: OnceLock::new(),
            #[cfg(feature = "secrets-gcp")]
            gcp: OnceLock::new(),
        }
    }

    /// The value at a place.
    pub(super) async fn read(
        &self,
        reference: &Reference,
        reading: &mut Reading,
    ) -> Result<Secret, SourceError> {
        let kind = discriminant(reference);
        if let Some((_, error)) = reading.away.iter().find(|(away, _)| *away == kind) {
            return Err(error.clone());
        }
        let asked = self.ask(reference, &mut reading.entries);
        let late = || {
            let (why, fix) = ("it took too long", "its address in [secrets]");
            SourceError::Away { manager: "the manager of secrets", why, fix }
        };
        let read = tokio::time::timeout(READING, asked).await.unwrap_or_else(|_| Err(late()));
        if let Err(error) = &read
            && error.is_transient()
        {
            reading.away.push((kind, error.clone()));
        }
        read
    }

    async fn ask(&self, reference: &Reference, entries: &mut Entries) -> Result<Secret, SourceError> {
        match reference {
            // What the environment holds was read with the configuration, and can't change.
            Reference::Env(_) | Reference::File(_) => {
                local::read(reference, &HashMap::new()).unwrap_or(Err(SourceError::NoVariable))
            }
            Reference::Vault { mount, path, field } => {
                let vault = self.vault.get_or_init(|| Vault::new(&self.settings.vault, self.clock.clone()));
                vault.as_ref().map_err(Clone::clone)?.read((mount, path, field), entries).await
            }
            #[cfg(feature = "secrets-aws")]
            Reference::Aws(entry) => {
                let aws = self.aws.get_or_init(|| Aws::new(&self.settings.aws, self.clock.clone()));
                aws.as_ref().map_err(Clone::clone)?.read(entry).await
            }
            #[cfg(feature = "secrets-azure")]
            Reference::Azure(entry) => {
                let azure = self.azure.get_or_init(|| Azure::new(&self.settings.azure));
                azure.as_ref().map_err(Clone::clone)?.read(entry).await
            }
            #[cfg(feature = "secrets-gcp")]
            Reference::Gcp(entry) => {
                let gcp = self.gcp.get_or_init(|| Gcp::new(&self.settings.gcp));
                gcp.as_ref().map_err(Clone::clone)?.read(entry).await
            }
            #[cfg(not(feature = "secrets-aws"))]
            Reference::Aws(_) => {
                Err(SourceError::NotBuilt { manager: "AWS Secrets Manager", feature: "secrets-aws" })
            }
            #[cfg(not(feature = "secrets-azure"))]
            Reference::Azure(_) => {
                Err(SourceError::NotBuilt { manager: "Azure Key Vault", feature: "secrets-azure" })
            }
            #[cfg(not(feature = "secrets-gcp"))]
            Reference::Gcp(_) => {
                Err(SourceError::NotBuilt { manager: "Google Secret Manager", feature: "secrets-gcp" })
            }
        }
    }
}
