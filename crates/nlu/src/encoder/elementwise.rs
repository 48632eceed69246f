//! What happens to numbers between two matrix products: GELU, softmax, layer normalisation.
//!
//! Written without branches over fixed groups of numbers, so that the compiler turns the loops into
//! vector code inside [`Unit::run`]. Sums run in 16 lanes, in the same order on every processor.

use super::matmul::Unit;
use pulp::{Simd, WithSimd};

/// Numbers that are added side by side.
pub(crate) const LANES: usize = 16;

/// `x · Φ(x)` with the error function, not the tanh approximation: the model was trained with it.
pub(crate) fn gelu(unit: Unit, values: &mut [f32]) {
    struct Gelu<'a>(&'a mut [f32]);
    impl WithSimd for Gelu<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            for x in self.0 {
                *x *= 0.5 * (1.0 + erf::<S>(*x * std::f32::consts::FRAC_1_SQRT_2));
            }
        }
    }
    unit.run(Gelu(values));
}

/// Softmax over each column of rows of `width` numbers, in place: so that sixteen columns are treated side
/// by side, and nothing has to be added or compared across a register. `width` is a multiple of [`LANES`].
pub(crate) fn softmax(unit: Unit, rows: &mut [f32], width: usize) {
    struct Softmax<'a>(&'a mut [f32], usize);
    impl WithSimd for Softmax<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(rows, width) = self;
            for first in (0..width).step_by(LANES) {
                let mut largest = [f32::NEG_INFINITY; LANES];
                for group in groups(rows, width, first) {
                    for (lane, x) in largest.iter_mut().zip(&*group) {
                        *lane = if *x > *lane { *x } else { *lane };
                    }
                }
                let mut scales = [0.0_f32; LANES];
                for group in groups(rows, width, first) {
                    for ((x, largest), sum) in group.iter_mut().zip(&largest).zip(&mut scales) {
                        *x = exp::<S>(*x - largest);
                        *sum += *x;
                    }
                }
                scales.iter_mut().for_each(|scale| *scale = 1.0 / *scale);
                for group in groups(rows, width, first) {
                    group.iter_mut().zip(&scales).for_each(|(x, scale)| *x *= scale);
                }
            }
        }
    }
    unit.run(Softmax(rows, width));
}

/// The sixteen numbers at this place of each row.
#[inline(always)]
fn groups(rows: &mut [f32], width: usize, first: usize) -> impl Iterator<Item = &mut [f32; LANES]> {
    rows.chunks_exact_mut(width).filter_map(move |row| row[first..].first_chunk_mut())
}

/// Scale and shift of a layer normalisation.
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    /// One factor a dimension.
    pub(crate) weight: Vec<f32>,
    /// One addend a dimension.
    pub(crate) bias: Vec<f32>,
    /// Added to the variance.
    pub(crate) epsilon: f32,
}

impl Norm {
    /// Adds `residual` to each row of `values` and normalises the row, in place.
    pub(crate) fn add_and_normalise(&self, unit: Unit, values: &mut [f32], residual: &[f32]) {
        struct Normalise<'a>(&'a Norm, &'a mut [f32], &'a [f32]);
        impl WithSimd for Normalise<'_> {
            type Output = ();

            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) {
                let Self(norm, values, residual) = self;
                let width = norm.weight.len();
                #[expect(clippy::cast_precision_loss, reason = "a width of a few hundred is exact in f32")]
                let share = 1.0 / width as f32;
                for (row, residual) in values.chunks_exact_mut(width).zip(residual.chunks_exact(width)) {
                    for (x, r) in row.iter_mut().zip(residual) {
                        *x += r;
                    }
                    let mean = sum(row, |x| x) * share;
                    for x in row.iter_mut() {
                        *x -= mean;
                    }
                    let variance = sum(row, |x| x * x) * share;
                    let scale = 1.0 / (variance + norm.epsilon).sqrt();
                    for ((x, weight), bias) in row.iter_mut().zip(&norm.weight).zip(&norm.bias) {
                        *x = *x * scale * weight + bias;
                    }
                }
            }
        }
        unit.run(Normalise(self, values, residual));
    }
}

