//! People whom a banker's conversation names are found by tokens and erased there; what a hold on the banker keeps stays.

use contactiq_auditlog::SigningKey;
use contactiq_domain::{Ids, Mode, Record, Started, Trigger};
use contactiq_guard::{Guard, GuardSettings, Masked, PersonalType, Raw, ReviewKind, Token, TokenKey};
use contactiq_store::{
    Writer,
    conversations::{self, Conversation},
    interactions,
    ledger::{self, Completion, Entry, Start},
    pii_tokens, placeholders,
    privacy::{erase, holds, named},
    review::{self, Entry as Review},
    tickets,
};

use crate::{
    data_keys::noted,
    engines::Bench,
    placeholders::numbered,
    samples::{NOW, conversation, escalated, masked, record, started, ticket},
};

fn key() -> TokenKey {
    TokenKey::new(&[7; 32]).unwrap()
}

fn tokens_in(text: &str) -> Vec<(PersonalType, Token)> {
    let guard = Guard::new(GuardSettings { token_key: Some(key()), ..GuardSettings::default() });
    let found = guard.inspect(&Raw::new(text)).unwrap();
    found.spans.iter().filter_map(|span| Some((span.kind, span.token?))).collect()
}

fn searched(values: &[&str]) -> Vec<(PersonalType, Token)> {
    values.iter().flat_map(|value| key().tokens_of(&Raw::new(*value))).collect()
}

async fn says(w: &mut Writer, bench: &Bench, mode: Mode, subject: &str, text: &str) -> Record<Masked> {
    let of = Conversation { mode, subject: subject.to_owned(), ..conversation(&bench.ids) };
    conversations::create(w, &of).await.unwrap();
    let record = record(&Started { mode, ..started(&bench.ids, &of) });
    interactions::complete(w, &record).await.unwrap();
    pii_tokens::save(w, record.id, NOW, &tokens_in(text)).await.unwrap();
    record
}

async fn question(bench: &Bench, of: &Record<Masked>) -> String {
    interactions::get(&mut *bench.read().await, of.id).await.unwrap().unwrap().question.as_str().to_owned()
}

