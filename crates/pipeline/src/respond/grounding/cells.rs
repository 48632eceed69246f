//! A row of a table as a claim is held against it: of the columns that the claim names, where it names some. A
//! row taken whole says the amount of one column of every other one.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::{
    Figure, figures as figures_of, in_dispute, negation::denials, quantity::Quantities, vocabulary::keys,
};
use crate::respond::{rows, statement::Row};

/// Where a claim that names several columns goes on to the next one.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static NEXT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)[,;]\s+(?:(?:and|but|or)\s+)?|\s(?:and|but|or|while|whereas)\s")
        .expect("a constant pattern")
});

/// A row, of the columns that a claim names.
pub(super) struct Held {
    /// Its words.
    pub(super) text: String,
    pub(super) label_keys: BTreeSet<String>,
    pub(super) label: Quantities,
    /// Its columns state different figures of the same kind, and the claim doesn't say which is whose.
    pub(super) confused: bool,
    /// So many figures of one kind stand in one of the cells.
    pub(super) crowded: usize,
    /// A single cell is held: it affirms or denies as a sentence does.
    pub(super) single: bool,
}

impl Held {
    /// A line of a passage, for this claim.
    pub(super) fn of(line: &str, claim: &str) -> Held {
        let row = Row::of(line);
        let columns: Vec<&str> = row.cells.iter().map(|(column, _)| *column).collect();
        let named = rows::named(&columns, claim);
        let said = keys(claim);
        let all_named = named.is_none()
            && columns.iter().all(|column| !column.is_empty() && keys(column).is_subset(&said));
        let figures: Vec<Vec<Figure>> = row.cells.iter().map(|(_, value)| figures_of(value)).collect();
        let several = all_named || named.as_ref().is_some_and(|named| named.len() > 1);
        let confused = differ(&figures)
            && if several {
                !are_paired(&row, &columns, claim)
            } else {
                named.is_none() && figures.len() > 1
            };
        // Columns of several things: their names are no words of the row until one is named.
        let unnamed = named.is_none() && !all_named && are_of_a_kind(&figures);
        let kept = row.cells.iter().filter(|(column, _)| named.as_ref().is_none_or(|n| n.contains(column)));
        let kept: Vec<&(&str, &str)> = kept.collect();
        let crowded =
            kept.iter().map(|(_, value)| most_of_a_kind(&figures_of(value))).max().unwrap_or_default();
        let denied = |value: &str| denials(value) > 0 && figures_of(value).iter().any(|f| f.value != "0");
        let single = matches!(kept.as_slice(), [(_, value)] if !denied(value));
        let cells: Vec<String> = kept
            .iter()
            .map(|(column, value)| if unnamed { (*value).to_owned() } else { format!("{column}: {value}") })
            .collect();
        Held {
            text: format!("{} | {}", row.label, cells.join(" | ")),
            label_keys: keys(row.label),
            label: Quantities::of(row.label),
            confused,
            crowded,
            single,
        }
    }
}

/// Whether two cells state different figures of the same kind.
fn differ(cells: &[Vec<Figure>]) -> bool {
    cells
        .iter()
        .enumerate()
        .any(|(at, one)| cells[at + 1..].iter().any(|other| !in_dispute(one, other).is_empty()))
}

/// Whether two cells state figures of the same kind.
fn are_of_a_kind(cells: &[Vec<Figure>]) -> bool {
    let kinds = |cell: &[Figure]| -> BTreeSet<String> {
        cell.iter().filter_map(|f| f.unit.dimension().map(str::to_owned)).collect()
    };
    cells
        .iter()
        .enumerate()
        .any(|(at, one)| cells[at + 1..].iter().any(|other| !kinds(one).is_disjoint(&kinds(other))))
}

/// How many figures of one kind a cell has.
fn most_of_a_kind(cell: &[Figure]) -> usize {
    let same = |one: &Figure| cell.iter().filter(|f| f.unit.dimension() == one.unit.dimension()).count();
    cell.iter().filter(|f| f.unit.dimension().is_some()).map(same).max().unwrap_or_default()
}

/// Whether each figure of a claim stands beside the names of columns whose cells all have it.
fn are_paired(row: &Row<'_>, columns: &[&str], claim: &str) -> bool {
    NEXT.split(claim).all(|part| {
        let claimed = figures_of(part);
        let claimed = claimed.iter().filter(|f| f.unit.dimension().is_some());
        let Some(named) = rows::named(columns, part) else { return claimed.count() == 0 };
        let mut claimed = claimed.peekable();
        claimed.peek().is_none()
            || claimed.all(|figure| {
                let cells = row.cells.iter().filter(|(column, _)| named.contains(column));
                let same = |cell: &Figure| cell.unit.dimension() == figure.unit.dimension();
                let stated: Vec<Vec<Figure>> =
                    cells.map(|(_, value)| figures_of(value).into_iter().filter(same).collect()).collect();
                let mut stated = stated.iter().filter(|cell: &&Vec<Figure>| !cell.is_empty()).peekable();
                stated.peek().is_some() && stated.all(|cell| cell.iter().any(|own| own.carries(figure)))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEES: &str =
        "Monthly fee | Everyday Account: $4 | Everyday Gold Account: $10 | Student Account: $0";

    #[test]
    fn the_cells_that_a_claim_names_are_held() {
        let held = Held::of(FEES, "The monthly fee of the Everyday Gold Account is $10.");
        assert_eq!(held.text, "Monthly fee | Everyday Gold Account: $10");
        assert!(!held.confused);
        let held = Held::of(
            "Express courier | Cost: $25 | Time: 2 business days",
            "A courier needs 2 business days.",
        );
        assert_eq!(held.text, "Express courier | Cost: $25 | Time: 2 business days");
        assert!(!held.confused);
    }

    #[test]
    fn columns_that_are_not_named_are_confused_where_they_differ() {
        let held = Held::of(FEES, "The monthly fee is $10.");
        assert!(held.confused && !held.text.contains("Gold"));
        assert!(!Held::of("Cheque | Everyday: $10 | Gold: $10", "A cheque costs $10.").confused);
    }

    #[test]
    fn of_several_columns_each_has_its_own() {
        let claim = |a: &str, b: &str| {
            format!("The monthly fee is {a} on the Everyday Account and {b} on the Student Account.")
        };
        assert!(!Held::of(FEES, &claim("$4", "$0")).confused);
        assert!(Held::of(FEES, &claim("$0", "$4")).confused);
        assert!(
            Held::of(FEES, "The monthly fees of the Everyday Account and the Student Account are $4 and $0.")
                .confused
        );
    }
}
