//! Any order of appends, drains, faults, crashes and damage, against a model of what was promised.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection, prelude::*};

use super::{
    batch::{Batch, Holds},
    frame,
    segments::{Limits, Segments},
    simulated::{Crash, Fault, SimulatedDisk},
};

/// Small, so that few payloads fill a segment and a few segments the folder.
const LIMITS: Limits = Limits { max_bytes: 2000, segment_bytes: 200 };
/// One group alone: four payloads of 89 bytes.
const LARGEST_SEGMENT: u64 = 16 + 4 * (12 + 89);

#[derive(Debug, Clone)]
enum Operation {
    /// One group of payloads of these lengths.
    Append(Vec<usize>),
    Drain,
    DrainWithoutDone,
    /// A second drain that takes its time.
    Hold,
    FinishHeld {
        done: bool,
    },
    Crash(Crash),
    Restart,
    Fault(Vec<Option<Fault>>),
    Corrupt {
        file: prop::sample::Index,
        at: prop::sample::Index,
        flip: u8,
    },
}

fn operation() -> impl Strategy<Value = Operation> {
    let crash = (0..=1000_usize, prop::bool::weighted(0.2), any::<bool>());
    let fault =
        prop_oneof![Just(Fault::NoSpace), Just(Fault::Broken), Just(Fault::ReadOnly), Just(Fault::Short)];
    // Chance alone seldom finds the way to the last resort: a half write that can't be cut off.
    let half_write = (0..4_usize).prop_map(|calls| {
        let mut faults = vec![None; calls];
        faults.extend([Fault::Short, Fault::NoSpace, Fault::Broken].map(Some));
        faults
    });
    let corrupt = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..=u8::MAX);
    prop_oneof![
        8 => collection::vec(8..90_usize, 1..5).prop_map(Operation::Append),
        4 => Just(Operation::Drain),
        1 => Just(Operation::DrainWithoutDone),
        1 => Just(Operation::Hold),
        1 => any::<bool>().prop_map(|done| Operation::FinishHeld { done }),
        2 => crash.prop_map(|(keeps, zeros, names)| Operation::Crash(Crash { keeps, zeros, names })),
        1 => Just(Operation::Restart),
        3 => collection::vec(prop::option::of(fault), 1..8).prop_map(Operation::Fault),
        1 => half_write.prop_map(Operation::Fault),
        1 => corrupt.prop_map(|(file, at, flip)| Operation::Corrupt { file, at, flip }),
    ]
}

/// What the spool was told, and what it owes.
#[derive(Default)]
struct Model {
    last: u64,
    /// Everything that was ever given to it.
    given: BTreeMap<u64, Vec<u8>>,
    /// Acknowledged and not done.
    owed: BTreeSet<u64>,
    /// Done, and the spool said that this will last.
    gone: BTreeSet<u64>,
    /// Damaged by the test: they may come or not.
    excused: BTreeSet<u64>,
    /// Damage is expected from now on.
    damage: bool,
    /// A crash may bring back a file whose removal was not synced, so with each fault the folder may be larger.
    slack: u64,
    /// How often the next batch could not be given since the start.
    failed: usize,
}

impl Model {
    fn payload(&mut self, length: usize) -> Vec<u8> {
        self.last += 1;
        let mut payload = self.last.to_le_bytes().to_vec();
        payload.resize(length, self.last as u8);
        self.given.insert(self.last, payload.clone());
        payload
    }

    fn ids(&self, batch: &Batch) -> Vec<u64> {
        let id = |payload: &Vec<u8>| {
            let id = u64::from_le_bytes(*payload.first_chunk().expect("nothing shorter was appended"));
            assert_eq!(self.given.get(&id), Some(payload), "what comes was appended");
            id
        };
        batch.payloads.iter().map(id).collect()
    }

    /// After three failures a segment may be passed over. To know which would be to write the engine again.
    fn in_order(&self) -> bool {
        self.failed < 3
    }

    /// Looks at a batch that came while these others are held.
    fn came(&self, batch: &Batch, held: &[Batch]) {
        let ids = self.ids(batch);
        assert!(ids.is_sorted_by(|one, other| one < other), "in order: {ids:?}");
        assert!(ids.iter().all(|id| !self.gone.contains(id)), "nothing comes after it was done: {ids:?}");
        assert!(batch.damaged_bytes == 0 || self.damage, "damage without a reason");
        let elsewhere: BTreeSet<u64> = held.iter().flat_map(|batch| self.ids(batch)).collect();
        assert!(ids.iter().all(|id| !elsewhere.contains(id)), "nothing is given out twice");
        if !self.in_order() {
            return;
        }
        let Some(newest) = ids.last() else { panic!("a batch has payloads") };
        for id in self.owed.range(..=newest) {
            let here = ids.contains(id) || elsewhere.contains(id) || self.excused.contains(id);
            assert!(here, "{id} is left out of {ids:?}");
        }
    }

    fn done(&mut self, ids: Vec<u64>, lasts: bool) {
        for id in ids {
            self.owed.remove(&id);
            if lasts {
                self.gone.insert(id);
            }
        }
    }
}

struct Run {
    disk: SimulatedDisk,
    segments: Option<Segments<SimulatedDisk>>,
    held: Vec<Batch>,
    model: Model,
}

impl Run {
    fn new() -> Run {
        Run { disk: SimulatedDisk::default(), segments: None, held: Vec::new(), model: Model::default() }
    }

