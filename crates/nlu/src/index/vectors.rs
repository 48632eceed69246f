//! Vectors of passages and of their likely questions, compared exactly.

use crate::encoder::dots;

/// Rows compared between two looks at whose they are: their results stay in the nearest cache.
const BLOCK: usize = 256;

/// Unit vectors one behind the other, each owned by a passage.
#[derive(Debug)]
pub(crate) struct Vectors {
    dimensions: usize,
    numbers: Vec<f32>,
    owners: Vec<u32>,
}

impl Vectors {
    /// None yet.
    pub(crate) fn new(dimensions: usize) -> Self {
        Self { dimensions, numbers: Vec::new(), owners: Vec::new() }
    }

    /// Length of a vector.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Adds a vector of a passage. One of another length is left out.
    pub(crate) fn push(&mut self, entry: usize, vector: &[f32]) {
        if vector.len() == self.dimensions && self.dimensions > 0 {
            self.numbers.extend_from_slice(vector);
            self.owners.push(entry as u32);
        }
    }

    /// How near each of `entries` passages is: the cosine of its own vector, which is pushed first, and
    /// the largest among all of its vectors, two to one. The whole says what a passage is about, one
    /// sentence of ten or one likely question may be what is asked. -1 for a passage without vectors.
    pub(crate) fn nearness(&self, query: &[f32], entries: usize) -> Vec<f32> {
        let mut best = vec![f32::NEG_INFINITY; entries];
        let mut own = vec![f32::NAN; entries];
        let mut products = [0.0; BLOCK];
        for (rows, owners) in
            self.numbers.chunks(BLOCK * self.dimensions.max(1)).zip(self.owners.chunks(BLOCK))
        {
            dots(query, rows, &mut products);
            for (owner, product) in owners.iter().zip(products) {
                let (best, own) = (&mut best[*owner as usize], &mut own[*owner as usize]);
                let cosine = product.clamp(-1.0, 1.0);
                *best = best.max(cosine);
                if own.is_nan() {
                    *own = cosine;
                }
            }
        }
        best.iter()
            .zip(own)
            .map(|(best, own)| if own.is_nan() { -1.0 } else { (2.0 * own + best) / 3.0 })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_is_as_near_as_its_own_vector_and_its_nearest_one() {
        let mut vectors = Vectors::new(2);
        vectors.push(0, &[1.0, 0.0]);
        vectors.push(0, &[0.0, 1.0]);
        vectors.push(2, &[-1.0, 0.0]);
        vectors.push(2, &[1.0]);
        assert_eq!(vectors.nearness(&[0.6, 0.9], 3), [0.7, -1.0, -0.6]);
        for n in 0..1000 {
            vectors.push(1, &[n as f32 / 1000.0, 0.0]);
        }
        assert_eq!(vectors.nearness(&[1.0, 0.0], 3), [1.0, 0.333, -1.0]);
        assert!(Vectors::new(0).nearness(&[], 0).is_empty());
    }
}
