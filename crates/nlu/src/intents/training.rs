//! Training of the intent model: check, encode, cross-validate, fit blend and gate.

use super::blend::{Blend, Held};
use super::crossing::{self, Crossing, HeldOut, Part};
use super::error::TrainError;
use super::model::{Head, IntentModel};
use super::prepared::{self, Names, Prepared};
use super::scope::{Evidence, Gate};
use super::topic::Topic;
use super::views::VIEWS;
use super::{Example, TrainOptions, folds};
use crate::encoder::Encoder;

/// In how many rounds labels play "never seen" when there are no examples of the outside.
const REHEARSALS: usize = 3;

pub(super) fn train(
    examples: &[Example<'_>],
    outside: &[&str],
    encoder: Option<&dyn Encoder>,
    options: &TrainOptions,
    progress: &dyn Fn(usize, usize),
) -> Result<IntentModel, TrainError> {
    let fingerprint = IntentModel::expected_fingerprint(examples, outside, encoder, options);
    // Known for sure only after the checks; a bar that jumps at its end does no harm.
    let rehearsals = if outside.is_empty() { REHEARSALS } else { 0 };
    let total = prepared::batches(examples.len(), encoder) + options.folds + 1 + rehearsals;
    let mut done = 0;
    let mut report = || {
        done = (done + 1).min(total);
        progress(done, total);
    };
    let prepared = prepared::prepare(examples, Names::But(outside), encoder, &mut report)?;
    let is_outside: Vec<bool> =
        prepared.labels.iter().map(|label| outside.contains(&label.as_str())).collect();
    if is_outside.iter().all(|out| *out) {
        return Err(TrainError::OnlyOutside);
    }
    let fold_count = prepared.folds(options);
    let fold_of = prepared.fold_of(fold_count, options);
    let mut parts = crossing::folds_and_whole(&fold_of, fold_count);
    if fold_count > 0 && prepared.labels.len() >= 2 * REHEARSALS && !is_outside.contains(&true) {
        parts.extend(rehearsal_parts(&prepared, &fold_of, options.seed));
    }
    let word_parts = prepared.word_parts();
    let store = prepared.store(&word_parts);
    let crossing = Crossing {
        data: prepared.data(),
        store: &store,
        word_parts: &word_parts,
        outside: &is_outside,
        seed: options.seed,
    };
    let mut results = crossing.run(&parts, &mut report);
    let rehearsed: Vec<HeldOut> = results.drain(fold_count + 1..).flat_map(|(_, held)| held).collect();
    // The whole is the last of the folds' list, so it is there.
    let Some((views, _)) = results.pop() else { return Err(TrainError::NoExamples) };
    let held: Vec<HeldOut> = results.into_iter().flat_map(|(_, held)| held).collect();

    let head = |views: usize| fit_head(&prepared.targets, &is_outside, &held, &rehearsed, views);
    let lexical = head(1);
    let full = if prepared.vectors.is_some() { head(VIEWS) } else { lexical.clone() };
    let topic = encoder.map(Topic::shipped).transpose()?.flatten().zip(prepared.vectors.as_ref());
    let on_topic = topic.is_some_and(|(topic, vectors)| {
        let texts = 0..prepared.texts.len();
        topic.suits(texts.filter(|row| !is_outside[prepared.targets[*row]]).map(|row| vectors.row(row)))
    });
    progress(total, total);
    Ok(IntentModel {
        on_topic,
        spellings: Default::default(),
        fingerprint,
        outside: is_outside,
        views,
        full,
        lexical,
        examples: store,
        labels: prepared.labels,
    })
}

/// Each group of labels is left out of a training once and plays the unknown; a fold of the others is
/// held out too, because only scores of one and the same model can be compared.
fn rehearsal_parts(prepared: &Prepared<'_>, fold_of: &[Option<usize>], seed: u64) -> Vec<Part> {
    let group_of = folds::label_groups(prepared.labels.len(), REHEARSALS, seed);
    let part = |group: usize| {
        let mut part = Part { train: Vec::new(), held: Vec::new() };
        for (row, &target) in prepared.targets.iter().enumerate() {
            let unknown = group_of[target] == group;
            match fold_of[row] {
                Some(fold) if unknown || fold == group => part.held.push(row),
                None if unknown => {}
                _ => part.train.push(row),
            }
        }
        part
    };
    (0..REHEARSALS).map(part).collect()
}

/// Fits blend and gate for the first `views` views.
fn fit_head(
    targets: &[usize],
    outside: &[bool],
    held: &[HeldOut],
    rehearsed: &[HeldOut],
    views: usize,
) -> Head {
    let usable: Vec<Held<'_>> = held
        .iter()
        .filter(|held| held.seen)
        .map(|held| Held { scores: &held.scores[..views], target: targets[held.row] })
        .collect();
    let blend = Blend::fit(&usable, views);
    let signs = |held: &HeldOut| {
        let scores = &held.scores[..views];
        let blended = blend.probabilities(scores);
        let similar = if views > 1 { held.by_vectors } else { held.by_words };
        let summed = blend.sums(scores);
        Evidence { summed: &summed, blended: &blended, scores, outside, similar, known: held.known }.signs()
    };
    let judged = if rehearsed.is_empty() { held } else { rehearsed };
    let rows: Vec<Vec<f64>> = judged.iter().map(signs).collect();
    let inside: Vec<bool> = judged.iter().map(|held| held.seen && !outside[targets[held.row]]).collect();
    Head { gate: Gate::fit(&rows, &inside), blend }
}

/// What cross-validation said of every example, by a model that hadn't seen it.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidated {
    /// The labels.
    pub labels: Vec<String>,
    /// The right label of each example, as a place in `labels`.
    pub targets: Vec<usize>,
    /// The probability of every label, an example a row.
    pub probabilities: Vec<Vec<f64>>,
}

