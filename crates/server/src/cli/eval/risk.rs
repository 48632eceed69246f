//! Row U12: whether thresholds keep what they promise, on random splits of the labelled questions; and whether the
//! confidence of answers is one.

use std::path::Path;

use contactiq_nlu::risk::{
    Judged, Promise,
    splits::{Repeated, draws, halves},
};

use super::{Figure, house};
use crate::{
    cli::{
        judging::{JudgedAnswer, Questions, fitted, judge, weights, withholding_nothing},
        output,
    },
    config::Config,
};

/// Where the project keeps its labelled questions.
const OWN: &str = "demo/calibration.jsonl";
/// How often the judged interactions are split, as the target counts.
const TIMES: usize = 200;
/// How often for the promise itself: 200 splits scatter by a tenth of a percentage point and more.
const MANY: usize = 10_000;
const SEED: u64 = 12;
const ALPHAS: [f64; 2] = [0.02, 0.05];
const DELTA: f64 = 0.05;

/// Asks every labelled question once, and splits what came of it. Both modes share a threshold here:
/// halves of one mode are too small for Learn-then-Test.
pub(super) async fn figures(
    config: &Config,
    labelled: Option<&Path>,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let own = Path::new(OWN);
    let Some(path) = labelled.or_else(|| own.exists().then_some(own)) else {
        output::note(format!("no labelled questions here ({OWN}): row U12 is not measured"));
        return Ok(Vec::new());
    };
    let questions = Questions::read(path)?;
    let house = house(&withholding_nothing(config.clone())).await?;
    let judged = judge(&house, &questions).await?;
    house.store.close().await;
    let mut figures = reliability(&judged);
    let judged: Vec<Judged> = judged.iter().map(|j| j.judged()).collect();
    figures.extend(rows(&judged));
    Ok(figures)
}

/// Bins of the reliability diagram.
const BINS: usize = 10;
/// The share of questions without an answer in real traffic, as `intents calibrate` assumes it.
const UNANSWERABLE: f64 = 0.1;

/// What is said with a confidence in one bin.
#[derive(Clone, Copy, Default)]
struct Bin {
    answers: usize,
    weight: f64,
    said: f64,
    right: f64,
}

/// The reliability diagram of the confidence of answers and its calibration error (P8). The confidence is fitted on one
/// half and measured on the other, both ways: nothing is judged by what it was fitted to.
fn reliability(judged: &[JudgedAnswer]) -> Vec<Figure> {
    let drafts = || judged.iter().filter(|one| one.features.is_some());
    let half = |odd: usize| drafts().enumerate().filter(move |(at, _)| at % 2 == odd).map(|(_, one)| one);
    let weight = weights(judged, UNANSWERABLE);
    let mut bins = [Bin::default(); BINS];
    for odd in [0, 1] {
        let fitted = fitted(half(1 - odd), &weight, |one| one.right);
        for one in half(odd) {
            let Some(features) = one.features else { continue };
            let (said, weight) = (fitted.confidence_of(features, one.vague).get(), weight(one));
            let bin = &mut bins[((said * BINS as f64) as usize).min(BINS - 1)];
            bin.answers += 1;
            bin.weight += weight;
            bin.said += weight * said;
            bin.right += weight * f64::from(u8::from(one.right));
        }
    }
    let all: f64 = bins.iter().map(|bin| bin.weight).sum();
    if all <= 0.0 {
        return Vec::new();
    }
    let error = bins.iter().map(|bin| (bin.said - bin.right).abs()).sum::<f64>() / all;
    let beside = |measure: String, now: String| Figure {
        now,
        target: String::new(),
        reached: None,
        ..Figure::at_least("own", measure, 0.0, 0.0)
    };
    let answers: usize = bins.iter().map(|bin| bin.answers).sum();
    let first =
        format!("confidence of answers: calibration error, {BINS} bins ({answers} drafts, half by half)");
    let mut figures = vec![beside(first, format!("{error:.3}"))];
    for (at, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.answers > 0) {
        let from = at as f64 / BINS as f64;
        let measure = format!("… from {from:.1} to {:.1} ({}): said, right", from + 0.1, bin.answers);
        let now = format!("{:.1} %, {:.1} %", 100.0 * bin.said / bin.weight, 100.0 * bin.right / bin.weight);
        figures.push(beside(measure, now));
    }
    figures
}

/// Per alpha and method the row as the target counts it, and one that says what is promised.
fn rows(judged: &[Judged]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for alpha in ALPHAS {
        let Ok(promise) = Promise::new(alpha, None) else { continue };
        let name =
            format!("conformal risk control, alpha {:.0} %: mean rate in the other half", alpha * 100.0);
        for times in [TIMES, MANY] {
            figures.push(measured(judged, promise, (halves, times), &name, alpha, Repeated::mean_rate));
        }
    }
    for alpha in ALPHAS {
        let Ok(promise) = Promise::new(alpha, Some(DELTA)) else { continue };
        let above = move |of: &Repeated| of.share_above(alpha);
        let name = format!("Learn-then-Test, alpha {:.0} %, delta {:.0} %", alpha * 100.0, DELTA * 100.0);
        let what = format!("{name}: splits whose other half lies above alpha");
        figures.push(measured(judged, promise, (halves, TIMES), &what, DELTA, above));
        let what = format!("{name}: draws whose risk lies above alpha");
        figures.push(measured(judged, promise, (draws, MANY), &what, DELTA, above));
    }
    figures
}

type Repeat = fn(&[Judged], Promise, usize, u64) -> Repeated;

fn measured(
    judged: &[Judged],
    promise: Promise,
    (repeat, times): (Repeat, usize),
    what: &str,
    most: f64,
    value: impl Fn(&Repeated) -> f64,
) -> Figure {
    let half = judged.len() / 2;
    if (half as u64) < promise.labels_needed() {
        return Figure {
            now: format!("{} judged: {} needed in a half", judged.len(), promise.labels_needed()),
            reached: None,
            ..Figure::at_most("U12", what, 0.0, most)
        };
    }
    let repeated = repeat(judged, promise, times, SEED);
    let size = format!(
        "({half} of {} judged choose, {times} times; answers {:.0} %)",
        judged.len(),
        repeated.mean_answered() * 100.0
    );
    Figure::at_most("U12", format!("{what} {size}"), value(&repeated), most)
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Probability;

    use super::*;
    use crate::cli::judging::tests::asked;

    #[test]
    fn the_diagram_weighs_drafts_by_all_that_was_asked() {
        let right = |others| {
            let figures = reliability(&asked((90, 90), others));
            assert_eq!(figures.len(), 2, "one kind of draft falls into one bin");
            figures[1].now.clone()
        };
        // 90 of 90 + 10 * 0.2, and of 90 + 10.
        assert!(right((50, 10)).ends_with(", 97.8 %"), "{}", right((50, 10)));
        assert!(right((10, 10)).ends_with(", 90.0 %"), "{}", right((10, 10)));
    }

    #[test]
    fn a_set_that_is_too_small_says_how_large_it_is() {
        let one = Judged { confidence: Some(Probability::ONE), needs_person: false };
        let few = rows(&[one; 100]);
        assert_eq!(few.len(), 8);
        assert_eq!((few[0].now.as_str(), few[0].reached), ("0.0 %", Some(true)));
        assert_eq!((few[4].now.as_str(), few[4].reached), ("100 judged: 149 needed in a half", None));
        assert!(rows(&[]).iter().all(|f| f.reached.is_none()));
    }
}
