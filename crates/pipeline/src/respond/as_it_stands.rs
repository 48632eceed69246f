//! A follow-up whose own thing stands elsewhere: "and the PayID limit?" after the fee of a card is answered as it stands,
//! where the sentences that both questions together find hold nothing of what it names.

use contactiq_domain::{Category, Step};

use super::choose;
use crate::{
    House, Sought, retrieve,
    turn::{Asked, Turn},
};

/// Puts the follow-up as it stands in the place of both questions together, where only that finds what it names.
pub(super) fn prefer(house: &House, turn: &mut Turn) {
    let Some(alone) = &turn.alone else { return };
    let words = super::words(house, turn.mode());
    let holds = |asked: &Asked<'_>| {
        let chosen: Vec<usize> = choose::sentences(asked, words).iter().map(|c| c.passage).collect();
        asked.knowledge.index.holds_any(&alone.names, &chosen)
    };
    if holds(&turn.asked()) != Some(false) {
        return;
    }
    // Steps 1 and 2 decided by both together: what alone would need more than an answer stays as it was read.
    let a_persons =
        alone.understanding.category != Category::Automatable || alone.understanding.intent.is_unknown();
    let intent = house.taxonomy.intent(turn.mode(), alone.understanding.intent.as_str());
    if a_persons || intent.is_some_and(|intent| !turn.role.reaches(intent.role)) {
        return;
    }
    let joined = turn.understanding.as_ref().map(|joined| joined.category);
    if joined != Some(Category::Automatable) {
        return;
    }
    let filter = retrieve::filter(house, turn.mode(), turn.role);
    let spelled = turn.knowledge.spelled(&house.taxonomy, &filter, &alone.query);
    let query = spelled.map_or_else(|| alone.query.clone(), |corrected| corrected.text);
    let sought = Sought { text: &query, vector: alone.vector.as_deref(), k: retrieve::PASSAGES };
    let found = retrieve::search(&turn.knowledge, &filter, &sought);
    let asked =
        Asked { knowledge: &turn.knowledge, query: &query, vector: alone.vector.as_deref(), found: &found };
    if holds(&asked) != Some(true) {
        return;
    }
    let Some(alone) = turn.alone.take() else { return };
    if let Some(step) = turn.steps.iter_mut().rfind(|step| step.step == Step::Retrieve) {
        step.detail.push_str(&format!(
            "; searched again as the follow-up stands, {}: what it names is elsewhere",
            alone.understanding.intent
        ));
    }
    turn.found = found;
    (turn.query, turn.vector) = (query, alone.vector);
    turn.understanding = Some(alone.understanding);
}
