//! Vectors of passages, of their sentences and likely questions, compared exactly; in a large index
//! nearly at first, and exactly the best.

use super::near;
use crate::encoder::{Coarse, dots};

/// Rows compared between two looks at whose they are: their results stay in the nearest cache.
const BLOCK: usize = 256;
/// From this many vectors on they are compared in 8 bits first.
const LARGE: usize = 2_000;
/// Passages that are then compared exactly: as many as fusion looks at, four times.
const EXACTLY: usize = 400;

/// Unit vectors one behind the other, each owned by a passage; those of a passage stand together.
#[derive(Debug)]
pub(crate) struct Vectors {
    dimensions: usize,
    numbers: Vec<f32>,
    owners: Vec<u32>,
    /// Where the vectors of each passage begin, and behind the last.
    begins: Vec<u32>,
    coarse: Option<Coarse>,
}

impl Vectors {
    /// None yet.
    pub(crate) fn new(dimensions: usize) -> Self {
        Self { dimensions, numbers: Vec::new(), owners: Vec::new(), begins: Vec::new(), coarse: None }
    }

    /// Length of a vector.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Adds a vector of a passage; passages come in order, the vector of the whole first. One of another
    /// length is left out.
    pub(crate) fn push(&mut self, entry: usize, vector: &[f32]) {
        if vector.len() == self.dimensions && self.dimensions > 0 {
            while self.begins.len() <= entry {
                self.begins.push(self.owners.len() as u32);
            }
            self.numbers.extend_from_slice(vector);
            self.owners.push(entry as u32);
        }
    }

    /// The vectors of a passage one behind the other; empty for one without any.
    pub(crate) fn rows(&self, entry: usize) -> &[f32] {
        let Some(begin) = self.begins.get(entry).map(|b| *b as usize) else { return &[] };
        let end = self.begins.get(entry + 1).map_or(self.owners.len(), |e| *e as usize);
        &self.numbers[begin * self.dimensions..end * self.dimensions]
    }

    /// Nothing comes any more.
    pub(crate) fn finish(&mut self) {
        self.coarse =
            (self.owners.len() > LARGE).then(|| Coarse::new(&self.numbers, self.dimensions)).flatten();
    }

    /// How near each of `entries` passages is: the cosine of its own vector, which is pushed first, and
    /// the largest among all of its vectors, two to one. The whole says what a passage is about, one
    /// sentence of ten or one likely question may be what is asked. -1 for a passage without vectors.
    pub(crate) fn nearness(&self, query: &[f32], entries: usize) -> Vec<f32> {
        let coarse = self.coarse.as_ref().filter(|_| entries > EXACTLY);
        let Some(coarse) = coarse else { return self.exact_nearness(query, entries) };
        let mut gathered = Gathered::new(entries);
        let mut owners = self.owners.iter();
        coarse.dots(query, |products| {
            owners.by_ref().zip(products).for_each(|(owner, product)| gathered.add(*owner, *product));
        });
        let mut near = gathered.nearness();
        let mut best: Vec<usize> = (0..entries).collect();
        best.select_nth_unstable_by(EXACTLY, |a, b| near[*b].total_cmp(&near[*a]));
        best.truncate(EXACTLY);
        for entry in best {
            near[entry] = self.one_exactly(query, entry);
        }
        near
    }

    /// The same, each compared exactly.
    pub(crate) fn exact_nearness(&self, query: &[f32], entries: usize) -> Vec<f32> {
        let mut gathered = Gathered::new(entries);
        let mut products = [0.0; BLOCK];
        for (rows, owners) in
            self.numbers.chunks(BLOCK * self.dimensions.max(1)).zip(self.owners.chunks(BLOCK))
        {
            dots(query, rows, &mut products);
            owners.iter().zip(products).for_each(|(owner, product)| gathered.add(*owner, product));
        }
        gathered.nearness()
    }

    fn one_exactly(&self, query: &[f32], entry: usize) -> f32 {
        let rows = self.rows(entry);
        let mut products = vec![0.0; rows.len() / self.dimensions.max(1)];
        dots(query, rows, &mut products);
        let mut gathered = Gathered::new(1);
        products.iter().for_each(|product| gathered.add(0, *product));
        gathered.nearness()[0]
    }
}

/// The own and the best cosine of each passage.
struct Gathered {
    own: Vec<f32>,
    best: Vec<f32>,
}

impl Gathered {
    fn new(entries: usize) -> Self {
        Self { own: vec![f32::NAN; entries], best: vec![-1.0; entries] }
    }

    fn add(&mut self, owner: u32, product: f32) {
        let (own, best) = (&mut self.own[owner as usize], &mut self.best[owner as usize]);
        let cosine = product.clamp(-1.0, 1.0);
        *best = best.max(cosine);
        if own.is_nan() {
            *own = cosine;
        }
    }

    fn nearness(&self) -> Vec<f32> {
        let nearness = |(own, best): (&f32, &f32)| if own.is_nan() { -1.0 } else { near(*own, *best) };
        self.own.iter().zip(&self.best).map(nearness).collect()
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

    #[test]
    fn in_a_large_index_the_nearest_are_found_and_exactly_as_near() {
        let passages = LARGE + 1_000;
        let mut vectors = Vectors::new(64);
        let vector = |seed: usize| -> Vec<f32> {
            let raw: Vec<f32> =
                (0..64).map(|i| ((seed * 7_919 + i * 104_729) % 10_007) as f32 / 5_003.5 - 1.0).collect();
            let length = raw.iter().map(|x| x * x).sum::<f32>().sqrt();
            raw.into_iter().map(|x| x / length).collect()
        };
        (0..passages).for_each(|entry| vectors.push(entry, &vector(entry)));
        vectors.finish();
        let query = vector(4_711);
        let (near, exact) = (vectors.nearness(&query, passages), vectors.exact_nearness(&query, passages));
        let best = |of: &[f32]| {
            let mut order: Vec<usize> = (0..of.len()).collect();
            order.sort_by(|a, b| of[*b].total_cmp(&of[*a]).then(a.cmp(b)));
            order.truncate(10);
            order
        };
        assert_eq!(best(&near), best(&exact));
        best(&near).iter().for_each(|e| assert!((near[*e] - exact[*e]).abs() < 1e-5));
    }
}
