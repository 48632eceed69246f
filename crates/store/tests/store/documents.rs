use contactiq_domain::{Collection, Document};
use contactiq_guard::Published;
use contactiq_store::{
    StoreError,
    documents::{self, Put},
    sources,
};
use tokio::task::JoinSet;

use crate::{
    engines::{Bench, Place},
    samples::{document, passages},
};

on_both_engines! {
    async fn versions_are_counted_and_kept(bench) {
        let mut w = bench.write().await;
        assert_eq!(documents::version(&mut w).await.unwrap(), "k0");
        let first = document(&bench.ids, "card-fees", "15 dollars");
        let two = passages(&["15 dollars", "| card | fee |"]);
        assert_eq!(documents::put(&mut w, &first, &two).await.unwrap(), Put::Added);
        assert_eq!(documents::version(&mut w).await.unwrap(), "k1");

        let again = document(&bench.ids, "card-fees", "15 dollars");
        assert_eq!(documents::put(&mut w, &again, &two).await.unwrap(), Put::Unchanged);
        let twin = document(&bench.ids, "fees-of-cards", "15 dollars");
        let duplicate = Put::Duplicate { slug: "card-fees".into() };
        assert_eq!(documents::put(&mut w, &twin, &two).await.unwrap(), duplicate);
        assert_eq!(documents::version(&mut w).await.unwrap(), "k1", "nothing changed");
        w.save().await.unwrap();

        let mut w = bench.write().await;
        let second = document(&bench.ids, "card-fees", "18 dollars");
        let one = passages(&["18 dollars"]);
        assert_eq!(documents::put(&mut w, &second, &one).await.unwrap(), Put::Updated { version: 2 });
        let second = Document { version: 2, ..second };
        w.save().await.unwrap();

        let mut r = bench.read().await;
        assert_eq!(documents::version(&mut r).await.unwrap(), "k2");
        assert_eq!(documents::get(&mut r, Collection::Customer, "card-fees").await.unwrap().unwrap(), second);
        assert!(documents::get(&mut r, Collection::Banker, "card-fees").await.unwrap().is_none());
        let cited = documents::get_version(&mut r, Collection::Customer, "card-fees", 1).await.unwrap();
        assert_eq!(cited.unwrap(), first);
        assert_eq!(documents::passages(&mut r, first.id).await.unwrap(), two);
        assert_eq!(documents::passages(&mut r, second.id).await.unwrap(), one);
    }

    async fn a_document_keeps_where_it_comes_from_and_that_makes_no_version(bench) {
        let mut w = bench.write().await;
        let of = async |w: &mut _| sources::current(w, Collection::Customer, "fees").await.unwrap();
        assert_eq!(of(&mut w).await, None);
        let first = document(&bench.ids, "fees", "15 dollars");
        documents::put(&mut w, &first, &[]).await.unwrap();
        assert_eq!(of(&mut w).await, Some(None), "it was not told");
        sources::keep(&mut w, first.id, "/bank/cards/fees.md").await.unwrap();
        w.save().await.unwrap();

        let mut w = bench.write().await;
        assert_eq!(of(&mut w).await, Some(Some("/bank/cards/fees.md".to_owned())));
        assert_eq!(documents::locked_version(&mut w).await.unwrap(), "k1");
        let same = document(&bench.ids, "fees", "15 dollars");
        assert_eq!(documents::unchanged(&mut w, &same).await.unwrap(), Some(first.id));
        let other = document(&bench.ids, "fees", "18 dollars");
        assert_eq!(documents::unchanged(&mut w, &other).await.unwrap(), None);
        documents::put(&mut w, &other, &[]).await.unwrap();
        assert_eq!(of(&mut w).await, Some(None), "a version has a source of its own");
    }

    async fn front_matter_makes_a_version_too(bench) {
        let mut w = bench.write().await;
        let first = document(&bench.ids, "offer", "4 %");
        documents::put(&mut w, &first, &[]).await.unwrap();
        let mut ended = document(&bench.ids, "offer", "4 %");
        ended.valid_until = Some(time::macros::date!(2026 - 12 - 31));
        ended.role = Some(contactiq_domain::Role::Supervisor);
        assert_eq!(documents::put(&mut w, &ended, &[]).await.unwrap(), Put::Updated { version: 2 });
        let found = documents::get(&mut w, Collection::Customer, "offer").await.unwrap().unwrap();
        assert_eq!(
            (found.valid_from, found.valid_until, found.role),
            (ended.valid_from, ended.valid_until, ended.role)
        );
    }

    async fn two_documents_may_say_the_same_to_different_people(bench) {
        let mut w = bench.write().await;
        let open = document(&bench.ids, "fees", "15 dollars");
        let mut staff = document(&bench.ids, "fees-for-staff", "15 dollars");
        staff.role = Some(contactiq_domain::Role::Banker);
        for both in [&open, &staff] {
            assert_eq!(documents::put(&mut w, both, &passages(&["15 dollars"])).await.unwrap(), Put::Added);
        }
        w.save().await.unwrap();
        let mut r = bench.read().await;
        assert_eq!(documents::list(&mut r, None).await.unwrap().len(), 2);
    }

    async fn what_is_removed_is_out_of_use_and_its_versions_go_on(bench) {
        let mut w = bench.write().await;
        let first = document(&bench.ids, "old", "text");
        documents::put(&mut w, &first, &passages(&["text"])).await.unwrap();
        w.save().await.unwrap();
        let mut w = bench.write().await;
        assert!(documents::remove(&mut w, Collection::Customer, "old").await.unwrap());
        assert!(!documents::remove(&mut w, Collection::Customer, "old").await.unwrap());
        assert_eq!(documents::version(&mut w).await.unwrap(), "k2");
        assert!(documents::get(&mut w, Collection::Customer, "old").await.unwrap().is_none());
        assert!(documents::all_current(&mut w).await.unwrap().is_empty());
        assert!(documents::get_version(&mut w, Collection::Customer, "old", 1).await.unwrap().is_some());
        // Its text may come back, under its own slug or another.
        let back = document(&bench.ids, "old", "text");
        assert_eq!(documents::put(&mut w, &back, &[]).await.unwrap(), Put::Updated { version: 2 });
    }

    async fn lists_go_by_collection_and_the_index_gets_everything(bench) {
        let mut w = bench.write().await;
        let mut staff = document(&bench.ids, "policy", "same text");
        staff.collection = Collection::Banker;
        let open = document(&bench.ids, "policy", "same text");
        let bare = document(&bench.ids, "bare", "");
        for (document, texts) in [(&open, &["a", "b"][..]), (&staff, &["c"][..]), (&bare, &[][..])] {
            assert_eq!(documents::put(&mut w, document, &passages(texts)).await.unwrap(), Put::Added);
        }
        let [staff, bare, open] = [staff, bare, open].map(|document| document.with_text(()));
        assert_eq!(documents::list(&mut w, None).await.unwrap(), [staff.clone(), bare.clone(), open.clone()]);
        let customers = Some(Collection::Customer);
        assert_eq!(documents::list(&mut w, customers).await.unwrap(), [bare.clone(), open.clone()]);
        let all = documents::all_current(&mut w).await.unwrap();
        assert_eq!(all, [(staff, passages(&["c"])), (bare, vec![]), (open, passages(&["a", "b"]))]);
    }

    async fn imports_at_the_same_time_count_up_one_after_the_other(bench) {
        let mut tasks = JoinSet::new();
        for n in 0..8 {
            let (store, next) = (bench.store.clone(), document(&bench.ids, "busy", &format!("text {n}")));
            tasks.spawn(async move {
                let mut w = store.write().await?;
                documents::put(&mut w, &next, &passages(&["text"])).await?;
                w.save().await
            });
        }
        let done: Vec<Result<(), StoreError>> = tasks.join_all().await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        let mut r = bench.read().await;
        assert_eq!(documents::version(&mut r).await.unwrap(), "k8");
        assert_eq!(documents::list(&mut r, None).await.unwrap()[0].version, 8);
    }

    async fn a_document_without_a_slug_is_refused(bench) {
        let mut nameless = document(&bench.ids, "", "text");
        nameless.text = Published::by_bank("text");
        let refused = documents::put(&mut bench.write().await, &nameless, &[]).await;
        assert_eq!(refused, Err(StoreError::Refused { rule: "documents_slug_given".into() }));
    }
}

#[tokio::test]
async fn lists_and_the_index_read_no_whole_texts() {
    let bench = Bench::at(Place::sqlite()).await;
    let mut w = bench.write().await;
    documents::put(&mut w, &document(&bench.ids, "fees", "15 dollars"), &passages(&["15 dollars"]))
        .await
        .unwrap();
    w.save().await.unwrap();
    // Whoever reads it stumbles: it is no text.
    bench.place.raw("UPDATE documents SET text = X'FF'").await.unwrap();
    let mut r = bench.read().await;
    assert!(documents::get(&mut r, Collection::Customer, "fees").await.is_err(), "a control");
    assert_eq!(documents::list(&mut r, None).await.unwrap().len(), 1);
    assert_eq!(documents::all_current(&mut r).await.unwrap()[0].1.len(), 1);
    assert_eq!(contactiq_store::versions::documents(&mut r, "k1").await.unwrap().len(), 1);
    drop(r);
    bench.end().await;
}
