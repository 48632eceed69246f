//! One question and what became of it, as the chat and the interaction page show it.

use contactiq_domain::{Citation, ContentType, Outcome, Record, StepTrace, TriggerHit};
use contactiq_guard::Masked;

use super::{
    prose::{self, Prose},
    wording,
};

/// From here on confidence reads "High".
pub const HIGH_CONFIDENCE: f64 = 0.85;
/// From here on confidence reads "Medium"; the default threshold of P8.
pub const MEDIUM_CONFIDENCE: f64 = 0.68;

/// One question and its answer.
#[derive(Debug, Clone)]
pub struct TurnView {
    /// The interaction's id.
    pub id: String,
    /// The masked question.
    pub question: String,
    /// When it came in, for machines.
    pub asked_at: String,
    /// When it came in, for people.
    pub asked: String,
    /// What the person was shown; what the panel says already is left out.
    pub answer: Vec<Prose>,
    /// The answer in the language of the documents, where what was shown is a translation of it.
    pub original: Vec<Prose>,
    /// The question in that language.
    pub translated_question: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The panel that frames the answer, unless it was answered or guided.
    pub panel: Option<Panel>,
    /// Only where an answer was given from documents.
    pub confidence: Option<Confidence>,
    /// The sources, by number.
    pub sources: Vec<Source>,
    /// Why this answer.
    pub why: Why,
    /// What the person said about it, if anything.
    pub helpful: Option<bool>,
}

/// The frame around an answer that is not the ordinary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// `escalated`, `blocked`, `failed` or `interrupted`: also the CSS class.
    pub kind: &'static str,
    /// Its first line.
    pub heading: &'static str,
    /// Why, in words fit for the mode; empty unless escalated.
    pub reason: String,
    /// The ticket's number as a person reads it out.
    pub ticket: Option<String>,
}

/// Confidence as words, number and length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confidence {
    /// `High`, `Medium` or `Low`.
    pub word: &'static str,
    /// The same for CSS.
    pub class: &'static str,
    /// Two decimals.
    pub number: String,
    /// Length of the meter in percent.
    pub percent: u32,
}

/// A citation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// From 1.
    pub number: u32,
    /// The document's title.
    pub title: String,
    /// Heading path, joined; may be empty.
    pub path: String,
    /// The words that carry the claim.
    pub quote: String,
    /// Opens the passage in our own pages; of a hosted file its public address, which may be empty.
    pub href: String,
    /// The file of a hosted store that it is of.
    pub file: Option<HostedSource>,
    /// The document's public address; may be empty.
    pub url: String,
    /// Its version.
    pub version: u32,
    /// The first day of its validity, in words.
    pub as_at: Option<String>,
    /// Whether it is an illustrative example.
    pub synthetic: bool,
}

/// A file of a hosted store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedSource {
    /// As the bank called it, else as the provider does.
    pub name: String,
    /// The store.
    pub store: String,
    /// SHA-256 of the text that the store gave.
    pub sha256: String,
}

/// What the steps decided.
#[derive(Debug, Clone)]
pub struct Why {
    /// The intent in words.
    pub intent: String,
    /// What its category allows.
    pub category: &'static str,
    /// Probability of the intent in percent.
    pub probability: String,
    /// Why this intent.
    pub classification: String,
    /// What the router decided.
    pub routing: &'static str,
    /// Why it ended so, in the house's words; may be empty.
    pub reason: String,
    /// Rules that fired.
    pub rules: Vec<Rule>,
    /// The door and the seven steps.
    pub steps: Vec<StepRow>,
    /// From the question to the end.
    pub total: String,
    /// Passages found.
    pub passages: u32,
    /// Model, or `extractive`.
    pub model: String,
    /// Version of the knowledge.
    pub knowledge_version: String,
    /// Whether personal data was masked in the question.
    pub masked: bool,
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The trigger in words.
    pub trigger: &'static str,
    /// The rule's stable id.
    pub rule: String,
    /// Two decimals.
    pub score: String,
}

/// One line of the step trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// What the step does.
    pub name: &'static str,
    /// What it decided.
    pub outcome: String,
    /// Why.
    pub detail: String,
    /// How long it took.
    pub time: String,
}

impl TurnView {
    /// From the record. `people_available` says whether the bank's configuration provides people
    /// for this mode: no heading may promise one otherwise.
    #[must_use]
    pub fn of(record: &Record<Masked>, people_available: bool, helpful: Option<bool>) -> Self {
        let answered = record.outcome == Outcome::Resolved;
        let panel = panel(record, people_available);
        // The pipeline says why first and what next after it; the panel already shows the why.
        let told = record.answer.as_str();
        let next = panel.as_ref().and_then(|p| told.strip_prefix(p.reason.as_str())).unwrap_or(told);
        Self {
            id: record.id.to_string(),
            question: record.question.as_str().to_owned(),
            asked_at: record.created_at.to_string(),
            asked: wording::moment(record.created_at),
            answer: prose::read(next, true),
            original: match &record.translation {
                Some(own) if !own.answer.is_empty() => prose::read(own.answer.as_str(), true),
                _ => Vec::new(),
            },
            translated_question: record.translation.as_ref().map(|own| own.question.as_str().to_owned()),
            outcome: record.outcome,
            panel,
            confidence: answered.then(|| Confidence::of(record.confidence.get())),
            sources: record.citations.iter().map(Source::of).collect(),
            why: Why::of(record),
            helpful,
        }
    }

