//! Budgets for language models: who spends, in which time, and how much of it may be spent (E4).

use time::Date;

use crate::{Mode, ids::KeyId, interaction::NanoUsd};

crate::words! {
    /// The time that a budget is for, in the bank's time zone.
    Period as "period" {
        /// A day.
        Day => "day",
        /// A month.
        Month => "month",
    }
}

/// What may be spent in a day and in a month; none has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// In a day.
    pub day: Option<NanoUsd>,
    /// In a month.
    pub month: Option<NanoUsd>,
}

impl Budget {
    /// What may be spent in one such time.
    #[must_use]
    pub const fn of(&self, period: Period) -> Option<NanoUsd> {
        match period {
            Period::Day => self.day,
            Period::Month => self.month,
        }
    }

    /// Whether there is no limit at all.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.day.is_none() && self.month.is_none()
    }
}

/// What is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything.
    All,
    /// One assistant.
    Mode(Mode),
    /// The vectors of a remote encoder, which serve both assistants.
    Embeddings,
    /// One API key.
    Key(KeyId),
}

const KEY: &str = "key:";

impl Scope {
    /// Its kind, for metrics and for texts: it names no key.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Scope::All => "all",
            Scope::Mode(mode) => mode.as_str(),
            Scope::Embeddings => "embeddings",
            Scope::Key(_) => "key",
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Scope::Key(key) => write!(f, "{KEY}{key}"),
            other => f.write_str(other.kind()),
        }
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is all, embeddings, the name of a mode, or key:ID")]
pub struct NoScope;

impl std::str::FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        match text {
            "all" => Ok(Scope::All),
            "embeddings" => Ok(Scope::Embeddings),
            other => match other.strip_prefix(KEY) {
                Some(id) => id.parse().map(Scope::Key).map_err(|_| NoScope),
                None => other.parse().map(Scope::Mode).map_err(|_| NoScope),
            },
        }
    }
}

/// On whose account a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spender {
    /// A question: its assistant, and the key that asked.
    Question {
        /// The assistant.
        mode: Mode,
        /// The API key; none for a person who signed in, and on the command line.
        key: Option<KeyId>,
    },
    /// The encoder of the house.
    Encoder,
}

impl Spender {
    /// Everything that it counts for: all of it must have room.
    pub fn scopes(self) -> impl Iterator<Item = Scope> {
        let (own, key) = match self {
            Spender::Question { mode, key } => (Scope::Mode(mode), key.map(Scope::Key)),
            Spender::Encoder => (Scope::Embeddings, None),
        };
        [Some(Scope::All), Some(own), key].into_iter().flatten()
    }
}

/// A day and its month, by the names under which spending is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Days {
    /// `2026-11-29`.
    pub day: String,
    /// `2026-11`.
    pub month: String,
}

impl Days {
    /// Those of this day.
    #[must_use]
    pub fn of(day: Date) -> Days {
        let month = format!("{:04}-{:02}", day.year(), u8::from(day.month()));
        Days { day: format!("{month}-{:02}", day.day()), month }
    }

    /// The name of one such time.
    #[must_use]
    pub fn name(&self, period: Period) -> &str {
        match period {
            Period::Day => &self.day,
            Period::Month => &self.month,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::ids::CountingIds;

    #[test]
    fn a_scope_survives_its_text() {
        let key = KeyId::new(&CountingIds::default());
        for scope in [Scope::All, Scope::Mode(Mode::Banker), Scope::Embeddings, Scope::Key(key)] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        for wrong in ["", "key:", "key:none", "everybody"] {
            assert_eq!(wrong.parse::<Scope>(), Err(NoScope), "{wrong}");
        }
    }

    #[test]
    fn a_question_counts_for_all_its_assistant_and_its_key() {
        let key = KeyId::new(&CountingIds::default());
        let of = |key| Spender::Question { mode: Mode::Customer, key }.scopes().collect::<Vec<_>>();
        assert_eq!(of(None), [Scope::All, Scope::Mode(Mode::Customer)]);
        assert_eq!(of(Some(key)), [Scope::All, Scope::Mode(Mode::Customer), Scope::Key(key)]);
        assert_eq!(Spender::Encoder.scopes().collect::<Vec<_>>(), [Scope::All, Scope::Embeddings]);
    }

    #[test]
    fn days_are_named_as_they_are_written() {
        let days = Days::of(date!(2026 - 03 - 07));
        assert_eq!((days.name(Period::Day), days.name(Period::Month)), ("2026-03-07", "2026-03"));
    }
}
