//! Numbers as people write and say them: split, regrouped, spelled out ("four one double two oh"),
//! brought to digits with every group still knowing where it stood.

use super::{
    lexicon::traits as t,
    page::{Gap, Page},
    units,
};

/// What joins a group of digits to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sep {
    /// The first of its run.
    Start,
    Space,
    Hyphen,
    Dot,
    Slash,
    /// A spoken filler, or a comma between spoken digits.
    Filler,
    /// A line end.
    Break,
}

/// A group of digits: "4511", "four", "double two".
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// Tokens, both ends inclusive.
    pub(super) first: usize,
    pub(super) last: usize,
    at: usize,
    pub(super) len: usize,
    pub(super) spoken: bool,
    pub(super) sep: Sep,
    /// A letter touches it that is no cue: part of some other code.
    pub(super) glued: bool,
    /// It is money, a percentage or a count.
    pub(super) amount: bool,
}

/// All groups of a text, and the runs of groups that may belong together.
pub(super) struct Numbers {
    pub(super) units: Vec<Unit>,
    digits: Vec<u8>,
    /// Ranges of `units`.
    pub(super) runs: Vec<std::ops::Range<usize>>,
}

/// Consecutive groups of one run, read as one number.
#[derive(Clone, Copy)]
pub(super) struct Window<'n> {
    pub(super) units: &'n [Unit],
    pub(super) digits: &'n [u8],
    /// Whether it begins and ends where its run does.
    pub(super) whole: bool,
}

impl Window<'_> {
    pub(super) fn first(&self) -> usize {
        self.units[0].first
    }
    pub(super) fn last(&self) -> usize {
        self.units[self.units.len() - 1].last
    }
    /// The lengths of the groups match this pattern.
    pub(super) fn grouped(&self, lengths: &[usize]) -> bool {
        self.units.len() == lengths.len() && self.units.iter().zip(lengths).all(|(u, l)| u.len == *l)
    }
    /// All inner separators are this one.
    pub(super) fn joined_by(&self, sep: Sep) -> bool {
        self.units[1..].iter().all(|u| u.sep == sep)
    }
    pub(super) fn spoken(&self) -> bool {
        self.units.iter().any(|u| u.spoken)
    }
    pub(super) fn amount(&self) -> bool {
        self.units.iter().any(|u| u.amount)
    }
    pub(super) fn glued(&self) -> bool {
        self.units.iter().any(|u| u.glued)
    }
    /// The digits as a number; for at most nine of them.
    pub(super) fn value(&self) -> u32 {
        self.digits.iter().take(9).fold(0, |n, d| n * 10 + u32::from(*d))
    }
}

impl Numbers {
    /// Reads the numbers of a page.
    pub(super) fn read(page: &Page<'_>) -> Numbers {
        let mut numbers = Numbers { units: Vec::new(), digits: Vec::new(), runs: Vec::new() };
        let mut token = 0;
        while token < page.tokens.len() {
            let before = numbers.digits.len();
            let Some((last, spoken)) = units::read(page, token, numbers.units.last(), &mut numbers.digits)
            else {
                token += 1;
                continue;
            };
            let sep = numbers.units.last().map_or(Sep::Start, |p| units::separator(page, p, token, spoken));
            let unit = Unit {
                first: token,
                last,
                at: before,
                len: numbers.digits.len() - before,
                spoken,
                sep,
                glued: !spoken && units::is_glued(page, token, last),
                amount: false,
            };
            numbers.units.push(unit);
            token = last + 1;
        }
        numbers.mark_amounts(page);
        numbers.split_runs();
        numbers
    }

    fn mark_amounts(&mut self, page: &Page<'_>) {
        for index in 0..self.units.len() {
            let unit = self.units[index];
            let before = unit.first.checked_sub(1);
            let money_before = before.is_some_and(|b| {
                matches!(page.slice(b), "$" | "£" | "€" | "₹" | "¥" | "#$" | "+$")
                    || (page.has(b, t::CURRENCY) && !page.has(b, t::FUNCTION) && page.slice(b).len() > 1)
                    || (page.slice(b) == "." && b > 0 && page.is(b - 1, "rs") && page.gap(b) == Gap::None)
            });
            let after = unit.last + 1;
            let near = page.gap(after) <= Gap::Space;
            // "2671x22" is an extension, and behind a long number "x" counts nothing.
            let extended = page.is(after, "x")
                && (unit.len == 4 && page.gap(after) == Gap::None && page.is_digits(after + 1)
                    || page.gap(after) != Gap::None && unit.len > 2);
            let counted = near
                && !extended
                && (page.slice(after) == "%"
                    || matches!(page.slice(after), "$" | "£" | "€" | "₹")
                    || page.has(after, t::CURRENCY)
                    || (page.has(after, t::QUANTITY) && (unit.len <= 6 || page.gap(after) == Gap::None)));
            self.units[index].amount = money_before && !self.is_group_of_card(page, index) || counted;
            self.join_amount(page, index);
        }
        // "1,234.50 dollars": what counts the last piece counts the first.
        for index in (1..self.units.len()).rev() {
            let (a, b) = (self.units[index - 1], self.units[index]);
            if b.amount
                && a.last + 2 == b.first
                && touching(page, b.first)
                && matches!(page.slice(b.first - 1), "," | ".")
            {
                self.units[index - 1].amount = true;
            }
        }
    }

