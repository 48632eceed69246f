//! What was said before, where a client names no conversation and resends everything: it is recognised by what it
//! resends, and our own record of that counts, never the client's.
//!
//! Nothing of a transcript is kept but an HMAC of it that a key made of the installation's root key is needed for, bound to
//! the caller (of an API key its id, so that either of its secrets goes on with what the other began), the assistant and
//! the person. Two sides of an exchange count, the question as it came and the answer as it was shown, letter by
//! letter but for the white space around them. What is not recognised was never said here: the question then stands
//! alone.

use contactiq_domain::{Mode, Record, ids::InteractionId};
use contactiq_guard::Masked;
use contactiq_pipeline::Ask;
use contactiq_store::{
    StoreError,
    ledger::{IN_ALL, ONLY_TABLES_KNOW},
    transcripts,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{Asking, subject_of};
use crate::{
    app::App,
    guard::identity::Caller,
    wiring::{hex, mac},
};

type Digest = [u8; 32];

/// In what light a question was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChatContext)]
pub(crate) enum Light {
    /// Nothing was said before.
    Alone,
    /// The conversation that the request named.
    Conversation,
    /// The conversation whose exchanges the client resent.
    Recognised,
    /// The client resent something that was not said here so: the question was read alone.
    Unrecognised,
}

/// What a client resends, as digests: what was said, and what is asked now.
pub(super) struct Resent {
    key: Digest,
    said: Option<Digest>,
    asked: Digest,
}

/// The same, of one caller.
pub(super) struct Transcript {
    key: Digest,
    whose: Digest,
    /// Whether the back end says for whom it asks.
    names_somebody: bool,
    said: Option<Digest>,
    asked: Digest,
}

/// The conversation that was found for a question.
pub(super) struct Found {
    /// In what light it is read.
    pub(super) light: Light,
    /// The exchange that it is the first to follow.
    taken: Option<InteractionId>,
}

impl Light {
    /// Of a question that is not recognised by anything.
    pub(super) const fn of(ask: &Ask) -> Light {
        if ask.conversation.is_some() { Light::Conversation } else { Light::Alone }
    }
}

impl Resent {
    /// Of these exchanges, oldest first, and of what is asked now, by this caller.
    pub(super) fn new<'a>(
        server: &[u8; 32],
        caller: &str,
        exchanges: impl Iterator<Item = (&'a str, &'a str)>,
        question: &str,
    ) -> Resent {
        let key = mac(server, &[b"transcripts\0", caller.as_bytes()]);
        let said = exchanges.fold(None, |said, (asked, answered)| {
            Some(and(&key, said, &side(&key, asked), &side(&key, answered)))
        });
        Resent { said, asked: side(&key, question), key }
    }

    /// As this caller asks.
    pub(super) fn of(self, caller: &Caller, asking: &Asking) -> Transcript {
        Transcript {
            key: self.key,
            whose: whose(&self.key, &caller.identity(), asking.mode, asking.subject.as_deref()),
            names_somebody: asking.subject.is_some(),
            said: self.said,
            asked: self.asked,
        }
    }
}

fn side(key: &Digest, text: &str) -> Digest {
    mac(key, &[b"side\0", text.trim().as_bytes()])
}

/// What was said and one exchange more.
fn and(key: &Digest, said: Option<Digest>, asked: &Digest, answered: &Digest) -> Digest {
    mac(key, &[b"said\0", &said.unwrap_or_default(), asked, answered])
}

/// Nobody continues what somebody else said, or what was said to the other assistant.
fn whose(key: &Digest, caller: &str, mode: Mode, subject: Option<&str>) -> Digest {
    let caller = mac(key, &[b"caller\0", caller.as_bytes()]);
    let subject = mac(key, &[b"subject\0", subject.unwrap_or_default().as_bytes()]);
    mac(key, &[b"whose\0", &caller, &subject, mode.as_str().as_bytes()])
}

impl Transcript {
    fn mark(&self, said: &Digest) -> String {
        hex(&mac(&self.key, &[b"transcript\0", &self.whose, said]))
    }

    /// Finds the conversation that a question goes on with and says so in it.
    pub(super) async fn find(&self, app: &App, caller: &Caller, ask: &mut Ask) -> Found {
        let Some(said) = &self.said else { return Found::by_name(ask) };
        let mark = self.mark(said);
        let taking = async {
            let mut w = app.house.store.write().await?;
            let taken = transcripts::take(&mut w, &mark).await?;
            w.save().await?;
            Ok(taken)
        };
        let unknown = Found { light: Light::Unrecognised, taken: None };
        let taken = match app.house.ledger.tables(ONLY_TABLES_KNOW, taking).await {
            Ok(Some(taken)) => taken,
            Ok(None) => return unknown,
            Err(error) => {
                tracing::warn!(%error, "what a client resends is not recognised: its question is read alone");
                return unknown;
            }
        };
        let found = Found { light: Light::Recognised, taken: taken.first.then_some(taken.interaction) };
        match subject_of(app, caller, taken.conversation).await {
            // Whom the back end names now is whom it named then: another one comes from a row that was changed by hand.
            Ok(subject) if self.names_somebody && ask.subject != subject => {
                found.give_back(app).await;
                unknown
            }
            Ok(subject) => {
                ask.conversation = Some(taken.conversation);
                ask.follows = Some(taken.interaction);
                ask.subject = subject;
                found
            }
            // It is there no more, or can't be read now.
            Err(_) => {
                found.give_back(app).await;
                unknown
            }
        }
    }

