//! `guard.learned`: what was learned of personal data, read from its file once. What the configuration's check has
//! read is what the guard uses: a file that vanishes or is damaged later changes nothing until the next start.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use contactiq_guard::Learned;
use serde::{Deserialize, Serialize, Serializer};

/// What came of reading the file.
type Read = Result<Option<Arc<Learned>>, String>;

/// The setting. Cloning shares what was read.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct LearnedSetting {
    named: String,
    read: Arc<OnceLock<Read>>,
}

impl LearnedSetting {
    /// What it names: "" the shipped model, "off" none, else that of a file.
    ///
    /// # Errors
    /// Why the file can't be used, with the field and what to change.
    pub fn model(&self) -> Result<Option<Arc<Learned>>, String> {
        let read = self.read.get_or_init(|| read(&self.named)).clone();
        read.map_err(|why| format!("guard.learned is {:?}: {why}", self.named))
    }
}

fn read(named: &str) -> Result<Option<Arc<Learned>>, String> {
    match named {
        "" => Ok(Learned::built_in()),
        "off" => Ok(None),
        path => {
            let bytes = std::fs::read(path).map_err(|e| format!("it can't be read ({e})"))?;
            Ok(Some(Arc::new(Learned::from_bytes(&bytes).map_err(|e| e.to_string())?)))
        }
    }
}

impl From<String> for LearnedSetting {
    fn from(named: String) -> Self {
        Self { named, read: Arc::default() }
    }
}

impl fmt::Debug for LearnedSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.named.fmt(f)
    }
}

impl Serialize for LearnedSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.named)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{app, config::load_from};

    #[test]
    fn a_file_is_read_once_and_its_model_outlives_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("names.model");
        std::fs::write(&file, Learned::built_in().unwrap().to_bytes()).unwrap();
        let named = file.display().to_string();
        let env = HashMap::from([("CONTACTIQ__GUARD__LEARNED".to_owned(), named.clone())]);
        let config = load_from(None, &env).unwrap();
        std::fs::remove_file(&file).unwrap();
        let first = config.guard.learned.model().unwrap().unwrap();
        let used = app::guard_settings(&config.clone()).unwrap().learned.unwrap();
        assert!(Arc::ptr_eq(&first, &used), "it is the same, not one read again or the shipped one");
        assert_eq!(serde_json::to_value(&config.guard.learned).unwrap(), named.as_str());
        let of = |named: &str| LearnedSetting::from(named.to_owned()).model().unwrap();
        assert!(of("").is_some() && of("off").is_none());
    }

    #[test]
    fn a_file_that_can_not_be_used_stops_the_guard_in_the_words_of_the_check() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("damaged.model");
        std::fs::write(&file, b"no model").unwrap();
        for named in [file.display().to_string(), dir.path().join("gone.model").display().to_string()] {
            let env = HashMap::from([("CONTACTIQ__GUARD__LEARNED".to_owned(), named.clone())]);
            let check = load_from(None, &env).unwrap_err().0;
            assert!(check[0].starts_with("guard.learned is ") && check[0].contains(&named), "{check:?}");
            let mut config = load_from(None, &HashMap::new()).unwrap();
            config.guard.learned = named.into();
            assert_eq!(app::guard_settings(&config).unwrap_err().to_string(), check[0]);
        }
    }
}
