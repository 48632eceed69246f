//! A data folder for one run of a measurement. Questions of a measurement are not a bank's
//! interactions: they get a ledger of their own, and nothing of them stays.

use std::path::{Path, PathBuf};

use contactiq_guard::Published;
use contactiq_store::{Store, documents, rulings};

use super::output;
use crate::{
    app::{self, NoEncoder, StartError},
    config::{Config, SecretText},
    demo,
    wiring::{SystemIds, random_text},
};

/// The folder, removed when this ends. Trained models and vectors come from the real one.
pub(super) struct Scratch {
    folder: PathBuf,
    /// The configuration with the scratch folder in place of the real one.
    pub(super) config: Config,
}

impl Scratch {
    /// A scratch folder with the demo bank, or none, as the configuration has it.
    pub(super) fn beside(config: &Config) -> std::io::Result<Scratch> {
        let folder = std::env::temp_dir().join(format!("contactiq-scratch-{}", random_text::<9>()));
        app::make_private(&folder)?;
        let mut own = config.clone();
        own.database.url = SecretText::default();
        own.server.data_dir.clone_from(&folder);
        // What is measured is worked out each time.
        own.limits.remembered_answers = 0;
        let mut scratch = Scratch { folder, config: own };
        scratch.share(&config.server.data_dir)?;
        scratch.find_encoder(config);
        Ok(scratch)
    }

    /// A scratch folder with the documents that the bank answers from today.
    ///
    /// # Errors
    /// As [`app::open_store`].
    pub(super) async fn with_documents_of(config: &Config) -> Result<Scratch, StartError> {
        let folder = |source| StartError::DataDir { path: std::env::temp_dir(), source };
        let mut scratch = Scratch::beside(config).map_err(folder)?;
        let embedded = config.database.url.is_empty();
        if embedded && !config.server.data_dir.join("contactiq.db").exists() {
            return Ok(scratch);
        }
        let bank = app::open_store(config).await?;
        if config.server.demo {
            demo::load_documents(&bank, &SystemIds).await?;
        }
        // What somebody removed from the demo bank stays removed.
        scratch.config.server.demo = false;
        let own = app::open_store(&scratch.config).await?;
        let copied = copy(&bank, &own).await;
        bank.close().await;
        own.close().await;
        copied?;
        Ok(scratch)
    }

    fn share(&self, from: &Path) -> std::io::Result<()> {
        for folder in ["models/encoder", "models/lexical", "cache"] {
            let target = self.folder.join(folder);
            std::fs::create_dir_all(&target)?;
            let Ok(files) = std::fs::read_dir(from.join(folder)) else { continue };
            for file in files.flatten() {
                std::fs::copy(file.path(), target.join(file.file_name()))?;
            }
        }
        Ok(())
    }

    /// Names the encoder of the real folder. Figures without it are another program's: it is said
    /// once, also where it was switched off.
    fn find_encoder(&mut self, config: &Config) {
        let found = if app::is_remote(config) {
            app::open_encoder(&self.config).map(drop)
        } else {
            app::encoder_folder(config).and_then(|folder| {
                self.config.encoder.folder = folder.display().to_string();
                app::open_encoder(&self.config).map(drop)
            })
        };
        if let Err(why) = found {
            output::note(format!("contactiq: {why}"));
            if why != NoEncoder::Off {
                self.config.encoder.folder = "off".to_owned();
            }
        }
    }
}

/// Puts what answers in one store, documents and rulings, into another.
async fn copy(from: &Store, to: &Store) -> Result<(), contactiq_store::StoreError> {
    let mut reader = from.read().await?;
    let all = documents::all_current(&mut reader).await?;
    let rulings = rulings::list(&mut reader).await?;
    drop(reader);
    let mut w = to.write().await?;
    for (document, passages) in &all {
        // Answers are made of passages; the text that they were cut from stays where it is.
        let document = document.clone().with_text(Published::by_bank(""));
        documents::put(&mut w, &document, passages).await?;
    }
    for ruling in &rulings {
        rulings::put(&mut w, ruling).await?;
    }
    w.save().await
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
