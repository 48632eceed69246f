//! The seven steps, one file each, read top to bottom: [`answer`].
//!
//! A question walks one way: the door masks it ([`Begun`]), step 1 understands it, step 2 decides the route,
//! step 3 finds passages, step 4 makes an answer of them, step 5 says how sure it is, step 6 hands
//! over to a person where it should, step 7 writes down what happened. Code decides; evidence
//! answers; each step leaves a trace in the record.

mod account;
mod admit;
mod audience;
mod begun;
mod carried;
mod certainty;
mod classify;
mod compute;
pub mod conflict;
mod consents;
pub mod decision;
mod denied;
mod dictionary;
mod document_language;
mod door;
mod duplicates;
mod earlier;
mod escalate;
mod escalation_rules;
mod follow_up;
mod greeting;
mod hosted;
mod house;
mod knowledge;
mod language;
mod lately;
mod misunderstood;
mod models;
mod names_a_customer;
mod noise;
mod products;
mod reader;
mod recall;
mod record;
mod replicas;
mod requests;
mod respond;
mod retrieve;
mod route;
mod rule_findings;
mod score;
mod spelling;
mod synonyms;
pub mod taxonomy;
mod text_triggers;
mod threads;
mod turn;
mod understand;

pub use account::payer_of_published;
pub use admit::{read_of, without_placeholders};
pub use audience::{Audience, Listening, Said};
pub use begun::Begun;
pub use classify::classify;
pub use compute::Compute;
pub use consents::Consents;
pub use dictionary::Dictionary;
pub use document_language::language_of;
pub use door::{Door, DoorFault, Fault, NotRead};
pub use escalation_rules::{EscalationRules, Messages, RulesError};
pub use hosted::{Hosted, HostedSettings};
pub use house::{AssistantSettings, House, Line, People, Settings};
pub use knowledge::{Found, Knowledge, KnowledgeError, Means, Shelf};
pub use lately::Lately;
pub use models::{Models, ModelsError, Trained};
pub use recall::Recall;
pub use replicas::{Replicas, give, links, search_in_store};
pub use respond::{Judges, Tongue, grounding};
pub use retrieve::{Filter, Sought, search};
pub use rule_findings::{RuleFinding, on_two_sides, rule_findings, unheard};
pub use score::{BY_WORDS, Calibration, Features};
pub use synonyms::SynonymFile;
pub use taxonomy::{Taxonomy, TaxonomyError};
pub use text_triggers::TextTriggers;
pub use turn::{AnswerError, Ask};
pub use understand::searched;

use contactiq_domain::Record;
use contactiq_guard::Masked;

/// Answers one question. When it returns, the record is durable: start before the first step with
/// side effects, completion before anything is shown (B2).
///
/// # Errors
/// [`AnswerError`] when the input is refused outright, the conversation is not the caller's, or
/// the record can't be written: without a record there is no answer.
pub async fn answer(house: &House, ask: Ask) -> Result<Record<Masked>, AnswerError> {
    finish(house, Begun::of(house, ask).await?).await
}

/// Answers a question that was taken in, here or by another process. Finished twice, the first record counts, and both
/// return it.
///
/// # Errors
/// [`AnswerError`] when the record can't be written, or another worker's answer counts.
pub async fn finish(house: &House, begun: Begun) -> Result<Record<Masked>, AnswerError> {
    finish_to(house, begun, None).await
}

/// The same, telling the audience what a model writes, sentence by sentence. What was told is the beginning of the
/// record's answer, unless it was withdrawn since.
///
/// # Errors
/// As [`finish`], and [`AnswerError::Left`] when the audience left while a model wrote.
pub async fn finish_to(
    house: &House,
    begun: Begun,
    audience: Option<Audience>,
) -> Result<Record<Masked>, AnswerError> {
    if let Some(audience) = &audience {
        audience.tell(Said::Begun(begun.interaction()));
    }
    let mut turn = admit::run(house, begun, audience).await;
    respond::translate_question(house, &mut turn).await;
    if !turn.recalled {
        understand::run(house, &mut turn).await;
        route::run(house, &mut turn);
        retrieve::run(house, &mut turn).await;
        respond::judge(house, &mut turn).await;
        respond::run(house, &mut turn).await;
        score::run(house, &mut turn);
        respond::translate_answer(house, &mut turn).await;
        escalate::run(house, &mut turn);
        recall::keep(house, &turn).await;
    }
    record::complete(house, turn).await
}
