//! An answer may not stand on a sentence that another document in force contradicts, until an owner has
//! ruled which one is right ([`crate::conflict`]).

use std::borrow::Cow;

use contactiq_domain::Mode;
use contactiq_guard::Published;
use time::Date;

use super::choose::Chosen;
use crate::{
    Knowledge,
    conflict::{self, Place},
};

/// Two sentences that contradict each other: number of the passage, number of the sentence in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dispute {
    pub(crate) one: (usize, usize),
    pub(crate) other: (usize, usize),
}

/// The first of the chosen sentences that is contradicted, with what contradicts it.
pub(crate) fn met(knowledge: &Knowledge, mode: Mode, chosen: &[Chosen], today: Date) -> Option<Dispute> {
    chosen.iter().find_map(|c| {
        let document = knowledge.passages[c.passage].0;
        let said = &knowledge.index.sentences(c.passage)[c.sentence].text;
        let other = knowledge.contradiction(mode, document, said, today)?;
        Some(Dispute { one: (c.passage, c.sentence), other: where_stands(knowledge, other)? })
    })
}

fn where_stands(knowledge: &Knowledge, place: &Place) -> Option<(usize, usize)> {
    let passage = knowledge
        .passages
        .iter()
        .position(|(document, p)| *document == place.document && p.position == place.position)?;
    let sentence = knowledge.index.sentences(passage).iter().position(|s| s.text == place.sentence)?;
    Some((passage, sentence))
}

/// A passage as a model may read it: without what is contradicted. A question on that goes to a person,
/// and an answer to another must not use it in passing.
pub(crate) fn uncontested(
    knowledge: &Knowledge,
    mode: Mode,
    passage: usize,
    today: Date,
) -> Cow<'_, Published> {
    let (document, whole) = (knowledge.passages[passage].0, &knowledge.passages[passage].1.text);
    let contested = |said: &str| knowledge.contradiction(mode, document, said, today).is_some();
    if !knowledge.index.sentences(passage).iter().any(|s| contested(&s.text)) {
        return Cow::Borrowed(whole);
    }
    Cow::Owned(Published::by_bank(conflict::without(whole.as_str(), contested)))
}
