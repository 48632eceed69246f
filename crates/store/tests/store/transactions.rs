//! Saving, rolling back, and many at the same time.

use std::time::Instant;

use contactiq_store::{StoreError, documents, interactions, meta};
use tokio::task::JoinSet;

use crate::samples::{begun, started, told};

const TASKS: usize = 32;
const EACH: usize = 20;

on_both_engines! {
    async fn what_is_dropped_leaves_no_trace(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        meta::set_meta(&mut w, "a", "1").await.unwrap();
        assert!(interactions::get(&mut w, record.id).await.unwrap().is_some(), "the writer sees its own");
        drop(w);
        let mut r = bench.read().await;
        assert!(interactions::get(&mut r, record.id).await.unwrap().is_none());
        assert_eq!(meta::get_meta(&mut r, "a").await.unwrap(), None);
    }

    async fn a_transaction_with_a_failed_statement_is_not_saved(bench) {
        let mut w = bench.write().await;
        let conversation = begun(&mut w, &bench.ids).await;
        w.save().await.unwrap();

        let mut w = bench.write().await;
        meta::set_meta(&mut w, "half", "1").await.unwrap();
        let mut orphan = started(&bench.ids, &conversation);
        orphan.conversation = contactiq_domain::ids::ConversationId::new(&bench.ids);
        interactions::start(&mut w, &orphan).await.unwrap_err();
        assert_eq!(w.save().await, Err(StoreError::Spoilt));
        assert_eq!(meta::get_meta(&mut *bench.read().await, "half").await.unwrap(), None);
    }

    async fn a_reader_sees_one_moment(bench) {
        let mut r = bench.read().await;
        assert_eq!(meta::get_meta(&mut r, "a").await.unwrap(), None);
        let mut w = bench.write().await;
        meta::set_meta(&mut w, "a", "1").await.unwrap();
        w.save().await.unwrap();
        assert_eq!(meta::get_meta(&mut r, "a").await.unwrap(), None, "it began before");
        assert_eq!(meta::get_meta(&mut *bench.read().await, "a").await.unwrap().as_deref(), Some("1"));
    }

    async fn many_that_read_first_and_write_later_all_pass(bench) {
        // As when the command line works on the data folder while the server runs.
        let second = bench.place.open().await.unwrap();
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let store = if task % 4 == 0 { second.clone() } else { bench.store.clone() };
            tasks.spawn(async move {
                for n in 0..EACH {
                    let own = format!("task-{task}");
                    let mut w = store.write().await?;
                    let before = meta::get_meta(&mut w, &own).await?.map_or(0, |v| v.parse().unwrap());
                    assert_eq!(before, n);
                    let shared = meta::get_meta(&mut w, "shared").await?.map_or(0, |v| v.parse::<usize>().unwrap());
                    meta::set_meta(&mut w, &own, &(before + 1).to_string()).await?;
                    meta::set_meta(&mut w, "shared", &(shared + 1).to_string()).await?;
                    w.save().await?;
                }
                Ok::<_, StoreError>(())
            });
        }
        let done = tasks.join_all().await;
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        let mut r = bench.read().await;
        for task in 0..TASKS {
            let own = meta::get_meta(&mut r, &format!("task-{task}")).await.unwrap();
            assert_eq!(own, Some(EACH.to_string()));
        }
        // PostgreSQL lets two transactions read the same before both write; SQLite has one writer.
        if bench.store.engine() == "sqlite" {
            let shared = meta::get_meta(&mut r, "shared").await.unwrap();
            assert_eq!(shared, Some((TASKS * EACH).to_string()));
        }
        second.close().await;
    }

    async fn nobody_waits_longer_than_five_seconds(bench) {
        let mut first = bench.write().await;
        meta::set_meta(&mut first, "a", "1").await.unwrap();
        let began = Instant::now();
        let second = async {
            let mut w = bench.store.write().await?;
            meta::set_meta(&mut w, "a", "2").await
        };
        let refused = second.await.unwrap_err();
        assert!(refused.is_transient(), "{refused:?}");
        assert!((4..9).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        first.save().await.unwrap();
    }

    async fn readers_work_while_somebody_writes(bench) {
        let mut w = bench.write().await;
        meta::set_meta(&mut w, "a", "1").await.unwrap();
        assert_eq!(documents::version(&mut *bench.read().await).await.unwrap(), "k0");
        w.save().await.unwrap();
    }
}
