//! What a document claims: a sentence with figures, or a cell of a table with its row and column.

use contactiq_domain::{Collection, ContentType, Document, Passage};
use contactiq_guard::Published;
use contactiq_nlu::text::{self, Kind};

use super::{
    free,
    words::{Lexicon, WordSet},
};
use crate::{
    products::product,
    respond::figure::{Figure, Unit, located},
};

/// The times that a figure can count.
const TIMES: &[&str] = &["day", "hour", "minute", "second", "week", "fortnight", "month", "year"];

/// What the statements of a passage are about where they do not say it.
pub(super) struct Subject {
    /// Of the document's title.
    pub(super) title: WordSet,
    /// Of title and headings.
    pub(super) about: WordSet,
    /// The headings, word for word: in one document only what stands under the same ones speaks of the same.
    pub(super) path: String,
    /// Years that title or headings name: a sheet of 2024 does not contradict one of 2026.
    pub(super) years: Vec<String>,
}

/// A statement of figures.
pub(super) struct Claim<'a> {
    pub(super) collection: Collection,
    /// Number of the document.
    pub(super) document: usize,
    /// Number of the passage, and of its subject.
    pub(super) passage: usize,
    /// The document's product; empty where it speaks of many.
    pub(super) product: &'a str,
    /// The sentence or whole row.
    pub(super) sentence: &'a str,
    /// What says what it is about: the sentence, or label and column of a cell, without its figures.
    pub(super) stated: String,
    /// The content words of that.
    pub(super) words: WordSet,
    /// Figures that say what it is about: `6 months` in the label of a row.
    pub(super) of: Vec<Figure>,
    /// Figures that are claimed.
    pub(super) figures: Vec<Figure>,
    /// The same as written.
    pub(super) written: Vec<String>,
    pub(super) is_cell: bool,
}

/// Every claim of the passages, with a subject for each passage. `lexicon` learns their words.
pub(super) fn claims<'a>(
    documents: &'a [Document<()>],
    passages: &'a [(usize, Passage<Published>)],
    lexicon: &mut Lexicon,
) -> (Vec<Claim<'a>>, Vec<Subject>) {
    let mut claims = Vec::new();
    let mut subjects = Vec::with_capacity(passages.len());
    for (number, (of, passage)) in passages.iter().enumerate() {
        let document = &documents[*of];
        let place = format!("{} {}", document.title, passage.headings.join(" "));
        let (title, about) = (lexicon.set(&document.title), lexicon.set(&place));
        // Illustrations invent figures.
        let invented = document.content_type == ContentType::Synthetic || lexicon.illustrates(&about);
        subjects.push(Subject {
            title: lexicon.subject(&title),
            about: lexicon.subject(&about),
            path: passage.headings.join("\n"),
            years: years(&place),
        });
        if invented {
            continue;
        }
        let base = Base { document, number: *of, passage: number };
        let whole = passage.text.as_str();
        for span in text::sentences(whole) {
            let sentence = span.of(whole);
            if span.kind == Kind::Row {
                cells(&base, sentence, lexicon, &mut claims);
            } else {
                claims.extend(of_sentence(&base, sentence, lexicon));
            }
        }
    }
    (claims, subjects)
}

/// Where a statement stands.
struct Base<'a> {
    document: &'a Document<()>,
    number: usize,
    passage: usize,
}

impl<'a> Base<'a> {
    /// None for what was made up to show how something works.
    fn claim(
        &self,
        sentence: &'a str,
        stated: String,
        lexicon: &mut Lexicon,
        states: States,
    ) -> Option<Claim<'a>> {
        let times = states.figures.iter().all(|f| is_time(&f.unit));
        let words = lexicon.set(&stated);
        if lexicon.illustrates(&words) {
            return None;
        }
        Some(Claim {
            collection: self.document.collection,
            document: self.number,
            passage: self.passage,
            product: product(self.document).unwrap_or_default(),
            sentence,
            words: lexicon.naming(&words, times),
            stated,
            of: states.of,
            figures: states.figures,
            written: states.written,
            is_cell: states.is_cell,
        })
    }
}

