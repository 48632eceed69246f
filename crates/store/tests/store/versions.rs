//! Versions of the whole knowledge: named, signed, readable and restorable.

use contactiq_domain::{Collection, Document};
use contactiq_guard::Published;
use contactiq_store::{
    StoreError,
    documents::{self, Put},
    versions::{self, Change, ChangeKind, Signature},
};

use crate::{
    engines::Bench,
    samples::{NOW, document, passages},
};

async fn put(bench: &Bench, document: &Document<Published>) -> Put {
    let mut w = bench.write().await;
    versions::sign(&mut w, Signature { at: NOW, by: "ann".into(), command: "knowledge add".into() });
    let texts = [document.text.as_str()];
    let put = documents::put(&mut w, document, &passages(&texts)).await.unwrap();
    w.save().await.unwrap();
    put
}

async fn remove(bench: &Bench, slug: &str) {
    let mut w = bench.write().await;
    documents::remove(&mut w, Collection::Customer, slug).await.unwrap();
    w.save().await.unwrap();
}

async fn restore(bench: &Bench, version: &str) -> Vec<Change> {
    let mut w = bench.write().await;
    let changes = versions::restore(&mut w, version, false).await.unwrap();
    w.save().await.unwrap();
    changes
}

async fn texts(bench: &Bench, version: &str) -> Vec<String> {
    let all = versions::documents(&mut *bench.read().await, version).await.unwrap();
    all.into_iter()
        .map(|(document, passages)| format!("{} {}", document.slug, passages[0].text.as_str()))
        .collect()
}

fn change(slug: &str, kind: ChangeKind) -> Change {
    Change { collection: Collection::Customer, slug: slug.to_owned(), kind }
}

