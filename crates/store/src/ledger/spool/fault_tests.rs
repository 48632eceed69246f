//! What each fault leads to, one after the other, on the simulated disk.

use super::{
    Depth, SpoolError,
    batch::{Batch, Holds},
    disk::Disk,
    frame,
    segments::{Limits, Segments},
    simulated::{Crash, Fault, SimulatedDisk},
};

const LIMITS: Limits = Limits { max_bytes: 10_000, segment_bytes: 1000 };
const ALL_LOST: Crash = Crash { keeps: 0, zeros: false, names: false };
const ALL_KEPT: Crash = Crash { keeps: 1000, zeros: false, names: true };
const FIRST: &str = "00000000000000000001.spool";

fn open(disk: &SimulatedDisk) -> Segments<SimulatedDisk> {
    Segments::open(disk.clone(), LIMITS, Holds::default()).unwrap()
}

fn payloads(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn drain(segments: &mut Segments<SimulatedDisk>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(batch) = segments.next().unwrap() {
        texts.extend(batch.payloads.iter().map(|payload| String::from_utf8(payload.clone()).unwrap()));
        segments.done(&batch).unwrap();
    }
    texts
}

#[test]
fn what_was_synced_outlives_a_crash_and_goes_when_done() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["a", "b"])).unwrap();
    segments.append(&payloads(&["c"])).unwrap();
    disk.crash(ALL_LOST);
    let mut segments = open(&disk);
    assert_eq!(segments.depth().entries, 3);
    assert_eq!(drain(&mut segments), ["a", "b", "c"]);
    assert_eq!(segments.depth(), Depth::default());
    disk.crash(ALL_LOST);
    assert_eq!(open(&disk).depth(), Depth::default());
}

#[test]
fn a_torn_tail_is_cut_off_and_never_written_again() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["kept"])).unwrap();
    // The write happens, the sync does not.
    disk.will([None, Some(Fault::Broken)]);
    assert!(segments.append(&payloads(&["half of this"])).is_err());
    disk.crash(Crash { keeps: 500, zeros: false, names: true });
    let torn = disk.bytes(FIRST);
    let mut segments = open(&disk);
    segments.append(&payloads(&["later"])).unwrap();
    assert_eq!(disk.bytes(FIRST), torn);
    assert_eq!(segments.depth().damaged_segments, 0);
    assert_eq!(drain(&mut segments), ["kept", "later"]);
    assert!(disk.names().is_empty());
}

#[test]
fn a_segment_with_nothing_but_a_torn_tail_is_removed_when_opened() {
    let disk = SimulatedDisk::default();
    let mut bytes = frame::SEGMENT_HEADER.to_vec();
    frame::write(&mut bytes, b"never promised");
    bytes.pop();
    disk.put(FIRST, bytes);
    disk.put("00000000000000000002.spool", frame::SEGMENT_HEADER.to_vec());
    disk.put("00000000000000000003.spool", Vec::new());
    disk.put("notes.txt", b"not ours".to_vec());
    assert_eq!(open(&disk).depth(), Depth::default());
    assert_eq!(disk.names(), ["notes.txt"]);
}

#[test]
fn a_damaged_middle_costs_its_own_payload_and_the_file_is_kept() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["one", "two", "three"])).unwrap();
    let second = 16 + 12 + 3;
    disk.flip(FIRST, second + 12, 0x20);
    let batch = segments.next().unwrap().unwrap();
    assert_eq!(batch.payloads, payloads(&["one", "three"]));
    assert_eq!(batch.damaged_bytes, 15);
    assert_eq!(segments.depth().damaged_segments, 1);
    segments.done(&batch).unwrap();
    let bytes = disk.bytes("00000000000000000001.spool.damaged").len() as u64;
    let aside = Depth { entries: 0, bytes, segments: 0, damaged_segments: 1, missing: 0 };
    assert_eq!(segments.depth(), Depth { missing: 1, ..aside }, "one was kept, and can't be read");
    assert!(segments.next().unwrap().is_none());
    // It is reported after a start too, and its number is not used again.
    disk.crash(ALL_LOST);
    let mut segments = open(&disk);
    assert_eq!(segments.depth(), aside);
    segments.append(&payloads(&["four"])).unwrap();
    assert!(disk.names().contains(&"00000000000000000002.spool".to_owned()));
}

