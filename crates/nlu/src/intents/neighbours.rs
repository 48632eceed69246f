//! The training examples near an utterance: by the encoder's vectors, or by words without it.
//!
//! All examples of a model are compared, exactly. Those that many models share are compared nearly first, in 8 bits, and
//! exactly where it counts.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use super::vocabulary::Sparse;
use crate::encoder::Coarse;

/// How fast an example's say fades with its distance; chosen on splits of the training part of BANKING77.
const FADING: f32 = 20.0;
/// Vectors are kept as 16-bit integers of this length: half the memory to read, and cosines right to
/// four places.
const SCALE: f32 = 32_000.0;
/// A pool of fewer vectors is compared exactly at once.
const LARGE: u32 = 256;
/// Within so much of the nearest one a cosine is exact; an example beyond says a four-hundredth of what that one says,
/// give or take a twentieth of that.
const CLOSE: f32 = 0.3;

/// The examples as the search needs them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Examples {
    /// The utterances; rows past them are names of labels, which are compared but never shown.
    texts: Vec<String>,
    labels: Vec<u32>,
    dimensions: usize,
    #[serde(with = "super::packing::shorts")]
    vectors: Vec<i16>,
    /// For each word feature, where its rows begin.
    starts: Vec<u32>,
    rows: Vec<u32>,
    #[serde(with = "super::packing::floats")]
    values: Vec<f32>,
}

/// An utterance as the search needs it.
pub(super) enum Query<'a> {
    /// The encoder's vector.
    Vector(&'a [f32]),
    /// The word part of the TF-IDF vector.
    Words(&'a Sparse),
}

impl Examples {
    /// Keeps the examples: `texts` may be fewer than the rows, which are names of labels then.
    pub(super) fn new(texts: &[&str], labels: &[usize], vectors: Option<&Matrix>, words: &[Sparse]) -> Self {
        let features = words.iter().flat_map(|row| &row.index).max().map_or(0, |most| *most as usize + 1);
        let mut lists: Vec<Vec<(u32, f32)>> = vec![Vec::new(); features];
        for (row, words) in words.iter().enumerate() {
            words.iter().for_each(|(feature, value)| lists[feature].push((row as u32, value)));
        }
        let ends = lists.iter().scan(0, |end, list| {
            *end += list.len() as u32;
            Some(*end)
        });
        Self {
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            labels: labels.iter().map(|&label| label as u32).collect(),
            dimensions: vectors.map_or(0, |matrix| matrix.columns),
            vectors: vectors
                .map(|matrix| (0..matrix.rows).flat_map(|row| quantised(matrix.row(row))).collect())
                .unwrap_or_default(),
            starts: std::iter::once(0).chain(ends).collect(),
            rows: lists.iter().flatten().map(|(row, _)| *row).collect(),
            values: lists.iter().flatten().map(|(_, value)| *value).collect(),
        }
    }

    /// The texts of all.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// The text of an example.
    pub(super) fn text(&self, row: usize) -> &str {
        &self.texts[row]
    }

    /// The label of an example.
    pub(super) fn label(&self, row: usize) -> usize {
        self.labels[row] as usize
    }

    /// How many examples have this label.
    pub(super) fn of_label(&self, label: u32) -> usize {
        self.labels.iter().filter(|own| **own == label).count()
    }

    /// Moves the vectors into a pool that several models share; where each stands there. Words alone are compared
    /// here from now on.
    pub(super) fn share(&mut self, pool: &mut Pool) -> Vec<u32> {
        let vectors = std::mem::take(&mut self.vectors);
        if self.dimensions == 0 {
            return Vec::new();
        }
        vectors.chunks_exact(self.dimensions).map(|vector| pool.place(vector)).collect()
    }

    /// The cosine of every example.
    pub(super) fn compare(&self, query: &Query<'_>) -> Vec<f32> {
        let mut cosines = vec![0.0; self.labels.len()];
        match query {
            Query::Vector(vector) if vector.len() == self.dimensions && self.dimensions > 0 => {
                compare(vector, &self.vectors, &mut cosines);
            }
            Query::Vector(_) => {}
            Query::Words(words) => {
                for (feature, value) in words.iter() {
                    let (Some(&from), Some(&to)) = (self.starts.get(feature), self.starts.get(feature + 1))
                    else {
                        continue;
                    };
                    let places = from as usize..to as usize;
                    for (&row, other) in self.rows[places.clone()].iter().zip(&self.values[places]) {
                        cosines[row as usize] += value * other;
                    }
                }
            }
        }
        cosines
    }

    /// Every label's score by its examples alone: the logarithm of the sum of their similarities, each
    /// fading exponentially. `skip` leaves rows out.
    pub(super) fn votes(&self, cosines: &[f32], labels: usize, skip: impl Fn(usize) -> bool) -> Vec<f32> {
        let mut sums = vec![nothing(); labels];
        for (row, (&label, &cosine)) in self.labels.iter().zip(cosines).enumerate() {
            if cosine > 0.0 && !skip(row) {
                sums[label as usize] += say(cosine);
            }
        }
        sums.iter().map(|sum| sum.ln()).collect()
    }

    /// The same from what [`Pool::says`] found of all, `places` of which are these examples'.
    pub(super) fn votes_of(&self, says: &[f32], places: &[u32], labels: usize) -> Vec<f32> {
        let mut sums = vec![nothing(); labels];
        for (&label, &place) in self.labels.iter().zip(places) {
            sums[label as usize] += says[place as usize];
        }
        sums.iter().map(|sum| sum.ln()).collect()
    }

    /// The cosine of the nearest example in scope and of the nearest outside.
    pub(super) fn nearest_sides(
        &self,
        cosines: &[f32],
        outside: &[bool],
        skip: impl Fn(usize) -> bool,
    ) -> (f64, f64) {
        let mut sides = (0.0_f32, 0.0_f32);
        for row in (0..self.texts.len()).filter(|&row| !skip(row)) {
            let side = if outside[self.label(row)] { &mut sides.1 } else { &mut sides.0 };
            *side = side.max(cosines[row]);
        }
        (f64::from(sides.0), f64::from(sides.1))
    }

    /// The rows of the `count` nearest examples, nearest first.
    pub(super) fn nearest(&self, cosines: &[f32], count: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.texts.len()).collect();
        let nearer = |a: &usize, b: &usize| cosines[*b].total_cmp(&cosines[*a]).then(a.cmp(b));
        if count < rows.len() {
            rows.select_nth_unstable_by(count, nearer);
            rows.truncate(count);
        }
        rows.sort_unstable_by(nearer);
        rows
    }
}