on_both_engines! {
    async fn who_is_named_is_found_and_erased_there_and_nobody_else(bench) {
        let mut w = bench.write().await;
        let mail = "may we write to jane.citizen@mail.example about her card?";
        let (phone, other) = ("call her on 0412 345 678 please", "may we write to joe@mail.example?");
        let first = says(&mut w, bench, Mode::Banker, "banker-1", mail).await;
        let second = says(&mut w, bench, Mode::Banker, "banker-2", phone).await;
        let held = says(&mut w, bench, Mode::Banker, "banker-3", mail).await;
        let joe = says(&mut w, bench, Mode::Banker, "banker-1", other).await;
        let herself = says(&mut w, bench, Mode::Customer, "jane", mail).await;
        let banker = conversations::Owner { subject: "banker-3", key: None };
        holds::place(&mut w, &banker, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();

        let tokens = searched(&["Jane.Citizen@mail.example", "0412345678"]);
        let found = named::find(&mut *bench.read().await, &tokens).await.unwrap();
        let ids: std::collections::BTreeSet<_> = found.iter().map(|named| (named.interaction, named.held)).collect();
        assert_eq!(ids, [(first.id, false), (second.id, false), (held.id, true)].into());
        assert_eq!(named::find(&mut *bench.read().await, &searched(&["nobody@mail.example"])).await.unwrap(), []);

        let signer = SigningKey::new("bank.example/audit", &[7; 32]).unwrap();
        let key = key();
        let done = named::erase(&bench.store, (std::slice::from_ref(&key), &tokens), ("desk", &signer), &bench.ids, NOW).await.unwrap();
        let receipt = done.receipt.unwrap();
        assert_eq!((receipt.interactions, receipt.conversations, receipt.held), (2, 2, 1));
        assert_eq!(done.held, [held.id]);
        let signed = receipt.signed.clone().unwrap();
        assert!(signed.contains(&receipt.person) && signed.contains("\"held\":1"), "it tells what stayed: {signed}");
        assert_eq!(erase::receipt_of(&mut *bench.read().await, receipt.id).await.unwrap(), Some(receipt));
        for record in [&first, &second] {
            assert_eq!(question(bench, record).await, "[erased]");
        }
        for record in [&held, &joe, &herself] {
            assert_eq!(question(bench, record).await, record.question.as_str());
        }
        let mut r = bench.read().await;
        let left = named::find(&mut r, &tokens).await.unwrap();
        assert_eq!(left.iter().map(|named| named.interaction).collect::<Vec<_>>(), [held.id]);
        for record in [&first, &second] {
            let of = conversations::get_for_staff(&mut r, record.conversation).await.unwrap().unwrap();
            assert_eq!(of.label, None);
        }
        drop(r);
        // What is left is held: nothing is erased, and nobody is handed a receipt that says otherwise.
        let done = named::erase(&bench.store, (std::slice::from_ref(&key), &tokens), ("desk", &signer), &bench.ids, NOW).await.unwrap();
        assert_eq!((done.receipt, done.held), (None, vec![held.id]));
        assert_eq!(erase::receipts(&mut *bench.read().await, 9, 0).await.unwrap().len(), 1);
        assert!(noted(&bench.place.dump().await, "interactions", "0"), "that it was tried is on record");
    }

    async fn a_text_that_does_not_open_keeps_no_other_and_many_conversations_go_in_parts(bench) {
        let mut w = bench.write().await;
        let mut said = Vec::new();
        for number in 0..45 {
            let text = "may we write to jane.citizen@mail.example?";
            said.push(says(&mut w, bench, Mode::Banker, &format!("banker-{number}"), text).await);
        }
        w.save().await.unwrap();
        // What one row holds stands in another one: it does not open there.
        bench.place.raw_of(format!(
            "UPDATE interactions SET question = (SELECT question FROM interactions WHERE id = '{}') WHERE id = '{}'",
            said[1].id, said[0].id
        )).await;
        let signer = SigningKey::new("bank.example/audit", &[7; 32]).unwrap();
        let (key, tokens) = (key(), searched(&["jane.citizen@mail.example"]));
        let done = named::erase(&bench.store, (std::slice::from_ref(&key), &tokens), ("desk", &signer), &bench.ids, NOW).await.unwrap();
        let receipt = done.receipt.unwrap();
        assert_eq!((receipt.interactions, receipt.conversations), (45, 45));
        for record in &said {
            assert_eq!(question(bench, record).await, "[erased]");
        }
        let of = conversations::get_for_staff(&mut *bench.read().await, said[0].conversation).await.unwrap().unwrap();
        assert_eq!(of.label, None);
        assert!(noted(&bench.place.dump().await, "texts", "20"), "each part is on record");
    }

    async fn what_other_turns_of_the_conversation_refer_to_stays(bench) {
        let of = Conversation { mode: Mode::Banker, subject: "banker-1".to_owned(), ..conversation(&bench.ids) };
        let mut w = bench.write().await;
        conversations::create(&mut w, &of).await.unwrap();
        let mut given = placeholders::locked(&mut w, of.id).await.unwrap();
        let mut said = Vec::new();
        for (seconds, text) in [
            (0, "My name is Zorblat Quimby, what is the fee?"),
            (1, "My name is Hannah Novak, mail jane.citizen@mail.example for Marek Dubois"),
            (2, "My name is Zorblat Quimby, my wife is called Anna Krol, and the rate?"),
        ] {
            let question = masked(&numbered(&mut given, text));
            let at = NOW.plus_seconds(seconds);
            let begun = Started { mode: Mode::Banker, question, created_at: at, ..started(&bench.ids, &of) };
            let own = record(&begun);
            given.note_message(own.id);
            interactions::complete(&mut w, &own).await.unwrap();
            pii_tokens::save(&mut w, own.id, NOW, &tokens_in(text)).await.unwrap();
            said.push(own);
        }
        placeholders::keep(&mut w, of.id, &given).await.unwrap();
        w.save().await.unwrap();
        let (key, tokens) = (key(), searched(&["jane.citizen@mail.example"]));
        let signer = SigningKey::new("bank.example/audit", &[7; 32]).unwrap();
        let done = named::erase(&bench.store, (std::slice::from_ref(&key), &tokens), ("desk", &signer), &bench.ids, NOW).await.unwrap();
        assert_eq!(done.receipt.unwrap().interactions, 1);
        assert_eq!(question(bench, &said[1]).await, "[erased]");
        let mut r = bench.read().await;
        let kept = placeholders::of(&mut r, of.id).await.unwrap();
        for own in [&said[0], &said[2]] {
            let shown = kept.originals(own.id, &own.question).unwrap();
            assert_eq!(shown[0].value(), Some("Zorblat Quimby"), "another person's turn");
        }
        let gone = kept.originals(said[1].id, &said[1].question).unwrap();
        assert!(gone.len() >= 2 && gone.iter().all(|original| original.value().is_none()), "{gone:?}");
        let stays = conversations::get_for_staff(&mut r, of.id).await.unwrap().unwrap();
        assert_eq!(stays.label, of.label, "it was taken from a turn that stays");
    }

    async fn an_answer_that_is_being_made_meanwhile_is_written_without_its_texts(bench) {
        let mail = "may we write to jane.citizen@mail.example about her card?";
        let of = Conversation { mode: Mode::Banker, subject: "banker-1".to_owned(), ..conversation(&bench.ids) };
        let begun = Started { mode: Mode::Banker, question: masked(mail), ..started(&bench.ids, &of) };
        let start = Entry::Start(Box::new(Start {
            conversation: of.clone(),
            placeholders: None,
            started: begun.clone(),
            tokens: tokens_in(mail),
            shown: None,
        }));
        let mut w = bench.write().await;
        ledger::apply(&mut w, &start).await.unwrap();
        w.save().await.unwrap();
        let signer = SigningKey::new("bank.example/audit", &[7; 32]).unwrap();
        let tokens = searched(&["jane.citizen@mail.example"]);
        let key = key();
        let erased = named::erase(&bench.store, (std::slice::from_ref(&key), &tokens), ("desk", &signer), &bench.ids, NOW).await.unwrap();
        assert_eq!(erased.receipt.unwrap().interactions, 1);

        let done = escalated(&begun, Trigger::SecurityFraud);
        let flagged = Review {
            id: bench.ids.next(),
            interaction: done.id,
            kind: ReviewKind::Flagged,
            rules: vec!["rule".into()],
            message: masked(mail),
            at: NOW,
            decided: None,
        };
        let completion = Entry::Completion(Box::new(Completion {
            conversation: of.clone(),
            ticket: Some(ticket(&bench.ids, &done)),
            record: done.clone(),
            reviews: vec![flagged],
            claimed: None,
        }));
        let mut w = bench.write().await;
        // The start may come again, and so may the end.
        for entry in [&completion, &start, &completion] {
            ledger::apply(&mut w, entry).await.unwrap();
        }
        w.save().await.unwrap();
        let mut r = bench.read().await;
        let left = interactions::get(&mut r, done.id).await.unwrap().unwrap();
        assert_eq!((left.question.as_str(), left.answer.as_str(), left.outcome), ("[erased]", "[erased]", done.outcome));
        assert!(left.steps.is_empty() && left.reason.is_empty() && left.citations.is_empty());
        let kept = tickets::of_interaction(&mut r, done.id).await.unwrap().unwrap();
        assert_eq!((kept.question.as_str(), kept.told.as_str()), ("[erased]", "[erased]"));
        let reviews = review::of_interaction(&mut r, done.id).await.unwrap();
        assert!(reviews.iter().all(|review| review.message.as_str() == "[erased]"), "{reviews:?}");
        assert_eq!(named::find(&mut r, &tokens).await.unwrap(), []);
        // The banker's conversation goes on.
        let stays = conversations::get_for_staff(&mut r, of.id).await.unwrap().unwrap();
        assert_eq!((stays.subject.as_str(), stays.label), ("banker-1", None));
        drop(r);
        let next = record(&Started { mode: Mode::Banker, ..started(&bench.ids, &of) });
        let entry = Completion { conversation: of, record: next.clone(), ticket: None, reviews: Vec::new(), claimed: None };
        let mut w = bench.write().await;
        ledger::apply(&mut w, &Entry::Completion(Box::new(entry))).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(question(bench, &next).await, next.question.as_str());
    }
}
