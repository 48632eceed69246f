//! The handle and its thread, and a real folder.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    thread,
};

use super::{
    DEFAULT_MAX_BYTES, Depth, Spool, SpoolError,
    batch::Holds,
    frame,
    segments::{Limits, Segments},
    simulated::{Fault, SimulatedDisk},
    writer,
};

const LIMITS: Limits = Limits { max_bytes: 10_000, segment_bytes: 1000 };
const FIRST: &str = "00000000000000000001.spool";

fn open(disk: &SimulatedDisk) -> Segments<SimulatedDisk> {
    Segments::open(disk.clone(), LIMITS, Holds::default()).unwrap()
}

/// Begins to append without a thread that answers: the payload waits when this returns.
fn begin<'a>(
    spool: &'a Spool,
    payload: Vec<u8>,
) -> Pin<Box<dyn Future<Output = Result<(), SpoolError>> + 'a>> {
    let mut append = Box::pin(spool.append(payload));
    let polled = append.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "{polled:?}");
    append
}

#[tokio::test]
async fn all_that_wait_share_one_sync_and_one_fate() {
    let disk = SimulatedDisk::default();
    let (spool, commands) = Spool::with_waiting(200, 1 << 20);
    let appends: Vec<_> = (0..200_u8).map(|byte| begin(&spool, vec![byte; 10])).collect();
    let segments = open(&disk);
    // Make a segment, its header, sync the folder, write the frames: the sync fails for all of them.
    disk.will([None, None, None, None, Some(Fault::Broken)]);
    let published = spool.published.clone();
    let thread = thread::spawn(move || writer::run(segments, commands, published));
    for append in appends {
        assert!(matches!(append.await, Err(SpoolError::Disk { doing: "sync a segment", .. })));
    }
    assert_eq!(disk.syncs(), 0);
    spool.append(b"alone".to_vec()).await.unwrap();
    spool.close().await;
    thread.join().unwrap();
    assert_eq!(disk.syncs(), 1);
    assert_eq!(spool.append(b"late".to_vec()).await, Err(SpoolError::Closed));

    let (spool, commands) = Spool::with_waiting(200, 1 << 20);
    let appends: Vec<_> = (0..200_u8).map(|byte| begin(&spool, vec![byte; 10])).collect();
    let segments = open(&disk);
    let published = spool.published.clone();
    let thread = thread::spawn(move || writer::run(segments, commands, published));
    for append in appends {
        append.await.unwrap();
    }
    assert_eq!(disk.syncs(), 2, "200 appends, one more sync");
    assert_eq!(spool.depth().entries, 401);
    spool.close().await;
    thread.join().unwrap();
}

#[tokio::test]
async fn more_than_may_wait_is_refused_at_once() {
    let (spool, _commands) = Spool::with_waiting(2, 100);
    let _one = begin(&spool, vec![1; 10]);
    let two = begin(&spool, vec![1; 10]);
    assert_eq!(spool.append(vec![1; 10]).await, Err(SpoolError::Busy));
    drop(two);

    let (spool, _commands) = Spool::with_waiting(10, 100);
    let _one = begin(&spool, vec![1; 90]);
    assert_eq!(spool.append(vec![1; 11]).await, Err(SpoolError::Busy));
    let _two = begin(&spool, vec![1; 10]);
}

#[tokio::test]
async fn what_has_no_room_is_refused_and_the_rest_of_its_group_is_not() {
    let disk = SimulatedDisk::default();
    let (spool, commands) = Spool::with_waiting(10, 1 << 20);
    let large = begin(&spool, vec![1; 9_980]);
    let small = begin(&spool, vec![2; 100]);
    let segments = open(&disk);
    let published = spool.published.clone();
    let thread = thread::spawn(move || writer::run(segments, commands, published));
    assert!(matches!(large.await, Err(SpoolError::Full { max_bytes: 10_000, .. })));
    small.await.unwrap();
    spool.close().await;
    thread.join().unwrap();
}

#[tokio::test]
async fn a_caller_that_went_away_leaves_its_batch_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    spool.append(b"kept".to_vec()).await.unwrap();
    {
        let next = pin!(spool.next());
        let polled = next.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending | Poll::Ready(Ok(Some(_)))));
    }
    // Whoever finds that nobody waits drops the first batch, and does so before the second question is looked at.
    let batch = spool.next().await.unwrap().unwrap();
    assert_eq!(batch.payloads, [b"kept"]);
    spool.close().await;
}

#[tokio::test]
async fn a_real_folder_keeps_gives_and_forgets() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("deep/spool");
    let spool = Spool::open(&folder, DEFAULT_MAX_BYTES).await.unwrap();
    let largest = vec![9; frame::MOST_PAYLOAD];
    for _ in 0..5 {
        spool.append(largest.clone()).await.unwrap();
    }
    spool.append(b"last".to_vec()).await.unwrap();
    assert_eq!(spool.depth().entries, 6);
    assert_eq!(spool.depth().segments, 2);
    spool.close().await;

    let spool = Spool::open(&folder, DEFAULT_MAX_BYTES).await.unwrap();
    std::fs::write(folder.join("notes.txt"), "not ours").unwrap();
    assert_eq!(spool.depth().entries, 6);
    let mut drained = Vec::new();
    while let Some(batch) = spool.next().await.unwrap() {
        drained.extend(batch.payloads.clone());
        spool.done(batch).await.unwrap();
    }
    assert_eq!(drained.len(), 6);
    assert!(drained[..5].iter().all(|payload| *payload == largest));
    assert_eq!(drained[5], b"last");
    assert_eq!(spool.depth(), Depth::default());
    spool.close().await;
    let mut left: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["lock", "notes.txt"]);
}

#[tokio::test]
async fn only_one_may_have_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    assert_eq!(Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap_err(), SpoolError::Held);
    spool.close().await;
    Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
}

#[tokio::test]
async fn what_is_too_short_or_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    for bytes in [0, frame::MOST_PAYLOAD + 1] {
        assert_eq!(spool.append(vec![0; bytes]).await, Err(SpoolError::Size { bytes }));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_are_their_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("spool");
    let spool = Spool::open(&folder, DEFAULT_MAX_BYTES).await.unwrap();
    spool.append(b"private".to_vec()).await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("lock")), 0o600);
    assert_eq!(mode(&folder.join(FIRST)), 0o600);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_is_read_only_is_refused_in_words() {
    use std::os::unix::fs::PermissionsExt as _;
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("spool");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere; the simulated disk stands in for the folder there.
    if std::fs::write(folder.join("probe"), "").is_err() {
        assert_eq!(Spool::open(&folder, DEFAULT_MAX_BYTES).await.unwrap_err(), SpoolError::Denied);
    }
    // A file in the place of the folder is refused for everybody.
    let file = above.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Spool::open(&file, DEFAULT_MAX_BYTES).await.unwrap_err();
    assert!(matches!(error, SpoolError::Disk { doing: "make its folder", .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_that_was_taken_away_keeps_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let spool = Spool::open(&path, DEFAULT_MAX_BYTES).await.unwrap();
    spool.append(b"kept".to_vec()).await.unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    for _ in 0..3 {
        let refused = spool.append(b"into nothing".to_vec()).await;
        assert!(matches!(refused, Err(SpoolError::Disk { .. })), "{refused:?}");
    }
    spool.close().await;
}