    /// Keeps what this answer makes of the transcript. An answer does not wait long for that: without it the next
    /// question is read alone.
    pub(super) async fn keep(&self, app: &App, record: &Record<Masked>) {
        let answered = side(&self.key, record.answer.as_str());
        let transcript = transcripts::Transcript {
            interaction: record.id,
            conversation: record.conversation,
            mark: self.mark(&and(&self.key, self.said, &self.asked, &answered)),
            created_at: record.completed_at,
        };
        let keeping = async {
            let mut w = app.house.store.write().await?;
            transcripts::keep(&mut w, &transcript).await?;
            w.save().await
        };
        let kept = tokio::time::timeout(IN_ALL, app.house.ledger.tables(IN_ALL, keeping)).await;
        noted(kept.unwrap_or(Err(StoreError::Unavailable { why: "it did not answer in time" })));
    }

    /// In what light the first answer to a repeated request was given; kept here too, if that had no time then.
    pub(super) async fn again(&self, app: &App, record: &Record<Masked>) -> Light {
        self.keep(app, record).await;
        let Some(said) = &self.said else { return Light::Alone };
        let mark = self.mark(said);
        let reading = async {
            let mut reader = app.house.store.read().await?;
            transcripts::is_of(&mut reader, &mark, record.conversation).await
        };
        match app.house.ledger.tables(ONLY_TABLES_KNOW, reading).await {
            Ok(true) => Light::Recognised,
            _ => Light::Unrecognised,
        }
    }
}

impl Found {
    /// What the request names, or nothing.
    pub(super) const fn by_name(ask: &Ask) -> Found {
        Found { light: Light::of(ask), taken: None }
    }

    /// There is no answer: somebody else may be the first to follow.
    pub(super) async fn give_back(&self, app: &App) {
        let Some(interaction) = self.taken else { return };
        let giving = async {
            let mut w = app.house.store.write().await?;
            transcripts::give_back(&mut w, interaction).await?;
            w.save().await
        };
        noted(app.house.ledger.tables(IN_ALL, giving).await);
    }
}

fn noted(done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the next question of a client that resends what was said may be read alone");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn resent(caller: &str, exchanges: &[(&str, &str)], question: &str) -> Resent {
        Resent::new(&KEY, caller, exchanges.iter().copied(), question)
    }

    fn said(exchanges: &[(&str, &str)]) -> Option<Digest> {
        resent("s", exchanges, "").said
    }

    #[test]
    fn every_side_of_every_exchange_counts_and_so_does_their_order() {
        let whole = said(&[("a", "b"), ("c", "d")]);
        assert_eq!(whole, said(&[(" a\n", "b"), ("c", "d ")]), "white space around them does not");
        for other in [
            &[("a", "b")][..],
            &[("c", "d")],
            &[("c", "d"), ("a", "b")],
            &[("a", "b"), ("c", "e")],
            &[("A", "b"), ("c", "d")],
            &[("ab", ""), ("c", "d")],
            &[("a", "b"), ("", ""), ("c", "d")],
            &[],
        ] {
            assert_ne!(said(other), whole, "{other:?}");
        }
        assert_eq!(said(&[]), None);
    }

    #[test]
    fn what_is_asked_and_answered_is_the_next_exchange() {
        let next = resent("s", &[("a", "b")], "c");
        let after = and(&next.key, next.said, &next.asked, &side(&next.key, "d"));
        assert_eq!(Some(after), said(&[("a", "b"), ("c", "d")]));
    }

    #[test]
    fn what_is_kept_is_of_one_caller_and_can_be_made_by_nobody_who_lacks_the_servers_key() {
        let said = [("my card is lost", "b")];
        let own = resent("key:1", &said, "").said;
        assert_eq!(own, resent("key:1", &said, "").said);
        assert_ne!(own, resent("key:2", &said, "").said);
        assert_ne!(own, Resent::new(&[8; 32], "key:1", said.iter().copied(), "").said);
    }

    #[test]
    fn a_transcript_belongs_to_its_caller_its_person_and_its_assistant() {
        let own = whose(&KEY, "key:1", Mode::Customer, None);
        for other in [
            whose(&KEY, "key:2", Mode::Customer, None),
            whose(&KEY, "key:1", Mode::Banker, None),
            whose(&KEY, "key:1", Mode::Customer, Some("4711")),
            whose(&[8; 32], "key:1", Mode::Customer, None),
        ] {
            assert_ne!(own, other);
        }
    }
}