/// Vectors of several sets of examples, each kept and compared once.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool {
    vectors: Vec<i16>,
    known: HashMap<Box<[i16]>, u32>,
    count: u32,
    /// The same in 8 bits, where they are many and the processor has the means.
    coarse: Option<Arc<Coarse>>,
}

impl Pool {
    fn place(&mut self, vector: &[i16]) -> u32 {
        if let Some(place) = self.known.get(vector) {
            return *place;
        }
        let place = self.count;
        self.known.insert(vector.into(), place);
        self.vectors.extend_from_slice(vector);
        self.count += 1;
        place
    }

    /// Nothing is added any more.
    pub(super) fn finish(&mut self) {
        self.known = HashMap::new();
        self.vectors.shrink_to_fit();
        if self.count >= LARGE {
            let numbers: Vec<f32> = self.vectors.iter().map(|cell| f32::from(*cell) / SCALE).collect();
            self.coarse = Coarse::new(&numbers, self.dimensions()).map(Arc::new);
        }
    }

    fn dimensions(&self) -> usize {
        self.vectors.len().checked_div(self.count as usize).unwrap_or(0)
    }

    /// What each vector says of an utterance's, as [`Examples::votes`] counts it.
    pub(super) fn says(&self, vector: &[f32]) -> Vec<f32> {
        let mut says = match &self.coarse {
            Some(coarse) if vector.len() == self.dimensions() => self.nearly(coarse, vector),
            _ => {
                let mut cosines = vec![0.0; self.count as usize];
                compare(vector, &self.vectors, &mut cosines);
                cosines
            }
        };
        says.iter_mut().for_each(|cosine| *cosine = if *cosine > 0.0 { say(*cosine) } else { 0.0 });
        says
    }

    /// The cosines, exact near the nearest one.
    fn nearly(&self, coarse: &Coarse, vector: &[f32]) -> Vec<f32> {
        let exact: Vec<i16> = quantised(vector).collect();
        let unit: Vec<f32> = exact.iter().map(|cell| f32::from(*cell) / SCALE).collect();
        let mut cosines = Vec::with_capacity(self.count as usize);
        coarse.dots(&unit, |some| cosines.extend_from_slice(some));
        let nearest = cosines.iter().copied().fold(0.0_f32, f32::max);
        pulp::Arch::new().dispatch(|| {
            for (cosine, other) in cosines.iter_mut().zip(self.vectors.chunks_exact(exact.len())) {
                if *cosine > nearest - CLOSE {
                    *cosine = dot(&exact, other) as f32 / (SCALE * SCALE);
                }
            }
        });
        cosines
    }
}

/// An example's say by its cosine.
fn say(cosine: f32) -> f32 {
    (FADING * (cosine - 1.0)).exp()
}

/// As if every label had one example that has nothing to do with the utterance: those beyond add less than that one.
fn nothing() -> f32 {
    (-FADING).exp()
}