#[test]
fn a_full_disk_refuses_only_while_it_is_full() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["before"])).unwrap();
    let good = disk.bytes(FIRST);
    disk.will([Some(Fault::Short), Some(Fault::NoSpace)]);
    assert_eq!(segments.append(&payloads(&["refused"])), Err(SpoolError::DiskFull));
    assert_eq!(disk.bytes(FIRST), good);
    segments.append(&payloads(&["after"])).unwrap();
    assert_eq!(drain(&mut segments), ["before", "after"]);
}

#[test]
fn a_short_write_is_no_failure() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    disk.will([None, Some(Fault::Short), None, None, Some(Fault::Short)]);
    segments.append(&payloads(&["whole"])).unwrap();
    disk.crash(ALL_LOST);
    assert_eq!(drain(&mut open(&disk)), ["whole"]);
}

#[test]
fn a_half_write_that_can_not_be_cut_off_closes_its_segment() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["before"])).unwrap();
    disk.will([Some(Fault::Short), Some(Fault::NoSpace), Some(Fault::Broken)]);
    assert_eq!(segments.append(&payloads(&["refused"])), Err(SpoolError::DiskFull));
    let left = disk.bytes(FIRST);
    segments.append(&payloads(&["after"])).unwrap();
    assert_eq!(disk.bytes(FIRST), left);
    assert_eq!(segments.depth().segments, 2);
    assert_eq!(drain(&mut segments), ["before", "after"]);
    assert!(disk.names().is_empty(), "a torn end is no damage");
}

#[test]
fn a_segment_whose_sync_failed_is_never_written_again() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["before"])).unwrap();
    disk.will([None, Some(Fault::Broken)]);
    let failed = segments.append(&payloads(&["unsure", "unsure too"])).unwrap_err();
    assert!(matches!(failed, SpoolError::Disk { doing: "sync a segment", .. }), "{failed:?}");
    let left = disk.bytes(FIRST);
    segments.append(&payloads(&["after"])).unwrap();
    assert_eq!(disk.bytes(FIRST), left);
    // They may come back, and here they do.
    assert_eq!(drain(&mut segments), ["before", "unsure", "unsure too", "after"]);
}

#[test]
fn a_folder_that_became_read_only_says_so_and_loses_nothing() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    disk.will([Some(Fault::ReadOnly)]);
    assert_eq!(segments.append(&payloads(&["refused"])), Err(SpoolError::Denied));
    segments.append(&payloads(&["kept"])).unwrap();
    let batch = segments.next().unwrap().unwrap();
    disk.will([Some(Fault::ReadOnly)]);
    assert_eq!(segments.done(&batch), Err(SpoolError::Denied));
    drop(batch);
    assert_eq!(drain(&mut segments), ["kept"]);
}

#[test]
fn a_newer_version_is_refused_and_nothing_is_touched() {
    let disk = SimulatedDisk::default();
    let mut bytes = frame::SEGMENT_HEADER.to_vec();
    bytes[8] = 2;
    disk.put(FIRST, frame::SEGMENT_HEADER.to_vec());
    disk.put("00000000000000000002.spool", bytes);
    let error = Segments::open(disk.clone(), LIMITS, Holds::default()).err().unwrap();
    assert_eq!(error, SpoolError::Newer { version: 2 });
    assert!(error.to_string().contains("start the newer version"), "{error}");
    assert_eq!(disk.names().len(), 2);
}

#[test]
fn the_oldest_comes_first_and_each_to_one_drain_alone() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    let long = "x".repeat(600);
    for text in ["a", "b", "c"] {
        segments.append(&payloads(&[text, &long])).unwrap();
    }
    assert_eq!(segments.depth().segments, 3);
    let first = |batch: &Batch| batch.payloads[0][0];
    let one = segments.next().unwrap().unwrap();
    let two = segments.next().unwrap().unwrap();
    assert_eq!((first(&one), first(&two)), (b'a', b'b'));
    drop(one);
    let again = segments.next().unwrap().unwrap();
    assert_eq!(first(&again), b'a');
    let three = segments.next().unwrap().unwrap();
    assert_eq!(first(&three), b'c');
    assert!(segments.next().unwrap().is_none());
    segments.done(&two).unwrap();
    drop((again, two, three));
    assert_eq!(drain(&mut segments), ["a", &long, "c", &long]);
}

