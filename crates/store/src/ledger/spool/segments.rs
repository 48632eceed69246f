//! The engine: which segments there are, which one is written, which is drained next. It knows no threads and no
//! time, and does nothing but through its [`Disk`].

use std::{collections::BTreeMap, io};

use super::{
    Depth, SpoolError,
    batch::{Batch, Holds},
    disk::Disk,
    frame::{self, Newer},
};

/// A segment that can't be read this many times is passed over until the next start, so that one bad place of
/// the disk does not keep back all that came later.
const MOST_FAILED_READS: u8 = 3;
const SEGMENT: &str = ".spool";
const DAMAGED: &str = ".damaged";

/// How much of what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Of all files of the folder together.
    pub(super) max_bytes: u64,
    /// Of one segment; only one group of payloads that is larger by itself makes a longer one.
    pub(super) segment_bytes: u64,
}

/// One file.
#[derive(Debug, Default, Clone, Copy)]
struct Segment {
    bytes: u64,
    entries: u64,
    damaged: bool,
    failed_reads: u8,
}

impl Segment {
    fn is_empty(self) -> bool {
        self.entries == 0 && !self.damaged
    }
}

/// All files of one folder.
pub(super) struct Segments<D> {
    disk: D,
    limits: Limits,
    holds: Holds,
    /// Never written again, waiting to be drained.
    closed: BTreeMap<u64, Segment>,
    /// The one that is written; `bytes` of it are known to be good.
    active: Option<(u64, Segment)>,
    /// The number that was used last, of a damaged one too.
    last: u64,
    /// The `*.damaged` files.
    set_aside: SetAside,
    /// Payloads that were kept, and were not in their file when it was looked at again.
    missing: u64,
}

/// How many files, and their bytes.
#[derive(Debug, Default, Clone, Copy)]
struct SetAside {
    files: u64,
    bytes: u64,
}

impl<D: Disk> Segments<D> {
    /// Reads what an earlier run left. Nothing of it is ever written again: what a crash tore stays the end of
    /// its segment.
    pub(super) fn open(mut disk: D, limits: Limits, holds: Holds) -> Result<Self, SpoolError> {
        let (mut closed, mut empty) = (BTreeMap::new(), Vec::new());
        let (mut last, mut set_aside) = (0, SetAside::default());
        for (name, bytes) in disk.list().map_err(SpoolError::of("list its folder"))? {
            let Some((number, is_damaged)) = parse(&name) else { continue };
            last = last.max(number);
            if is_damaged {
                set_aside.files += 1;
                set_aside.bytes += bytes;
                continue;
            }
            let segment = look(&mut disk, number, Segment { bytes, damaged: true, ..Segment::default() })?;
            if segment.is_empty() {
                empty.push(number);
            }
            closed.insert(number, segment);
        }
        let (active, missing) = (None, 0);
        let mut segments = Segments { disk, limits, holds, closed, active, last, set_aside, missing };
        // Only now: where a newer version has written, nothing is touched.
        for number in empty {
            if let Err(error) = segments.remove(number) {
                tracing::warn!(segment = number, %error, "an empty segment of the spool can't be removed");
            }
        }
        let depth = segments.depth();
        tracing::info!(
            entries = depth.entries,
            bytes = depth.bytes,
            segments = depth.segments,
            damaged = depth.damaged_segments,
            "the spool is open"
        );
        Ok(segments)
    }

    /// The figures of now.
    pub(super) fn depth(&self) -> Depth {
        let start = Depth {
            bytes: self.set_aside.bytes,
            damaged_segments: self.set_aside.files,
            missing: self.missing,
            ..Depth::default()
        };
        let waiting = self.closed.values().chain(self.active.as_ref().map(|(_, segment)| segment));
        waiting.fold(start, |depth, segment| Depth {
            entries: depth.entries + segment.entries,
            bytes: depth.bytes + segment.bytes,
            segments: depth.segments + 1,
            damaged_segments: depth.damaged_segments + u64::from(segment.damaged),
            ..depth
        })
    }

    /// How many bytes of frames may still come.
    pub(super) fn room(&self) -> u64 {
        // A group may need a new segment.
        let header = frame::SEGMENT_HEADER.len() as u64;
        self.limits.max_bytes.saturating_sub(self.depth().bytes + header)
    }

    /// The error for what has no room. Somebody may meanwhile have moved damaged files away, so that is looked
    /// up for the next time.
    pub(super) fn full(&mut self) -> SpoolError {
        let error = SpoolError::Full { bytes: self.depth().bytes, max_bytes: self.limits.max_bytes };
        if self.set_aside.files > 0
            && let Ok(files) = self.disk.list()
        {
            let damaged = files.iter().filter(|(name, _)| parse(name).is_some_and(|(_, damaged)| damaged));
            self.set_aside = damaged.fold(SetAside::default(), |sum, (_, bytes)| SetAside {
                files: sum.files + 1,
                bytes: sum.bytes + bytes,
            });
        }
        error
    }