    /// Whether there is something to rate: an answer, guidance or a hand-over.
    #[must_use]
    pub const fn ratable(&self) -> bool {
        matches!(self.outcome, Outcome::Resolved | Outcome::Guided | Outcome::Escalated)
    }

    /// Whether an illustrative example is among the sources.
    #[must_use]
    pub fn uses_examples(&self) -> bool {
        self.sources.iter().any(|s| s.synthetic)
    }
}

fn panel(record: &Record<Masked>, people_available: bool) -> Option<Panel> {
    let (kind, heading) = match record.outcome {
        Outcome::Resolved | Outcome::Guided => return None,
        Outcome::Escalated if people_available => ("escalated", "A person will help"),
        Outcome::Escalated => ("escalated", "This assistant can’t settle this"),
        Outcome::Blocked => ("blocked", "This message was not accepted"),
        Outcome::Failed => ("failed", "Something went wrong"),
        Outcome::Interrupted => ("interrupted", "This answer was not finished"),
    };
    let ticket = record.ticket.map(contactiq_domain::ticket::number);
    // What is told of an escalation begins with why, in a paragraph of its own; what follows is what to do.
    let told = record.answer.as_str().split_once("\n\n").filter(|_| record.outcome == Outcome::Escalated);
    let reason = told.map_or_else(String::new, |(why, _)| why.to_owned());
    Some(Panel { kind, heading, reason, ticket })
}

impl Confidence {
    /// From a number between 0 and 1.
    #[must_use]
    pub fn of(value: f64) -> Self {
        let (word, class) = match value {
            v if v >= HIGH_CONFIDENCE => ("High", "high"),
            v if v >= MEDIUM_CONFIDENCE => ("Medium", "medium"),
            _ => ("Low", "low"),
        };
        let percent = (value.clamp(0.0, 1.0) * 100.0).round() as u32;
        Self { word, class, number: wording::decimal(Some(value)), percent }
    }
}

impl Source {
    /// From a citation of the record.
    #[must_use]
    pub fn of(citation: &Citation) -> Self {
        Self {
            number: citation.number,
            title: citation.title.clone(),
            path: citation.headings.join(" › "),
            quote: citation.quote.clone(),
            href: match &citation.hosted {
                // The ledger has no copy of it.
                Some(_) => citation.url.clone(),
                None => format!(
                    "/documents/{}?version={}#passage-{}",
                    citation.document, citation.version, citation.passage
                ),
            },
            file: citation.hosted.as_ref().map(|file| HostedSource {
                name: if file.filename.is_empty() { file.file_id.clone() } else { file.filename.clone() },
                store: file.store.clone(),
                sha256: file.sha256.clone(),
            }),
            url: citation.url.clone(),
            version: citation.version,
            as_at: wording::as_at(citation),
            synthetic: citation.content_type == ContentType::Synthetic,
        }
    }
}

impl Why {
    fn of(record: &Record<Masked>) -> Self {
        Self {
            intent: wording::plain(record.intent.as_str()),
            category: wording::category(record.category),
            probability: wording::percent(Some(record.intent_probability.get())),
            classification: record.classification_reason.clone(),
            routing: wording::routing(record.routing),
            reason: record.reason.clone(),
            rules: record.triggers.iter().map(Rule::of).collect(),
            steps: record.steps.iter().map(StepRow::of).collect(),
            total: wording::duration(record.processing_time_ms),
            passages: record.retrieved_passages,
            model: record.model.clone(),
            knowledge_version: record.knowledge_version.clone(),
            masked: record.pii_masked && record.pii_detected,
        }
    }
}

impl Rule {
    fn of(hit: &TriggerHit) -> Self {
        Self {
            trigger: wording::trigger(hit.trigger),
            rule: hit.rule.clone(),
            score: wording::decimal(Some(hit.score)),
        }
    }
}

impl StepRow {
    fn of(step: &StepTrace) -> Self {
        Self {
            name: wording::step(step.step),
            outcome: wording::plain(&step.outcome),
            detail: step.detail.clone(),
            time: wording::duration(step.ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_has_a_word_as_well_as_a_number() {
        let words = [0.0, 0.679, 0.68, 0.849, 0.85, 1.0].map(|v| Confidence::of(v).word);
        assert_eq!(words, ["Low", "Low", "Medium", "Medium", "High", "High"]);
        assert_eq!(Confidence::of(f64::NAN).word, "Low");
    }
}
