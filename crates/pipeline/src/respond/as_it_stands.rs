//! A follow-up whose own thing stands elsewhere: "and the PayID limit?" after the fee of a card is answered as it stands,
//! where the sentences that both questions together find hold nothing of what it names.

use contactiq_domain::{Category, Step};

use super::choose;
use crate::{
    House, Sought, follow_up, retrieve,
    turn::{Asked, Turn},
};

/// Whether a follow-up names a thing by a name that no document has: "what about Dogecoin?" after a question on BPAY. Both
/// questions together find BPAY once more.
pub(super) fn is_nowhere(house: &House, turn: &Turn) -> bool {
    let Some(alone) = turn.alone.as_ref().filter(|alone| !alone.names.is_empty()) else { return false };
    let filter = retrieve::filter(house, turn.mode(), turn.role);
    let dictionary = house.dictionary();
    let spelled = turn.knowledge.spelled(dictionary, &filter, &alone.query);
    let query = spelled.map_or_else(|| alone.query.clone(), |corrected| corrected.text);
    let named = follow_up::own_words(&query);
    // What everybody calls something else in the documents is found by meaning; a name is not.
    let capital = |word: &String| {
        let mut said = query.split_whitespace().skip(1);
        said.any(|said| {
            said.starts_with(char::is_uppercase) && said.to_lowercase().starts_with(word.as_str())
        })
    };
    let is_name = |word: &String| capital(word) || !dictionary.has(word);
    !named.is_empty()
        && named.iter().all(is_name)
        && turn.knowledge.index.holds_any(&named.join(" "), &[]).is_none()
}

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
    let spelled = turn.knowledge.spelled(house.dictionary(), &filter, &alone.query);
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
