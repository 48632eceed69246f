//! What must go, goes from every version, and nothing brings it back.

use contactiq_domain::Collection;
use contactiq_guard::Published;
use contactiq_store::{
    StoreError, documents,
    erase::{self, Erased},
    quarantine::{self, Suspect},
    rulings::{self, Ruling, Side, Verdict},
    sources, versions,
};

use crate::{
    engines::{Bench, Place},
    samples::{NOW, document, passages},
};

const WHERE: (Collection, &str) = (Collection::Customer, "leak");
const CANARY: &str = "CANARY the home address of Jane Sample";

/// A document of two versions that is quarantined and ruled on, beside another; `k4` has it no more.
async fn fill(bench: &Bench) {
    for text in ["first", "second"] {
        let text = format!("{CANARY} {text}");
        let mut leak = document(&bench.ids, "leak", &text);
        leak.title = format!("{CANARY} title");
        leak.content_hash = format!("hash of {} letters", text.len());
        let mut w = bench.write().await;
        documents::put(&mut w, &leak, &passages(&[&text, "more"])).await.unwrap();
        let suspect = Suspect { position: 0, score: 0.9, reasons: vec!["override/ignore".into()] };
        quarantine::keep(&mut w, leak.id, &[suspect]).await.unwrap();
        sources::keep(&mut w, leak.id, &format!("/desk/{CANARY}.pdf")).await.unwrap();
        w.save().await.unwrap();
    }
    let mut w = bench.write().await;
    let other = document(&bench.ids, "other", "stays");
    documents::put(&mut w, &other, &passages(&["stays"])).await.unwrap();
    let side = |document: &str, sentence: &str| Side { document: document.into(), sentence: sentence.into() };
    let ruling = Ruling {
        conflict: "0123456789abcdef".into(),
        collection: WHERE.0,
        one: side("leak", CANARY),
        other: side("other", "stays"),
        verdict: Verdict::Prefer("other".into()),
        note: None,
        by: "desk".into(),
        at: NOW,
    };
    rulings::put(&mut w, &ruling).await.unwrap();
    let conflict = "fedcba9876543210".into();
    let for_it = Ruling { conflict, verdict: Verdict::Prefer("leak".into()), ..ruling };
    rulings::put(&mut w, &for_it).await.unwrap();
    w.save().await.unwrap();
    let mut w = bench.write().await;
    assert!(documents::remove(&mut w, WHERE.0, WHERE.1).await.unwrap());
    w.save().await.unwrap();
}

async fn erased(bench: &Bench, slug: &str) -> Erased {
    let mut w = bench.write().await;
    let done = erase::document(&mut w, WHERE.0, slug, "command-line", NOW).await.unwrap();
    w.save().await.unwrap();
    done
}