    /// Writes these payloads with one sync: all are kept, or none is promised.
    pub(super) fn append(&mut self, group: &[Vec<u8>]) -> Result<(), SpoolError> {
        let mut frames = Vec::with_capacity(group.iter().map(|payload| frame::size(payload) as usize).sum());
        group.iter().for_each(|payload| frame::write(&mut frames, payload));
        let (number, segment) = self.active_with_room_for(frames.len() as u64)?;
        let name = name_of(number);
        if let Err(error) = write_all(&mut self.disk, &name, &frames) {
            // What follows a half frame would be found when reading, but would be counted as damage.
            if self.disk.truncate(&name, segment.bytes).is_err() {
                self.close_failed(frames.len() as u64);
            }
            return Err(SpoolError::of("write a segment")(error));
        }
        if let Err(error) = self.disk.sync(&name) {
            // The system may have thrown away what it could not write, and a second sync would not tell.
            self.close_failed(frames.len() as u64);
            return Err(SpoolError::of("sync a segment")(error));
        }
        if let Some((_, segment)) = &mut self.active {
            segment.bytes += frames.len() as u64;
            segment.entries += group.len() as u64;
        }
        Ok(())
    }

    /// The payloads of the oldest segment that nobody holds, or nothing. When only the active one has any, it
    /// is closed first.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, SpoolError> {
        loop {
            let oldest = self.closed.iter().find(|(number, segment)| {
                segment.failed_reads < MOST_FAILED_READS && !self.holds.has(**number)
            });
            let Some(number) = oldest.map(|(number, _)| *number) else {
                if self.active.is_some_and(|(_, segment)| segment.entries > 0) {
                    self.close();
                    continue;
                }
                return Ok(None);
            };
            let contents = match self.read(number) {
                Ok(Some(contents)) => contents,
                Ok(None) => continue,
                Err(error) => {
                    let failed = self.closed.get_mut(&number).map_or(0, |segment| {
                        segment.failed_reads += 1;
                        segment.failed_reads
                    });
                    tracing::error!(segment = number, failed, %error, "a segment of the spool can't be read");
                    return Err(error);
                }
            };
            if contents.payloads.is_empty() {
                self.dispose(number, contents.damaged_bytes)?;
                continue;
            }
            let hold = self.holds.take(number);
            return Ok(Some(Batch {
                payloads: contents.payloads,
                damaged_bytes: contents.damaged_bytes,
                hold,
            }));
        }
    }

    /// Looks whether the files still hold what they were given: one that is gone, or shorter, is counted again.
    pub(super) fn count(&mut self) -> Result<(), SpoolError> {
        let files: BTreeMap<String, u64> =
            self.disk.list().map_err(SpoolError::of("list its folder"))?.into_iter().collect();
        let is_less = |number: u64, segment: &Segment| {
            files.get(&name_of(number)).is_none_or(|bytes| *bytes < segment.bytes)
        };
        if self.active.as_ref().is_some_and(|(number, segment)| is_less(*number, segment)) {
            self.close();
        }
        let less = self.closed.iter().filter(|(number, segment)| is_less(**number, segment));
        // What is given out is written elsewhere now.
        let less: Vec<u64> =
            less.map(|(number, _)| *number).filter(|number| !self.holds.has(*number)).collect();
        for number in less {
            self.read(number)?;
        }
        Ok(())
    }

    /// The payloads are safe elsewhere: their segment goes, or is set aside when it had damage.
    pub(super) fn done(&mut self, batch: &Batch) -> Result<(), SpoolError> {
        if !batch.hold.is_of(&self.holds) {
            return Err(SpoolError::OtherSpool);
        }
        self.dispose(batch.hold.number(), batch.damaged_bytes)
    }

    /// The active segment when the frames fit, otherwise a new one.
    fn active_with_room_for(&mut self, bytes: u64) -> Result<(u64, Segment), SpoolError> {
        match self.active {
            Some((_, segment))
                if segment.entries > 0 && segment.bytes + bytes > self.limits.segment_bytes =>
            {
                self.close();
            }
            Some(active) => return Ok(active),
            None => {}
        }
        // The name is never tried again, whatever becomes of it.
        self.last += 1;
        let number = self.last;
        let name = name_of(number);
        self.disk.create(&name).map_err(SpoolError::of("make a segment"))?;
        let begun =
            write_all(&mut self.disk, &name, &frame::SEGMENT_HEADER).and_then(|()| self.disk.sync_folder());
        let segment = Segment { bytes: frame::SEGMENT_HEADER.len() as u64, ..Segment::default() };
        if let Err(error) = begun {
            if self.disk.remove(&name).is_err() {
                // Draining finds it empty and tries again.
                self.closed.insert(number, segment);
            }
            return Err(SpoolError::of("begin a segment")(error));
        }
        self.active = Some((number, segment));
        Ok((number, segment))
    }

    fn close(&mut self) {
        self.closed.extend(self.active.take());
    }

    /// Closes the active segment after these bytes failed, and looks what it holds: perhaps some of them.
    fn close_failed(&mut self, bytes: u64) {
        let Some((number, promised)) = self.active.take() else { return };
        tracing::warn!(
            segment = number,
            entries = promised.entries,
            "a segment of the spool failed and is closed"
        );
        let most = Segment { bytes: promised.bytes + bytes, damaged: true, ..promised };
        let found = look(&mut self.disk, number, most);
        // Empty or not, it is in the folder until it is drained.
        self.closed.insert(number, found.unwrap_or(most));
    }

    /// The contents of a closed segment, or nothing when its file is gone.
    fn read(&mut self, number: u64) -> Result<Option<frame::Contents>, SpoolError> {
        let bytes = match self.disk.read(&name_of(number)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let entries = self.closed.remove(&number).map_or(0, |segment| segment.entries);
                self.missing += entries;
                tracing::error!(
                    critical = true,
                    segment = number,
                    entries,
                    "somebody removed a segment of the spool"
                );
                return Ok(None);
            }
            Err(error) => return Err(SpoolError::of("read a segment")(error)),
        };
        let contents = frame::read(&bytes).map_err(newer)?;
        let found = seen(bytes.len() as u64, &contents);
        let known = self.closed.insert(number, found).map_or(0, |segment| segment.entries);
        self.missing += known.saturating_sub(found.entries);
        Ok(Some(contents))
    }

    fn dispose(&mut self, number: u64, damaged_bytes: u64) -> Result<(), SpoolError> {
        if damaged_bytes == 0 {
            return self.remove(number);
        }
        let name = name_of(number);
        self.disk
            .rename(&name, &format!("{name}{DAMAGED}"))
            .map_err(SpoolError::of("set a segment aside"))?;
        self.set_aside.files += 1;
        self.set_aside.bytes += self.closed.remove(&number).map_or(0, |segment| segment.bytes);
        tracing::error!(segment = number, damaged_bytes, "a damaged segment of the spool was set aside");
        self.disk.sync_folder().map_err(SpoolError::of("sync its folder"))
    }

    fn remove(&mut self, number: u64) -> Result<(), SpoolError> {
        match self.disk.remove(&name_of(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(SpoolError::of("remove a segment")(error));
            }
            _ => self.closed.remove(&number),
        };
        self.disk.sync_folder().map_err(SpoolError::of("sync its folder"))
    }
}