    /// "£4539 1488 0343 6467": money has no groups of four.
    fn is_group_of_card(&self, page: &Page<'_>, index: usize) -> bool {
        let group = |i: usize| self.units.get(i).filter(|u| u.len == 4 && !u.spoken);
        (index..index + 4).all(|i| group(i).is_some())
            && (index + 1..index + 4).all(|i| {
                let unit = &self.units[i];
                unit.first == self.units[i - 1].last + 1 && page.gap(unit.first) == Gap::Space
            })
    }

    /// Thousands and decimals belong to the amount they continue: "1,234", "16.50".
    fn join_amount(&mut self, page: &Page<'_>, index: usize) {
        let Some(previous) = index.checked_sub(1) else { return };
        let (a, b) = (self.units[previous], self.units[index]);
        if a.spoken || b.spoken || a.last + 2 != b.first || !touching(page, b.first) {
            return;
        }
        let mark = page.slice(b.first - 1);
        // "09/27,123": month, year and code.
        let dated = matches!(a.sep, Sep::Slash | Sep::Hyphen);
        let thousands = mark == "," && b.len == 3 && a.len <= 3 && !dated;
        let decimals = mark == "." && a.amount;
        if thousands || decimals {
            self.units[index].amount = true;
            self.units[previous].amount = a.amount || thousands;
        }
    }

    fn split_runs(&mut self) {
        let mut begin = 0;
        for index in 0..self.units.len() {
            if index > begin && !self.belongs(index) {
                self.runs.push(begin..index);
                begin = index;
            }
        }
        if begin < self.units.len() {
            self.runs.push(begin..self.units.len());
        }
        for run in &self.runs {
            self.units[run.start].sep = Sep::Start;
        }
    }

    fn belongs(&self, index: usize) -> bool {
        let (a, b) = (&self.units[index - 1], &self.units[index]);
        if b.sep == Sep::Start || a.amount != b.amount {
            return false;
        }
        // "2" and "4" typed for "to" and "for" stand alone between longer groups.
        let is_sms =
            |u: &Unit| !u.spoken && u.len == 1 && matches!(self.digits[u.at], 2 | 4) && u.sep != Sep::Hyphen;
        let alone_before =
            index < 2 || self.units[index - 1].sep == Sep::Start || self.units[index - 2].len > 2;
        if is_sms(a) && b.sep == Sep::Space && b.len > 2 && alone_before {
            return false;
        }
        // Written digits and spoken ones side by side are two numbers, unless a digit or two slipped in.
        if a.spoken != b.spoken {
            let begin = self.runs.last().map_or(0, |r| r.end);
            let before: usize = self.units[begin..index].iter().map(|u| u.len).sum();
            let after: usize = self.units[index..]
                .iter()
                .take_while(|u| u.spoken == b.spoken && u.sep != Sep::Start)
                .map(|u| u.len)
                .sum();
            if before >= 5 && after >= 5 && !a.spoken {
                return false;
            }
        }
        let ends = self.units.get(index + 1).is_none_or(|n| n.sep == Sep::Start || n.len > 2);
        !(is_sms(b) && b.sep == Sep::Space && ends && (a.spoken || a.len > 4))
    }

    /// The digits of one group.
    pub(super) fn digits_of(&self, unit: &Unit) -> &[u8] {
        self.digits.get(unit.at..unit.at + unit.len).unwrap_or_default()
    }