    /// As a supervisor does: again until it opens.
    fn open(&mut self) -> &mut Segments<SimulatedDisk> {
        if self.segments.is_none() {
            self.held.clear();
            self.model.failed = 0;
        }
        self.segments.get_or_insert_with(|| {
            let open = || Segments::open(self.disk.clone(), LIMITS, Holds::default());
            open()
                .or_else(|_| {
                    self.disk.recovers();
                    open()
                })
                .unwrap()
        })
    }

    fn append(&mut self, lengths: Vec<usize>) {
        self.open();
        let group: Vec<_> = lengths.into_iter().map(|length| self.model.payload(length)).collect();
        let segments = self.open();
        let bytes: u64 = group.iter().map(|payload| frame::size(payload)).sum();
        let fits = bytes <= segments.room();
        let appended = if fits { segments.append(&group) } else { Err(segments.full()) };
        if appended.is_ok() {
            let count = group.len() as u64;
            self.model.owed.extend(self.model.last + 1 - count..=self.model.last);
        }
    }

    fn next(&mut self) -> Option<Batch> {
        match self.open().next() {
            Ok(batch) => {
                if let Some(batch) = &batch {
                    self.model.came(batch, &self.held);
                } else if self.model.in_order() {
                    let held: BTreeSet<_> =
                        self.held.iter().flat_map(|batch| self.model.ids(batch)).collect();
                    let kept = |id: &u64| held.contains(id) || self.model.excused.contains(id);
                    assert!(
                        self.model.owed.iter().all(kept),
                        "nothing comes, and {:?} is owed",
                        self.model.owed
                    );
                }
                batch
            }
            Err(_) => {
                self.model.failed += 1;
                None
            }
        }
    }

    fn done(&mut self, batch: Batch) {
        let ids = self.model.ids(&batch);
        let done = self.open().done(&batch);
        let name = format!("{:020}.spool", batch.hold.number());
        let names = self.disk.names();
        let stays = names.contains(&name);
        match done {
            Ok(()) => {
                assert!(!stays);
                let aside = names.contains(&format!("{name}.damaged"));
                assert_eq!(aside, batch.damaged_bytes > 0, "what is damaged is kept, and nothing else");
                self.model.done(ids, true);
            }
            // It is owed for as long as it is there.
            Err(_) if stays => {}
            // A crash may bring it back, or not.
            Err(_) => self.model.done(ids, false),
        }
    }

    fn corrupt(&mut self, file: prop::sample::Index, at: prop::sample::Index, flip: u8) {
        let mut names = self.disk.names();
        names.retain(|name| name.ends_with(".spool"));
        if names.is_empty() {
            return;
        }
        let name = file.get(&names);
        let before = self.disk.bytes(name);
        // A damaged version reads as a newer one, which has a test of its own.
        if before.is_empty() || (8..12).contains(&at.index(before.len())) {
            return;
        }
        self.disk.flip(name, at.index(before.len()), flip);
        self.model.damage = true;
        let payloads = |bytes: &[u8]| frame::read(bytes).unwrap().payloads;
        let left = payloads(&self.disk.bytes(name));
        let lost: Vec<_> = payloads(&before).into_iter().filter(|payload| !left.contains(payload)).collect();
        assert!(lost.len() <= 1, "one byte costs one payload");
        self.model
            .excused
            .extend(lost.iter().map(|payload| u64::from_le_bytes(*payload.first_chunk().unwrap())));
    }

    fn step(&mut self, operation: Operation) {
        match operation {
            Operation::Append(lengths) => self.append(lengths),
            Operation::Drain => {
                if let Some(batch) = self.next() {
                    self.done(batch);
                }
            }
            Operation::DrainWithoutDone => drop(self.next()),
            Operation::Hold => {
                let batch = self.next();
                self.held.extend(batch);
            }
            Operation::FinishHeld { done } => {
                self.open();
                match self.held.pop() {
                    Some(batch) if done => self.done(batch),
                    _ => {}
                }
            }
            Operation::Crash(crash) => {
                self.segments = None;
                self.disk.crash(crash);
                self.model.damage |= crash.zeros;
            }
            Operation::Restart => self.segments = None,
            Operation::Fault(faults) => {
                self.model.slack += LARGEST_SEGMENT * faults.iter().flatten().count() as u64;
                self.disk.will(faults);
            }
            Operation::Corrupt { file, at, flip } => self.corrupt(file, at, flip),
        }
    }

    /// The disk is sound again and everything is drained.
    fn finish(&mut self) {
        self.segments = None;
        self.disk.recovers();
        while let Some(batch) = self.next() {
            self.done(batch);
        }
        let owed: Vec<_> = self.model.owed.difference(&self.model.excused).collect();
        assert!(owed.is_empty(), "lost: {owed:?}");
        let depth = self.open().depth();
        assert_eq!((depth.entries, depth.segments), (0, 0));
        let names = self.disk.names();
        assert!(names.iter().all(|name| name.ends_with(".damaged")), "{names:?}");
        assert_eq!(names.len() as u64, depth.damaged_segments);
        assert_eq!(names.iter().map(|name| self.disk.bytes(name).len() as u64).sum::<u64>(), depth.bytes);
    }
}

proptest! {
    #[test]
    fn what_was_acknowledged_comes_back_in_order_until_it_is_done(operations in collection::vec(operation(), 1..60)) {
        let mut run = Run::new();
        for operation in operations {
            run.step(operation);
            if let Some(segments) = &run.segments {
                prop_assert!(segments.depth().bytes <= LIMITS.max_bytes + run.model.slack);
            }
        }
        run.finish();
    }
}
