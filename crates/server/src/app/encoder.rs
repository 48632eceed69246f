//! Opening the sentence encoder: where it is looked for, and what is said when it is not there.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use contactiq_llm::ModelError;
use contactiq_nlu::{
    encoder::{CachedEncoder, Encoder, EncoderError, KernelChoice, MiniLm},
    intents::topic::Topic,
};
use contactiq_pipeline::{BY_WORDS, Calibration};
use serde::{Serialize, Serializer};

use super::{
    door,
    models::jitter,
    remote_encoder::{NotOpened, RemoteEncoder},
};
use crate::{config::Config, wiring::SystemClock};

/// Numbers of question vectors that stay in memory: 20,000 vectors of 384, which are 31 MB.
const CACHED_NUMBERS: usize = 20_000 * 384;

/// The file of vectors of published text, in the folder `cache`.
const VECTORS: &str = "vectors.bin";

/// Where `make encoder` puts it, under the folder in which the program is started.
const FETCHED: &str = ".cache/encoder";

/// Why there is no encoder. Each says what to do, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoEncoder {
    /// Somebody wants it so.
    #[error("switched off: the lexical model works alone")]
    Off,
    /// None of these folders is there.
    #[error(
        "no encoder in {}: the lexical model works alone. `make encoder` fetches it, or name its folder in CONTACTIQ_ENCODER",
        .0.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" or ")
    )]
    NotFound(Vec<PathBuf>),
    /// The folder is there and what is in it can't be used.
    #[error("{0}: the lexical model works alone. `make encoder` fetches it again")]
    Unusable(String),
    /// The server of the remote encoder does not serve.
    #[error("no vectors from {address} ({why}): the lexical model works alone. {fix}, then start again")]
    Away {
        /// `encoder.base_url`, which carries no secret.
        address: String,
        /// What it did.
        why: String,
        /// What to do.
        fix: &'static str,
    },
}

impl NoEncoder {
    /// A remote encoder that failed with this.
    fn away(config: &Config, error: &ModelError) -> NoEncoder {
        let fix = match error {
            ModelError::Unauthorised => "Set its key in CONTACTIQ_EMBEDDINGS_API_KEY",
            ModelError::NotFound
            | ModelError::NoSuchModel
            | ModelError::Refused(_)
            | ModelError::Garbage { .. } => {
                "See that encoder.base_url ends before /embeddings, and that the server has encoder.model and \
                 encoder.dimensions"
            }
            ModelError::Timeout => {
                "See that the server of encoder.base_url runs, or raise encoder.timeout_seconds"
            }
            _ => "See that the server of encoder.base_url runs and can be reached",
        };
        NoEncoder::Away { address: config.encoder.base_url.clone(), why: error.to_string(), fix }
    }

    /// A remote encoder that served the first text and failed later in the start.
    pub(super) fn left(config: &Config, error: &EncoderError) -> NoEncoder {
        let address = config.encoder.base_url.clone();
        let fix = match error {
            EncoderError::Unpaid(_) => "Raise the budget, or wait until it begins anew",
            _ => {
                "See that the server of encoder.base_url bears requests of 64 texts, or raise \
                 encoder.timeout_seconds"
            }
        };
        NoEncoder::Away { address, why: error.to_string(), fix }
    }
}

impl Serialize for NoEncoder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether the encoder of this configuration is on another server.
pub(crate) fn is_remote(config: &Config) -> bool {
    config.encoder.folder != "off" && !config.encoder.base_url.is_empty()
}

/// The folder of this configuration's local encoder: the one that CONTACTIQ_ENCODER or the configuration
/// names, else the first that is there of `encoder` in the data folder and `.cache/encoder`.
///
/// # Errors
/// [`NoEncoder`] names the folders that were tried.
pub(crate) fn encoder_folder(config: &Config) -> Result<PathBuf, NoEncoder> {
    let tried = match config.encoder.folder.as_str() {
        "off" => return Err(NoEncoder::Off),
        "" => vec![config.server.data_dir.join("encoder"), PathBuf::from(FETCHED)],
        folder => vec![PathBuf::from(folder)],
    };
    first_there(tried)
}

