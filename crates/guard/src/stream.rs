//! Masking inside a stream: pieces of a text go in, masked text comes out as soon as nothing that follows
//! can change it, and never later than [`HOLD`] characters behind.
//!
//! The text is read again and again in a window: at most [`CONTEXT`] characters that were given out, for
//! the cues in them, and what is held. When it is read depends on the text alone, not on how it was cut, so
//! that every way of cutting it has the same result.

use crate::{
    Masked, PersonalType, Span, masking,
    normal::Normal,
    numbering::Numbering,
    output::Carried,
    pii::{self, Known, Layout},
};

/// As many characters are held at most.
const HOLD: usize = 256;
/// Of text that is given out because the hold is full, so many characters behind it have been read.
const SEEN: usize = 192;
/// Everyday words go out when so many characters stand behind them.
const NEAR: usize = 64;
/// So many words before one that may be personal stay with it: a name has five words.
const BESIDE: usize = 6;
/// Between two readings lie as many characters, unless the hold is full.
const STEP: usize = 32;
/// As many characters that were given out are read again.
const CONTEXT: usize = 1000;

/// Masks a text that comes in pieces, cut anywhere. It is fed by [`StreamMasker::push`] and gives the rest
/// at [`StreamMasker::finish`].
///
/// **What is held.** Numbers, spelled out or not, names, words that are not everyday English, and what was
/// found, until 192 to 256 characters stand behind them; everyday words until 64 do. Nothing is released by
/// a timer, and nothing waits for the end that is not held.
///
/// **When the hold is full**, the oldest of it goes out as it reads with all that is held behind it. Where
/// that would cut through something still growing, no part of it goes out: a found value, a number that has
/// not ended or an unbroken piece that has not ended becomes one placeholder at once (`ACCOUNT_NUMBER` and
/// `API_KEY` for the last two, found or not), and what follows of it is dropped.
///
/// **Equality.** Up to 256 characters the pieces put together are what [`crate::Guard::mask`] makes of the whole,
/// numbers of placeholders included, but for one thing: an everyday word (or several, as in a passphrase)
/// that a cue more than 64 characters on shows to have been a secret is out already. A longer text differs
/// from the whole only where what decides stands more than 192 characters later or more than 1,000 earlier: a
/// value without a cue that is recognised by a later one (from there on it is masked), a card far from its
/// code or date, placeholders of an earlier masking that come later, a change between small letters and capitals, and
/// the growing things above.
pub struct StreamMasker {
    carried: Carried,
    personal_data: bool,
    numbering: Numbering,
    /// What was masked, so that it is masked again however far on.
    known: Known,
    /// What was given out and is context, then what is held.
    window: Vec<char>,
    /// Where in the window the held part begins.
    given: usize,
    /// Characters since the last reading.
    fresh: usize,
    /// Whether the held part begins with what waits for a full hold.
    waits: bool,
    growing: Growing,
}

/// Whether the last placeholder stands for something that goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growing {
    No,
    /// To the end of the value, the number or the unbroken piece.
    Value,
    /// A key in PEM armour: to its last line.
    Armour,
}

impl StreamMasker {
    pub(crate) fn new(carried: Carried, personal_data: bool) -> Self {
        Self {
            carried,
            personal_data,
            numbering: Numbering::default(),
            known: Known::default(),
            window: Vec::with_capacity(CONTEXT + 2 * HOLD),
            given: 0,
            fresh: 0,
            waits: false,
            growing: Growing::No,
        }
    }

    /// The numbers of placeholders go on behind those of a text that was masked before: of the question
    /// that the stream answers.
    #[must_use]
    pub fn numbered_behind(mut self, text: &Masked) -> Self {
        self.numbering.behind(text.as_str());
        self
    }

    /// Takes a piece in; what can go out by now.
    #[must_use = "this is the masked text, and it does not come again"]
    pub fn push(&mut self, piece: &str) -> Masked {
        let mut out = String::new();
        for c in piece.chars() {
            self.window.push(c);
            self.fresh += 1;
            let held = self.held();
            if held > HOLD || (!self.waits && self.fresh >= STEP && held > NEAR && c.is_whitespace()) {
                self.read(false, &mut out);
            }
        }
        Masked::by_guard(out)
    }

