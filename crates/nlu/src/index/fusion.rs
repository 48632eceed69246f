//! Two rankings into one.
//!
//! Scores are brought to 0..1 over the candidates and added, 0.75 for the encoder. Measured before:
//! adding reciprocal ranks instead was worse than the encoder alone on every set.

/// Share of the encoder in the fused score.
const ENCODER: f64 = 0.75;

/// The best of each ranking that are looked at: with fewer, the smallest of them, which becomes 0,
/// would be a good one.
pub(super) const CANDIDATES: usize = 100;

/// A passage with both scores, and the fused one once it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// Number of the passage.
    pub(crate) entry: usize,
    /// 0 or more.
    pub(crate) bm25: f64,
    /// -1 to 1; `None` without an encoder.
    pub(crate) cosine: Option<f64>,
    /// 0 to 1.
    pub(crate) score: f64,
}

/// The best `k` candidates with their fused score, best first.
pub(crate) fn fuse(mut all: Vec<Candidate>, k: usize) -> Vec<Candidate> {
    let keep = CANDIDATES.max(k);
    let mut candidates = best(&mut all, keep, |c| c.bm25);
    candidates.retain(|c| c.bm25 > 0.0);
    if all.iter().any(|c| c.cosine.is_some()) {
        candidates.extend(best(&mut all, keep, |c| c.cosine.unwrap_or(-1.0)));
        candidates.sort_unstable_by_key(|c| c.entry);
        candidates.dedup_by_key(|c| c.entry);
    }

    let words = Range::of(candidates.iter().map(|c| c.bm25));
    let meaning = Range::of(candidates.iter().filter_map(|c| c.cosine));
    for candidate in &mut candidates {
        candidate.score = match candidate.cosine {
            Some(cosine) => ENCODER * meaning.place(cosine) + (1.0 - ENCODER) * words.place(candidate.bm25),
            // Alone, BM25 is measured from 0: the last candidate still holds a word of the question.
            None => Range { smallest: 0.0, ..words }.place(candidate.bm25),
        }
        .clamp(0.0, 1.0);
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.entry.cmp(&b.entry)));
    candidates.truncate(k);
    candidates
}

/// The `count` largest by `of`, in no order.
fn best(all: &mut [Candidate], count: usize, of: impl Fn(&Candidate) -> f64) -> Vec<Candidate> {
    let order = |a: &Candidate, b: &Candidate| of(b).total_cmp(&of(a)).then(a.entry.cmp(&b.entry));
    if count < all.len() {
        all.select_nth_unstable_by(count, order);
    }
    all[..count.min(all.len())].to_vec()
}

#[derive(Clone, Copy)]
struct Range {
    smallest: f64,
    largest: f64,
}

impl Range {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let start = Self { smallest: f64::INFINITY, largest: f64::NEG_INFINITY };
        values.fold(start, |r, v| Self { smallest: r.smallest.min(v), largest: r.largest.max(v) })
    }

    /// 0 for the smallest, 1 for the largest. Where all are the same (a single candidate) nothing can
    /// be said by comparing, so the value itself counts.
    fn place(self, value: f64) -> f64 {
        let width = self.largest - self.smallest;
        let place = if width > 1e-9 { (value - self.smallest) / width } else { value };
        place.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(entry: usize, bm25: f64, cosine: Option<f64>) -> Candidate {
        Candidate { entry, bm25, cosine, score: 0.0 }
    }

    fn fused(all: Vec<Candidate>, k: usize) -> Vec<(usize, f64)> {
        fuse(all, k).into_iter().map(|c| (c.entry, (c.score * 1000.0).round() / 1000.0)).collect()
    }

    #[test]
    fn both_views_count_by_their_share() {
        let all = vec![
            candidate(0, 4.0, Some(0.3)),
            candidate(1, 0.0, Some(0.7)),
            candidate(2, 2.0, Some(0.5)),
            candidate(3, 0.0, Some(0.2)),
        ];
        assert_eq!(fused(all, 3), [(1, 0.75), (2, 0.575), (0, 0.4)]);
    }

    #[test]
    fn words_alone_leave_out_what_holds_none_of_them() {
        let all = vec![candidate(0, 1.0, None), candidate(1, 0.0, None), candidate(2, 4.0, None)];
        assert_eq!(fused(all, 5), [(2, 1.0), (0, 0.25)]);
    }

    #[test]
    fn a_single_candidate_is_not_called_perfect() {
        assert_eq!(fused(vec![candidate(0, 0.0, Some(0.1))], 5), [(0, 0.075)]);
        assert!(fused(Vec::new(), 5).is_empty());
    }

    #[test]
    fn many_candidates_are_cut_to_the_best_of_each() {
        let all = (0..1000).map(|i| candidate(i, (i % 7) as f64, Some(i as f64 / 1000.0))).collect();
        let best = fuse(all, 150);
        assert_eq!(best.len(), 150);
        assert!(best[0].entry > 900);
    }
}