fn first_there(tried: Vec<PathBuf>) -> Result<PathBuf, NoEncoder> {
    let tried: Vec<PathBuf> = tried.iter().map(|p| absolute(p)).collect();
    match tried.iter().find(|p| p.exists()) {
        Some(folder) => Ok(folder.clone()),
        None => Err(NoEncoder::NotFound(tried)),
    }
}

/// The whole path, so that a person sees which folder is meant.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The encoder of this configuration; it waits for the first answer of a remote one.
///
/// # Errors
/// [`NoEncoder`] says why there is none.
pub fn open_encoder(config: &Config) -> Result<Arc<CachedEncoder>, NoEncoder> {
    let unusable = |e: String| NoEncoder::Unusable(e);
    let model: Arc<dyn Encoder> = if is_remote(config) {
        Arc::new(open_remote(config)?)
    } else {
        let folder = encoder_folder(config)?;
        let kernel: KernelChoice =
            config.encoder.kernel.parse().map_err(|e| unusable(format!("encoder.kernel: {e}")))?;
        let load = if config.encoder.adapter { MiniLm::load_adapted } else { MiniLm::load_for };
        Arc::new(load(&folder, kernel).map_err(|e| unusable(e.to_string()))?)
    };
    let capacity = CACHED_NUMBERS / model.dimensions().max(1);
    Ok(Arc::new(with_file(config, model, capacity)))
}

/// The encoder with the file of its vectors. A file that can't be used costs time, not the encoder.
fn with_file(config: &Config, model: Arc<dyn Encoder>, capacity: usize) -> CachedEncoder {
    let folder = config.server.data_dir.join("cache");
    let opened = std::fs::create_dir_all(&folder).map_err(|e| e.to_string()).and_then(|()| {
        CachedEncoder::open(Arc::clone(&model), Some(&folder.join(VECTORS)), capacity)
            .map_err(|e| e.to_string())
    });
    match opened {
        Ok(cached) => {
            if let Some(warning) = damage(&cached) {
                tracing::warn!(bytes = cached.damaged(), "{warning}");
            }
            cached
        }
        Err(error) => {
            tracing::warn!(error, "vectors are not kept: every start encodes the documents anew");
            CachedEncoder::new(model, capacity)
        }
    }
}

/// Empties the file of vectors, which is filled again as it is needed; not one that another process writes.
///
/// # Errors
/// When it is there and can't be written.
pub(crate) fn empty_vector_file(config: &Config) -> std::io::Result<()> {
    let path = config.server.data_dir.join("cache").join(VECTORS);
    let file = match std::fs::OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if file.try_lock().is_ok() {
        file.set_len(0)?;
    }
    Ok(())
}

/// What to say of a file of vectors that was damaged; none where it was whole.
pub(crate) fn damage(encoder: &CachedEncoder) -> Option<String> {
    let bytes = encoder.damaged();
    (bytes > 0).then(|| {
        format!("cache/{VECTORS} was damaged or of another encoder: what {bytes} bytes held is encoded again")
    })
}

fn open_remote(config: &Config) -> Result<RemoteEncoder, NoEncoder> {
    let own = &config.encoder;
    let guard = door(config).map_err(|error| {
        let why = error.to_string();
        NoEncoder::Away { address: own.base_url.clone(), why, fix: "Mend what it names" }
    })?;
    let timeout = Duration::from_secs(own.timeout_seconds);
    let opened = RemoteEncoder::open(own.remote(), timeout, guard, Arc::new(SystemClock), jitter());
    opened.map_err(|why| match why {
        NotOpened::Failed(error) => NoEncoder::away(config, &error),
        NotOpened::Setup(error) => {
            let fix = "Set what it names";
            NoEncoder::Away { address: own.base_url.clone(), why: format!("encoder.{error}"), fix }
        }
        NotOpened::Thread => {
            let why = "this machine gives no more threads".to_owned();
            NoEncoder::Away { address: own.base_url.clone(), why, fix: "End what uses them" }
        }
    })
}

