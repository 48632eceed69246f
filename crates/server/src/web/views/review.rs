//! What the guard refused, flagged or kept back: `/review`.

use contactiq_guard::{ReviewDecision, ReviewKind};
use contactiq_store::review::{Listed, Tally};

use super::{layout::Layout, wording};

/// The list.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "review.html")]
pub struct ReviewView {
    /// The frame.
    pub layout: Layout,
    /// The kind that is shown (`?kind=flagged`), or all.
    pub kind: Option<ReviewKind>,
    /// Only those with a decision (`?decided=yes`), only those without (`no`), or all.
    pub decided: Option<bool>,
    /// Which page, from 1.
    pub page: u32,
    /// The latest first.
    pub entries: Vec<ReviewItem>,
    /// Entries of a whole page.
    pub listed: u32,
    /// How many there are, with those that are not shown, and what was said of them.
    pub tally: Tally,
    /// Whether `/interactions/{id}` may be linked.
    pub may_read_records: bool,
    /// What was just done.
    pub notice: Option<&'static str>,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct ReviewItem {
    /// Its id.
    pub id: String,
    /// When, for machines.
    pub at: String,
    /// When, for people.
    pub when: String,
    /// Whose assistant.
    pub mode: &'static str,
    /// What became of it, in words.
    pub kind: &'static str,
    /// The rules that spoke.
    pub rules: Vec<String>,
    /// The masked text.
    pub message: String,
    /// The interaction.
    pub interaction: String,
    /// Whether demo traffic asked.
    pub demo: bool,
    /// What a reviewer said, in words, who, and when.
    pub decided: Option<(&'static str, String, String)>,
}

impl ReviewItem {
    /// From the list of the store.
    #[must_use]
    pub fn of(listed: &Listed) -> Self {
        let entry = &listed.entry;
        Self {
            id: entry.id.to_string(),
            at: entry.at.to_string(),
            when: wording::moment(entry.at),
            mode: wording::mode(listed.mode),
            kind: kind(entry.kind),
            rules: entry.rules.clone(),
            message: entry.message.as_str().to_owned(),
            interaction: entry.interaction.to_string(),
            demo: listed.demo,
            decided: entry
                .decided
                .as_ref()
                .map(|d| (decision(d.decision), d.by.clone(), wording::moment(d.at))),
        }
    }
}

const fn kind(kind: ReviewKind) -> &'static str {
    match kind {
        ReviewKind::Injection => "Refused: instructions to the model",
        ReviewKind::Moderation => "Refused: its wording",
        ReviewKind::SqlPattern => "Refused: SQL",
        ReviewKind::ScriptPattern => "Refused: script",
        ReviewKind::Flagged => "Flagged, not refused",
        ReviewKind::Output => "A model\u{2019}s text, kept back",
    }
}

const fn decision(decision: ReviewDecision) -> &'static str {
    match decision {
        ReviewDecision::Right => "Right",
        ReviewDecision::FalseAlarm => "False alarm",
    }
}

impl ReviewView {
    /// The links above the list: words, address, whether it is the one shown.
    fn kinds(&self) -> Vec<(&'static str, String, bool)> {
        let all = ("All", address(None, self.decided, 1), self.kind.is_none());
        let each = ReviewKind::ALL
            .iter()
            .map(|k| (kind(*k), address(Some(*k), self.decided, 1), self.kind == Some(*k)));
        std::iter::once(all).chain(each).collect()
    }

    /// The links that show what is decided, or what is not.
    fn decisions(&self) -> Vec<(&'static str, String, bool)> {
        [("Decided or not", None), ("To decide", Some(false)), ("Decided", Some(true))]
            .map(|(words, decided)| (words, address(self.kind, decided, 1), self.decided == decided))
            .into()
    }

    /// Whether anything but the whole list is shown.
    fn narrowed(&self) -> bool {
        self.kind.is_some() || self.decided.is_some() || self.page > 1
    }

    /// The query of this page, for a form to come back to.
    fn query(&self) -> String {
        query(self.kind, self.decided, self.page)
    }

    fn first(&self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.listed) + 1
    }

    fn last(&self) -> u64 {
        self.first() + self.entries.len() as u64 - 1
    }

    fn before(&self) -> Option<String> {
        (self.page > 1).then(|| address(self.kind, self.decided, self.page - 1))
    }

    fn after(&self) -> Option<String> {
        (self.last() < self.tally.all).then(|| address(self.kind, self.decided, self.page + 1))
    }
}

fn query(kind: Option<ReviewKind>, decided: Option<bool>, page: u32) -> String {
    let parts = [
        kind.map(|k| format!("kind={k}")),
        decided.map(|d| format!("decided={}", if d { "yes" } else { "no" })),
        (page > 1).then(|| format!("page={page}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("&")
}

fn address(kind: Option<ReviewKind>, decided: Option<bool>, page: u32) -> String {
    let query = query(kind, decided, page);
    if query.is_empty() { "/review".to_owned() } else { format!("/review?{query}") }
}