#[test]
fn a_full_folder_refuses_until_damaged_files_are_moved_away() {
    let disk = SimulatedDisk::default();
    disk.put("00000000000000000001.spool.damaged", vec![1; 9000]);
    let mut segments = open(&disk);
    assert_eq!(segments.room(), 1000 - 16);
    assert_eq!(segments.full(), SpoolError::Full { bytes: 9000, max_bytes: 10_000 });
    disk.take("00000000000000000001.spool.damaged");
    segments.full();
    assert_eq!(segments.room(), 10_000 - 16);
}

#[test]
fn a_segment_that_can_not_be_read_does_not_keep_back_the_others_for_ever() {
    let disk = SimulatedDisk::default();
    open(&disk).append(&payloads(&["stuck"])).unwrap();
    let mut segments = open(&disk);
    segments.append(&payloads(&["later"])).unwrap();
    for _ in 0..3 {
        disk.will([Some(Fault::Broken)]);
        assert!(segments.next().is_err());
    }
    assert_eq!(drain(&mut segments), ["later"]);
    assert_eq!(segments.depth().entries, 1);
    disk.crash(ALL_KEPT);
    assert_eq!(drain(&mut open(&disk)), ["stuck"]);
}

#[test]
fn a_batch_goes_back_to_its_own_spool_only() {
    let (one, other) = (SimulatedDisk::default(), SimulatedDisk::default());
    let (mut one, mut other) = (open(&one), open(&other));
    one.append(&payloads(&["one"])).unwrap();
    other.append(&payloads(&["other"])).unwrap();
    let batch = one.next().unwrap().unwrap();
    assert_eq!(other.done(&batch), Err(SpoolError::OtherSpool));
    assert_eq!(drain(&mut other), ["other"]);
}

#[test]
fn no_payload_is_seen_in_words() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["hush"])).unwrap();
    let batch = segments.next().unwrap().unwrap();
    assert_eq!(format!("{batch:?}"), "Batch { segment: 1, entries: 1, damaged_bytes: 0 }");
}

#[test]
fn a_name_that_is_taken_is_passed_over() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    disk.put(FIRST, b"restored by somebody".to_vec());
    assert!(segments.append(&payloads(&["refused"])).is_err());
    segments.append(&payloads(&["kept"])).unwrap();
    assert_eq!(drain(&mut segments), ["kept"]);
    assert_eq!(disk.bytes(FIRST), b"restored by somebody");
}

#[test]
fn a_failed_segment_that_can_not_be_read_either_is_counted_at_its_largest() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["before"])).unwrap();
    // The sync fails, and so does the look at what it left.
    disk.will([None, Some(Fault::Broken), Some(Fault::Broken)]);
    assert!(segments.append(&payloads(&["unsure"])).is_err());
    let bytes = disk.bytes(FIRST).len() as u64;
    assert_eq!(segments.depth(), Depth { entries: 1, bytes, segments: 1, damaged_segments: 1, missing: 0 });
    assert_eq!(drain(&mut segments), ["before", "unsure"]);
    assert_eq!(segments.depth(), Depth::default());
}

#[test]
fn what_somebody_took_out_of_the_folder_is_counted_whether_it_is_drained_or_not() {
    let disk = SimulatedDisk::default();
    let mut segments = open(&disk);
    segments.append(&payloads(&["one", "two"])).unwrap();
    segments.count().unwrap();
    assert_eq!((segments.depth().entries, segments.depth().missing), (2, 0), "a control: all is there");
    let batch = segments.next().unwrap().unwrap();
    disk.clone().remove(FIRST).unwrap();
    segments.count().unwrap();
    assert_eq!(segments.depth().missing, 0, "what is given out is being written elsewhere");
    drop(batch);
    segments.count().unwrap();
    segments.count().unwrap();
    assert_eq!((segments.depth().entries, segments.depth().missing), (0, 2), "once is enough");
    segments.append(&payloads(&["three"])).unwrap();
    disk.clone().remove("00000000000000000002.spool").unwrap();
    assert!(segments.next().unwrap().is_none());
    assert_eq!(
        (segments.depth().entries, segments.depth().missing),
        (0, 3),
        "also where a drain finds it first"
    );
}