    /// The rest.
    #[must_use = "this is the masked text, and it does not come again"]
    pub fn finish(mut self) -> Masked {
        let mut out = String::new();
        if self.held() > 0 {
            self.read(true, &mut out);
        }
        Masked::by_guard(out)
    }

    /// As many characters are held: at most 256.
    #[must_use]
    pub fn held(&self) -> usize {
        self.window.len() - self.given
    }

    fn read(&mut self, last: bool, out: &mut String) {
        self.fresh = 0;
        let text: String = self.window.iter().collect();
        let normal = Normal::new(&text);
        let mut spans = if self.personal_data { pii::find_beside(&normal, &self.known) } else { Vec::new() };
        spans.retain(|span| !self.carried.has(&self.window, span));
        let layout = Layout::new(&normal);
        self.numbering.behind(&text);
        self.skip(&spans, &layout);
        if last {
            self.give(self.window.len(), &spans, out);
            return;
        }
        if let Some(end) = self.everyday(&spans, &layout) {
            self.give(end, &spans, out);
        }
        if self.held() > HOLD {
            self.give_oldest(&spans, &layout, out);
        }
        self.forget();
    }

    /// Leaves out what the last placeholder stands for.
    fn skip(&mut self, spans: &[Span], layout: &Layout) {
        let (given, head) = (self.given, self.window.len());
        let end = match self.growing {
            Growing::No => return,
            Growing::Armour => self.armour_end().unwrap_or(head),
            Growing::Value => {
                let span = spans.iter().find(|s| s.start < given && given < s.end).map_or(given, |s| s.end);
                let number = layout.runs.iter().filter_map(|run| Some((run.first()?.0, run.last()?.1)));
                let number = number.filter(|(a, b)| *a < given && given < *b).map(|(_, b)| b).max();
                self.unbroken(given).max(span).max(number.unwrap_or(given))
            }
        };
        self.given = end.min(head);
        let number =
            layout.grows && layout.runs.last().and_then(|run| run.last()).is_some_and(|r| r.1 == end);
        if !number && !self.reaches(end) {
            self.growing = Growing::No;
        }
    }

    /// Whether nothing but white space stands behind a place.
    fn reaches(&self, place: usize) -> bool {
        self.window[place.min(self.window.len())..].iter().all(|c| c.is_whitespace())
    }

    /// Where the ASCII piece without white space ends that goes on at a place; the place itself when none does.
    fn unbroken(&self, at: usize) -> usize {
        if at == 0 || self.window[at - 1].is_whitespace() {
            return at;
        }
        at + self.window[at..].iter().take_while(|c| is_unbroken(**c)).count()
    }

    /// One past the last line of a key in armour, when that line is there.
    fn armour_end(&self) -> Option<usize> {
        // The line may have begun before.
        let from = self.given.saturating_sub(64);
        let text: Vec<char> = "-----END".chars().collect();
        let line = self.window[from..].windows(text.len()).position(|w| w == text)? + from + text.len();
        let end = self.window[line..].windows(5).position(|w| w.iter().all(|c| *c == '-'))? + line + 5;
        (end >= self.given).then_some(end)
    }

    /// How far everyday words go that nothing behind them can make personal.
    fn everyday(&mut self, spans: &[Span], layout: &Layout) -> Option<usize> {
        let near = self.window.len().checked_sub(NEAR)?;
        let given = self.given;
        let first = layout.pieces.partition_point(|p| p.start < given);
        let personal = |piece: &pii::Piece| {
            self.personal_data
                && (piece.open || spans.iter().any(|s| s.start <= piece.start && piece.start < s.end))
        };
        let open = layout.pieces[first..].iter().position(personal).map(|n| first + n);
        let end = match open {
            Some(open) => near.min(layout.pieces[open.saturating_sub(BESIDE)].start),
            None => near,
        };
        self.waits = open.is_some_and(|open| layout.pieces[open].start <= near);
        cut_before(spans, layout, given, end)
    }

