//! Who writes for a person and who forgets or holds them take turns (A6, E7): nobody misses what another is about to
//! save.

use std::time::Duration;

use contactiq_domain::Record;
use contactiq_guard::Masked;
use contactiq_store::{
    StoreError, Writer,
    conversations::{Conversation, Owner},
    interactions,
    ledger::{self, Completion, Entry},
    privacy::{
        erase::{self, Erased, Forgotten},
        exports::{self, Form},
        holds,
    },
    sealing,
};
use tokio::time::{sleep, timeout};

use crate::{
    engines::Bench,
    samples::{NOW, conversation, masked, record, started},
};

const JANE: Owner<'static> = Owner { subject: "jane-4711", key: None };
/// So long the other one waits, as it must.
const WAITS: Duration = Duration::from_millis(300);

fn of_jane(bench: &Bench) -> Conversation {
    Conversation { subject: JANE.subject.to_owned(), ..conversation(&bench.ids) }
}

async fn say(w: &mut Writer, bench: &Bench, of: &Conversation) -> Record<Masked> {
    let record = Record { question: masked("lost in Dubbo"), ..record(&started(&bench.ids, of)) };
    let completion = Completion {
        conversation: of.clone(),
        record: record.clone(),
        ticket: None,
        reviews: Vec::new(),
        claimed: None,
    };
    ledger::apply(w, &Entry::Completion(Box::new(completion))).await.unwrap();
    record
}

on_both_engines! {
    async fn the_first_message_that_is_being_written_is_erased_with_its_key(bench) {
        let mut w = bench.write().await;
        let said = say(&mut w, bench, &of_jane(bench)).await;
        let erases = erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW);
        tokio::pin!(erases);
        assert!(timeout(WAITS, &mut erases).await.is_err(), "it waits for who writes");
        w.save().await.unwrap();
        let Erased::Now(receipt) = erases.await.unwrap() else { panic!("nobody holds her") };
        assert_eq!((receipt.conversations, receipt.interactions), (1, 1));
        let left = interactions::get(&mut *bench.read().await, said.id).await.unwrap().unwrap();
        assert_eq!(left.question.as_str(), "[erased]");
        assert_eq!(sealing::count_people(&mut *bench.read().await).await.unwrap(), 0, "and no key is left");
    }

    async fn what_begins_beside_an_erasure_is_written_after_it_without_its_texts(bench) {
        let of = of_jane(bench);
        let mut first = bench.write().await;
        let known = say(&mut first, bench, &of).await;
        first.save().await.unwrap();
        let erased = erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW.plus_seconds(1));
        let writes = async {
            sleep(Duration::from_millis(1)).await;
            let mut w = bench.write().await;
            let said = say(&mut w, bench, &of).await;
            w.save().await.unwrap();
            said
        };
        let (erased, said) = tokio::join!(erased, writes);
        assert!(matches!(erased.unwrap(), Erased::Now(_)));
        erase::sweep(&bench.store, NOW.plus_seconds(2)).await.unwrap();
        for id in [known.id, said.id] {
            let left = interactions::get(&mut *bench.read().await, id).await.unwrap().unwrap();
            assert_eq!(left.question.as_str(), "[erased]");
        }
    }

    async fn a_hold_that_is_being_placed_stops_an_erasure_that_begins_beside_it(bench) {
        let mut w = bench.write().await;
        let said = say(&mut w, bench, &of_jane(bench)).await;
        w.save().await.unwrap();
        let mut w = bench.write().await;
        holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        let erases = erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW);
        tokio::pin!(erases);
        assert!(timeout(WAITS, &mut erases).await.is_err(), "it waits for the hold");
        w.save().await.unwrap();
        assert_eq!(erases.await.unwrap(), Erased::Held("case 17".to_owned()));
        let left = interactions::get(&mut *bench.read().await, said.id).await.unwrap().unwrap();
        assert_eq!(left.question.as_str(), "lost in Dubbo");
    }

    async fn a_hold_on_several_names_of_a_person_is_one_and_lifted_as_one(bench) {
        let other = Owner { subject: "user-of-jane", key: None };
        let mut w = bench.write().await;
        let hold = holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        holds::place(&mut w, &other, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        let later = holds::place(&mut w, &other, "case 18", "counsel", &bench.ids, NOW).await.unwrap();
        assert_eq!(holds::list(&mut w).await.unwrap(), [later.clone(), hold.clone()]);
        holds::lift(&mut w, hold.id, "counsel", NOW).await.unwrap();
        assert_eq!(holds::of(&mut w, &JANE).await.unwrap(), None);
        assert_eq!(holds::of(&mut w, &other).await.unwrap(), Some(later));
        w.save().await.unwrap();
    }

    async fn an_export_that_is_noted_first_is_in_the_receipt_of_the_erasure_beside_it(bench) {
        let names = [JANE, Owner { subject: "user-of-jane", key: None }];
        let mut w = bench.write().await;
        let said = say(&mut w, bench, &of_jane(bench)).await;
        w.save().await.unwrap();
        let mut w = bench.write().await;
        let noted = exports::note(&mut w, &names, (Form::Json, "desk"), &bench.ids, NOW).await.unwrap();
        let erases = erase::people(&bench.store, &names, "desk", &bench.ids, NOW);
        tokio::pin!(erases);
        assert!(timeout(WAITS, &mut erases).await.is_err(), "it waits for the note");
        w.save().await.unwrap();
        let Forgotten::Now(receipts) = erases.await.unwrap() else { panic!("nobody holds her") };
        assert_eq!(receipts.iter().map(|receipt| receipt.exports).collect::<Vec<_>>(), [1, 0]);
        // What is read after the note is what the erasure left.
        let mut r = bench.read().await;
        assert_eq!(interactions::get(&mut r, said.id).await.unwrap().unwrap().question.as_str(), "[erased]");
        assert_eq!(exports::of(&mut r, &JANE).await.unwrap(), [noted]);
        drop(r);
        let mut w = bench.write().await;
        let nobody = exports::note(&mut w, &[], (Form::Json, "desk"), &bench.ids, NOW).await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })));
    }

    async fn holds_of_one_matter_on_a_person_and_on_an_alias_are_lifted_each_alone(bench) {
        let alias = Owner { subject: "user-of-jane", key: None };
        let mut w = bench.write().await;
        let at = |seconds| NOW.plus_seconds(seconds);
        let on_alias = holds::place_on_all(&mut w, &[alias], "case 17", "counsel", &bench.ids, at(1)).await.unwrap();
        let on_all = holds::place_on_all(&mut w, &[JANE, alias], "case 17", "counsel", &bench.ids, at(2)).await.unwrap();
        assert_ne!(on_alias.id, on_all.id);
        let again = holds::place_on_all(&mut w, &[JANE, alias], "case 17", "counsel", &bench.ids, at(3)).await.unwrap();
        assert_eq!(again, on_all, "placed again it is the one in force");
        assert_eq!(holds::list(&mut w).await.unwrap(), [on_all.clone(), on_alias.clone()]);
        holds::lift(&mut w, on_alias.id, "counsel", at(4)).await.unwrap();
        for name in [JANE, alias] {
            assert!(holds::of(&mut w, &name).await.unwrap().is_some(), "{name:?}");
        }
        holds::lift(&mut w, on_all.id, "counsel", at(5)).await.unwrap();
        for name in [JANE, alias] {
            assert_eq!(holds::of(&mut w, &name).await.unwrap(), None, "{name:?}");
        }
        w.save().await.unwrap();
    }
}
