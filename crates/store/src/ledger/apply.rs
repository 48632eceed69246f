//! Writing entries into the tables. Each may come twice, in either order, and counts once.

use std::collections::{HashMap, HashSet};

use contactiq_domain::{
    Outcome, Record, Timestamp,
    ids::{ConversationId, InteractionId},
};
use contactiq_guard::Masked;

use super::{Claimed, Completion, Entry, withdrawn};
use crate::{
    StoreError, Writer, audit, conversations, idempotency,
    interactions::{self, Completed, Part},
    pii_tokens, placeholders, privacy, review, tickets,
};

/// What became of an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Applied {
    /// It is written, now or before.
    Written,
    /// The interaction was complete before: the first record stands, and this is it.
    Before(Box<Record<Masked>>),
    /// Nothing was written: another worker holds the claim of this request, and its answer counts.
    Overtaken,
}

/// Writes one entry in this transaction. An erasure counts as its receipt is dated, whatever the time is now.
///
/// # Errors
/// [`StoreError::Conflict`] when its conversation belongs to somebody else or its request id to another
/// interaction, [`StoreError::Refused`] when the tables refuse a value, or when the database fails. The
/// transaction is spoilt then.
pub async fn apply(w: &mut Writer, entry: &Entry) -> Result<Applied, StoreError> {
    apply_at(w, entry, Timestamp::from_micros(i64::MAX)).await
}

/// The same by a clock: an erasure that is dated later than now says nothing of what began since the clock was set back.
pub(crate) async fn apply_at(w: &mut Writer, entry: &Entry, now: Timestamp) -> Result<Applied, StoreError> {
    let mut applied = apply_all(w, &[entry], now).await?;
    Ok(applied.pop().unwrap_or(Applied::Written))
}

/// Writes several entries, those of one kind in one statement; what became of each, in their order.
///
/// # Errors
/// As [`apply`], of any of them.
pub(crate) async fn apply_all(
    w: &mut Writer,
    entries: &[&Entry],
    now: Timestamp,
) -> Result<Vec<Applied>, StoreError> {
    // Of what was shown of one answer the longest holds the others: those count as written with it.
    let longest = longest(entries);
    if longest.len() < entries.len() {
        let kept: Vec<&Entry> = longest.iter().map(|at| entries[*at]).collect();
        let of_kept = Box::pin(apply_all(w, &kept, now)).await?;
        let mut applied = vec![Applied::Written; entries.len()];
        for (at, of_kept) in longest.into_iter().zip(of_kept) {
            applied[at] = of_kept;
        }
        return Ok(applied);
    }
    let mut seen = HashSet::new();
    let Some(twice) = entries.iter().position(|e| !seen.insert((e.interaction(), e.label()))) else {
        return apply_different(w, entries, now).await;
    };
    // The queue may deliver twice: what comes again counts after what came first.
    let (first, rest) = entries.split_at(twice);
    let mut applied = apply_different(w, first, now).await?;
    applied.extend(Box::pin(apply_all(w, rest, now)).await?);
    Ok(applied)
}

/// The places of the entries without what a longer part of the same answer makes needless.
fn longest(entries: &[&Entry]) -> Vec<usize> {
    fn shown(entry: &Entry) -> Option<(InteractionId, &str)> {
        match entry {
            Entry::Start(start) => Some((start.started.id, start.shown.as_ref()?.text.as_str())),
            Entry::Completion(_) | Entry::Withdrawal(_) => None,
        }
    }
    let mut best: HashMap<InteractionId, (usize, &str)> = HashMap::new();
    for (at, (id, text)) in entries.iter().enumerate().filter_map(|(at, entry)| Some((at, shown(entry)?))) {
        let known = best.entry(id).or_insert((at, text));
        if text.len() >= known.1.len() {
            *known = (at, text);
        }
    }
    // Of another try it is no beginning: that one was withdrawn, and stays.
    let is_kept = |at: &usize| match shown(entries[*at]) {
        Some((id, text)) => best.get(&id).is_some_and(|(kept, long)| kept == at || !long.starts_with(text)),
        None => true,
    };
    (0..entries.len()).filter(is_kept).collect()
}

/// The same of entries of which no two are the same half of one interaction. Those whose person was erased meanwhile are
/// written without their texts, and so are those of an interaction that has lost its own: it named somebody.
async fn apply_different(
    w: &mut Writer,
    entries: &[&Entry],
    now: Timestamp,
) -> Result<Vec<Applied>, StoreError> {
    let conversations: Vec<_> = entries.iter().map(|entry| entry.of()).collect();
    let people: Vec<String> = conversations.iter().map(|of| privacy::blind(w, &of.owner())).collect();
    privacy::turns::together(w, people.into_iter()).await?;
    let mut erased = conversations::erased_among(w, conversations.iter().map(|of| of.id)).await?;
    let late = privacy::erase::came_late(w, &conversations, now).await?;
    tell_of_tickets(entries, &late.ahead);
    erased.extend(late.all);
    let lost = privacy::without_texts_among(w, entries.iter().map(|entry| entry.interaction())).await?;
    if erased.is_empty() && lost.is_empty() {
        return apply_as_they_are(w, entries).await;
    }
    let without: Vec<Entry> = entries
        .iter()
        .map(|entry| {
            if erased.contains(&entry.conversation()) {
                privacy::without_texts(entry)
            } else if lost.contains(&entry.interaction()) {
                privacy::without_own_texts(entry)
            } else {
                (*entry).clone()
            }
        })
        .collect();
    apply_as_they_are(w, &without.iter().collect::<Vec<_>>()).await
}