/// Sum of `of(x)` over a row, in 16 lanes.
#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (groups, rest) = row.as_chunks::<LANES>();
    for group in groups {
        for (lane, x) in lanes.iter_mut().zip(group) {
            *lane += of(*x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += of(*x);
    }
    fold(lanes)
}

/// Sixteen lanes to one by halves: four steps that wait for each other instead of fifteen.
#[inline(always)]
fn fold(lanes: [f32; LANES]) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|at| lanes[at] + lanes[at + 8]);
    let four: [f32; 4] = std::array::from_fn(|at| eight[at] + eight[at + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The error function to 2e-7 (formula 7.1.26 of Abramowitz and Stegun).
#[expect(clippy::excessive_precision, reason = "the digits as the handbook prints them, to be compared")]
#[inline(always)]
fn erf<S: Simd>(x: f32) -> f32 {
    let positive = x.abs();
    let t = 1.0 / fused::<S>(0.327_591_1, positive, 1.0);
    let mut series = 1.061_405_429;
    for term in [-1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592] {
        series = fused::<S>(series, t, term);
    }
    fused::<S>(-series * t, exp::<S>(-positive * positive), 1.0).copysign(x)
}

/// `e^x` to a few units in the last place for `x` up to 0, which is all that is asked here.
#[inline(always)]
fn exp<S: Simd>(x: f32) -> f32 {
    // Adding and taking away 1.5 · 2^23 rounds to the nearest whole number, which is then also to be
    // read in the low bits: this vectorises where a conversion to integers would not.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > -87.0 { x } else { -87.0 };
    let shifted = fused::<S>(x, std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    // ln 2 in two parts, so that the difference keeps its digits.
    let rest = fused::<S>(whole, -1.428_606_8e-6, fused::<S>(whole, -0.693_145_75, x));
    let mut series = 1.0 / 720.0;
    for term in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = fused::<S>(series, rest, term);
    }
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
}

/// `a · b + c`, rounded once where the processor has an instruction for it; elsewhere it would be a call
/// of the C library.
#[inline(always)]
fn fused<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if S::IS_SCALAR { a * b + c } else { a.mul_add(b, c) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulp::Scalar;

    /// The error function by its power series, in f64.
    fn erf_by_series(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn gelu_is_the_exact_one() {
        let points: Vec<f32> = (-400_i16..=400).map(|i| f32::from(i) / 100.0).collect();
        let mut values = points.clone();
        gelu(Unit::detect(), &mut values);
        for (x, got) in points.iter().zip(values) {
            let x = f64::from(*x);
            let wanted = x * 0.5 * (1.0 + erf_by_series(x / std::f64::consts::SQRT_2));
            assert!((f64::from(got) - wanted).abs() < 1e-6, "gelu({x}) = {got}, wanted {wanted}");
        }
        let mut far = [-50.0, 50.0, 0.0];
        gelu(Unit::detect(), &mut far);
        assert_eq!(far, [0.0, 50.0, 0.0]);
    }

    #[test]
    fn exp_is_close_and_never_wild() {
        for i in 0..2000_u16 {
            let x = -f32::from(i) / 25.0;
            let wanted = x.exp();
            assert!(
                (exp::<Scalar>(x) - wanted).abs() <= wanted * 3e-7 + 1e-37,
                "exp({x}) = {}, wanted {wanted}",
                exp::<Scalar>(x)
            );
        }
        assert!(exp::<Scalar>(-1e30) < 1e-37);
    }

    #[test]
    fn softmax_columns_sum_to_one() {
        let mut rows: Vec<f32> = (0_i16..3 * 32).map(|i| f32::from(i * 37 % 19) - 9.0).collect();
        let before = rows.clone();
        softmax(Unit::detect(), &mut rows, 32);
        for column in 0..32 {
            let of = |rows: &[f32]| [rows[column], rows[column + 32], rows[column + 64]];
            let total: f32 = of(&before).iter().map(|x| x.exp()).sum();
            for (x, b) in of(&rows).iter().zip(of(&before)) {
                assert!((x - b.exp() / total).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn rows_are_normalised_after_the_residual_is_added() {
        let norm = Norm { weight: vec![2.0; 20], bias: vec![0.5; 20], epsilon: 1e-12 };
        let mut values: Vec<f32> = (0_u8..40).map(f32::from).collect();
        norm.add_and_normalise(Unit::detect(), &mut values, &[3.0; 40]);
        for row in values.chunks(20) {
            let mean = row.iter().sum::<f32>() / 20.0;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 20.0;
            assert!((mean - 0.5).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4);
        }
    }
}
