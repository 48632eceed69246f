//! Opening the sentence encoder: where it is looked for, and what is said when it is not there.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use contactiq_nlu::encoder::{CachedEncoder, Encoder, KernelChoice, MiniLm};
use serde::{Serialize, Serializer};

use crate::config::Config;

/// Question vectors that stay in memory: 1.5 KB each.
const CACHED_VECTORS: usize = 20_000;

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
}

impl Serialize for NoEncoder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The folder of this configuration's encoder: the one that CONTACTIQ_ENCODER or the configuration
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

/// The encoder of this configuration.
///
/// # Errors
/// [`NoEncoder`] says why there is none.
pub fn open_encoder(config: &Config) -> Result<Arc<CachedEncoder>, NoEncoder> {
    let folder = encoder_folder(config)?;
    let unusable = |e: String| NoEncoder::Unusable(e);
    let kernel: KernelChoice =
        config.encoder.kernel.parse().map_err(|e| unusable(format!("encoder.kernel: {e}")))?;
    let model = MiniLm::load_for(&folder, kernel).map_err(|e| unusable(e.to_string()))?;
    let cache = config.server.data_dir.join("cache");
    std::fs::create_dir_all(&cache).map_err(|e| unusable(format!("{}: {e}", cache.display())))?;
    CachedEncoder::open(Arc::new(model), Some(&cache.join("vectors.bin")), CACHED_VECTORS)
        .map(Arc::new)
        .map_err(|e| unusable(e.to_string()))
}

/// The taxonomy is the bank's own text, so its vectors may be kept in the file.
pub(super) struct Published<'a>(pub(super) &'a CachedEncoder);

impl Encoder for Published<'_> {
    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }
    fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }
    fn kernel(&self) -> &'static str {
        self.0.kernel()
    }
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, contactiq_nlu::encoder::EncoderError> {
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
