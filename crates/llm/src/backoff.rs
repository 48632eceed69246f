//! How long to wait before the next try.

use std::{sync::Arc, time::Duration};

use crate::ModelError;

/// Where chance comes from: a number from 0 to 1, passed in so that a test can fix it.
pub type Jitter = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The longest wait that doubling can reach.
const LONGEST: Duration = Duration::from_secs(10);

/// The wait after the failed try number `tries` (from 1). Half of it is fixed and doubles with
/// every try, the other half is chance, so that callers who failed together do not return
/// together. What `Retry-After` says is the least, with chance on top.
pub(crate) fn wait(base: Duration, tries: u32, error: &ModelError, chance: f64) -> Duration {
    let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.5 };
    let doubled = base.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST);
    match error {
        ModelError::RateLimited { retry_after: Some(after) } => after.saturating_add(base.mul_f64(chance)),
        _ => doubled / 2 + (doubled / 2).mul_f64(chance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(200);

    #[test]
    fn it_doubles_with_chance_and_is_bounded() {
        let waits =
            |chance| [1, 2, 3, 40].map(|tries| wait(BASE, tries, &ModelError::Timeout, chance).as_millis());
        assert_eq!(waits(0.0), [100, 200, 400, 5_000]);
        assert_eq!(waits(1.0), [200, 400, 800, 10_000]);
        assert_eq!(waits(f64::NAN), waits(0.5));
    }

    #[test]
    fn retry_after_is_the_least() {
        let limited = ModelError::RateLimited { retry_after: Some(Duration::from_secs(3)) };
        assert_eq!(wait(BASE, 1, &limited, 0.0), Duration::from_secs(3));
        assert_eq!(wait(BASE, 2, &limited, 1.0), Duration::from_millis(3_200));
        assert!(wait(BASE, 1, &ModelError::RateLimited { retry_after: Some(Duration::MAX) }, 1.0) > LONGEST);
    }
}
