//! How far a measured figure may be off by chance: 95 % intervals.

use super::random::Random;

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_964;
/// Samples drawn for [`bootstrap`].
const TIMES: usize = 1000;

/// Wilson's interval of a share: `hits` of `of`. From 0 to 1 where nothing was measured.
#[must_use]
pub fn wilson(hits: usize, of: usize) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (of as f64, hits as f64 / of as f64);
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    // Rounding must not put a share outside of its own interval.
    (((middle - half) / whole).clamp(0.0, share), ((middle + half) / whole).clamp(share, 1.0))
}

/// The percentile bootstrap of a figure over `of` rows: it is computed on rows drawn with replacement, a thousand times.
/// Rows that belong together (spans of one message) are one row here. The same figure has the same interval in each run.
#[must_use]
pub fn bootstrap(of: usize, figure: impl Fn(&[usize]) -> f64) -> (f64, f64) {
    let mut random = Random::new(of as u64);
    let mut found: Vec<f64> = (0..TIMES)
        .map(|_| figure(&(0..of).map(|_| random.below(of)).collect::<Vec<_>>()))
        .filter(|value| value.is_finite())
        .collect();
    found.sort_by(f64::total_cmp);
    let at = |share: f64| found.get((share * found.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilsons_interval_is_the_published_one() {
        // 10 of 20: 0.299 to 0.701; 0 of 10: 0 to 0.278.
        let (low, high) = wilson(10, 20);
        assert!((low - 0.2993).abs() < 5e-4 && (high - 0.7007).abs() < 5e-4, "{low} {high}");
        let (low, high) = wilson(0, 10);
        assert!(low.abs() < 1e-12 && (high - 0.2775).abs() < 5e-4, "{low} {high}");
        assert!((wilson(10, 10).1 - 1.0).abs() < 1e-12);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn the_bootstrap_of_a_share_is_near_wilsons() {
        let hits: Vec<bool> = (0..400).map(|row| row % 10 != 0).collect();
        let share = |rows: &[usize]| rows.iter().filter(|row| hits[**row]).count() as f64 / rows.len() as f64;
        let (low, high) = bootstrap(hits.len(), share);
        let (wilson_low, wilson_high) = wilson(360, 400);
        assert!((low - wilson_low).abs() < 0.01 && (high - wilson_high).abs() < 0.01, "{low} {high}");
        let (low, high) = bootstrap(0, |_| 0.5);
        assert_eq!((low, high), (0.5, 0.5), "nothing to draw from is no panic");
    }
}