on_both_engines! {
    async fn every_version_tells_who_made_it_and_what_it_changed(bench) {
        let fees = document(&bench.ids, "fees", "5 dollars");
        put(bench, &fees).await;
        let dearer = document(&bench.ids, "fees", "6 dollars");
        put(bench, &dearer).await;
        remove(bench, "fees").await;
        let all = versions::list(&mut *bench.read().await, None).await.unwrap();
        let names: Vec<&str> = all.iter().map(|v| v.version.as_str()).collect();
        assert_eq!(names, ["k3", "k2", "k1", "k0"]);
        let changes: Vec<&[Change]> = all.iter().map(|v| v.changes.as_slice()).collect();
        let once = |kind| vec![change("fees", kind)];
        let (added, changed, removed) =
            (once(ChangeKind::Added), once(ChangeKind::Changed), once(ChangeKind::Removed));
        assert_eq!(changes, [removed.as_slice(), &changed, &added, &[]]);
        assert_eq!((all[1].made_at, all[1].made_by.as_str(), all[1].command.as_str()), (Some(NOW), "ann", "knowledge add"));
        assert_eq!((all[0].made_at, all[0].made_by.as_str()), (None, ""), "nobody signed");
        assert_eq!(versions::list(&mut *bench.read().await, Some(2)).await.unwrap(), all[..2]);
    }

    async fn what_changes_together_is_one_version_and_what_is_not_saved_is_none(bench) {
        let mut w = bench.write().await;
        for slug in ["a", "b", "c"] {
            documents::put(&mut w, &document(&bench.ids, slug, slug), &[]).await.unwrap();
        }
        documents::remove(&mut w, Collection::Customer, "b").await.unwrap();
        w.save().await.unwrap();
        let mut lost = bench.write().await;
        documents::put(&mut lost, &document(&bench.ids, "d", "d"), &[]).await.unwrap();
        drop(lost);
        let all = versions::list(&mut *bench.read().await, None).await.unwrap();
        assert_eq!(all.len(), 2);
        let kinds: Vec<ChangeKind> = all[0].changes.iter().map(|c| c.kind).collect();
        assert_eq!(kinds, [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Added]);
        assert_eq!(documents::version(&mut *bench.read().await).await.unwrap(), "k1");
    }

    async fn who_may_read_a_removed_document_is_told_by_what_was_last_in_force(bench) {
        put(bench, &document(&bench.ids, "desk", "for some")).await;
        put(bench, &document(&bench.ids, "desk", "for all, by mistake")).await;
        restore(bench, "k1").await;
        remove(bench, "desk").await;
        let last = documents::latest(&mut *bench.read().await, Collection::Customer, "desk").await.unwrap();
        assert_eq!(last.map(|d| d.version), Some(1));
    }

    async fn an_old_version_is_read_and_made_current_again_with_nothing_lost(bench) {
        let old = document(&bench.ids, "fees", "5 dollars");
        put(bench, &old).await;
        put(bench, &document(&bench.ids, "limits", "500 a day")).await;
        put(bench, &document(&bench.ids, "fees", "6 dollars")).await;
        remove(bench, "limits").await;
        put(bench, &document(&bench.ids, "hours", "9 to 5")).await;
        assert_eq!(texts(bench, "k2").await, ["fees 5 dollars", "limits 500 a day"]);
        assert_eq!(texts(bench, "k5").await, ["fees 6 dollars", "hours 9 to 5"]);
        assert!(texts(bench, "k0").await.is_empty());

        let changes = restore(bench, "k2").await;
        let wanted = [
            change("fees", ChangeKind::Changed),
            change("limits", ChangeKind::Added),
            change("hours", ChangeKind::Removed),
        ];
        assert_eq!(changes, wanted);
        assert_eq!(documents::version(&mut *bench.read().await).await.unwrap(), "k6");
        assert_eq!(texts(bench, "k6").await, texts(bench, "k2").await);
        let now = documents::get(&mut *bench.read().await, Collection::Customer, "fees").await.unwrap().unwrap();
        assert_eq!((now.id, now.version), (old.id, 1), "the same content is the same document");
        let current: Vec<String> = documents::list(&mut *bench.read().await, None).await.unwrap().into_iter().map(|d| d.slug).collect();
        assert_eq!(current, ["fees", "limits"]);

        assert!(restore(bench, "k2").await.is_empty(), "it is so already");
        assert_eq!(documents::version(&mut *bench.read().await).await.unwrap(), "k6");
        restore(bench, "k5").await;
        assert_eq!(texts(bench, "k7").await, ["fees 6 dollars", "hours 9 to 5"]);
        let next = document(&bench.ids, "fees", "7 dollars");
        assert_eq!(put(bench, &next).await, Put::Updated { version: 3 }, "numbers go on");
    }

    async fn names_that_documents_changed_with_each_other_come_back(bench) {
        put(bench, &document(&bench.ids, "a", "one")).await;
        put(bench, &document(&bench.ids, "b", "two")).await;
        let mut w = bench.write().await;
        documents::remove(&mut w, Collection::Customer, "a").await.unwrap();
        documents::put(&mut w, &document(&bench.ids, "b", "one"), &passages(&["one"])).await.unwrap();
        documents::put(&mut w, &document(&bench.ids, "a", "two"), &passages(&["two"])).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(texts(bench, "k3").await, ["a two", "b one"]);
        restore(bench, "k2").await;
        assert_eq!(texts(bench, "k4").await, ["a one", "b two"]);
    }

    async fn a_version_that_is_not_there_is_said_to_be_missing(bench) {
        put(bench, &document(&bench.ids, "a", "one")).await;
        for name in ["k2", "k-1", "2", "", "k", "kk1", "k99999999999999999999"] {
            let missing = Err(StoreError::NotFound { what: "version of the knowledge" });
            assert_eq!(versions::documents(&mut *bench.read().await, name).await.map(drop), missing, "{name}");
            assert_eq!(versions::restore(&mut bench.write().await, name, false).await.map(drop), missing, "{name}");
        }
    }

    async fn a_restore_that_was_judged_before_a_change_is_planned_anew(bench) {
        put(bench, &document(&bench.ids, "a", "one")).await;
        put(bench, &document(&bench.ids, "a", "two")).await;
        let mut r = bench.read().await;
        let judged = documents::version(&mut r).await.unwrap();
        let steps = versions::plan(&mut r, "k1", false).await.unwrap();
        assert_eq!(steps.iter().map(|s| &s.change).collect::<Vec<_>>(), [&change("a", ChangeKind::Changed)]);
        assert!(steps[0].document.is_some());
        drop(r);
        put(bench, &document(&bench.ids, "b", "three")).await;
        let mut w = bench.write().await;
        assert_eq!(versions::restore_judged(&mut w, "k1", false, &judged).await.unwrap(), None);
        w.save().await.unwrap();
        assert_eq!(texts(bench, "k3").await, ["a two", "b three"]);
        let mut w = bench.write().await;
        let changes = versions::restore_judged(&mut w, "k1", false, "k3").await.unwrap().unwrap();
        assert_eq!(changes, [change("a", ChangeKind::Changed), change("b", ChangeKind::Removed)]);
        w.save().await.unwrap();
        assert_eq!(texts(bench, "k4").await, ["a one"]);
    }

    async fn documents_from_before_versions_are_in_the_first_one(bench) {
        put(bench, &document(&bench.ids, "a", "one")).await;
        put(bench, &document(&bench.ids, "b", "two")).await;
        bench.store.close().await;
        // As the last release left it.
        for sql in [
            "DROP TABLE knowledge_changes",
            "DROP TABLE knowledge_versions",
            "ALTER TABLE documents DROP COLUMN role",
            "DELETE FROM _sqlx_migrations WHERE version = 6",
        ] {
            bench.place.raw(sql).await.unwrap();
        }
        let again = bench.place.open().await.unwrap();
        let mut r = again.read().await.unwrap();
        let all = versions::list(&mut r, None).await.unwrap();
        assert_eq!((all.len(), all[0].version.as_str(), all[0].made_at), (1, "k2", None));
        assert_eq!(versions::documents(&mut r, "k2").await.unwrap().len(), 2);
        drop(r);
        again.close().await;
    }
}
