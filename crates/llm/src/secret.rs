//! A key that opens something at a provider.

use std::fmt;

use zeroize::Zeroizing;

/// A key. It can't be printed, cloned, compared or serialised, and its memory is wiped when it is
/// dropped. This crate alone reads it, for the header of a request.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a key; white space around it (the newline of a file) is dropped.
    #[must_use]
    pub fn new(key: String) -> Self {
        let whole = Zeroizing::new(key);
        Self(Zeroizing::new(whole.trim().to_owned()))
    }

    /// Whether there is nothing in it, as when an environment variable is set to nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key, for a header of this crate only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_trimmed_and_never_shown() {
        let secret = Secret::new(" sk-canary-1\n".to_owned());
        assert_eq!(secret.expose(), "sk-canary-1");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "Secret(hidden) Some(Secret(hidden))");
        assert!(Secret::new(" \n".to_owned()).is_empty());
    }
}