/// An encoder in words: what `/ready` and the start say.
pub(crate) fn in_words(encoder: &dyn Encoder) -> String {
    match encoder.kernel() {
        "remote" => format!("{}, {} dimensions, remote", encoder.name(), encoder.dimensions()),
        kernel => format!("{}, kernel {kernel}", encoder.name()),
    }
}

/// What a confidence file calls the encoder that it was fitted with.
pub(crate) fn label(encoder: &dyn Encoder) -> String {
    format!("{}, {} dimensions", encoder.name(), encoder.dimensions())
}

/// What to say of the confidence when it was fitted with another encoder: its figures mean something else then.
/// None where it fits, or where nobody can know.
pub(crate) fn misfit(calibration: &Calibration, encoder: &dyn Encoder) -> Option<String> {
    let (fitted_with, used) = (calibration.encoder.as_deref()?, label(encoder));
    // The same weights behind another name are the same encoder; only those of the shipped files are known.
    let same = || fitted_with == SHIPPED_WITH && Topic::is_of(encoder).unwrap_or(true);
    (fitted_with != used && !same()).then(|| {
        format!(
            "fitted with {fitted_with}, and the encoder is {used}: fit it again with \
             `contactiq intents calibrate`, name the file in files.confidence and choose the thresholds anew"
        )
    })
}

/// What to say of the confidence where there is no encoder: the weights for words alone judge, and what was chosen with
/// an encoder speaks of other answers.
pub(crate) fn without_meaning(by_words: &Calibration) -> String {
    match by_words.encoder.as_deref().filter(|fitted_with| *fitted_with != BY_WORDS) {
        Some(fitted_with) => format!(
            "answers are found by words alone, and files.confidence_words was fitted with {fitted_with}: fit it again \
             with `contactiq intents calibrate` while CONTACTIQ_ENCODER is off, and choose the thresholds anew"
        ),
        None => format!(
            "answers are found by words alone and judged by the weights for that ({}): a threshold that was chosen \
             with an encoder promises nothing here. Choose it anew with `contactiq intents calibrate --alpha` while \
             CONTACTIQ_ENCODER is off",
            by_words.version
        ),
    }
}

/// The encoder with which the built-in confidence and the topic gate were made.
const SHIPPED_WITH: &str = "all-MiniLM-L6-v2 + banking 3, 384 dimensions";

/// The taxonomy is the bank's own text, so its vectors may be kept in the file.
pub(super) struct Published<'a>(pub(super) &'a CachedEncoder);

impl Encoder for Published<'_> {
    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }
    fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }
    fn name(&self) -> &str {
        self.0.name()
    }
    fn kernel(&self) -> &'static str {
        self.0.kernel()
    }
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.0.encode_published(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_is_there_is_taken_and_all_that_were_tried_are_said() {
        let dir = tempfile::tempdir().unwrap();
        let (own, fetched) = (dir.path().join("data/encoder"), dir.path().join(".cache/encoder"));
        let tried = || vec![own.clone(), fetched.clone()];
        let none = first_there(tried()).unwrap_err().to_string();
        for part in [
            &own.display().to_string(),
            &fetched.display().to_string(),
            "`make encoder`",
            "CONTACTIQ_ENCODER",
        ] {
            assert!(none.contains(part), "{part} in {none}");
        }
        std::fs::create_dir_all(&fetched).unwrap();
        assert_eq!(first_there(tried()), Ok(fetched.clone()));
        std::fs::create_dir_all(&own).unwrap();
        assert_eq!(first_there(tried()), Ok(own.clone()));
    }
}
