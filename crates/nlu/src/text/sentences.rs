//! Passage text to sentences, each with its place in the text.
//!
//! The text is what ingestion writes: a line is a paragraph, a list item (`- `, `1. `) or a table row
//! (`cell | Header: cell`). Paragraphs are split into sentences; an item or a row is one claim and stays
//! whole. When in doubt two sentences stay together: a quote that is too long is still true, one that
//! is cut may not be.

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A sentence of a paragraph.
    Prose,
    /// An item of a list without numbers.
    Item,
    /// An item of a numbered list.
    Step,
    /// A row of a table, carrying its headers.
    Row,
}

/// A sentence, item or row: bytes `start..end` of the text it was found in, markers included, without
/// white space around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

impl Span {
    /// The words themselves, out of the text that the span was found in; empty for another text that
    /// has no such place.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// The sentences, items and rows of a text in order. Lines without a letter or digit (rules between
/// table head and body, for instance) are left out.
#[must_use]
pub fn sentences(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut push = |from: usize, to: usize, kind| {
            let piece = &line[from..to];
            if piece.contains(char::is_alphanumeric) {
                let from = from + (piece.len() - piece.trim_start().len());
                let to = to - (piece.len() - piece.trim_end().len());
                spans.push(Span { start: start + from, end: start + to, kind });
            }
        };
        match kind(line.trim()) {
            Kind::Prose => {
                let mut from = 0;
                for to in ends(line) {
                    push(from, to, Kind::Prose);
                    from = to;
                }
                push(from, line.len(), Kind::Prose);
            }
            whole => push(0, line.len(), whole),
        }
        start += line.len();
    }
    spans
}

fn kind(line: &str) -> Kind {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=3).contains(&digits) && (line[digits..].starts_with(". ") || line[digits..].starts_with(") ")) {
        Kind::Step
    } else if ["- ", "* ", "+ ", "\u{2022} "].iter().any(|marker| line.starts_with(marker)) {
        Kind::Item
    } else if line.starts_with('|') || line.contains(" | ") {
        Kind::Row
    } else {
        Kind::Prose
    }
}

/// Where sentences of a line end, the line's own end left out.
fn ends(line: &str) -> impl Iterator<Item = usize> + '_ {
    line.char_indices().filter_map(|(at, c)| {
        if !is_end_mark(c) {
            return None;
        }
        let after = &line[at + c.len_utf8()..];
        // Of several marks (`?!`, `...`) the last one ends the sentence.
        if after.starts_with(is_end_mark) {
            return None;
        }
        let rest = after.trim_start_matches(is_closing);
        // Chinese and Japanese write no space after their full stop.
        let spaced = rest.starts_with(char::is_whitespace) || matches!(c, '。' | '！' | '？');
        let next = rest.trim_start().trim_start_matches(is_opening);
        let ends = spaced
            && !next.is_empty()
            && begins_sentence(next)
            && !(c == '.' && is_abbreviated(&line[..at], next));
        ends.then_some(line.len() - rest.len())
    })
}

fn is_end_mark(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？')
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '*' | '_')
}

fn is_opening(c: char) -> bool {
    matches!(c, '"' | '\'' | '(' | '[' | '“' | '‘' | '«' | '*' | '_')
}

/// A sentence goes on in lower case (`e.g. a card`, `Yahoo! is`); it may begin with anything else.
fn begins_sentence(next: &str) -> bool {
    !next.starts_with(char::is_lowercase)
}

/// Titles and words that a name or a number follows: their dot never ends a sentence.
const BEFORE_A_NAME: &[&str] = &[
    "dr", "e.g", "eg", "fig", "i.e", "ie", "messrs", "mr", "mrs", "ms", "mt", "mx", "para", "prof", "rev",
    "sect", "st", "viz", "vs",
];

/// Their dot doesn't end a sentence before a number (`No. 5`, `Art. 7`, `approx. 30`, `Jan. 5`).
const BEFORE_A_NUMBER: &[&str] = &[
    "acct", "app", "approx", "apr", "art", "aug", "c", "ca", "ch", "dec", "ext", "feb", "jan", "jul", "jun",
    "mar", "max", "min", "no", "nos", "nov", "oct", "tel",
];

/// Words that begin a sentence far more often than they follow an abbreviation.
const STARTERS: &[&str] = &[
    "A", "After", "All", "An", "Any", "As", "At", "Before", "But", "By", "Call", "Do", "Each", "For", "From",
    "He", "How", "If", "In", "It", "No", "On", "Please", "She", "The", "Then", "There", "They", "This", "To",
    "We", "When", "You", "Your",
];