/// The figures of a claim.
struct States {
    of: Vec<Figure>,
    figures: Vec<Figure>,
    written: Vec<String>,
    is_cell: bool,
}

fn of_sentence<'a>(base: &Base<'a>, sentence: &'a str, lexicon: &mut Lexicon) -> Option<Claim<'a>> {
    let (mut stated, found) = apart(sentence);
    let mut written: Vec<String> = found.iter().map(|(written, _)| written.clone()).collect();
    let mut figures: Vec<Figure> = found.into_iter().map(|(_, figure)| figure).collect();
    free::plain(&mut figures);
    if figures.iter().all(|f| !matches!(f.unit, Unit::Money(_)))
        && let Some((at, of)) = free::in_sentence(sentence)
    {
        written.push(sentence[at.clone()].to_owned());
        figures.push(free::nothing());
        let kept = format!("{} {of} {}", &sentence[..at.start], &sentence[at.end..]);
        stated = apart(&kept).0;
    }
    if figures.iter().all(|f| f.unit.dimension().is_none()) {
        return None;
    }
    base.claim(sentence, stated, lexicon, States { of: Vec::new(), figures, written, is_cell: false })
}

/// The cells of `label | Column: value | …` that hold figures.
fn cells<'a>(base: &Base<'a>, row: &'a str, lexicon: &mut Lexicon, claims: &mut Vec<Claim<'a>>) {
    let mut cells = row.split(" | ");
    // A label with a colon is the value of a row whose first cell is empty.
    let Some(label) = cells.next().filter(|label| !label.contains(": ")) else { return };
    let (label, of_label) = apart(label);
    for cell in cells {
        let (column, value) = cell.split_once(": ").unwrap_or(("", cell));
        let (column, of_column) = apart(column);
        let (_, found) = apart(value);
        let mut written: Vec<String> = found.iter().map(|(written, _)| written.clone()).collect();
        let mut figures: Vec<Figure> = found.into_iter().map(|(_, figure)| figure).collect();
        if let [Figure { unit: unit @ Unit::None, value: number }] = figures.as_mut_slice()
            && *number == value.trim().replace(',', "")
        {
            // A number alone in its cell counts what its column says.
            *unit = Unit::Count("number".to_owned());
        }
        free::plain(&mut figures);
        // "Free withdrawals: 0" counts withdrawals; "Monthly fee: free" is an amount.
        if figures.is_empty() && free::in_cell(value) {
            written.push(value.trim().to_owned());
            figures.push(free::nothing());
        }
        if figures.iter().all(|f| f.unit.dimension().is_none()) {
            continue;
        }
        let of = of_label.iter().chain(&of_column).map(|(_, figure)| figure.clone()).collect();
        let states = States { of, figures, written, is_cell: true };
        claims.extend(base.claim(row, format!("{label} {column}"), lexicon, states));
    }
}

/// A text without its figures, and the figures, as written and as read.
fn apart(text: &str) -> (String, Vec<(String, Figure)>) {
    let found = located(text);
    let mut stated = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in &found {
        // A figure may begin inside the one before it, where a range shares its unit.
        if at.start >= from {
            stated.push_str(&text[from..at.start]);
            // Keeps the words on both sides from becoming neighbours.
            stated.push_str(" 0 ");
        }
        from = from.max(at.end);
    }
    stated.push_str(&text[from..]);
    (stated, found.into_iter().map(|(at, figure)| (text[at].trim().to_owned(), figure)).collect())
}

fn is_time(unit: &Unit) -> bool {
    matches!(unit, Unit::Time | Unit::HalfDayTime)
        || matches!(unit, Unit::Count(word) if TIMES.contains(&word.rsplit(' ').next().unwrap_or(word)))
}

/// The years that a text names.
pub(super) fn years(text: &str) -> Vec<String> {
    let is_year = |(at, figure): &(std::ops::Range<usize>, Figure)| {
        matches!(figure.unit, Unit::None | Unit::YearOf(_))
            && figure.value.parse::<u32>().is_ok_and(|year| (1990..2100).contains(&year))
            && !text[at.clone()].contains(',')
    };
    located(text).into_iter().filter(is_year).map(|(_, figure)| figure.value).collect()
}
