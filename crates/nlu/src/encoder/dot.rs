//! Dot products of vectors: the cosine, for unit vectors.

use super::matmul::{Unit, multiply_add};
use pulp::{Simd, WithSimd};

/// Dot product of two vectors; of the shorter one's length, if they differ.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (mut out, a, b) = ([0.0], &a[..length], &b[..length]);
    Unit::detect().run(Dots { query: a, rows: b, out: &mut out });
    out[0]
}

/// Dot products of one vector with many that stand one behind the other in `rows`, the first into
/// `out[0]` and so on; as many as both `rows` and `out` have room for. A vector of no dimensions leaves
/// `out` as it is.
pub fn dots(query: &[f32], rows: &[f32], out: &mut [f32]) {
    Unit::detect().run(Dots { query, rows, out });
}

struct Dots<'a> {
    query: &'a [f32],
    rows: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Dots<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.query.is_empty() {
            return;
        }
        let (query, query_rest) = S::as_simd_f32s(self.query);
        for (row, out) in self.rows.chunks_exact(self.query.len()).zip(self.out) {
            let (row, row_rest) = S::as_simd_f32s(row);
            // Four sums at a time: one alone would wait for itself at every step.
            let mut sums = [simd.splat_f32s(0.0); 4];
            let (fours, query_fours) = (row.as_chunks::<4>(), query.as_chunks::<4>());
            for (row, query) in fours.0.iter().zip(query_fours.0) {
                for ((sum, a), b) in sums.iter_mut().zip(row).zip(query) {
                    *sum = multiply_add(simd, *a, *b, *sum);
                }
            }
            for ((sum, a), b) in sums.iter_mut().zip(fours.1).zip(query_fours.1) {
                *sum = multiply_add(simd, *a, *b, *sum);
            }
            let [a, b, c, d] = sums;
            let rest: f32 = row_rest.iter().zip(query_rest).map(|(a, b)| a * b).sum();
            *out = simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d))) + rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition_for_every_length() {
        for length in 0..200_usize {
            let a: Vec<f32> = (0..length).map(|i| (i * 7 % 13) as f32 - 6.0).collect();
            let rows: Vec<f32> = (0..length * 3).map(|i| (i * 5 % 11) as f32 - 5.0).collect();
            let mut out = [9.0; 3];
            dots(&a, &rows, &mut out);
            for (row, out) in rows.chunks(length.max(1)).zip(out) {
                let wanted: f32 = a.iter().zip(row).map(|(a, b)| a * b).sum();
                assert!((out - wanted).abs() < 1e-3);
                assert!((dot(&a, row) - wanted).abs() < 1e-3);
            }
        }
        assert_eq!(dot(&[], &[]), 0.0);
        assert_eq!(dot(&[1.0, 2.0], &[3.0]), 3.0);
    }
}
