//! Dot products of one vector with very many, nearly: in 8 bits they read a quarter of the memory, and
//! memory is what they wait for.

use super::{
    int8::{Product, Rows, Scratch, Side, Weight},
    kernel::Kernel,
};

/// Rows of a block: its results stay in the second cache.
const BLOCK: usize = 8_192;

/// Unit vectors in 8 bits, one behind the other.
#[derive(Debug)]
pub struct Coarse {
    blocks: Vec<Weight>,
    kernel: Kernel,
}

impl Coarse {
    /// Of vectors that stand one behind the other; `None` where the processor computes in `f32` alone,
    /// which would be no faster than the vectors themselves.
    #[must_use]
    pub fn new(numbers: &[f32], dimensions: usize) -> Option<Self> {
        let kernel = Kernel::available().find(|kernel| kernel.numbers() == "int8")?;
        if dimensions == 0 {
            return None;
        }
        let even = vec![1.0; dimensions];
        let blocks = numbers
            .chunks(BLOCK * dimensions)
            .map(|rows| Weight::new(rows, &vec![0.0; rows.len() / dimensions], &even, Side::Both, kernel))
            .collect();
        Some(Self { blocks, kernel })
    }

    /// Calls `each` with the results of one block after the other, in order. A result is off by some
    /// thousandths for unit vectors.
    pub fn dots(&self, query: &[f32], mut each: impl FnMut(&[f32])) {
        let (mut rows, mut scratch) = (Rows::default(), Scratch::default());
        let mut out = Vec::new();
        for weight in &self.blocks {
            rows.quantise(self.kernel.unit(), query, weight);
            out.resize(weight.columns(), 0.0);
            Product { rows: &rows, weight, out: &mut out, scratch: &mut scratch }.compute();
            each(&out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::dot;

    #[test]
    fn coarse_products_are_near_the_exact_ones() {
        let dimensions = 384;
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
        };
        let unit = |v: Vec<f32>| {
            let length = dot(&v, &v).sqrt();
            v.into_iter().map(|x| x / length).collect::<Vec<f32>>()
        };
        let mut vector = || unit((0..dimensions).map(|_| next()).collect());
        let rows: Vec<Vec<f32>> = (0..BLOCK + 37).map(|_| vector()).collect();
        let query = vector();
        let Some(coarse) = Coarse::new(&rows.concat(), dimensions) else { return };
        let mut found = Vec::new();
        coarse.dots(&query, |some| found.extend_from_slice(some));
        assert_eq!(found.len(), rows.len());
        let worst = rows.iter().zip(&found).map(|(row, near)| (dot(row, &query) - near).abs());
        assert!(worst.fold(0.0, f32::max) < 0.01);
        assert!(Coarse::new(&[], 0).is_none());
    }
}
