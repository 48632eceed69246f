//! What may carry a claim of a model: the passages that it was given without the orders in them, and the words
//! that such orders dictate.

use std::{borrow::Cow, collections::BTreeSet};

use contactiq_guard::Published;

use super::orders;
use crate::{DoorFault, House, turn::Turn};

/// The passages that a model is given, with what it may read of them.
pub(super) type Given<'a> = [(usize, Cow<'a, Published>)];

/// What may carry a claim.
pub(super) struct Quotable {
    /// The same passages, without orders to a model.
    pub(super) given: Vec<(usize, Published)>,
    /// Passages that are called by an order: they carry nothing.
    closed: BTreeSet<usize>,
    dictated: BTreeSet<String>,
}

impl Quotable {
    /// Judges what was given, each sentence once, behind the door.
    ///
    /// # Errors
    /// When nobody could judge it: then it carries nothing.
    pub(super) async fn of(house: &House, turn: &Turn, given: &Given<'_>) -> Result<Quotable, DoorFault> {
        let all: Vec<(Vec<String>, Published)> =
            given.iter().map(|(passage, text)| (names(turn, *passage), text.clone().into_owned())).collect();
        let texts =
            all.iter().flat_map(|(names, text)| names.iter().map(String::as_str).chain([text.as_str()]));
        let chars = texts.map(|text| text.chars().count()).sum();
        let judged: Vec<Option<Published>> = house
            .guard
            .read(chars, move |_guard| {
                all.iter().map(|(names, text)| orders::evidence(names, text)).collect()
            })
            .await?;

        let mut closed = BTreeSet::new();
        let mut left_out: Vec<String> = Vec::new();
        let mut known: Vec<String> = vec![house.settings.bank.clone()];
        let mut quotable = Vec::with_capacity(given.len());
        for ((passage, text), kept) in given.iter().zip(judged) {
            let names = names(turn, *passage);
            let kept = match kept {
                Some(kept) => {
                    known.extend(names);
                    kept
                }
                None => {
                    closed.insert(*passage);
                    left_out.extend(names);
                    Published::by_bank("")
                }
            };
            if kept != **text {
                left_out.push(text.as_str().to_owned());
            }
            known.push(kept.as_str().to_owned());
            quotable.push((*passage, kept));
        }
        let messages = turn.history.iter().map(|e| e.question.as_str());
        let messages = messages.chain([turn.started.question.as_str()]);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let dictated = orders::dictated(messages, left_out.iter().map(String::as_str), &known);
        Ok(Quotable { given: quotable, closed, dictated })
    }

    /// Whether a claim has a word that an order dictates and no passage says.
    pub(super) fn dictates(&self, claim: &str) -> bool {
        contactiq_nlu::text::content_stems(claim).iter().any(|stem| self.dictated.contains(stem))
    }

    /// The passage with this number, from 1, where it carries anything.
    pub(super) fn numbered(&self, number: usize) -> Option<&(usize, Published)> {
        self.given.get(number.checked_sub(1)?).filter(|given| self.is_open(given))
    }

    /// Every passage that carries something.
    pub(super) fn open(&self) -> impl Iterator<Item = &(usize, Published)> {
        self.given.iter().filter(|given| self.is_open(given))
    }

    fn is_open(&self, (passage, _): &(usize, Published)) -> bool {
        !self.closed.contains(passage)
    }
}

/// What a passage is called by: the title of its document and the headings above it.
fn names(turn: &Turn, passage: usize) -> Vec<String> {
    let title = turn.knowledge.document_of(passage).title.clone();
    std::iter::once(title).chain(turn.knowledge.passages[passage].1.headings.iter().cloned()).collect()
}
