//! A model is asked once more where the grounding gate removed most of what it wrote, or where it wrote no JSON of the
//! schema that it was asked for: with the same question and evidence, and one instruction of ours that names the reasons
//! by their codes, never a word of the model. It takes what is left of the time, and a reservation of its own; the answer
//! of which more stands is used.

use std::time::{Duration, Instant};

use contactiq_llm::Chain;

use super::{
    ask_model::{VERSION, Written, given, once, prompt},
    grounding::Removed,
    quotable::Given,
};
use crate::{
    House,
    turn::{Draft, KeptBack, Turn},
};

pub(super) const INSTRUCTION: &str = include_str!("../../prompts/repair-2.txt");
/// The version of the instruction.
#[cfg(test)]
pub(super) const REPAIR: &str = "repair-2";
/// The version of a prompt with the instruction below it, as the step's trace has it.
pub(super) const BOTH: &str = "answer-2+repair-2";
/// What the instruction calls an answer that is not of the form that was asked for.
const FORM: &str = "form";
/// Less time than this is not worth a question.
pub(super) const LEAST: Duration = Duration::from_millis(500);

/// What came of asking once.
pub(super) struct Once {
    pub(super) written: Written,
    /// Sentences that may be shown.
    pub(super) kept: usize,
    /// Why the gate removed each of the others; nothing where something else speaks against the answer.
    pub(super) reasons: Vec<Removed>,
    /// Whether it was not of the form that was asked for.
    pub(super) malformed: bool,
}

impl From<Written> for Once {
    fn from(written: Written) -> Once {
        Once { written, kept: 0, reasons: Vec::new(), malformed: false }
    }
}

impl Once {
    /// More than half was removed, and by no order in a passage: a model that obeys one is not asked again.
    fn is_worth_repairing(&self) -> bool {
        self.malformed || (self.reasons.len() > self.kept && !self.reasons.contains(&Removed::Dictated))
    }
}

/// The model's answer if it stands on the evidence, else the extractive one.
pub(super) async fn fluent(house: &House, chain: &Chain, turn: &Turn, extractive: Draft) -> Written {
    let since = Instant::now();
    let given = given(house, turn);
    let prompt = prompt(house, turn, &given, (VERSION, ""));
    let first =
        once(house, chain, turn, (given.as_slice(), &prompt), house.model_time(), extractive.clone()).await;
    again(house, chain, turn, (given.as_slice(), since), first, extractive).await
}

/// The better of this answer and another one, where it is worth asking for it.
pub(super) async fn again(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    (given, since): (&Given<'_>, Instant),
    first: Once,
    extractive: Draft,
) -> Written {
    let left = house.model_budget.saturating_sub(since.elapsed()).min(house.model_time());
    if first.written.left || !house.repairs || !first.is_worth_repairing() || left < LEAST {
        return first.written;
    }
    let codes = if first.malformed { FORM.to_owned() } else { codes(&first.reasons) };
    let prompt = prompt(house, turn, given, (BOTH, &INSTRUCTION.replace("{reasons}", &codes)));
    let mut second = once(house, chain, turn, (given, &prompt), left, extractive).await;
    if second.written.left {
        second.written.paid.add(first.written.paid);
        second.written.kept_back = first.written.kept_back;
        return second.written;
    }
    metrics::counter!("contactiq_model_repairs_total", "better" => (second.kept > first.kept).to_string())
        .increment(1);
    // Also where a budget had no room for it: that is told as a model that was asked once.
    let asked = second.written.asked.or(first.written.asked);
    let told = format!("; asked again for {codes}: {} sentences stood, {} before", second.kept, first.kept);
    let (mut best, other) = if second.kept > first.kept { (second, first) } else { (first, second) };
    best.written.asked = asked;
    best.written.detail.push_str(&told);
    best.written.values.insert("asked_again".to_owned(), 1.0);
    best.written.paid.add(other.written.paid);
    best.written.kept_back = both(best.written.kept_back, other.written.kept_back);
    best.written
}

/// Each reason once, in the order of the gate.
fn codes(reasons: &[Removed]) -> String {
    let met = Removed::ALL.iter().filter(|reason| reasons.contains(reason));
    met.map(|reason| reason.code()).collect::<Vec<_>>().join(", ")
}

/// What is for a reviewer of two texts, as one.
fn both(one: Option<KeptBack>, other: Option<KeptBack>) -> Option<KeptBack> {
    let (Some(mut kept), Some(more)) = (one.clone(), other.clone()) else { return one.or(other) };
    kept.rules.extend(more.rules);
    kept.rules.sort_unstable();
    kept.rules.dedup();
    kept.text = kept.text.with_below(&more.text);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_explains_every_reason_for_which_a_model_is_asked_again() {
        for reason in Removed::ALL.iter().filter(|reason| **reason != Removed::Dictated) {
            assert!(INSTRUCTION.contains(&format!("- {}: ", reason.code())), "{reason:?}");
        }
        assert!(INSTRUCTION.contains(&format!("- {FORM}: ")));
        assert_eq!(codes(&[Removed::Name, Removed::Figure, Removed::Name]), "figure, name");
    }
}
