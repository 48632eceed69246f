//! Fitting the learned recogniser: gradient of the chain's log-likelihood, one text at a time, with steps that
//! shrink for each weight by what it moved already (AdaGrad; Duchi, Hazan and Singer 2011).

use super::{
    LABELS, Label, Learned,
    chain::{self, Transitions},
    features::{self, BUCKETS, Look},
};
use crate::{
    PersonalType as P,
    pii::page::Page,
    training::{Labelled, Random},
};

/// The first steps.
const RATE: f32 = 0.15;
/// Pulls every weight that is met towards nothing.
const DECAY: f32 = 2e-6;
/// In so many sentences no list knows the names: what stands around them has to do.
const UNLISTED: f64 = 0.55;
/// In the others so often a word inside a value is hidden.
const HIDE: f64 = 0.5;

/// Fits a model; the same texts and seed give the same model.
pub(crate) fn fit(texts: &[Labelled], passes: usize, seed: u64) -> Learned {
    let size = BUCKETS as usize;
    let mut weights = vec![[0.0f32; LABELS - 1]; size];
    let mut moved = vec![[1e-4f32; LABELS - 1]; size];
    let mut transitions = Transitions::ZERO;
    let mut random = Random::new(seed);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let mut buckets: Vec<Vec<u32>> = Vec::new();
    for pass in 0..passes {
        random.shuffle(&mut order);
        let rate = RATE / (1.0 + pass as f32 * 0.5);
        for index in &order {
            let text = &texts[*index];
            let page = Page::new(&text.text, &[]);
            if page.tokens.is_empty() {
                continue;
            }
            let labels = labels(&page, text);
            let unlisted = random.happens(UNLISTED);
            let looks: Vec<Look> = labels
                .iter()
                .enumerate()
                .map(|(token, label)| {
                    let mut look = Look::of(&page, token);
                    if *label != Label::Other as usize && (unlisted || random.happens(HIDE)) {
                        look.hide(unlisted);
                    }
                    look
                })
                .collect();
            buckets.resize_with(looks.len().max(buckets.len()), Vec::new);
            let scores: Vec<[f32; LABELS]> = (0..looks.len())
                .map(|token| {
                    let own = &mut buckets[token];
                    own.clear();
                    features::each(&page, &looks, token, |bucket| own.push(bucket));
                    let mut scores = [0.0; LABELS];
                    for bucket in own {
                        for (score, weight) in scores[1..].iter_mut().zip(&weights[*bucket as usize]) {
                            *score += weight;
                        }
                    }
                    scores
                })
                .collect();
            let beliefs = chain::beliefs(&scores, &transitions, true);
            for (token, label) in labels.iter().enumerate() {
                let wrong: [f32; LABELS - 1] = std::array::from_fn(|l| {
                    f32::from(u8::from(*label == l + 1)) - beliefs.labels[token][l + 1]
                });
                if wrong.iter().all(|w| w.abs() < 1e-3) {
                    continue;
                }
                for bucket in &buckets[token] {
                    let (weight, moved) = (&mut weights[*bucket as usize], &mut moved[*bucket as usize]);
                    for l in 0..LABELS - 1 {
                        let step = wrong[l] - DECAY * weight[l];
                        moved[l] += step * step;
                        weight[l] += rate * step / moved[l].sqrt();
                    }
                }
            }
            let slow = rate * 0.05;
            for l in 0..LABELS {
                let is = f32::from(u8::from(labels[0] == l));
                transitions.first[l] += slow * (is - beliefs.labels[0][l]);
            }
            for (token, pairs) in beliefs.pairs.iter().enumerate() {
                for (b, row) in pairs.iter().enumerate() {
                    for (a, believed) in row.iter().enumerate() {
                        let is = f32::from(u8::from(labels[token] == b && labels[token + 1] == a));
                        transitions.between[b][a] += slow * (is - believed);
                    }
                }
            }
        }
    }
    // The largest few are cut, so that a byte is fine enough for the others.
    let mut sizes: Vec<f32> = weights.iter().flatten().map(|w| w.abs()).filter(|w| *w > 0.0).collect();
    sizes.sort_by(f32::total_cmp);
    let most = sizes.get(sizes.len().saturating_sub(1) * 9995 / 10_000).copied().unwrap_or(1.0).max(1e-3);
    let scale = most / 127.0;
    let small = |w: &f32| (w / scale).round().clamp(-127.0, 127.0) as i8;
    Learned { weights: weights.iter().map(|row| row.each_ref().map(small)).collect(), scale, transitions }
}

/// The label of each token.
fn labels(page: &Page<'_>, text: &Labelled) -> Vec<usize> {
    (0..page.tokens.len())
        .map(|token| {
            let inside = text.spans.iter().find(|s| s.0 < page.end(token) && page.start(token) < s.1);
            inside.map_or(Label::Other, |(_, _, kind)| label(*kind)) as usize
        })
        .collect()
}

/// What the model calls a kind; other kinds are for the rules.
const fn label(kind: P) -> Label {
    match kind {
        P::Person => Label::Person,
        P::Address => Label::Address,
        P::Password => Label::Secret,
        _ => Label::Other,
    }
}
