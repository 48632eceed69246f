//! Wrapping keys anew with another key-encryption key while everybody reads and writes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_store::{Store, StoreError, audit, sealing};

use crate::{
    data_keys::{fill, get, noted, of, people, said, said_in},
    engines::{Bench, Place, kek, kek_of},
    samples::NOW,
};

on_both_engines! {
    async fn keys_are_wrapped_anew_while_both_are_configured(bench) {
        let mut records = Vec::new();
        for number in 0..sealing::BATCH / 100 {
            records.push(said(bench, &of(bench, &format!("person-{number}"))).await);
        }
        let before = kek().active().to_owned();
        let both = Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        let waiting = sealing::status(&both).await.unwrap();
        assert!(waiting[0].active && waiting[0].people == 0);
        assert_eq!((waiting[1].kek.as_str(), waiting[1].installation, waiting[1].people), (before.as_str(), 2, 5));
        // One that was opened before reads on, and so does one that is opened in the middle.
        assert_eq!(sealing::rotate_step(&both, "desk", NOW).await.unwrap(), 2);
        records.push(said(bench, &of(bench, "in the middle")).await);
        while sealing::rotate_step(&both, "desk", NOW).await.unwrap() > 0 {}
        for record in &records {
            assert_eq!(get(&bench.store, record).await.unwrap().as_ref(), Some(record));
            assert_eq!(get(&both, record).await.unwrap().as_ref(), Some(record));
        }
        let done = sealing::status(&both).await.unwrap();
        assert_eq!((done[0].installation, done[0].people, done[1].installation + done[1].people), (2, 6, 0));
        both.close().await;
        // The old one is needed no more, and opens nothing.
        let new = Store::open(&bench.place.location(), kek_of(&[[9; 32]])).await.unwrap();
        assert_eq!(get(&new, &records[0]).await.unwrap().as_ref(), Some(&records[0]));
        new.close().await;
        let refused = bench.place.open().await.unwrap_err();
        assert!(matches!(refused, StoreError::WrongKey { .. }), "{refused:?}");
    }

    async fn other_keys_are_taken_while_everybody_goes_on_and_what_those_of_before_wrapped_is_read(bench) {
        let keys = |keys: &[[u8; 32]]| Arc::into_inner(kek_of(keys)).unwrap();
        let elsewhere = bench.place.open().await.unwrap();
        let before = said(bench, &of(bench, "person-0")).await;
        assert_eq!(bench.store.change_key_encryption(keys(&[[7; 32], [9; 32]])), Ok(false), "the same one wraps");
        // A list without the key that wraps is a slip: it goes on to wrap.
        let refused = bench.store.change_key_encryption(keys(&[[8; 32], [9; 32]])).unwrap_err();
        assert_eq!(refused.active, kek().active());
        let wraps = &sealing::status(&bench.store).await.unwrap()[0];
        assert_eq!((wraps.active, wraps.kek.as_str()), (true, kek().active()), "nothing changed");
        assert_eq!(bench.store.change_key_encryption(keys(&[[9; 32], [7; 32]])), Ok(true));
        let after = said(bench, &of(bench, "person-1")).await;
        let found = sealing::status(&bench.store).await.unwrap();
        let counted: Vec<(bool, u64, u64)> =
            found.iter().map(|wrapped| (wrapped.active, wrapped.installation, wrapped.people)).collect();
        assert_eq!(counted, [(true, 0, 1), (false, 2, 1)]);
        for record in [&before, &after] {
            assert_eq!(get(&bench.store, record).await.unwrap().as_ref(), Some(record));
        }
        // Who has not read it yet misses it, is told so once, and reads when it has it.
        assert!(!elsewhere.take_missed_key());
        for _ in 0..2 {
            assert!(get(&elsewhere, &after).await.is_err());
        }
        assert!(elsewhere.take_missed_key() && !elsewhere.take_missed_key());
        assert_eq!(elsewhere.change_key_encryption(keys(&[[7; 32], [9; 32]])), Ok(false));
        assert_eq!(get(&elsewhere, &after).await.unwrap().as_ref(), Some(&after));
        assert!(!elsewhere.take_missed_key());
        elsewhere.close().await;
    }

    async fn two_rotations_at_once_do_no_harm(bench) {
        let mut records = Vec::new();
        for number in 0..20 {
            records.push(said(bench, &of(bench, &format!("person-{number}"))).await);
        }
        // More than one batch for each of the two.
        let more = 3 * sealing::BATCH as u64;
        people(bench, more).await;
        let open = async || Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        let (one, other) = (open().await, open().await);
        let all = async |store: &Store| while sealing::rotate_step(store, "desk", NOW).await.unwrap() > 0 {};
        tokio::join!(all(&one), all(&other));
        all(&one).await;
        let done = sealing::status(&one).await.unwrap();
        assert_eq!((done[0].people, done[1].people), (more + 20, 0));
        let dump = bench.place.dump().await;
        assert!(noted(&dump, "keys_rotated", "1522"), "counted once, and ended");
        for record in &records {
            assert_eq!(get(&other, record).await.unwrap().as_ref(), Some(record));
        }
        one.close().await;
        other.close().await;
    }

    async fn damaged_keys_keep_no_other_from_being_wrapped_anew(bench) {
        people(bench, sealing::BATCH as u64 + 20).await;
        // The first of all by their ids, as many as are taken at once.
        let first = format!("SELECT id FROM data_keys ORDER BY id LIMIT {}", sealing::BATCH);
        bench.place.raw_of(format!("UPDATE data_keys SET wrapped = named WHERE id IN ({first})")).await;
        let both = Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        assert_eq!(sealing::damaged(&both).await.unwrap().len(), sealing::BATCH);
        while sealing::rotate_step(&both, "desk", NOW).await.unwrap() > 0 {}
        let done = sealing::status(&both).await.unwrap();
        assert_eq!((done[0].people, done[1].people), (20, sealing::BATCH as u64));
        let left = sealing::damaged(&both).await.unwrap();
        assert_eq!(left.len(), sealing::BATCH, "the others unwrap");
        assert!(left.is_sorted() && left[0].len() == 32);
        assert!(!noted(&bench.place.dump().await, "rotation", "ended"), "it has no end while they are left");
        both.close().await;
    }

    async fn a_rotation_that_is_broken_off_is_on_record_and_so_is_its_end(bench) {
        people(bench, sealing::BATCH as u64 + 1).await;
        let both = Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        let is = async |became: &str| noted(&bench.place.dump().await, "rotation", became);
        assert!(!is("begun").await);
        assert_eq!(sealing::rotate_step(&both, "desk", NOW).await.unwrap(), 2);
        assert_eq!(sealing::rotate_step(&both, "desk", NOW).await.unwrap(), sealing::BATCH as u64);
        assert!(is("begun").await && !is("ended").await);
        let waiting = audit::waiting(&mut *bench.read().await).await.unwrap().events;
        // Somebody finishes it, another day.
        assert_eq!(sealing::rotate_step(&both, "desk", NOW).await.unwrap(), 1);
        for _ in 0..2 {
            assert_eq!(sealing::rotate_step(&both, "desk", NOW).await.unwrap(), 0);
        }
        assert!(is("ended").await && noted(&bench.place.dump().await, "keys_rotated", "503"));
        assert_eq!(audit::waiting(&mut *bench.read().await).await.unwrap().events, waiting + 1, "one end");
        both.close().await;
    }
}

