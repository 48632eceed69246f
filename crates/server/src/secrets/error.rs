//! Why a secret can't be read. No variant carries a value; places and names are the configuration's own.

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The variable is not set, or empty.
    #[error("the environment has no such variable, or an empty one")]
    NoVariable,
    /// The file.
    #[error("the file can't be read ({0}): mount it, or let this user read it")]
    File(String),
    /// It is there and there is nothing in it.
    #[error("there is nothing in it")]
    Empty,
    /// What stands there is no text, or no JSON where a field is asked for.
    #[error("what stands there is no {0}")]
    NotText(&'static str),
    /// The manager has no such entry.
    #[error("{manager} has no such entry: write it there, or mend the reference")]
    NoEntry {
        /// Which.
        manager: &'static str,
    },
    /// The entry has no such field.
    #[error("the entry has no such field: write it there, or mend what follows the #")]
    NoField,
    /// The manager lets us in and not to this.
    #[error("{manager} refuses us: look at {fix}")]
    Refused {
        /// Which.
        manager: &'static str,
        /// What to look at.
        fix: &'static str,
    },
    /// Vault is sealed.
    #[error("{manager} is sealed: unseal it")]
    Sealed {
        /// Which.
        manager: &'static str,
    },
    /// It does not answer, or fails.
    #[error("{manager} does not answer ({why}): look at {fix}")]
    Away {
        /// Which.
        manager: &'static str,
        /// In words of this house.
        why: &'static str,
        /// What to look at.
        fix: &'static str,
    },
    /// Its answer is none of its API.
    #[error("{manager} answered with something else than its API says: look at {fix}")]
    Garbage {
        /// Which.
        manager: &'static str,
        /// What to look at.
        fix: &'static str,
    },
    /// The configuration does not say where it is.
    #[error("{manager} is not configured: set {fix}")]
    NotConfigured {
        /// Which.
        manager: &'static str,
        /// What to set.
        fix: &'static str,
    },
    /// This program was built without it.
    #[error("this program was built without {manager}: build it with the feature {feature}")]
    NotBuilt {
        /// Which.
        manager: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
}

impl SourceError {
    /// Whether the same reading may succeed in a moment.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, SourceError::Sealed { .. } | SourceError::Away { .. })
    }

    /// The stable word for metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            SourceError::NoVariable => "no_variable",
            SourceError::File(_) => "file",
            SourceError::Empty => "empty",
            SourceError::NotText(_) => "not_text",
            SourceError::NoEntry { .. } => "no_entry",
            SourceError::NoField => "no_field",
            SourceError::Refused { .. } => "refused",
            SourceError::Sealed { .. } => "sealed",
            SourceError::Away { .. } => "away",
            SourceError::Garbage { .. } => "garbage",
            SourceError::NotConfigured { .. } => "not_configured",
            SourceError::NotBuilt { .. } => "not_built",
        }
    }
}
