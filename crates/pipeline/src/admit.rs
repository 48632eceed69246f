//! What is read from the text itself: the triggers, in all that the door let through.
//!
//! Triggers are evaluated on every message, also on one that a guard refuses: a fraud report with
//! an oath in it is a fraud report first.

use contactiq_domain::{
    Mode, Outcome, Probability, Routing, Spender, Step, Trigger, TriggerHit, is_danger_to_life,
};
use contactiq_guard::{Inspected, ModerationCategory, Refusal};

use crate::{
    Audience, Begun, House, account::Account, denied, language, names_a_customer, reader::TakenApart, recall,
    turn::Turn,
};

/// With fewer known words beside it, a string of SQL or markup is all that a message is.
const WORDS_OF_A_MESSAGE: usize = 4;

/// Reads a question that was taken in: what stands in the message itself, and whether it was answered before.
pub(crate) async fn run(house: &House, begun: Begun, audience: Option<Audience>) -> Turn {
    let Begun { role, started, conversation, continues, claimed, mut door, history, since, handed, .. } =
        begun;
    let query = read_of(door.masked.as_str());
    let denies = query != without_placeholders(door.masked.as_str());
    let spender = Spender::Question { mode: started.mode, key: conversation.owner_key };
    let account = Account::of(&house.budgets, &house.prices, spender);
    let keys = recall::keys(house, &started, role, continues, &door);
    let mut before = recall::find(house, keys.as_ref()).await;
    if before.is_some() && !house.moderated(&account, &door.masked).await.is_empty() {
        // The provider finds something today: the message is read as if it were new.
        before = None;
    }
    let read = match before {
        // All of it was read in the same words, and no trigger fired.
        Some(_) => Reading::default(),
        None => Reading::of(house, &account, &query, &mut door).await,
    };
    let Reading { by_provider, taken: TakenApart { vector, parts, mut hits, leanings } } = read;
    cry(&door, &mut hits);

    if started.mode == Mode::Banker
        && names_a_customer::asks_of_one(door.masked.as_str())
        && !hits.iter().any(|hit| hit.trigger == Trigger::AccountSpecific)
    {
        hits.push(names_a_customer::hit());
    }

    let spoken = |word: &str| house.taxonomy.uses(word) || contactiq_nlu::text::is_stop_word(word);
    // A string of SQL or markup says nothing that could have been learned; words beside it do.
    let code = matches!(door.refusal, Some(Refusal::SqlPattern | Refusal::ScriptPattern));
    if code && query.split_whitespace().filter(|word| spoken(word)).count() < WORDS_OF_A_MESSAGE {
        hits.retain(|hit| !hit.rule.contains("/learned"));
    }
    let language = if before.is_some() { None } else { language::other(&query, spoken) };
    if let Some(lang) = language.filter(|_| hits.is_empty() && door.refusal.is_none()) {
        hits.push(TriggerHit {
            trigger: Trigger::InsufficientEvidence,
            rule: format!("insufficient_evidence/language-{}", lang.code()),
            score: 1.0,
        });
    }

    let plain = hits.is_empty() && parts.is_empty() && by_provider.is_empty() && language.is_none();
    if before.is_none() && plain {
        before = recall::find_alike(house, keys.as_ref(), vector.as_deref());
    }

    let mut turn = Turn {
        role,
        started,
        conversation,
        claimed,
        handed,
        audience,
        left: false,
        clock_start: since,
        keys,
        recalled: false,
        hits,
        language,
        leanings,
        history,
        query,
        vector_as_asked: if keys.is_some() { vector.clone() } else { None },
        vector,
        parts,
        silence: None,
        alone: None,
        signs: Default::default(),
        understanding: None,
        read_as: None,
        translated: None,
        nearest: Vec::new(),
        routing: Routing::Answer,
        knowledge: house.shelf.current(),
        found: Vec::new(),
        draft: None,
        paid: Default::default(),
        account,
        judged: None,
        beside: None,
        conflicting: Vec::new(),
        confidence: Probability::ZERO,
        vague: false,
        lacks: false,
        outcome: Outcome::Failed,
        message: None,
        reason: String::new(),
        ticket: None,
        steps: Vec::with_capacity(8),
        door,
        by_provider,
        kept_back: None,
    };
    let (outcome, mut detail) = describe(&turn);
    if denies {
        detail.push_str("; what it says is not so was left out");
    }
    turn.trace(Step::Guard, since, outcome, detail);
    if let Some(before) = before {
        recall::resume(&mut turn, &before);
    }
    turn
}