#[expect(clippy::print_stdout, reason = "a figure is printed")]
async fn rotate_while_serving(place: Place) {
    const PEOPLE: usize = 100_000;
    let bench = Bench::at(place).await;
    let first = fill(&bench, PEOPLE, 1).await;
    // Whoever serves knows both keys, as the runbook has it, and shares no memory with whoever rotates.
    let open = async || Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
    let (both, serving) = (open().await, open().await);
    let (mut served, mut longest, since) = (0_u32, Duration::ZERO, Instant::now());
    let mut rotated = None;
    let rotation = async {
        let mut all = 0;
        loop {
            let now = sealing::rotate_step(&both, "desk", NOW).await.unwrap();
            all += now;
            if now == 0 {
                break all;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::pin!(rotation);
    while rotated.is_none() {
        let turn = served;
        let serves = async {
            let at = Instant::now();
            let own = said_in(&serving, &bench, &of(&bench, &format!("served-{turn}"))).await;
            assert_eq!(get(&serving, &own).await.unwrap().as_ref(), Some(&own));
            let old = &first[(turn as usize * 7919) % PEOPLE];
            assert_eq!(get(&serving, old).await.unwrap().as_ref(), Some(old));
            at.elapsed()
        };
        tokio::pin!(serves);
        let took = loop {
            tokio::select! {
                all = &mut rotation, if rotated.is_none() => rotated = Some(all),
                took = &mut serves => break took,
            }
        };
        served += 1;
        longest = longest.max(took);
    }
    let rotated = rotated.unwrap_or(0);
    println!(
        "{}: {rotated} keys wrapped anew in {:?}; {served} records written and read meanwhile without a failure, the slowest in {longest:?}",
        bench.store.engine(),
        since.elapsed()
    );
    assert!(rotated as usize >= PEOPLE);
    both.close().await;
    serving.close().await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: 100,000 keys"]
async fn a_rotation_while_serving_sqlite() {
    rotate_while_serving(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: 100,000 keys"]
async fn a_rotation_while_serving_postgresql() {
    rotate_while_serving(Place::postgresql().await).await;
}
