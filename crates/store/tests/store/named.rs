//! People whom a banker's conversation names are found by tokens and erased there; what a hold on the banker keeps stays.

use contactiq_auditlog::SigningKey;
use contactiq_domain::{Mode, Record, Started};
use contactiq_guard::{Guard, GuardSettings, Masked, PersonalType, Raw, Token, TokenKey};
use contactiq_store::{
    Writer,
    conversations::{self, Conversation},
    interactions, pii_tokens,
    privacy::{erase, holds, named},
};

use crate::{
    engines::Bench,
    samples::{NOW, conversation, record, started},
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
        let done = named::erase(&bench.store, &tokens, ("desk", &signer), &bench.ids, NOW).await.unwrap();
        assert_eq!((done.receipt.interactions, done.receipt.conversations, done.held), (2, 2, 1));
        assert!(done.receipt.signed.as_deref().is_some_and(|signed| signed.contains(&done.receipt.person)));
        assert_eq!(erase::receipt_of(&mut *bench.read().await, done.receipt.id).await.unwrap(), Some(done.receipt));
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
    }
}