/// What a segment holds. One that can't be read now is kept and counted as said: draining tries again.
fn look<D: Disk>(disk: &mut D, number: u64, unread: Segment) -> Result<Segment, SpoolError> {
    match disk.read(&name_of(number)) {
        Ok(read) => Ok(seen(read.len() as u64, &frame::read(&read).map_err(newer)?)),
        Err(error) => {
            tracing::error!(segment = number, kind = %error.kind(), "a segment of the spool can't be read");
            Ok(unread)
        }
    }
}

fn seen(bytes: u64, contents: &frame::Contents) -> Segment {
    let entries = contents.payloads.len() as u64;
    Segment { bytes, entries, damaged: contents.damaged_bytes > 0, failed_reads: 0 }
}

fn newer(Newer(version): Newer) -> SpoolError {
    SpoolError::Newer { version }
}

/// All of the bytes, in as many writes as it takes.
fn write_all<D: Disk>(disk: &mut D, name: &str, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match disk.append(name, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn name_of(number: u64) -> String {
    format!("{number:020}{SEGMENT}")
}

/// The number of a segment, and whether it was set aside. Any other name is somebody else's file.
pub(super) fn parse(name: &str) -> Option<(u64, bool)> {
    let (segment, is_damaged) = name.strip_suffix(DAMAGED).map_or((name, false), |segment| (segment, true));
    let digits = segment.strip_suffix(SEGMENT)?;
    let all_digits = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|number| all_digits && (1..u64::MAX).contains(number))?;
    Some((number, is_damaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_segments() {
        assert_eq!(parse(&name_of(1)), Some((1, false)));
        assert_eq!(parse("00000000000000000042.spool.damaged"), Some((42, true)));
        for foreign in [
            "lock",
            "1.spool",
            "00000000000000000000.spool",
            "18446744073709551615.spool",
            "99999999999999999999.spool",
            "+0000000000000000001.spool",
            "00000000000000000001.spool.bak",
            "00000000000000000001.damaged",
        ] {
            assert_eq!(parse(foreign), None, "{foreign}");
        }
    }
}
