//! The project's own questions: routes, triggers, documents and facts, end to end.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use contactiq_domain::{Category, Mode, Outcome, Record, Trigger};
use contactiq_guard::{Masked, Raw};
use serde::Deserialize;

use super::{Figure, Share, house};
use crate::{
    cli::{ask, jsonl, output},
    config::Config,
};

/// One labelled question.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::cli) struct Question {
    id: String,
    pub(super) mode: Mode,
    pub(super) question: String,
    /// Where the demo's taxonomy has one.
    intent: Option<String>,
    pub(super) expect: Expect,
    pub(super) trigger: Option<Trigger>,
    #[serde(default)]
    pub(super) documents: Vec<String>,
    #[serde(default)]
    pub(super) facts: Vec<String>,
    pub(super) conversation: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Expect {
    Answer,
    Escalate,
    Guide,
    Refuse,
}

impl Question {
    /// Whether the documents answer it.
    pub(super) fn has_an_answer(&self) -> bool {
        self.expect == Expect::Answer
    }

    /// The conversation that it is a turn of.
    pub(super) fn conversation(&self) -> Option<&str> {
        self.conversation.as_deref()
    }
}

/// Whether a text states a fact: the literal string with no digit directly before or after it, so
/// that `$50` is not found in `$500`.
pub(in crate::cli) fn states(text: &str, fact: &str) -> bool {
    let (text, fact) = (text.to_lowercase(), fact.to_lowercase());
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    text.match_indices(&fact).any(|(at, found)| {
        let mut after = text[at + found.len()..].chars();
        let next = after.next();
        let decimal = matches!(next, Some('.' | ',')) && digit(after.next());
        let before = text[..at].chars().next_back();
        !(fact.starts_with(|c: char| c.is_ascii_digit()) && digit(before))
            && !(fact.ends_with(|c: char| c.is_ascii_digit()) && (digit(next) || decimal))
    })
}

#[derive(Default)]
struct Tally {
    human_only: Share,
    right_document: Share,
    facts: Share,
    wrong: Share,
    escalated: Share,
    trigger: Share,
    needless: Share,
    guided: Share,
    refused: Share,
    intent: Share,
    category: Share,
    grounded: Share,
    cited: Share,
}