/// Cross-validates the labels as [`IntentModel::train`] would learn them with the same `outside`: for reports of
/// confusions and thin spots. The blend is fitted on the same folds; its handful of weights makes that harmless. The
/// scope gate has no say: which label an utterance is nearest to is asked, not whether it is in scope.
///
/// # Errors
/// As [`IntentModel::train`].
pub fn cross_validate(
    examples: &[Example<'_>],
    outside: &[&str],
    encoder: Option<&dyn Encoder>,
    options: &TrainOptions,
    progress: &dyn Fn(usize, usize),
) -> Result<CrossValidated, TrainError> {
    let total = prepared::batches(examples.len(), encoder) + options.folds;
    let mut done = 0;
    let mut report = || {
        done = (done + 1).min(total);
        progress(done, total);
    };
    let prepared = prepared::prepare(examples, Names::But(outside), encoder, &mut report)?;
    let count = prepared.texts.len();
    let folds = options.folds.clamp(2, count.max(2));
    let mut parts = crossing::folds_and_whole(&prepared.fold_of(folds, options), folds);
    parts.pop();
    let word_parts = prepared.word_parts();
    let store = prepared.store(&word_parts);
    let is_outside: Vec<bool> =
        prepared.labels.iter().map(|label| outside.contains(&label.as_str())).collect();
    let crossing = Crossing {
        data: prepared.data(),
        store: &store,
        word_parts: &word_parts,
        outside: &is_outside,
        seed: options.seed,
    };
    let results = crossing.run(&parts, &mut report);
    let mut held: Vec<HeldOut> = results.into_iter().flat_map(|(_, held)| held).collect();
    held.sort_by_key(|held| held.row);
    let usable: Vec<Held<'_>> = held
        .iter()
        .filter(|held| held.seen)
        .map(|held| Held { scores: &held.scores, target: prepared.targets[held.row] })
        .collect();
    let blend = Blend::fit(&usable, prepared.views());
    let probabilities = held.iter().map(|held| blend.probabilities(&held.scores)).collect();
    let targets = prepared.targets[..count].to_vec();
    Ok(CrossValidated { labels: prepared.labels, targets, probabilities })
}
