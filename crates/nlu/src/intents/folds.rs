//! Cross-validation folds: every label spread evenly, equal wordings kept together.

use std::collections::HashMap;

use super::features;
use super::random::Random;

/// The fold of each example, from 0 to `folds` - 1.
///
/// Examples that read the same after normalising share a fold: a copy in the training part would make
/// the held-out part look easier than life.
pub(super) fn assign(texts: &[&str], targets: &[usize], folds: usize, seed: u64) -> Vec<usize> {
    let classes = targets.iter().max().map_or(0, |most| most + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for (row, &class) in targets.iter().enumerate() {
        members[class].push(row);
    }
    let mut random = Random::new(seed);
    let mut of_wording: HashMap<u64, usize> = HashMap::new();
    let mut fold_of = vec![0; texts.len()];
    // The dealing goes on from label to label, so that folds differ by one example at most.
    let mut next = 0;
    for rows in &mut members {
        random.shuffle(rows);
        for &row in rows.iter() {
            let fold = *of_wording.entry(features::wording(texts[row])).or_insert_with(|| {
                next = (next + 1) % folds.max(1);
                next
            });
            fold_of[row] = fold;
        }
    }
    fold_of
}

/// Groups of labels for the rehearsal of the unknown: each group plays "never seen" once.
pub(super) fn label_groups(classes: usize, groups: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..classes).collect();
    Random::new(seed ^ 0x5CA1_AB1E).shuffle(&mut order);
    let mut group_of = vec![0; classes];
    for (place, class) in order.into_iter().enumerate() {
        group_of[class] = place % groups.max(1);
    }
    group_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_spread_and_copies_kept_together() {
        let texts: Vec<String> =
            (0..40).map(|n| format!("utterance {}", char::from(b'a' + n % 20))).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let targets: Vec<usize> = (0..40).map(|n| n % 2).collect();
        let fold_of = assign(&texts, &targets, 5, 3);
        for row in 0..20 {
            assert_eq!(fold_of[row], fold_of[row + 20]);
        }
        for fold in 0..5 {
            assert_eq!(fold_of.iter().filter(|&&f| f == fold).count(), 8);
        }
    }

    #[test]
    fn groups_cover_all_labels() {
        let groups = label_groups(7, 3, 1);
        assert_eq!(groups.len(), 7);
        assert!((0..3).all(|group| groups.contains(&group)));
    }
}