    /// The hold is full: the oldest part goes out, and no part of what is growing.
    fn give_oldest(&mut self, spans: &[Span], layout: &Layout, out: &mut String) {
        let (given, head) = (self.given, self.window.len());
        let due = head - SEEN;
        if !self.personal_data {
            return self.give(due, spans, out);
        }
        let mut end = cut_before(spans, layout, given, due);
        if let Some(run) = layout.runs.last().filter(|_| layout.grows)
            && let Some(start) = unfound(run, spans, given, end.unwrap_or(due))
        {
            // A number that has not ended, with groups that no finding covers.
            end = cut_before(spans, layout, given, start);
            if end.is_none() {
                return self.give_growing(PersonalType::AccountNumber, out);
            }
        }
        if let Some(end) = end {
            return self.give(end, spans, out);
        }
        if let Some(span) = spans.iter().find(|s| s.start <= due && s.end > given) {
            if span.start > given {
                return self.give(span.start, spans, out);
            }
            let end = span.end;
            if self.reaches(end) {
                self.growing = if self.is_armour(span) { Growing::Armour } else { Growing::Value };
            }
            return self.give(end, spans, out);
        }
        // No white space as far as the eye reaches: many scripts have none between words.
        if let Some(before) = self.window[given + 1..=due].iter().rposition(|c| !c.is_ascii()) {
            return self.give(given + 1 + before, spans, out);
        }
        let end = given + 1 + self.window[given + 1..].iter().take_while(|c| is_unbroken(**c)).count();
        if end < head {
            return self.give(end, spans, out);
        }
        self.give_growing(PersonalType::ApiKey, out);
    }

    /// All that is held becomes one placeholder that stands for what follows, too.
    fn give_growing(&mut self, kind: PersonalType, out: &mut String) {
        self.growing = Growing::Value;
        let all = Span {
            start: self.given,
            end: self.window.len(),
            kind,
            score: 1.0,
            token: None,
            secret: kind.is_secret(),
        };
        self.give(all.end, &[all], out);
    }

    fn is_armour(&self, span: &Span) -> bool {
        span.kind == PersonalType::ApiKey && self.window[span.start..span.end].starts_with(&['-'; 5])
    }

    /// Gives out the held text up to a place in the window.
    fn give(&mut self, end: usize, spans: &[Span], out: &mut String) {
        let stretch = self.given..end;
        let numbering = &mut self.numbering;
        masking::write(&self.window, stretch.clone(), spans, out, &mut |span, value, out| {
            masking::put(out, span.kind, numbering.number(span.kind, value).0);
        });
        for span in spans.iter().filter(|s| stretch.contains(&s.start)) {
            let value: String = self.window[span.start..span.end.min(end)].iter().collect();
            self.known.add(&value, span.kind, span.score);
        }
        self.given = end;
    }

    /// Drops context from the front, at white space, now and then.
    fn forget(&mut self) {
        if self.given > CONTEXT + HOLD {
            let from = self.given - CONTEXT;
            let kept = &self.window[from..self.given];
            let from = from + kept.iter().position(|c| c.is_whitespace()).unwrap_or(0);
            self.window.drain(..from);
            self.given -= from;
        }
    }
}

/// What may go on with a key or an address.
fn is_unbroken(c: char) -> bool {
    c.is_ascii() && !c.is_whitespace()
}

/// The last place behind `given` and not behind `end` where a word begins and no finding is cut.
fn cut_before(spans: &[Span], layout: &Layout, given: usize, end: usize) -> Option<usize> {
    let upto = layout.pieces.partition_point(|p| p.start <= end);
    let within = |place: usize| spans.iter().any(|s| s.start < place && place < s.end);
    let mut places = layout.pieces[..upto].iter().rev().take_while(|p| p.start > given);
    places.find(|p| p.spaced && !within(p.start)).map(|p| p.start)
}

/// Where the part of a run begins that must not be torn: its first group, not before `given`, that no
/// finding covers; none when that stands behind `end`.
fn unfound(run: &[(usize, usize)], spans: &[Span], given: usize, end: usize) -> Option<usize> {
    let covered = |a: usize, b: usize| spans.iter().any(|s| s.start <= a && b <= s.end);
    run.iter().find(|(a, b)| *b > given && !covered(*a, *b)).map(|(a, _)| *a).filter(|a| *a < end)
}

impl std::fmt::Debug for StreamMasker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StreamMasker({} characters held)", self.held())
    }
}
