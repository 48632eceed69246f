//! Rows of tables in an answer: the columns that the question names, where it names some; one row as a
//! line, several as a table with its header.

use std::collections::BTreeSet;

use contactiq_nlu::text;

use super::{figure::figures, statement::Row, wish::Wish};

/// Columns that limit what another one says are kept beside it.
const LIMITS: &[&str] = &["condition", "except", "note", "unless", "waive", "when"];
/// Stems of the words that ask for a figure. They name no column: a question for a charge is not one for
/// the column "When charged".
const FOR_A_FIGURE: &[&str] = &["charg", "cost", "fee", "limit", "price", "rate"];
/// What turns the words behind it round: "without the bonus".
const WITHOUT: &[&str] = &["without", "excluding", "except", "minus"];
/// Content words behind one of [`WITHOUT`] that it turns round.
const TURNED: usize = 2;
/// Cells that say that there is none.
const NONE: &[&str] = &[
    "no",
    "none",
    "nil",
    "not allowed",
    "not applicable",
    "not available",
    "not offered",
    "unlimited",
    "n/a",
];

/// Rows of one passage as lines of an answer, each with its marker.
pub(super) fn lines(rows: &[(&str, u32)], question: &str) -> Vec<String> {
    let read: Vec<(Row<'_>, u32)> = rows.iter().map(|(line, number)| (Row::of(line), *number)).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in read.iter().flat_map(|(row, _)| &row.cells) {
        if !columns.contains(column) {
            columns.push(column);
        }
    }
    let kept = kept(&read, &columns, question);
    let kept: Vec<&str> = if read.iter().all(|(row, _)| has_any(row, &kept)) { kept } else { columns };
    // Without names of columns a table says no more than its rows.
    if read.len() < 2 || kept.is_empty() || kept.contains(&"") {
        return read.iter().map(|(row, number)| line(row, &kept, *number)).collect();
    }
    let mut lines =
        vec![markdown(std::iter::once(String::new()).chain(kept.iter().map(|c| (*c).to_owned())))];
    lines.push(format!("|{}", "---|".repeat(kept.len() + 1)));
    for (row, number) in &read {
        let label = format!("{} [{number}]", row.label);
        let cells = kept.iter().map(|column| value(row, column).unwrap_or("–").to_owned());
        lines.push(markdown(std::iter::once(label).chain(cells)));
    }
    lines
}

/// A row as an answer to this question shows it, in the form of the passages.
pub(super) fn shown(line: &str, question: &str) -> String {
    let read = [(Row::of(line), 0)];
    let columns: Vec<&str> = read[0].0.cells.iter().map(|(column, _)| *column).collect();
    let kept = kept(&read, &columns, question);
    let cells = read[0].0.cells.iter().filter(|(column, _)| kept.contains(column));
    cells.fold(read[0].0.label.to_owned(), |said, (column, value)| match *column {
        "" => format!("{said} | {value}"),
        column => format!("{said} | {column}: {value}"),
    })
}

/// Whether a shown row says that there is none of what is asked for.
pub(super) fn says_none(shown: &str) -> bool {
    Row::of(shown).cells.iter().any(|(_, value)| is_none(value))
}

/// Whether a cell says that there is none.
pub(super) fn is_none(value: &str) -> bool {
    NONE.contains(&value.to_lowercase().trim_end_matches('.'))
}

/// The columns that answer: those that the question names, where it names some, never without the one
/// that holds what it asks for, and none that it turns round.
fn kept<'a>(read: &[(Row<'a>, u32)], columns: &[&'a str], question: &str) -> Vec<&'a str> {
    let open = not_opposed(columns, question);
    let kept = match named_by(&open, question, true) {
        Some(named) => beside(read, &open, &named),
        None => return open,
    };
    let wish = Wish::of(question);
    if !wish.figure && wish.kinds.is_empty() {
        return kept;
    }
    let gives = |column: &str| {
        let mut cells = read.iter().filter_map(|(row, _)| value(row, column));
        cells.any(|cell| wish.is_given_by(cell) || is_none(cell))
    };
    if kept.iter().any(|column| gives(column)) {
        return kept;
    }
    open.into_iter().filter(|column| kept.contains(column) || gives(column)).collect()
}

/// The columns without those of which the question says the contrary: "with LMI" is not "without LMI".
fn not_opposed<'a>(columns: &[&'a str], question: &str) -> Vec<&'a str> {
    let asked: BTreeSet<String> = text::content_stems(question).into_iter().collect();
    let out = turned(question);
    let opposed = |column: &str| {
        let own = turned(column);
        text::content_stems(column).iter().any(|stem| {
            let telling = !FOR_A_FIGURE.contains(&stem.as_str()) && !WITHOUT.contains(&stem.as_str());
            telling && asked.contains(stem) && own.contains(stem) != out.contains(stem)
        })
    };
    let open: Vec<&str> = columns.iter().copied().filter(|column| !opposed(column)).collect();
    if open.is_empty() { columns.to_vec() } else { open }
}