    /// The digits of consecutive units.
    pub(super) fn window(
        &self,
        units: std::ops::Range<usize>,
        run: &std::ops::Range<usize>,
    ) -> Option<Window<'_>> {
        let slice = self.units.get(units.clone())?;
        let (first, last) = (slice.first()?, slice.last()?);
        Some(Window {
            units: slice,
            digits: self.digits.get(first.at..last.at + last.len)?,
            whole: units.start == run.start && units.end == run.end,
        })
    }

    /// Every window of a run with a number of digits in `lengths`. At most `max` windows begin at a group.
    pub(super) fn windows<'n>(
        &'n self,
        run: &'n std::ops::Range<usize>,
        lengths: std::ops::RangeInclusive<usize>,
    ) -> impl Iterator<Item = Window<'n>> + 'n {
        let (min, max) = (*lengths.start(), *lengths.end());
        run.clone().flat_map(move |begin| {
            let mut sum = 0;
            (begin..run.end)
                .map_while(move |end| {
                    sum += self.units[end].len;
                    (sum <= max).then_some((end, sum))
                })
                .filter(move |(_, sum)| *sum >= min)
                .filter_map(move |(end, _)| self.window(begin..end + 1, run))
        })
    }

    /// Groups of a run that are bound tighter to each other (hyphens, dots) than to the rest, and
    /// long groups by themselves: how "26479385 630-238" falls apart into two numbers.
    pub(super) fn clusters(&self, run: &std::ops::Range<usize>) -> Vec<std::ops::Range<usize>> {
        let tight = |u: &Unit| matches!(u.sep, Sep::Hyphen | Sep::Dot | Sep::Slash);
        let units = &self.units[run.clone()];
        let loose = |u: &Unit| matches!(u.sep, Sep::Space | Sep::Break | Sep::Filler);
        let mixed = units.iter().any(tight) && units[1..].iter().any(loose);
        let mut clusters = Vec::new();
        let mut begin = run.start;
        for index in run.start + 1..run.end {
            let (a, b) = (&self.units[index - 1], &self.units[index]);
            let long = a.len >= 6 && b.len >= 4 || a.len >= 4 && b.len >= 6 || a.len >= 8;
            let kinds = a.spoken != b.spoken && a.len + b.len > 5;
            if b.sep == Sep::Break || (loose(b) && (mixed || long || kinds)) {
                clusters.push(begin..index);
                begin = index;
            }
        }
        clusters.push(begin..run.end);
        clusters
    }
}

fn touching(page: &Page<'_>, token: usize) -> bool {
    page.gap(token) == Gap::None && page.gap(token - 1) == Gap::None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str) -> Vec<String> {
        let page = Page::new(text, &[]);
        let numbers = Numbers::read(&page);
        numbers
            .runs
            .iter()
            .filter_map(|r| numbers.window(r.clone(), r))
            .map(|w| w.digits.iter().map(|d| char::from(b'0' + d)).collect())
            .collect()
    }

    #[test]
    fn spoken_digits_become_digits() {
        assert_eq!(runs("it is four one double two oh, treble seven"), ["41220777"]);
        assert_eq!(runs("twenty one forty-two seventeen"), ["214217"]);
        assert_eq!(runs("one dash two um three"), ["123"]);
    }

    #[test]
    fn groups_join_over_spaces_hyphens_and_dots_but_not_over_commas() {
        assert_eq!(runs("4111 1111-1111.1111"), ["4111111111111111"]);
        assert_eq!(runs("12345678, 062000"), ["12345678", "062000"]);
        assert_eq!(runs("(02) 9374 4000"), ["0293744000"]);
    }

    #[test]
    fn a_two_for_to_is_not_part_of_the_number() {
        assert_eq!(runs("from 12345678 2 87654321"), ["12345678", "2", "87654321"]);
        assert_eq!(runs("9 8 2 7 1 4"), ["982714"]);
    }

    #[test]
    fn money_is_marked() {
        let amounts = |text: &str| {
            let page = Page::new(text, &[]);
            Numbers::read(&page).units.iter().map(|u| u.amount).collect::<Vec<_>>()
        };
        assert_eq!(amounts("$1,234.50 to 12345678"), [true, true, true, false]);
        assert_eq!(amounts("rs 500 and 20 dollars"), [true, true]);
        assert_eq!(amounts("5% or 1,000,000"), [true, true, true, true]);
        assert_eq!(amounts("pin 1234"), [false]);
    }

    #[test]
    fn a_zero_typed_as_a_letter_is_a_zero() {
        assert_eq!(runs("41O11"), ["41011"]);
    }

    #[test]
    fn mixed_separators_fall_into_clusters() {
        let page = Page::new("26479385 630-238", &[]);
        let numbers = Numbers::read(&page);
        assert_eq!(numbers.clusters(&numbers.runs[0]).len(), 2);
    }
}