/// Whether the dot after `before` belongs to an abbreviation and the sentence goes on with `next`.
fn is_abbreviated(before: &str, next: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || is_opening(c)).next().unwrap_or_default();
    let lower = word.to_lowercase();
    let lower = lower.as_str();
    let mut following = next.split(|c: char| !c.is_alphanumeric());
    let (next_word, second) = (following.next().unwrap_or_default(), following.next().unwrap_or_default());
    let starter = STARTERS.contains(&next_word);

    if BEFORE_A_NAME.contains(&lower) {
        return true;
    }
    if BEFORE_A_NUMBER.contains(&lower) && next.starts_with(|c: char| c.is_ascii_digit()) {
        return true;
    }
    if lower == "a.m" || lower == "p.m" {
        // `8 p.m. Sydney time`, `8 p.m. AEST`: the zone goes with the hour.
        let zone = (2..=5).contains(&next_word.len()) && next_word.bytes().all(|b| b.is_ascii_uppercase());
        return zone && !starter || second == "time";
    }
    // `J. Smith`, `U.S. Treasury`; but `Plan B. You can …`.
    let initials = !word.is_empty()
        && word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_uppercase));
    initials && !starter
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|span| span.of(text)).collect()
    }

    #[test]
    fn plain_sentences() {
        assert_eq!(
            split("A refund takes 3 days. Is that long? No! Ask us (any day). \"Really?\" Yes"),
            ["A refund takes 3 days.", "Is that long?", "No!", "Ask us (any day).", "\"Really?\"", "Yes"]
        );
        assert_eq!(split("Wait... What?! Yes."), ["Wait...", "What?!", "Yes."]);
        assert_eq!(
            split("The limit is **$500.** You can raise it."),
            ["The limit is **$500.**", "You can raise it."]
        );
        assert_eq!(split("卡丢了。怎么办？"), ["卡丢了。", "怎么办？"]);
    }

    #[test]
    fn what_is_no_end_of_a_sentence() {
        for whole in [
            "The rate is 1.5 % a year, i.e. less than 2.25%.",
            "Bring a document, e.g. a passport, to our branch.",
            "Bring a document, e.g. Medicare card, to our branch.",
            "Call Mr. Brown or Dr. A. Jones about form No. 5.",
            "The fee is $1,234.50 at www.larkfield.example/fees.html?a=b.c today.",
            "We are open from 9 a.m. to 5 p.m. Sydney time every day.",
            "We are open until 5 p.m. AEST on weekdays.",
            "It pays approx. 30 days later under Art. 7 of the rules.",
            "The U.S. Treasury asks for a form.",
            "It takes 3 to 5 days etc. and is free.",
            "Yahoo! is a merchant.",
        ] {
            assert_eq!(split(whole), [whole]);
        }
    }

    #[test]
    fn what_looks_like_an_abbreviation_and_ends_a_sentence() {
        assert_eq!(
            split("We close at 5 p.m. On Sunday we rest."),
            ["We close at 5 p.m.", "On Sunday we rest."]
        );
        assert_eq!(split("Is it free? No. You pay $5."), ["Is it free?", "No.", "You pay $5."]);
        assert_eq!(split("Choose plan B. You can change it."), ["Choose plan B.", "You can change it."]);
        assert_eq!(
            split("See www.larkfield.example. It is free."),
            ["See www.larkfield.example.", "It is free."]
        );
        assert_eq!(split("It costs 5. Then 6."), ["It costs 5.", "Then 6."]);
        assert_eq!(split("Fees, rates, etc. The list is long."), ["Fees, rates, etc.", "The list is long."]);
    }

    #[test]
    fn items_steps_and_rows_stay_whole_and_are_told_apart() {
        let text = "You need:\n- A card. Any card.\n  2. Open the app. Tap Cards.\n\
                    Card | Amount: $10. Free if stolen. | When: now\n|---|---|\n\nDone. Good.\n";
        let kinds: Vec<(Kind, &str)> = sentences(text).into_iter().map(|s| (s.kind, s.of(text))).collect();
        assert_eq!(
            kinds,
            [
                (Kind::Prose, "You need:"),
                (Kind::Item, "- A card. Any card."),
                (Kind::Step, "2. Open the app. Tap Cards."),
                (Kind::Row, "Card | Amount: $10. Free if stolen. | When: now"),
                (Kind::Prose, "Done."),
                (Kind::Prose, "Good."),
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_reordered(text in "([A-Za-z0-9é。.!?| \\n\"()-]|Mr\\.|No\\.|p\\.m\\.){0,80}") {
            let spans = sentences(&text);
            let mut last = 0;
            let mut kept = String::new();
            for span in spans {
                prop_assert!(last <= span.start && span.start < span.end && span.end <= text.len());
                let piece = span.of(&text);
                prop_assert_eq!(piece.trim(), piece);
                last = span.end;
                kept.extend(piece.chars().filter(|c| c.is_alphanumeric()));
            }
            prop_assert_eq!(kept, text.chars().filter(|c| c.is_alphanumeric()).collect::<String>());
        }
    }
}