/// Content stems that a text turns round.
fn turned(said: &str) -> BTreeSet<String> {
    let mut turned = BTreeSet::new();
    let mut left = 0;
    for word in text::words(said) {
        if WITHOUT.contains(&word.as_str()) {
            left = TURNED;
        } else if left > 0 && !text::is_stop_word(&word) {
            turned.insert(text::stem(&word));
            left -= 1;
        }
    }
    turned
}

/// The named columns, and those that say something else of the row than a named one does: "for how long"
/// beside "up to". What says the same of another thing ("Silver" beside "Gold") stays out.
fn beside<'a>(read: &[(Row<'a>, u32)], columns: &[&'a str], named: &[&'a str]) -> Vec<&'a str> {
    let kinds = |column: &str| -> BTreeSet<String> {
        let cells = read.iter().filter_map(|(row, _)| value(row, column));
        cells.flat_map(figures).filter_map(|f| f.unit.dimension().map(str::to_owned)).collect()
    };
    let named_kinds: BTreeSet<String> = named.iter().flat_map(|c| kinds(c)).collect();
    let another_thing = |column: &str| {
        let own = kinds(column);
        !named_kinds.is_empty() && !own.is_empty() && own.is_disjoint(&named_kinds)
    };
    columns.iter().copied().filter(|c| named.contains(c) || another_thing(c)).collect()
}

/// A line of a Markdown table.
pub(super) fn markdown(cells: impl Iterator<Item = String>) -> String {
    cells.fold("|".to_owned(), |line, cell| format!("{line} {} |", cell.replace('|', r"\|")))
}

fn line(row: &Row<'_>, kept: &[&str], number: u32) -> String {
    let cells: Vec<&(&str, &str)> = row.cells.iter().filter(|(column, _)| kept.contains(column)).collect();
    match cells.as_slice() {
        [] => format!("- {} [{number}]", row.label),
        [(column, value)] if !column.is_empty() && row.cells.len() > 1 => {
            format!("- {} ({column}): {value} [{number}]", row.label)
        }
        cells => {
            let said: Vec<String> = cells
                .iter()
                .map(
                    |(column, value)| {
                        if column.is_empty() { (*value).to_owned() } else { format!("{column}: {value}") }
                    },
                )
                .collect();
            format!("- {}: {} [{number}]", row.label, said.join("; "))
        }
    }
}

fn value<'a>(row: &Row<'a>, column: &str) -> Option<&'a str> {
    row.cells.iter().find(|(own, _)| *own == column).map(|(_, value)| *value)
}

fn has_any(row: &Row<'_>, kept: &[&str]) -> bool {
    row.cells.iter().any(|(column, _)| kept.contains(column))
}

/// The columns that a question names by all the words that tell them apart; none where it names all or
/// none. Of `Everyday` and `Everyday Gold` a question for the second names both words once.
pub(super) fn named<'a>(columns: &[&'a str], text: &str) -> Option<Vec<&'a str>> {
    named_by(columns, text, false)
}

