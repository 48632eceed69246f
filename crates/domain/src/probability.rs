//! A number between 0 and 1 that was checked once and need not be checked again (B7).

/// A probability or a confidence: finite, from 0 to 1 inclusive.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, serde::Serialize)]
pub struct Probability(f64);

/// The number was not finite or lay outside 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("a probability lies between 0 and 1, not {0}")]
pub struct NotAProbability(pub f64);

impl Probability {
    /// Impossible.
    pub const ZERO: Probability = Probability(0.0);
    /// Certain.
    pub const ONE: Probability = Probability(1.0);

    /// Parses a number.
    ///
    /// # Errors
    /// When it is not finite or lies outside 0 to 1.
    pub fn new(value: f64) -> Result<Self, NotAProbability> {
        if value.is_finite() && (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(NotAProbability(value))
        }
    }

    /// For numbers that arithmetic may push past the ends by rounding: 0 when not a number.
    #[must_use]
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() { Self::ZERO } else { Self(value.clamp(0.0, 1.0)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl<'de> serde::Deserialize<'de> for Probability {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Probability::new(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_zero_to_one_are_refused() {
        for bad in [-0.01, 1.01, f64::NAN, f64::INFINITY] {
            assert!(Probability::new(bad).is_err());
        }
        assert_eq!(Probability::new(0.68).unwrap().get(), 0.68);
        assert_eq!(Probability::clamped(f64::NAN), Probability::ZERO);
        assert!(serde_json::from_str::<Probability>("1.5").is_err());
    }
}
