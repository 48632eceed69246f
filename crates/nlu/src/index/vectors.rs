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

    /// For each of `entries` passages the largest cosine among its vectors; -1 for one without any.
    pub(crate) fn best(&self, query: &[f32], entries: usize) -> Vec<f32> {
        let mut best = vec![-1.0_f32; entries];
        let mut products = [0.0; BLOCK];
        for (rows, owners) in
            self.numbers.chunks(BLOCK * self.dimensions.max(1)).zip(self.owners.chunks(BLOCK))
        {
            dots(query, rows, &mut products);
            for (owner, product) in owners.iter().zip(products) {
                let best = &mut best[*owner as usize];
                *best = best.max(product.min(1.0));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_a_passages_vectors_counts() {
        let mut vectors = Vectors::new(2);
        vectors.push(0, &[1.0, 0.0]);
        vectors.push(0, &[0.0, 1.0]);
        vectors.push(2, &[-1.0, 0.0]);
        vectors.push(2, &[1.0]);
        assert_eq!(vectors.best(&[0.6, 0.8], 3), [0.8, -1.0, -0.6]);
        for n in 0..1000 {
            vectors.push(1, &[n as f32 / 1000.0, 0.0]);
        }
        assert_eq!(vectors.best(&[1.0, 0.0], 3), [1.0, 0.999, -1.0]);
        assert!(Vectors::new(0).best(&[], 0).is_empty());
    }
}
