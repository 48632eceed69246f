use contactiq_domain::Collection;
use contactiq_store::{
    StoreError, documents,
    rulings::{self, Ruling, Side, Verdict},
    versions,
};

use crate::samples::{NOW, masked};

fn ruling(verdict: Verdict) -> Ruling {
    let side = |document: &str, sentence: &str| Side { document: document.into(), sentence: sentence.into() };
    Ruling {
        conflict: "00112233aabbccdd".into(),
        collection: Collection::Customer,
        one: side("fees", "A copy costs $5."),
        other: side("statements", "A copy costs $7."),
        verdict,
        note: Some(masked("the fee went up in Wollongong")),
        by: "fees desk".into(),
        at: NOW,
    }
}

on_both_engines! {
    async fn a_ruling_is_kept_replaced_and_taken_back_and_each_moves_the_knowledge(bench) {
        let mut w = bench.write().await;
        let first = ruling(Verdict::Prefer("statements".into()));
        rulings::put(&mut w, &first).await.unwrap();
        assert_eq!(rulings::list(&mut w).await.unwrap(), [first]);
        let second = Ruling { note: None, by: "cards desk".into(), at: NOW.plus_seconds(9), ..ruling(Verdict::NotAConflict) };
        rulings::put(&mut w, &second).await.unwrap();
        w.save().await.unwrap();
        let mut w = bench.write().await;
        assert_eq!(rulings::list(&mut w).await.unwrap(), [second]);
        assert_eq!(documents::version(&mut w).await.unwrap(), "k1", "one transaction, one version");
        assert!(rulings::withdraw(&mut w, "00112233aabbccdd").await.unwrap());
        assert!(!rulings::withdraw(&mut w, "00112233aabbccdd").await.unwrap());
        assert!(rulings::list(&mut w).await.unwrap().is_empty());
        assert_eq!(documents::version(&mut w).await.unwrap(), "k2");
        let versions = versions::list(&mut w, None).await.unwrap();
        assert_eq!(versions.iter().map(|v| v.version.as_str()).collect::<Vec<_>>(), ["k2", "k1", "k0"]);
        assert!(versions.iter().all(|v| v.changes.is_empty()), "no document changed");
    }

    async fn a_ruling_that_can_not_be_is_refused(bench) {
        let of = |change: fn(&mut Ruling)| {
            let mut ruling = ruling(Verdict::Prefer("fees".into()));
            change(&mut ruling);
            ruling
        };
        for (odd, rule) in [
            (of(|r| r.verdict = Verdict::Prefer("another".into())), "rulings_preferred"),
            (of(|r| r.by.clear()), "rulings_ruled_by"),
            (of(|r| r.conflict.clear()), "rulings_conflict_id"),
            (of(|r| r.other.document = "fees".into()), "rulings_two_documents"),
        ] {
            let refused = rulings::put(&mut bench.write().await, &odd).await;
            assert_eq!(refused, Err(StoreError::Refused { rule: rule.into() }));
        }
        let mut w = bench.write().await;
        let both_stand = Ruling { verdict: Verdict::NotAConflict, ..ruling(Verdict::Prefer("fees".into())) };
        let in_one = Ruling { conflict: "aabbccdd00112233".into(), other: both_stand.one.clone(), ..both_stand };
        rulings::put(&mut w, &in_one).await.expect("of two passages of one document both may stand");
        rulings::put(&mut w, &ruling(Verdict::Prefer("fees".into()))).await.unwrap();
        w.save().await.unwrap();
        for sql in [
            "UPDATE rulings SET preferred = NULL",
            "UPDATE rulings SET verdict = 'not_a_conflict'",
            "UPDATE rulings SET verdict = 'x'",
            "UPDATE rulings SET collection = 'x'",
            "UPDATE rulings SET ruled_at = NULL",
        ] {
            let refused = StoreError::from(bench.place.raw(sql).await.expect_err(sql));
            assert!(matches!(refused, StoreError::Refused { .. }), "{sql}: {refused:?}");
        }
    }
}
