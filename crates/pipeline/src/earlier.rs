//! What was said before in a conversation, read before the door: it reads a message in that light.

use contactiq_domain::{Record, ids::InteractionId};
use contactiq_guard::{Earlier, Masked, Placeholders};
use contactiq_store::{
    StoreError,
    conversations::{self, Conversation, Owner},
    ledger::{ONLY_TABLES_KNOW, PLACE},
    placeholders,
};

use crate::{AnswerError, Ask, House, turn::Exchange};

/// Earlier exchanges that a question may lean on.
const HISTORY: u32 = 6;
/// As far back an exchange may lie that a question follows, where it is not the last one.
const FAR: u32 = 32;

/// The conversation so far.
#[derive(Default)]
pub(crate) struct Before {
    /// What it is; none where it begins.
    pub(crate) conversation: Option<Conversation>,
    /// For the door: the turn before, also one that a guard refused, and the placeholders.
    pub(crate) earlier: Earlier,
    /// For the steps, oldest first.
    pub(crate) history: Vec<Exchange>,
}

/// Reads the conversation that a question continues; an empty one where it begins one. Nothing of the
/// question is written here, nor read.
pub(crate) async fn read(house: &House, ask: &Ask) -> Result<Before, AnswerError> {
    let Some(id) = ask.conversation else { return Ok(Before::default()) };
    let said = house.ledger.said(id).await;
    let owner = Owner { subject: &ask.subject, key: ask.owner_key };
    let just_said = said.conversation().filter(|c| c.owner() == owner).cloned();
    let reading = async {
        let mut reader = house.store.read().await?;
        let known = conversations::get(&mut reader, id, &owner).await?;
        let history = said.clone().after_tables(&mut reader, id, looked_at(ask.follows)).await?;
        let placeholders = match house.settings.keeps_placeholders {
            true => placeholders::of(&mut reader, id).await?,
            false => Placeholders::default(),
        };
        Ok((known, history, placeholders))
    };
    let patience = if just_said.is_some() { PLACE } else { ONLY_TABLES_KNOW };
    let partly = said.is_partly();
    let (known, history, placeholders) = match house.ledger.tables(patience, reading).await {
        // What was just said is enough to go on with; the numbers of placeholders begin again.
        Err(StoreError::Unavailable { .. }) if just_said.is_some() => {
            (None, said.alone(looked_at(ask.follows)), Placeholders::default())
        }
        read => read?,
    };
    let Some(conversation) = known.or(just_said).filter(|c| c.mode == ask.mode) else {
        return Err(match partly {
            // An empty table is no proof.
            true => {
                StoreError::Unavailable { why: "the queue, which may know the conversation, is away" }.into()
            }
            false => AnswerError::UnknownConversation,
        });
    };
    let history = match house.consents.may_be_remembered(&house.store, &owner) {
        true => exchanges(until(history, ask.follows)),
        false => Vec::new(),
    };
    let mut earlier = Earlier::default();
    if let Some(last) = history.last() {
        earlier = earlier.after(last.question.clone(), last.answer.clone());
        // What a model may see. What was refused neither excuses what follows nor is held against it.
        let seen = history.iter().filter(|exchange| exchange.may_be_leaned_on());
        earlier = earlier.with_questions(seen.map(|exchange| exchange.question.clone()).collect());
    }
    if house.settings.keeps_placeholders {
        earlier = earlier.with_placeholders(placeholders);
    }
    Ok(Before { conversation: Some(conversation), earlier, history })
}

/// What was said before in a conversation that is known to be the asker's, without the question that is asked now.
pub(crate) async fn history(
    house: &House,
    conversation: &Conversation,
    follows: Option<InteractionId>,
    now: InteractionId,
) -> Result<Vec<Exchange>, AnswerError> {
    if !house.consents.may_be_remembered(&house.store, &conversation.owner()) {
        return Ok(Vec::new());
    }
    let said = house.ledger.said(conversation.id).await;
    let known = said.conversation().is_some();
    let most = looked_at(follows) + 1;
    let reading = async {
        let mut reader = house.store.read().await?;
        said.clone().after_tables(&mut reader, conversation.id, most).await
    };
    let mut found = match house.ledger.tables(if known { PLACE } else { ONLY_TABLES_KNOW }, reading).await {
        Err(StoreError::Unavailable { .. }) if known => said.alone(most),
        read => read?,
    };
    found.retain(|record| record.id != now);
    Ok(exchanges(until(found, follows)))
}

/// How many records are looked at for a question that follows this one.
const fn looked_at(follows: Option<InteractionId>) -> u32 {
    if follows.is_some() { FAR } else { HISTORY }
}

/// The last exchanges up to this one; none where it is not among them, because what stands there was said after it.
fn until(mut found: Vec<Record<Masked>>, last: Option<InteractionId>) -> Vec<Record<Masked>> {
    if let Some(last) = last {
        found.truncate(found.iter().position(|record| record.id == last).map_or(0, |at| at + 1));
    }
    let surplus = found.len().saturating_sub(HISTORY as usize);
    found.drain(..surplus);
    found
}

/// What was erased says nothing.
fn exchanges(records: Vec<Record<Masked>>) -> Vec<Exchange> {
    let said = records.into_iter().filter(|record| record.question != Masked::erased());
    said.map(Into::into).collect()
}
