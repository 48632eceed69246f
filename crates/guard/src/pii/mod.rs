//! Personal data: one reader of the text, one recogniser a family, one decision where they overlap.

mod accounts;
mod addresses;
mod cards;
mod check;
mod context;
mod credentials;
mod cues;
mod cues_abroad;
mod dates;
mod dialogue;
mod email;
mod european;
mod explain;
mod governed;
mod iban;
mod identifier;
mod introduced;
mod keys;
mod layout;
mod learned;
mod lexicon;
mod loose;
mod names;
mod naming;
mod national;
mod network;
mod numbers;
mod page;
mod persons;
mod phones;
mod places;
mod postcodes;
mod repeats;
mod said;
mod secrets;
mod spelt;
mod tongues;
mod units;
mod vocabulary;

use std::collections::BTreeMap;

pub(crate) use explain::explain;
pub use explain::{CueWords, Overlapped, Recognised};
pub(crate) use layout::{Layout, Piece};
pub(crate) use learned::fit::fit;
pub use learned::{Learned, NoModel};
use numbers::Numbers;
use page::{Found, Page};
pub(crate) use repeats::Known;
pub(crate) use said::Before;

use crate::{Span, normal::Normal, placeholder, stop};

/// Builds the tables, so that the first message doesn't wait for them.
pub(crate) fn prepare() {
    std::sync::LazyLock::force(&lexicon::LEXICON);
    introduced::prepare();
}

/// Finds personal data; spans in code points of the original, ordered, never overlapping.
pub(crate) fn find(normal: &Normal, learned: Option<&Learned>) -> Vec<Span> {
    let unwrapped = normal.unwrapped();
    let normal = unwrapped.as_ref().unwrap_or(normal);
    spans_of(normal, in_text(normal, &Known::default(), learned))
}

/// What the rules find in a text before which these values were found.
pub(crate) fn find_beside(normal: &Normal, known: &Known) -> Vec<Span> {
    let unwrapped = normal.unwrapped();
    let normal = unwrapped.as_ref().unwrap_or(normal);
    spans_of(normal, in_text(normal, known, None))
}

/// What is found in a message, in the light of the turn before.
pub(crate) fn find_after(
    normal: &Normal,
    before: Before<'_>,
    known: &Known,
    learned: Option<&Learned>,
) -> Vec<Span> {
    let unwrapped = normal.unwrapped();
    let normal = unwrapped.as_ref().unwrap_or(normal);
    let mut found = in_text(normal, known, learned);
    let more = dialogue::find(normal.text(), &found, before, known);
    if !more.is_empty() {
        found.extend(more);
        whole(normal, &mut found);
    }
    spans_of(normal, found)
}

/// Findings in code points of the original.
fn spans_of(normal: &Normal, found: Vec<Found>) -> Vec<Span> {
    let mut spans = Vec::with_capacity(found.len());
    let mut reached = 0;
    let secrets = governed::secrets(normal.text(), &found);
    for (f, secret) in found.into_iter().zip(secrets) {
        let (start, end) = normal.original(f.start, f.end);
        let start = start.max(reached);
        if end > start {
            spans.push(Span {
                start,
                end,
                kind: f.kind,
                score: f.score.clamp(0.0, 1.0),
                token: None,
                secret,
            });
            reached = end;
        }
    }
    spans
}

/// Reads until nothing new is found: what was hidden behind a finding, or told apart from it only by
/// its absence, shows once the finding is a placeholder. That is also what makes masking idempotent.
fn in_text(normal: &Normal, known: &Known, learned: Option<&Learned>) -> Vec<Found> {
    let text = normal.text();
    let (mut found, mut open) = pass(text, known, learned, &mut |_, _| ());
    // A placeholder stands for whole characters; what is read beside it must be what stays beside it.
    whole(normal, &mut found);
    for _ in 0..PASSES {
        if found.is_empty() || !open {
            break;
        }
        let (masked, places) = substitute(text, &found);
        let more;
        (more, open) = pass(&masked, known, learned, &mut |_, _| ());
        if more.is_empty() {
            break;
        }
        found.extend(more.into_iter().map(|f| Found {
            start: back(&places, f.start),
            end: back(&places, f.end),
            ..f
        }));
        whole(normal, &mut found);
    }
    found
}

/// Findings widened to whole characters of the original, in order. Where two meet in one character, the
/// first takes it.
fn whole(normal: &Normal, found: &mut Vec<Found>) {
    found.sort_by_key(|f| f.start);
    let mut reached = 0;
    found.retain_mut(|f| {
        let (start, end) = normal.whole(f.start, f.end);
        f.start = start.max(reached);
        f.end = end;
        reached = reached.max(end);
        f.start < f.end
    });
}

/// More passes than any message needed.
const PASSES: usize = 6;

