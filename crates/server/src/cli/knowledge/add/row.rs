//! Lines of the report of `knowledge add`.

use contactiq_domain::Standing;
use contactiq_ingest::IngestError;
use contactiq_store::quarantine;
use serde_json::{Value, json};

use super::dangers::Dangers;
use crate::reading::{Personal, ReadingError};

/// Pictures and style sheets lie beside documents everywhere: they are told, and fail nothing.
pub(super) const OTHER_KINDS: &str = "document_format_unknown";

/// A file's or page's line of the report.
pub(super) struct Row {
    pub(super) file: String,
    pub(super) outcome: &'static str,
    pub(super) detail: String,
    /// Why it was skipped, by its stable name.
    pub(super) code: Option<&'static str>,
    /// The document that it became, `collection/slug`.
    pub(super) document: Option<String>,
    pub(super) dangers: Dangers,
    /// Whether the command's exit status tells of it.
    pub(super) fails: bool,
}

/// What became of a file or page that was not skipped.
pub(super) struct Done {
    pub(super) outcome: &'static str,
    pub(super) detail: String,
    pub(super) document: Option<String>,
    pub(super) dangers: Dangers,
    /// The document that says the same, where nothing was stored for that reason.
    pub(super) twin: Option<String>,
}

impl Done {
    /// Where there is nothing more to say.
    pub(super) fn plain(outcome: &'static str, detail: String) -> Done {
        Done { outcome, detail, document: None, dangers: Dangers::default(), twin: None }
    }
}

/// Why a file or page was skipped.
#[derive(Debug, Clone)]
pub(super) struct Skipped {
    pub(super) code: &'static str,
    pub(super) why: String,
}

impl From<ReadingError> for Skipped {
    fn from(why: ReadingError) -> Skipped {
        Skipped { code: why.code(), why: why.to_string() }
    }
}

impl Row {
    pub(super) fn new(file: String, put: Result<Done, Skipped>) -> Row {
        match put {
            Ok(Done { outcome, detail, document, dangers, .. }) => {
                Row { file, outcome, detail, code: None, document, dangers, fails: false }
            }
            Err(Skipped { code, why }) => Row {
                file,
                outcome: "skipped",
                detail: why,
                code: Some(code),
                document: None,
                dangers: Dangers::default(),
                fails: true,
            },
        }
    }

    /// Files of a folder that are of no kind that is read: how many, and their commonest endings.
    pub(super) fn of_other_kinds(folder: String, count: usize, endings: &[(String, usize)]) -> Row {
        let named: Vec<String> =
            endings.iter().take(5).map(|(ending, count)| format!("{count} {ending}")).collect();
        let files = if count == 1 { "file" } else { "files" };
        let why = format!("{count} {files} in it ({}): {}", named.join(", "), IngestError::UnknownFormat);
        Row { fails: false, ..Row::new(folder, Err(Skipped { code: OTHER_KINDS, why })) }
    }

    /// As a line for programs; what there is nothing of is left out.
    pub(super) fn as_json(&self) -> Value {
        let mut line = json!({ "file": self.file, "outcome": self.outcome, "detail": self.detail });
        if let Some(code) = self.code {
            line["code"] = json!(code);
        }
        if let Some(standing) = self.dangers.standing.filter(|s| *s != Standing::Current) {
            line["standing"] = json!(standing);
        }
        if !self.dangers.quarantined.is_empty() {
            let each = |s: &quarantine::Suspect| json!({ "passage": s.position, "score": s.score, "reasons": s.reasons });
            line["quarantined"] = self.dangers.quarantined.iter().map(each).collect();
        }
        if !self.dangers.personal.is_empty() {
            let each = |p: &Personal| json!({ "passage": p.position, "types": p.kinds });
            line["personal_data"] = self.dangers.personal.iter().map(each).collect();
        }
        if let Some(language) = self.dangers.language {
            line["language"] = json!(language);
        }
        if self.dangers.cut > 0 {
            line["cut"] = json!(self.dangers.cut);
        }
        if !self.dangers.conflicts.is_empty() {
            line["conflicts"] = json!(self.dangers.conflicts);
        }
        line
    }
}
