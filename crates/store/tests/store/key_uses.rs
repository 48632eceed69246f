//! How keys are used, as replicas keep it together: in the database, and in a real Redis.

use contactiq_store::{
    KeyUses, Store,
    key_uses::{self, Change, Kept},
};

use crate::samples::NOW;

async fn one(uses: &KeyUses, name: &str) -> Kept {
    uses.read(&[name]).await.unwrap().remove(0)
}

fn change(of: &Kept, state: &str) -> Change {
    Change { of: of.clone(), state: state.to_owned(), seconds: 60 }
}

/// What both places do.
async fn keeps(uses: &KeyUses, other: &KeyUses, name: &str) {
    let none = one(uses, name).await;
    assert_eq!(none.state, None);
    assert_eq!(uses.write(&[change(&none, "first")], NOW).await.unwrap(), [true]);
    // Who read before it was written writes nothing.
    assert_eq!(other.write(&[change(&none, "late")], NOW).await.unwrap(), [false]);
    let first = one(other, name).await;
    assert_eq!(first.state.as_deref(), Some("first"));
    let fresh = one(other, &format!("{name} 2")).await;
    let both = [change(&first, "second"), change(&fresh, "another")];
    assert_eq!(other.write(&both, NOW).await.unwrap(), [true, true]);
    assert_eq!(uses.write(&[change(&first, "late"), change(&fresh, "late")], NOW).await.unwrap(), [false; 2]);
    let (two, names) = (format!("{name} 2"), format!("{name} 3"));
    let kept = uses.read(&[names.as_str(), name, two.as_str()]).await.unwrap();
    let states: Vec<Option<&str>> = kept.iter().map(|kept| kept.state.as_deref()).collect();
    assert_eq!(states, [None, Some("second"), Some("another")], "in the order in which they were asked for");
    assert!(uses.read(&[]).await.unwrap().is_empty() && uses.write(&[], NOW).await.unwrap().is_empty());
}

async fn kept(store: &Store) -> bool {
    one(&KeyUses::in_database(store.clone()), "shop").await.state.is_some()
}

on_both_engines! {
    async fn what_is_kept_is_changed_by_whoever_read_it_last(bench) {
        let uses = KeyUses::in_database(bench.store.clone());
        keeps(&uses, &KeyUses::new(bench.store.clone(), None).unwrap(), "shop").await;
    }

    async fn it_is_forgotten_when_its_time_is_over(bench) {
        let uses = KeyUses::in_database(bench.store.clone());
        let none = one(&uses, "shop").await;
        uses.write(&[change(&none, "x")], NOW).await.unwrap();
        for (at, there) in [(NOW.plus_seconds(60), true), (NOW.plus_seconds(61), false)] {
            let mut w = bench.write().await;
            key_uses::purge(&mut w, at).await.unwrap();
            w.save().await.unwrap();
            assert_eq!(kept(&bench.store).await, there);
        }
    }
}

#[tokio::test]
async fn redis_keeps_it_as_the_database_does_and_lets_it_go_by_itself() {
    let bench = crate::engines::Bench::at(crate::engines::Place::sqlite()).await;
    let (url, mut raw) = crate::shared::database(11).await;
    let uses = || KeyUses::new(bench.store.clone(), Some(url.as_str().into())).unwrap();
    keeps(&uses(), &uses(), "shop").await;
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut raw).await.unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert!(key.starts_with("contactiq:use:") && !key.contains("shop"), "{key}");
        let held: String = redis::cmd("GET").arg(&key).query_async(&mut raw).await.unwrap();
        assert!(!held.contains("second") && !held.contains("another"), "sealed");
        let left: i64 = redis::cmd("TTL").arg(&key).query_async(&mut raw).await.unwrap();
        assert!((50..=60).contains(&left), "{left}");
        // What somebody else wrote there is nobody's use, and is written over.
        let () = redis::cmd("SET").arg(&key).arg("made up").query_async(&mut raw).await.unwrap();
    }
    let uses = uses();
    let forged = one(&uses, "shop").await;
    assert_eq!(forged.state, None);
    assert_eq!(uses.write(&[change(&forged, "anew")], NOW).await.unwrap(), [true]);
    assert_eq!(one(&uses, "shop").await.state.as_deref(), Some("anew"));
    bench.end().await;
}