/// One reading: what it finds, and whether words remain that a further reading could find. `lost` hears of
/// each finding that gave way, and to which.
fn pass(
    text: &str,
    known: &Known,
    learned: Option<&Learned>,
    lost: &mut impl FnMut(&Found, &Found),
) -> (Vec<Found>, bool) {
    let placeholders = placeholders(text);
    let page = Page::new(text, &placeholders);
    let mut found = Vec::new();
    let numbers = Numbers::read(&page);
    stop::point();
    if !numbers.runs.is_empty() {
        cards::find(&page, &numbers, &mut found);
        stop::point();
        european::find(&page, &mut found);
        national::find(&page, &numbers, &mut found);
        iban::find(&page, &mut found);
        network::find(&page, &mut found);
        stop::point();
        dates::find(&page, &numbers, &mut found);
    }
    accounts::find(&page, &numbers, &mut found);
    stop::point();
    loose::find(&page, &numbers, &mut found);
    spelt::find(&page, &mut found);
    email::find(&page, &mut found);
    stop::point();
    phones::find(&page, &numbers, &mut found);
    secrets::find(&page, &numbers, &mut found);
    stop::point();
    keys::find(&page, &mut found);
    addresses::find(&page, &mut found);
    stop::point();
    persons::find(&page, &mut found);
    introduced::find(&page, &mut found);
    stop::point();
    if let Some(learned) = learned {
        // What the conversation knows already, so that no half of it is taken for another.
        found.extend(repeats::find(&page, &[], known));
        learned::join(learned, &page, &mut found);
    }
    found.retain(|f| !touches(&placeholders, f) && !persons::is_unlikely(&page, f));
    found.retain(|f| !secrets::is_address_of_a_site(text, f));
    let mut found = resolve(found, lost);
    cards::to_the_end(&page, &numbers, &mut found);
    repeat(&page, &placeholders, known, &mut found);
    // What was learned takes everyday words for a password where one is spoken of.
    let spoken_of = learned.is_some() && page.cues.iter().any(|c| learned::calls_a_secret(c.cue));
    let open = !found.is_empty() && (spoken_of || page.is_open(&found));
    (found, open)
}

/// The text with placeholders for the findings, and where its pieces come from: for each piece its
/// first byte in the new text and in the old one.
fn substitute(text: &str, found: &[Found]) -> (String, Vec<(usize, usize)>) {
    let mut masked = String::with_capacity(text.len());
    let mut places = vec![(0, 0)];
    let mut reached = 0;
    for f in found {
        masked.push_str(&text[reached..f.start]);
        masked.push('<');
        masked.push_str(f.kind.as_str());
        masked.push_str("_1>");
        places.push((masked.len(), f.end));
        reached = f.end;
    }
    masked.push_str(&text[reached..]);
    (masked, places)
}

fn back(places: &[(usize, usize)], byte: usize) -> usize {
    // A finding may end where a placeholder begins, so the piece before it is meant.
    let next = places.partition_point(|(new, _)| *new <= byte);
    let (new, old) = places[next.saturating_sub(1)];
    old + byte - new
}

/// The placeholders of an earlier masking; what is masked stays as it is.
fn placeholders(text: &str) -> Vec<(usize, usize)> {
    placeholder::placeholders(text).map(|p| (p.start, p.end)).collect()
}

fn touches(sorted: &[(usize, usize)], f: &Found) -> bool {
    let next = sorted.partition_point(|(start, _)| *start < f.end);
    next > 0 && sorted[next - 1].1 > f.start
}

/// Of findings that overlap the surest stays, of equal ones the longest, of those the first.
fn resolve(mut found: Vec<Found>, lost: &mut impl FnMut(&Found, &Found)) -> Vec<Found> {
    found.retain(|f| f.start < f.end);
    found.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then((b.end - b.start).cmp(&(a.end - a.start)))
            .then(a.start.cmp(&b.start))
    });
    let mut kept: BTreeMap<usize, Found> = BTreeMap::new();
    for f in found {
        let before = kept.range(..f.end).next_back();
        match before.filter(|(_, k)| k.end > f.start) {
            Some((_, stronger)) => lost(&f, stronger),
            None => drop(kept.insert(f.start, f)),
        }
    }
    kept.into_values().collect()
}

/// A value that was found once is masked wherever it stands again.
fn repeat(page: &Page<'_>, placeholders: &[(usize, usize)], known: &Known, found: &mut Vec<Found>) {
    let mut more = repeats::find(page, found, known);
    more.retain(|f| {
        let taken = found.partition_point(|k| k.start < f.end);
        let overlaps = taken > 0 && found[taken - 1].end > f.start;
        !overlaps && !touches(placeholders, f)
    });
    if !more.is_empty() {
        found.extend(more);
        *found = resolve(std::mem::take(found), &mut |_, _| ());
    }
}

/// What a text yields, for the tests beside the recognisers.
#[cfg(test)]
fn probe(text: &str) -> Vec<(String, &'static str)> {
    in_text(&Normal::new(text), &Known::default(), None)
        .into_iter()
        .map(|f| (text[f.start..f.end].to_owned(), f.kind.as_str()))
        .collect()
}