/// The same; of a question the words that ask for a figure name nothing.
fn named_by<'a>(columns: &[&'a str], question: &str, asks: bool) -> Option<Vec<&'a str>> {
    let asked = text::content_stems(question);
    let stems = |column: &str| -> BTreeSet<String> { text::content_stems(column).into_iter().collect() };
    let all: Vec<(&str, BTreeSet<String>)> = columns.iter().map(|c| (*c, stems(c))).collect();
    // What every column says tells none apart.
    let shared = |s: &String| {
        (asks && FOR_A_FIGURE.contains(&s.as_str()))
            || (all.len() > 1 && all.iter().all(|(_, own)| own.contains(s)))
    };
    let telling: Vec<(&str, BTreeSet<String>)> = all
        .iter()
        .map(|(column, own)| (*column, own.iter().filter(|s| !shared(s)).cloned().collect()))
        .collect();
    let hit: Vec<&(&str, BTreeSet<String>)> =
        telling.iter().filter(|(_, own)| !own.is_empty() && own.iter().all(|s| asked.contains(s))).collect();
    let only: Vec<&str> = hit
        .iter()
        .filter(|(_, own)| {
            let larger = hit.iter().any(|(_, other)| own.len() < other.len() && own.is_subset(other));
            let twice = own.iter().all(|s| asked.iter().filter(|a| *a == s).count() > 1);
            !larger || twice
        })
        .map(|(column, _)| *column)
        .collect();
    if only.is_empty() || only.len() == columns.len() {
        return None;
    }
    let limits = |column: &str| {
        text::words(column).iter().any(|word| LIMITS.iter().any(|limit| word.starts_with(limit)))
    };
    Some(columns.iter().copied().filter(|c| only.contains(c) || limits(c)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNUAL: &str = "Annual fee | Basic: $30 | Silver: $80 | Travel: $150";
    const RATE: &str = "Purchase rate | Basic: 11.5% | Silver: 17.25% | Travel: 19%";

    #[test]
    fn one_row_reads_as_a_line() {
        let row = "Replacement card | Amount: $10 | When: ordered";
        assert_eq!(lines(&[(row, 2)], "cards"), ["- Replacement card: Amount: $10; When: ordered [2]"]);
        assert_eq!(lines(&[("Card | free", 1)], "cards"), ["- Card: free [1]"]);
    }

    #[test]
    fn a_named_column_stands_alone() {
        assert_eq!(
            lines(&[(ANNUAL, 1)], "What's the annual fee on the Silver card?"),
            ["- Annual fee (Silver): $80 [1]"]
        );
        assert_eq!(
            lines(&[(ANNUAL, 1)], "annual fees"),
            ["- Annual fee: Basic: $30; Silver: $80; Travel: $150 [1]"]
        );
    }

    #[test]
    fn a_column_that_says_something_else_stays_beside_the_named_one() {
        let row = "Branch manager | Purchases up to: $15,000 | Lasts: 3 days | Cash up to: $900";
        assert_eq!(
            lines(&[(row, 1)], "who may raise purchases up to $9,500"),
            ["- Branch manager: Purchases up to: $15,000; Lasts: 3 days [1]"]
        );
    }

    #[test]
    fn the_column_that_holds_what_is_asked_for_is_never_dropped() {
        let row = "Bank cheque | Fee: $12.00 | When charged: per cheque";
        for question in ["What is the charge for a bank cheque?", "When do you charge for a bank cheque?"] {
            let shown = shown(row, question);
            assert!(shown.contains("Fee: $12.00"), "{question} {shown}");
        }
        let row = "Courier | Fee: $18 | Delivery: by hand";
        assert!(shown(row, "How much is a courier delivery?").contains("$18"));
        assert_eq!(shown("Card | free", "card"), "Card | free");
        assert!(says_none("Over $9 | Bonus rate: none") && !says_none("No fee | Bonus rate: 1%"));
    }

    #[test]
    fn a_column_that_the_question_turns_round_is_not_named() {
        let row = "Up to $50,000 | Base rate: 1.10% | Bonus rate: 3.15%";
        assert_eq!(shown(row, "What rate do I get without the bonus?"), "Up to $50,000 | Base rate: 1.10%");
        assert_eq!(shown(row, "What is the bonus rate?"), "Up to $50,000 | Bonus rate: 3.15%");
        let row = "Investment | Maximum LVR without LMI: 70% | Maximum LVR with LMI: 85%";
        assert_eq!(shown(row, "maximum LVR with LMI"), "Investment | Maximum LVR with LMI: 85%");
        assert_eq!(shown(row, "maximum LVR without LMI"), "Investment | Maximum LVR without LMI: 70%");
    }

    #[test]
    fn several_rows_are_a_table_with_its_header() {
        assert_eq!(
            lines(&[(ANNUAL, 1), (RATE, 1)], "fees and rates of Basic and Travel"),
            [
                "|  | Basic | Travel |",
                "|---|---|---|",
                "| Annual fee [1] | $30 | $150 |",
                "| Purchase rate [1] | 11.5% | 19% |"
            ]
        );
        assert_eq!(
            lines(&[("A | x", 1), ("B | y", 1)], "a and b"),
            ["- A: x [1]", "- B: y [1]"],
            "without names of columns"
        );
    }

    #[test]
    fn a_column_whose_name_is_part_of_another_is_named_by_itself_alone() {
        let columns = ["Everyday Account", "Everyday Gold Account", "Student Account"];
        assert_eq!(named(&columns, "fee of the Everyday Gold Account"), Some(vec!["Everyday Gold Account"]));
        assert_eq!(named(&columns, "fee of the Everyday Account"), Some(vec!["Everyday Account"]));
        assert_eq!(
            named(&columns, "Everyday or Everyday Gold?"),
            Some(vec!["Everyday Account", "Everyday Gold Account"])
        );
        assert_eq!(named(&columns, "fees of accounts"), None);
        let limited = ["Amount", "When it applies", "Team"];
        assert_eq!(named(&limited, "what amount"), Some(vec!["Amount", "When it applies"]));
    }
}