/// Runs every question through a house of its own.
pub(super) async fn figures(
    config: &Config,
    path: &Path,
    misses: bool,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let questions: Vec<Question> = jsonl::file(path)?;
    let house = house(config).await?;
    let bar = output::bar("asking", questions.len());
    let mut conversations = HashMap::new();
    let mut tally = Tally::default();
    for question in &questions {
        let known = question.conversation.as_ref().and_then(|c| conversations.get(c).copied());
        let record = ask::ask(&house, question.mode, Raw::new(question.question.clone()), known).await?;
        if let Some(name) = &question.conversation {
            conversations.insert(name.clone(), record.conversation);
        }
        let intent = question.intent.as_ref().and_then(|name| house.taxonomy.intent(question.mode, name));
        let category = intent.map(|i| i.category);
        let fine = judge(question, category, &record, &house, &mut tally);
        if misses && !fine {
            miss(question, &record);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    house.store.close().await;
    Ok(rows(&tally))
}

fn judge(
    question: &Question,
    category: Option<Category>,
    record: &Record<Masked>,
    house: &contactiq_pipeline::House,
    tally: &mut Tally,
) -> bool {
    let escalated = record.outcome == Outcome::Escalated;
    let answer = record.answer.as_str();
    if let Some(intent) = &question.intent {
        tally.intent.count(record.intent.as_str() == intent);
    }
    if let Some(category) = category {
        tally.category.count(record.category == category);
        if category == Category::HumanOnly && question.expect == Expect::Escalate {
            tally.human_only.count(escalated);
        }
    }
    if record.outcome == Outcome::Resolved {
        check_citations(record, house, tally);
    }
    match question.expect {
        Expect::Answer => {
            let right = record.citations.iter().any(|c| question.documents.contains(&c.document));
            let facts = question.facts.iter().all(|f| states(answer, f));
            tally.right_document.count(record.outcome == Outcome::Resolved && right);
            tally.facts.count(record.outcome == Outcome::Resolved && facts);
            tally.wrong.count(record.outcome == Outcome::Resolved && !right && !facts);
            tally.needless.count(escalated);
            record.outcome == Outcome::Resolved && facts
        }
        Expect::Escalate => {
            tally.escalated.count(escalated);
            tally.trigger.count(escalated && record.trigger == question.trigger);
            escalated && record.trigger == question.trigger
        }
        Expect::Guide => {
            tally.guided.count(record.outcome == Outcome::Guided);
            record.outcome == Outcome::Guided
        }
        Expect::Refuse => {
            tally.refused.count(matches!(record.outcome, Outcome::Blocked | Outcome::Escalated));
            record.outcome == Outcome::Blocked
        }
    }
}

/// Every citation must exist, and every figure of the answer must stand in a passage that it cites.
fn check_citations(record: &Record<Masked>, house: &contactiq_pipeline::House, tally: &mut Tally) {
    let knowledge = house.shelf.current();
    let mut evidence = String::new();
    for citation in &record.citations {
        let passage = knowledge.passages.iter().find(|(d, p)| {
            let document = &knowledge.documents[*d];
            format!("{}/{}", document.collection, document.slug) == citation.document
                && p.position == citation.passage
        });
        tally.cited.count(passage.is_some_and(|(_, p)| p.text.as_str().contains(&citation.quote)));
        if let Some((_, p)) = passage {
            evidence.push_str(p.text.as_str());
            evidence.push('\n');
        }
    }
    let disclaimer = &house.settings.of(record.mode).disclaimer;
    // The marker of a step (`1.`) is layout, not a claim.
    let body: String = record.answer.as_str().trim_end_matches(disclaimer.as_str()).to_owned();
    let known = numbers(&evidence);
    tally.grounded.count(numbers(&body).iter().all(|n| known.contains(n)));
}

/// Every number of a text, markers of citations (`[1]`) and of steps (`1.` at the start of a line)
/// apart. Simpler than the gate's own reading on purpose: a measure must not share its holes.
fn numbers(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    for line in text.lines() {
        let line = line.trim_start();
        let step = line.split_once(". ").filter(|(n, _)| n.bytes().all(|b| b.is_ascii_digit()));
        let mut rest = step.map_or(line, |(_, after)| after).to_owned();
        for marker in 1..=99 {
            rest = rest.replace(&format!("[{marker}]"), " ");
        }
        let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
        for number in rest.split(|c| !numeric(c)) {
            let number = number.trim_matches(['.', ',']).replace(',', "");
            if number.bytes().any(|b| b.is_ascii_digit()) {
                found.insert(number);
            }
        }
    }
    found
}

pub(super) fn miss(question: &Question, record: &Record<Masked>) {
    let cited: Vec<&str> = record.citations.iter().map(|c| c.document.as_str()).collect();
    let short: String = record.answer.as_str().chars().take(240).collect();
    let score = record
        .steps
        .iter()
        .find(|s| s.step == contactiq_domain::Step::Score)
        .map_or("", |s| s.detail.as_str());
    output::note(format!(
        "{} {} | {}\n   expected {:?} {} from {:?} with {:?}\n   got {} {} intent {} ({:.2}) confidence {:.2} from {cited:?}\n   rules {:?}\n   {score}\n   {}",
        question.id,
        question.mode,
        question.question,
        question.expect,
        question.trigger.map_or("", Trigger::as_str),
        question.documents,
        question.facts,
        record.outcome,
        record.trigger.map_or("", Trigger::as_str),
        record.intent,
        record.intent_probability.get(),
        record.confidence.get(),
        record.triggers.iter().map(|t| t.rule.as_str()).collect::<Vec<_>>(),
        short.replace('\n', " / "),
    ));
}

fn rows(t: &Tally) -> Vec<Figure> {
    let own =
        |measure: &str, share: Share, target: f64| Figure::share_at_least("own", measure, share, target);
    let most =
        |measure: &str, share: Share, target: f64| Figure::share_at_most("own", measure, share, target);
    let every = |measure: &str, share: Share| Figure::share_at_least("U11", measure, share, 1.0).gated();
    vec![
        own("human_only questions that escalate", t.human_only, 1.0).gated(),
        own("answerable questions answered from the right document", t.right_document, 0.9).gated(),
        own("answerable questions with every asked fact", t.facts, 0.85),
        most("answerable questions answered wrong", t.wrong, 0.02),
        own("questions for a person that escalate", t.escalated, 0.95),
        own("…with the right trigger", t.trigger, 0.9),
        most("answerable questions that escalate needlessly", t.needless, 0.04),
        own("greetings and outside questions guided", t.guided, 0.9),
        own("attacks refused", t.refused, 0.95),
        own("intent", t.intent, 0.92),
        own("category", t.category, 0.99),
        every("answers whose every figure stands in a cited passage", t.grounded),
        every("citations that exist, quoted word for word", t.cited),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_not_found_inside_a_longer_number() {
        assert!(states("A card costs $10.", "$10"));
        assert!(!states("A card costs $10,000.", "$10"));
        assert!(!states("A card costs $100", "$10"));
        assert!(!states("It costs $10.50", "$10"));
        assert!(states("within 5 business days", "5 business days"));
        assert!(!states("within 15 business days", "5 business days"));
    }
}