on_both_engines! {
    async fn an_erased_document_leaves_its_name_and_no_word(bench) {
        fill(bench).await;
        assert_eq!(erased(bench, "nobody").await, Erased::Unknown);
        assert_eq!(erased(bench, "other").await, Erased::InUse, "only what was removed");
        assert_eq!(erase::count(&mut *bench.read().await).await.unwrap(), 0);
        let mut r = bench.read().await;
        let mut versions_of = Vec::new();
        for version in [1, 2] {
            let found = documents::get_version(&mut r, WHERE.0, WHERE.1, version).await.unwrap();
            versions_of.push(found.unwrap());
        }
        let before = documents::version(&mut r).await.unwrap();
        drop(r);

        assert_eq!(erased(bench, "leak").await, Erased::Now { versions: 2 });
        assert_eq!(erased(bench, "leak").await, Erased::Before);
        let mut r = bench.read().await;
        assert_ne!(documents::version(&mut r).await.unwrap(), before, "whoever serves it loads it anew");
        assert_eq!(erase::count(&mut r).await.unwrap(), 2);
        for version in &versions_of {
            assert_eq!(documents::get_version(&mut r, WHERE.0, WHERE.1, version.version).await.unwrap(), None);
            assert!(documents::passages(&mut r, version.id).await.unwrap().is_empty());
            assert!(quarantine::held(&mut r, version.id).await.unwrap().is_empty());
        }
        // What was ruled wrong against it does not become right.
        let left = rulings::list(&mut r).await.unwrap();
        let [left] = left.as_slice() else { panic!("{left:?}") };
        assert_eq!(left.verdict, Verdict::Prefer("leak".into()));
        assert_eq!((left.one.sentence.as_str(), left.other.sentence.as_str()), ("", "stays"));
        let left = documents::latest(&mut r, WHERE.0, WHERE.1).await.unwrap().unwrap();
        let last = &versions_of[1];
        assert_eq!((left.id, left.version, &left.content_hash), (last.id, 2, &last.content_hash));
        assert_eq!((left.title.as_str(), left.text.as_str(), left.url.as_str()), ("", "", ""));
        let then = versions::documents(&mut r, "k1").await.unwrap();
        assert!(then.is_empty(), "{then:?}");
        let listed = documents::list(&mut r, None).await.unwrap();
        assert_eq!(listed.iter().map(|d| d.slug.as_str()).collect::<Vec<_>>(), ["other"]);
    }

    async fn what_is_erased_can_not_be_restored_and_the_rest_can(bench) {
        fill(bench).await;
        erased(bench, "leak").await;
        let refused = versions::restore(&mut bench.write().await, "k1", false).await.unwrap_err();
        assert_eq!(refused, StoreError::Erased { documents: "customer/leak".into() });
        let mut w = bench.write().await;
        assert!(documents::remove(&mut w, WHERE.0, "other").await.unwrap());
        w.save().await.unwrap();
        let mut w = bench.write().await;
        let changes = versions::restore(&mut w, "k3", true).await.unwrap();
        assert_eq!(changes.iter().map(|c| c.slug.as_str()).collect::<Vec<_>>(), ["other"]);
        w.save().await.unwrap();
        // A law of the schema keeps it, whoever writes.
        for sql in [
            "UPDATE documents SET is_current = TRUE WHERE slug = 'leak' AND version = 2",
            "UPDATE documents SET text = 'back' WHERE slug = 'leak'",
        ] {
            assert!(bench.place.raw(sql).await.is_err(), "{sql}");
        }
        // A new text may come under the name, as its next version.
        let new = document(&bench.ids, "leak", "clean");
        let mut w = bench.write().await;
        let put = documents::put(&mut w, &new, &passages(&["clean"])).await.unwrap();
        assert_eq!(put, documents::Put::Updated { version: 3 });
        w.save().await.unwrap();
        assert_eq!(erased(bench, "leak").await, Erased::InUse);
        // Restoring what was before leaves the new text alone.
        let mut w = bench.write().await;
        let changes = versions::restore(&mut w, "k3", true).await.unwrap();
        assert!(changes.iter().all(|c| c.slug != "leak"), "{changes:?}");
        w.save().await.unwrap();
        let mut r = bench.read().await;
        let now = documents::get(&mut r, WHERE.0, WHERE.1).await.unwrap().unwrap();
        assert_eq!(now.text, Published::by_bank("clean"));
    }
}

#[tokio::test]
async fn on_sqlite_no_word_is_left_on_the_disk() {
    let bench = Bench::at(Place::sqlite()).await;
    fill(&bench).await;
    let Place::Sqlite(folder) = &bench.place else { unreachable!() };
    let on_disk = || {
        let files =
            std::fs::read_dir(folder.path()).unwrap().map(|f| std::fs::read(f.unwrap().path()).unwrap());
        files.flatten().collect::<Vec<u8>>().windows(6).any(|bytes| bytes == b"CANARY")
    };
    assert!(on_disk(), "a control");
    erased(&bench, "leak").await;
    assert!(bench.store.fold().await.unwrap());
    assert!(!on_disk());
    bench.end().await;
}
