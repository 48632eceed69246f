//! The spool over a segment of any bytes, torn or changed anywhere: it opens, gives back every payload that is whole, in
//! order, takes new ones behind them, and loses none of those at the next start.
#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use contactiq_store::ledger::spool::{Spool, SpoolError};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().build().expect("it can be made"));

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("contactiq-fuzz-spool-{}", std::process::id()))
}

/// All payloads that wait, oldest first.
async fn waiting(spool: &Spool) -> Vec<Vec<u8>> {
    let (mut all, mut held) = (Vec::new(), Vec::new());
    while let Some(batch) = spool.next().await.expect("the disk is well") {
        all.extend(batch.payloads.clone());
        held.push(batch);
    }
    all
}

fuzz_target!(|input: (Vec<Vec<u8>>, u16, u16, u8, &[u8])| {
    let (payloads, length, at, other, behind) = input;
    let folder = folder();
    let _ = fs::remove_dir_all(&folder);
    let payloads: Vec<_> = payloads.into_iter().filter(|payload| !payload.is_empty()).take(6).collect();
    RUNTIME.block_on(async {
        let spool = Spool::open(&folder, 1 << 24).await.expect("an empty folder opens");
        for payload in &payloads {
            spool.append(payload.clone()).await.expect("there is room");
        }
        spool.close().await;
        let files = fs::read_dir(&folder).expect("it is there").flatten().map(|entry| entry.path());
        let segments: Vec<_> = files.filter(|path| fs::metadata(path).is_ok_and(|m| m.len() > 16)).collect();
        let mut whole = true;
        if let [segment] = segments.as_slice() {
            let mut bytes = fs::read(segment).expect("it was just written");
            whole = other == 0 && usize::from(length) >= bytes.len();
            bytes.truncate(usize::from(length));
            bytes.extend(behind);
            if let Some(byte) = bytes.get_mut(usize::from(at)) {
                *byte ^= other;
            }
            fs::write(segment, bytes).expect("it was just written");
        }
        let spool = match Spool::open(&folder, 1 << 24).await {
            Err(SpoolError::Newer { .. }) => return,
            opened => opened.expect("a damaged segment opens"),
        };
        let found = waiting(&spool).await;
        assert!(!whole || found.starts_with(&payloads));
        spool.append(b"new".to_vec()).await.expect("there is room");
        spool.close().await;
        let spool = Spool::open(&folder, 1 << 24).await.expect("it opened before");
        let again = waiting(&spool).await;
        assert_eq!(again, [found, vec![b"new".to_vec()]].concat());
        spool.close().await;
    });
});