/// Says which tickets lose their texts to an erasure that has not come yet by the clock: whoever takes one can't tell what
/// was asked, and the clock is wrong or was set back.
fn tell_of_tickets(entries: &[&Entry], ahead: &HashSet<ConversationId>) {
    for entry in entries.iter().filter(|entry| ahead.contains(&entry.conversation())) {
        if let Entry::Completion(completion) = entry
            && let Some(ticket) = &completion.ticket
        {
            tracing::error!(
                critical = true,
                ticket = %ticket.id,
                "a ticket is written without its texts: its person was erased at a time that is ahead of the clock; set the clock right"
            );
        }
    }
}

async fn apply_as_they_are(w: &mut Writer, entries: &[&Entry]) -> Result<Vec<Applied>, StoreError> {
    let mut applied = vec![Applied::Written; entries.len()];
    let (mut starts, mut completions, mut taken_back) = (Vec::new(), Vec::new(), Vec::new());
    for (entry, applied) in entries.iter().zip(&mut applied) {
        match entry {
            Entry::Start(start) => starts.push(&**start),
            Entry::Withdrawal(withdrawal) => taken_back.push(&**withdrawal),
            Entry::Completion(completion) => match overtaken(w, completion).await? {
                Some(instead) => *applied = instead,
                None => completions.push((&**completion, applied)),
            },
        }
    }
    let conversations: Vec<_> = starts.iter().map(|start| &start.conversation).collect();
    let conversations: Vec<_> =
        conversations.into_iter().chain(completions.iter().map(|(c, _)| &c.conversation)).collect();
    conversations::ensure_all(w, &conversations).await?;
    let started: Vec<_> = starts.iter().map(|start| &start.started).collect();
    interactions::start_all(w, &started).await?;
    for start in starts {
        if let Some(given) = &start.placeholders {
            // The completion may have come before, and a later message before both.
            placeholders::begin_with(w, start.conversation.id, given.clone()).await?;
        }
        pii_tokens::save(w, start.started.id, start.started.created_at, &start.tokens).await?;
        if let Some(shown) = &start.shown {
            let id = start.started.id;
            match interactions::show(w, id, &shown.text, &shown.citations).await? {
                Part::Kept => {}
                Part::Instead(before) => withdrawn::review(w, id, &before, start.started.created_at).await?,
                // One that comes behind the completion may have been withdrawn by it.
                Part::Late => {
                    if let Some(record) = interactions::get(w, id).await? {
                        withdrawn::review_part(w, &record, &shown.text, &[]).await?;
                    }
                }
            }
        }
    }
    let records: Vec<_> = completions.iter().map(|(completion, _)| &completion.record).collect();
    let completed = interactions::complete_all(w, &records).await?;
    let parts = interactions::shown(w, &records).await?;
    let before = withdrawn::among(w, &records).await?;
    let mut audited = Vec::new();
    for ((completion, applied), completed) in completions.into_iter().zip(completed) {
        match completed {
            Completed::Before(first) => *applied = Applied::Before(first),
            // Nobody was shown it: no ticket is opened.
            Completed::Now if before.contains(&completion.record.id) => {
                let (id, at) = (completion.record.id, completion.record.completed_at);
                interactions::withdraw(w, id, at).await?;
                if let Some(claimed) = &completion.claimed {
                    idempotency::unsettle(w, &claimed.slot(), &id.to_string()).await?;
                }
                audit::withdrawn(w, id, at).await?;
            }
            Completed::Now => {
                beside(w, completion).await?;
                audited.push(&completion.record);
            }
        }
        if let Some((_, part)) = parts.iter().find(|(id, _)| *id == completion.record.id) {
            withdrawn::review_part(w, &completion.record, part, &completion.reviews).await?;
        }
    }
    audit::completed(w, &audited).await?;
    for withdrawal in taken_back {
        withdrawn::withdraw(w, withdrawal).await?;
    }
    Ok(applied)
}

/// What stands in place of a completion whose claim passed to another worker before anybody was shown it. First,
/// because what was written could not be taken back alone.
async fn overtaken(w: &mut Writer, completion: &Completion) -> Result<Option<Applied>, StoreError> {
    let Some(claimed) = &completion.claimed else { return Ok(None) };
    let id = completion.record.id;
    if settle(w, claimed, &completion.record).await? || claimed.shown {
        return Ok(None);
    }
    // What was interrupted is no answer.
    let before = interactions::get(w, id).await?.filter(|first| first.outcome != Outcome::Interrupted);
    Ok(Some(before.map_or(Applied::Overtaken, |first| Applied::Before(Box::new(first)))))
}

/// What a completion writes beside its record.
async fn beside(w: &mut Writer, completion: &Completion) -> Result<(), StoreError> {
    if let Some(ticket) = &completion.ticket {
        tickets::open(w, ticket).await?;
    }
    for entry in &completion.reviews {
        review::save(w, entry).await?;
    }
    Ok(())
}

/// Whether the claim was still ours.
async fn settle(w: &mut Writer, claimed: &Claimed, record: &Record<Masked>) -> Result<bool, StoreError> {
    let (slot, made) = (claimed.slot(), record.id.to_string());
    if claimed.queued {
        let now = record.completed_at;
        return idempotency::settle_queued(w, &slot, &claimed.body, claimed.fence, &made, now).await;
    }
    match idempotency::settle(w, &slot, claimed.fence, &made, 200).await {
        Ok(()) => Ok(true),
        Err(StoreError::NotFound { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}
