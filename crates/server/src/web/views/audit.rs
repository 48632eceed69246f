//! The audit log: `/audit`.

use contactiq_auditlog::Entry;
use contactiq_domain::Timestamp;
use contactiq_store::audit::AuditKind;

use super::{layout::Layout, wording};

/// The latest entries, and how the log stands.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "audit.html")]
pub struct AuditView {
    /// The frame.
    pub layout: Layout,
    /// The kind that is shown (`?kind=key`), or all.
    pub kind: Option<AuditKind>,
    /// Every kind.
    pub kinds: &'static [AuditKind],
    /// The latest first.
    pub entries: Vec<AuditItem>,
    /// Whether these are the latest of all.
    pub first: bool,
    /// The last entry shown, where older ones may follow.
    pub older: Option<u64>,
    /// How many the log has.
    pub size: u64,
    /// How many of them the last checkpoint covers.
    pub signed: u64,
    /// The last checkpoint.
    pub checkpoint: Option<String>,
    /// When the end of the log was looked at last.
    pub looked: Option<String>,
    /// What was found wrong then.
    pub fault: Option<String>,
    /// What the button found: that all agrees, or what does not.
    pub verified: Option<Result<String, String>>,
}

/// One entry.
#[derive(Debug, Clone)]
pub struct AuditItem {
    /// Its place.
    pub index: u64,
    /// When it was logged, for machines.
    pub at: String,
    /// The same, for people.
    pub when: String,
    /// What it is about, in words.
    pub kind: String,
    /// What it says: names and values.
    pub fields: Vec<(String, String)>,
    /// Its interaction, which may be linked.
    pub interaction: Option<String>,
}

impl AuditItem {
    /// From an entry.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let at = Timestamp::from_micros(entry.logged_at_us);
        let interaction = entry.fields.get("interaction").cloned();
        Self {
            index: entry.index,
            at: at.to_string(),
            when: wording::moment(at),
            kind: entry.kind.parse().map_or_else(|_| entry.kind.clone(), |kind| words(kind).to_owned()),
            fields: entry.fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            interaction,
        }
    }
}

const fn words(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::Access => "Access",
        AuditKind::SignIn => "Sign-in",
        AuditKind::Refused => "Refused",
        AuditKind::Configuration => "Configuration",
        AuditKind::Knowledge => "Knowledge",
        AuditKind::Interaction => "Interaction",
        AuditKind::Withdrawal => "Withdrawal",
        AuditKind::Escalation => "Escalation",
        AuditKind::Ticket => "Ticket",
        AuditKind::Review => "Review",
        AuditKind::Unmasking => "Unmasking",
        AuditKind::Erasure => "Erasure",
        AuditKind::Closing => "Closing",
        AuditKind::Hold => "Hold",
        AuditKind::Consent => "Consent",
        AuditKind::Export => "Export",
        AuditKind::Key => "Key",
        AuditKind::Ledger => "Record",
        AuditKind::Audit => "Audit log",
    }
}

impl AuditView {
    /// The links above the list: words, address, whether it is the one shown.
    fn tabs(&self) -> Vec<(&'static str, String, bool)> {
        let all = ("All", "/audit".to_owned(), self.kind.is_none());
        let each = self.kinds.iter().map(|k| (words(*k), format!("/audit?kind={k}"), self.kind == Some(*k)));
        std::iter::once(all).chain(each).collect()
    }

    /// The address of older entries.
    fn further(&self) -> Option<String> {
        let before = self.older?;
        let kind = self.kind.map(|kind| format!("kind={kind}&")).unwrap_or_default();
        Some(format!("/audit?{kind}before={before}"))
    }
}
