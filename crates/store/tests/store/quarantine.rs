use contactiq_domain::{Collection, ids::DocumentId};
use contactiq_guard::Published;
use contactiq_store::{
    StoreError, Writer, documents,
    quarantine::{self, Quarantined, Suspect},
    versions,
};

use crate::{
    engines::Bench,
    samples::{NOW, document, passages},
};

const WHERE: (Collection, &str) = (Collection::Customer, "fees");

fn suspect(position: u32) -> Suspect {
    Suspect { position, score: 0.93, reasons: vec!["override/ignore".into()] }
}

/// Puts a text of three passages, the middle one suspect.
async fn put(w: &mut Writer, bench: &Bench, middle: &str) -> DocumentId {
    let page = document(&bench.ids, "fees", &format!("all with {middle}"));
    documents::put(w, &page, &passages(&["first", middle, "last"])).await.unwrap();
    quarantine::keep(w, page.id, &[suspect(1)]).await.unwrap();
    page.id
}

async fn indexed(w: &mut Writer) -> Vec<u32> {
    let all = documents::all_current(w).await.unwrap();
    all.iter().flat_map(|(_, passages)| passages.iter().map(|p| p.position)).collect()
}

on_both_engines! {
    async fn what_is_in_quarantine_is_listed_and_not_indexed_until_it_is_released(bench) {
        let mut w = bench.write().await;
        let id = put(&mut w, bench, "obey me").await;
        assert_eq!(indexed(&mut w).await, [0, 2]);
        assert_eq!(documents::passages(&mut w, id).await.unwrap().len(), 3);
        assert_eq!(quarantine::held(&mut w, id).await.unwrap(), [1]);
        let held = Quarantined {
            collection: WHERE.0,
            slug: WHERE.1.into(),
            title: "Title of fees".into(),
            suspect: suspect(1),
            headings: vec!["Fees".into(), "Cards".into()],
            text: Published::by_bank("obey me"),
            released: None,
        };
        assert_eq!(quarantine::list(&mut w, None).await.unwrap(), std::slice::from_ref(&held));
        assert!(quarantine::list(&mut w, Some(Collection::Banker)).await.unwrap().is_empty());

        w.save().await.unwrap();
        let mut w = bench.write().await;
        let before = documents::version(&mut w).await.unwrap();
        assert!(!quarantine::release(&mut w, WHERE.0, WHERE.1, 0, "desk", NOW).await.unwrap());
        assert!(!quarantine::hold(&mut w, WHERE.0, WHERE.1, 1).await.unwrap());
        assert_eq!(documents::version(&mut w).await.unwrap(), before, "nothing changed");
        assert!(quarantine::release(&mut w, WHERE.0, WHERE.1, 1, "desk", NOW).await.unwrap());
        assert_ne!(documents::version(&mut w).await.unwrap(), before);
        assert_eq!(indexed(&mut w).await, [0, 1, 2]);
        let released = Quarantined { released: Some(("desk".into(), NOW)), ..held };
        assert_eq!(quarantine::list(&mut w, Some(WHERE.0)).await.unwrap(), [released]);
        assert!(quarantine::hold(&mut w, WHERE.0, WHERE.1, 1).await.unwrap());
        assert_eq!(indexed(&mut w).await, [0, 2]);
    }

    async fn a_quarantine_makes_a_version_and_holds_in_earlier_ones(bench) {
        let mut w = bench.write().await;
        let page = document(&bench.ids, "fees", "all");
        documents::put(&mut w, &page, &passages(&["first", "obey me", "last"])).await.unwrap();
        w.save().await.unwrap();
        let mut w = bench.write().await;
        quarantine::keep(&mut w, page.id, &[suspect(1)]).await.unwrap();
        w.save().await.unwrap();
        let mut r = bench.read().await;
        let versions = versions::list(&mut r, None).await.unwrap();
        assert_eq!(versions.iter().map(|v| v.version.as_str()).collect::<Vec<_>>(), ["k2", "k1", "k0"]);
        for version in ["k2", "k1"] {
            let all = versions::documents(&mut r, version).await.unwrap();
            assert_eq!(all[0].1.iter().map(|p| p.position).collect::<Vec<_>>(), [0, 2], "{version}");
        }
    }

    async fn a_release_is_of_the_words_and_the_last_word_counts(bench) {
        let mut w = bench.write().await;
        put(&mut w, bench, "obey me").await;
        quarantine::release(&mut w, WHERE.0, WHERE.1, 1, "desk", NOW).await.unwrap();
        put(&mut w, bench, "obey me now").await;
        assert_eq!(indexed(&mut w).await, [0, 2], "other words were never released");
        let again = put(&mut w, bench, "obey me").await;
        assert_eq!(indexed(&mut w).await, [0, 1, 2]);
        // The same words under another name are another passage.
        let page = document(&bench.ids, "copy", "copy");
        documents::put(&mut w, &page, &passages(&["obey me"])).await.unwrap();
        quarantine::keep(&mut w, page.id, &[suspect(0)]).await.unwrap();
        assert_eq!(indexed(&mut w).await, [0, 1, 2]);
        quarantine::hold(&mut w, WHERE.0, WHERE.1, 1).await.unwrap();
        put(&mut w, bench, "something else").await;
        put(&mut w, bench, "obey me").await;
        assert_eq!(indexed(&mut w).await, [0, 2]);
        assert_eq!(quarantine::keep(&mut w, again, &[suspect(1)]).await.unwrap(), [1]);
        // What is found no longer is free, in old versions too, and is no change when said twice.
        quarantine::keep(&mut w, again, &[]).await.unwrap();
        let version = documents::version(&mut w).await.unwrap();
        quarantine::keep(&mut w, again, &[]).await.unwrap();
        assert_eq!(documents::version(&mut w).await.unwrap(), version);
    }

    async fn a_quarantine_that_can_not_be_is_refused(bench) {
        let mut w = bench.write().await;
        let id = put(&mut w, bench, "obey me").await;
        w.save().await.unwrap();
        let nowhere = quarantine::keep(&mut bench.write().await, id, &[suspect(9)]).await;
        assert!(matches!(nowhere, Err(StoreError::Refused { .. })), "{nowhere:?}");
        let sure = Suspect { score: 1.5, ..suspect(0) };
        let refused = quarantine::keep(&mut bench.write().await, id, &[sure]).await;
        assert_eq!(refused, Err(StoreError::Refused { rule: "quarantined_passages_score".into() }));
        for sql in [
            "UPDATE quarantined_passages SET released_by = 'desk'",
            "UPDATE quarantined_passages SET text_hash = ''",
            "DELETE FROM passages",
        ] {
            let refused = StoreError::from(bench.place.raw(sql).await.expect_err(sql));
            assert!(matches!(refused, StoreError::Refused { .. }), "{sql}: {refused:?}");
        }
    }
}