/// The cosines of a vector with others of its length, which stand one behind the other.
fn compare(vector: &[f32], others: &[i16], cosines: &mut [f32]) {
    let vector: Vec<i16> = quantised(vector).collect();
    pulp::Arch::new().dispatch(|| {
        for (cosine, other) in cosines.iter_mut().zip(others.chunks_exact(vector.len())) {
            *cosine = dot(&vector, other) as f32 / (SCALE * SCALE);
        }
    });
}

fn quantised(vector: &[f32]) -> impl Iterator<Item = i16> + '_ {
    let length = vector.iter().map(|cell| cell * cell).sum::<f32>().sqrt().max(1e-12);
    // The cast saturates, and a unit vector's entries are at most 1.
    vector.iter().map(move |cell| (cell / length * SCALE).round() as i16)
}

/// The length of both is [`SCALE`], so no partial sum passes 2^30.
#[inline(always)]
fn dot(left: &[i16], right: &[i16]) -> i32 {
    left.iter().zip(right).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Examples {
        let vectors =
            Matrix::from_rows([[1.0_f32, 0.0].as_slice(), [0.6, 0.8].as_slice(), [0.0, 1.0].as_slice()]);
        let word = |index| Sparse { index: vec![index], value: vec![1.0] };
        Examples::new(&["a", "b"], &[0, 1, 1], Some(&vectors), &[word(0), word(1), word(3)])
    }

    #[test]
    fn finds_by_vector_and_by_words() {
        let examples = three();
        let cosines = examples.compare(&Query::Vector(&[1.0, 0.0]));
        for (found, right) in cosines.iter().zip([1.0, 0.6, 0.0]) {
            assert!((found - right).abs() < 1e-3, "{cosines:?}");
        }
        assert_eq!(examples.nearest(&cosines, 5), [0, 1]);
        assert_eq!(examples.nearest(&cosines, 1), [0]);
        let words = Sparse { index: vec![1, 3, 9], value: vec![0.6, 0.8, 0.1] };
        assert_eq!(examples.compare(&Query::Words(&words)), [0.0, 0.6, 0.8]);
        assert_eq!(examples.compare(&Query::Vector(&[1.0])), [0.0; 3]);
    }

    #[test]
    fn sets_that_share_their_vectors_count_the_same() {
        let (mut pool, all) = (Pool::default(), three());
        let (mut first, mut second) = (all.clone(), all.clone());
        let places = [first.share(&mut pool), second.share(&mut pool)];
        pool.finish();
        assert_eq!(places, [[0, 1, 2], [0, 1, 2]]);
        let vector = [0.8_f32, 0.6];
        let alone = all.votes(&all.compare(&Query::Vector(&vector)), 2, |_| false);
        assert_eq!(first.votes_of(&pool.says(&vector), &places[0], 2), alone);
    }

    #[test]
    fn of_a_large_pool_the_votes_are_those_of_the_exact_cosines_but_for_some_hundredths() {
        let dimensions = 64;
        let mut state = 11_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 32_768.0 - 1.0
        };
        let mut vector = || -> Vec<f32> { (0..dimensions).map(|_| next()).collect() };
        let rows: Vec<Vec<f32>> = (0..LARGE as usize * 3).map(|_| vector()).collect();
        let labels: Vec<usize> = (0..rows.len()).map(|row| usize::from(row % 7 == 0)).collect();
        let matrix = Matrix::from_rows(rows.iter().map(Vec::as_slice));
        let words = vec![Sparse { index: Vec::new(), value: Vec::new() }; rows.len()];
        let all = Examples::new(&vec!["a"; rows.len()], &labels, Some(&matrix), &words);
        let (mut pool, mut shared) = (Pool::default(), all.clone());
        let places = shared.share(&mut pool);
        pool.finish();
        for query in (0..20).map(|_| vector()) {
            let exact = all.votes(&all.compare(&Query::Vector(&query)), 2, |_| false);
            let nearly = shared.votes_of(&pool.says(&query), &places, 2);
            for (exact, nearly) in exact.iter().zip(&nearly) {
                assert!((exact - nearly).abs() < 0.05, "{exact} {nearly}");
            }
        }
    }

    #[test]
    fn votes_and_sides_leave_out_what_is_skipped() {
        let examples = three();
        let cosines = examples.compare(&Query::Vector(&[1.0, 0.0]));
        let votes = examples.votes(&cosines, 2, |_| false);
        assert!(votes[0] > votes[1]);
        let without = examples.votes(&cosines, 2, |row| row == 0);
        assert!(without[0] < without[1]);
        let (inside, outside) = examples.nearest_sides(&cosines, &[false, true], |_| false);
        assert!((inside - 1.0).abs() < 1e-3 && (outside - 0.6).abs() < 1e-3);
    }
}