/// A cry for help that moderation hears and no rule: it goes before everything.
pub(crate) fn cry(door: &Inspected, hits: &mut Vec<TriggerHit>) {
    if door.moderation.categories.contains(&ModerationCategory::SelfHarm)
        && !hits.iter().any(|hit| is_danger_to_life(&hit.rule))
    {
        hits.retain(|hit| hit.trigger != Trigger::EmotionalDistress);
        hits.push(TriggerHit {
            trigger: Trigger::EmotionalDistress,
            rule: "emotional_distress/self-harm-moderation".to_owned(),
            score: 1.0,
        });
    }
}

/// What is read in a message beside what the guard says of it.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) by_provider: Vec<ModerationCategory>,
    pub(crate) taken: TakenApart,
}

impl Reading {
    pub(crate) async fn of(house: &House, account: &Account, query: &str, door: &mut Inspected) -> Reading {
        // Lines are requests of their own, and the query is one line.
        let lines: Vec<String> = door.masked.as_str().lines().map(without_placeholders).collect();
        let lines = lines.join("\n");
        let query = query.to_owned();
        // What was left out of the one is in no part of the other.
        let whole = lines.split_whitespace().eq(query.split_whitespace());
        let lines = if whole { lines } else { query.clone() };
        let work = house.compute(account, move |reader| reader.taken_apart(&query, &lines));
        let (taken, by_provider) = tokio::join!(work, house.moderated(account, &door.masked));
        door.join(&by_provider);
        Reading { by_provider, taken }
    }
}

fn describe(turn: &Turn) -> (&'static str, String) {
    let mut parts = Vec::new();
    if !turn.door.spans.is_empty() {
        let mut kinds: Vec<&str> = turn.door.spans.iter().map(|s| s.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        parts.push(format!("masked {}", kinds.join(", ")));
    }
    if let Some(refusal) = turn.door.refusal {
        parts.push(format!("refused as {refusal}"));
    }
    for hit in &turn.hits {
        parts.push(format!("{} fired", hit.rule));
    }
    let outcome = match (turn.door.refusal, turn.door.spans.is_empty()) {
        (Some(_), _) => "refused",
        (None, false) => "masked",
        (None, true) => "clean",
    };
    (
        outcome,
        if parts.is_empty() {
            "nothing personal, no attack, no trigger".to_owned()
        } else {
            parts.join("; ")
        },
    )
}

/// A message as it is read: without placeholders, and without what it says is not so.
#[must_use]
pub fn read_of(masked: &str) -> String {
    denied::without_denials(&without_placeholders(masked)).into_owned()
}

/// `my card <CREDIT_CARD_1>` is understood as `my card`: a placeholder says nothing of the topic. A
/// word typed on two keyboards is read in Latin letters.
#[must_use]
pub fn without_placeholders(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut reached = 0;
    for placeholder in contactiq_guard::placeholders(text) {
        out.push_str(&text[reached..placeholder.start]);
        reached = placeholder.end;
    }
    out.push_str(&text[reached..]);
    contactiq_guard::one_script(&out).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_left_out_and_nothing_else() {
        assert_eq!(without_placeholders("my card <CREDIT_CARD_1> was <b> a < 3"), "my card was <b> a < 3");
        assert_eq!(without_placeholders("<PERSON_12>"), "");
        assert_eq!(without_placeholders("a<"), "a<");
        assert_eq!(
            without_placeholders("\u{ff46}\u{ff45}\u{ff45} \u{1d42d}\u{210e}\u{1d428} pay \u{2122}"),
            "fee tho pay \u{2122}"
        );
        assert_eq!(without_placeholders("f\u{435}\u{435} for \u{441}ard"), "fee for card");
        assert_eq!(
            without_placeholders("\u{43d}\u{435}\u{442}"),
            "\u{43d}\u{435}\u{442}",
            "Russian stays Russian"
        );
    }
}
