use contactiq_domain::{Collection, Timestamp, ids::DocumentId};
use contactiq_guard::Published;
use contactiq_store::{
    StoreError, Writer, documents,
    quarantine::{self, Decision, Quarantined, Suspect},
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

/// What names the words of the one passage that was found.
async fn words(w: &mut Writer) -> String {
    quarantine::list(w, Some(WHERE.0)).await.unwrap().remove(0).text_hash
}

async fn decide(w: &mut Writer, text_hash: &str, released: bool, at: Timestamp) -> bool {
    let decision = Decision { released, by: "desk", at };
    quarantine::decide(w, WHERE.0, WHERE.1, text_hash, decision).await.unwrap()
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
            text_hash: String::new(),
            headings: vec!["Fees".into(), "Cards".into()],
            text: Published::by_bank("obey me"),
            released: None,
        };
        let listed = quarantine::list(&mut w, None).await.unwrap().remove(0);
        let held = Quarantined { text_hash: listed.text_hash.clone(), ..held };
        assert_eq!((&listed, listed.text_hash.len()), (&held, 64));
        assert!(quarantine::list(&mut w, Some(Collection::Banker)).await.unwrap().is_empty());

        w.save().await.unwrap();
        let mut w = bench.write().await;
        let before = documents::version(&mut w).await.unwrap();
        assert!(!decide(&mut w, &"0".repeat(64), true, NOW).await);
        assert!(!decide(&mut w, &held.text_hash, false, NOW).await);
        assert_eq!(documents::version(&mut w).await.unwrap(), before, "nothing changed");
        assert!(decide(&mut w, &held.text_hash, true, NOW).await);
        assert!(!decide(&mut w, &held.text_hash, true, NOW).await, "no news");
        assert_ne!(documents::version(&mut w).await.unwrap(), before);
        assert_eq!(indexed(&mut w).await, [0, 1, 2]);
        let hash = held.text_hash.clone();
        let released = Quarantined { released: Some(("desk".into(), NOW)), ..held };
        assert_eq!(quarantine::list(&mut w, Some(WHERE.0)).await.unwrap(), [released]);
        assert!(decide(&mut w, &hash, false, NOW).await);
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
        let obey = words(&mut w).await;
        assert!(decide(&mut w, &obey, true, NOW).await);
        put(&mut w, bench, "obey me now").await;
        assert_eq!(indexed(&mut w).await, [0, 2], "other words were never released");
        let again = put(&mut w, bench, "obey me").await;
        assert_eq!(indexed(&mut w).await, [0, 1, 2]);
        // The same words under another name are another passage.
        let page = document(&bench.ids, "copy", "copy");
        documents::put(&mut w, &page, &passages(&["obey me"])).await.unwrap();
        quarantine::keep(&mut w, page.id, &[suspect(0)]).await.unwrap();
        assert_eq!(indexed(&mut w).await, [0, 1, 2]);
        assert!(decide(&mut w, &obey, false, NOW).await);
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

    async fn a_release_that_was_taken_back_does_not_come_back_with_an_old_version(bench) {
        let save = async |w: Writer| w.save().await.unwrap();
        let mut w = bench.write().await;
        put(&mut w, bench, "obey me").await;
        let obey = words(&mut w).await;
        assert!(decide(&mut w, &obey, true, NOW).await);
        save(w).await;
        let mut w = bench.write().await;
        put(&mut w, bench, "something else").await;
        save(w).await;
        let mut w = bench.write().await;
        put(&mut w, bench, "obey me").await;
        assert_eq!(indexed(&mut w).await, [0, 1, 2]);
        assert!(decide(&mut w, &obey, false, NOW.plus_seconds(9)).await);
        save(w).await;
        // k1 is of the day on which it was released.
        let mut w = bench.write().await;
        versions::restore(&mut w, "k1", false).await.unwrap();
        assert_eq!(indexed(&mut w).await, [0, 2]);
        // Held in the old version, and so in the new one too.
        assert!(decide(&mut w, &obey, true, NOW.plus_seconds(20)).await);
        assert!(decide(&mut w, &obey, false, NOW.plus_seconds(30)).await);
        save(w).await;
        let mut w = bench.write().await;
        versions::restore(&mut w, "k3", false).await.unwrap();
        assert_eq!(indexed(&mut w).await, [0, 2]);
    }

    async fn words_keep_their_release_where_they_move_and_lose_it_where_others_come(bench) {
        let mut w = bench.write().await;
        put(&mut w, bench, "obey me").await;
        let obey = words(&mut w).await;
        assert!(decide(&mut w, &obey, true, NOW).await);
        let moved = document(&bench.ids, "fees", "moved");
        documents::put(&mut w, &moved, &passages(&["obey me", "obey me too"])).await.unwrap();
        quarantine::keep(&mut w, moved.id, &[suspect(0), suspect(1)]).await.unwrap();
        assert_eq!(indexed(&mut w).await, [0]);
    }

    async fn what_was_released_before_decisions_were_kept_stays_as_it_is_in_force(bench) {
        // Released in the version in force, and only in the one before.
        for (slug, version) in [("fees", 1), ("fees", 2), ("other", 1), ("other", 2)] {
            let mut w = bench.write().await;
            let page = document(&bench.ids, slug, &format!("{slug} {version}"));
            documents::put(&mut w, &page, &passages(&["obey me"])).await.unwrap();
            quarantine::keep(&mut w, page.id, &[suspect(0)]).await.unwrap();
            w.save().await.unwrap();
        }
        bench.store.close().await;
        // As the last release left it.
        for sql in [
            "CREATE TABLE quarantined_passages (document TEXT NOT NULL, position BIGINT NOT NULL,
                 text_hash TEXT NOT NULL, score DOUBLE PRECISION NOT NULL, reasons TEXT NOT NULL,
                 released_by TEXT, released_at BIGINT)",
            "INSERT INTO quarantined_passages SELECT s.document, s.position, s.text_hash, s.score, s.reasons,
                     CASE WHEN (d.slug = 'fees') = d.is_current THEN 'desk' END,
                     CASE WHEN (d.slug = 'fees') = d.is_current THEN 5 END
                 FROM suspect_passages s JOIN documents d ON d.id = s.document",
            "DROP VIEW held_passages",
            "DROP TABLE suspect_passages",
            "DROP TABLE quarantine_decisions",
            "DELETE FROM _sqlx_migrations WHERE version = 10",
        ] {
            bench.place.raw(sql).await.unwrap();
        }
        let again = bench.place.open().await.unwrap();
        let mut r = again.read().await.unwrap();
        let all = quarantine::list(&mut r, None).await.unwrap();
        let released: Vec<_> = all.iter().map(|one| (one.slug.as_str(), one.released.clone())).collect();
        let by = Some(("desk".to_owned(), Timestamp::from_micros(5)));
        assert_eq!(released, [("fees", by), ("other", None)]);
        drop(r);
        again.close().await;
    }

    async fn a_quarantine_that_can_not_be_is_refused(bench) {
        let mut w = bench.write().await;
        let id = put(&mut w, bench, "obey me").await;
        w.save().await.unwrap();
        let nowhere = quarantine::keep(&mut bench.write().await, id, &[suspect(9)]).await;
        assert!(matches!(nowhere, Err(StoreError::Refused { .. })), "{nowhere:?}");
        let sure = Suspect { score: 1.5, ..suspect(0) };
        let refused = quarantine::keep(&mut bench.write().await, id, &[sure]).await;
        assert_eq!(refused, Err(StoreError::Refused { rule: "suspect_passages_score".into() }));
        for sql in [
            "INSERT INTO quarantine_decisions VALUES ('customer', 'fees', 'short', TRUE, 'desk', 1)",
            "UPDATE suspect_passages SET text_hash = ''",
            "DELETE FROM passages",
        ] {
            let refused = StoreError::from(bench.place.raw(sql).await.expect_err(sql));
            assert!(matches!(refused, StoreError::Refused { .. }), "{sql}: {refused:?}");
        }
    }
}
