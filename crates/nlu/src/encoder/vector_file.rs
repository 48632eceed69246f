//! Vectors of published text in a file, so that a second start encodes nothing.
//!
//! A header (mark, dimensions, hash of the encoder's fingerprint), then records of one size: the key
//! (16 bytes), the vector (`f32`, little endian), a checksum (8 bytes). Records are only ever
//! appended. The last record takes the place of a damaged one, a torn or damaged tail is cut off; the file
//! of another encoder is begun anew. Losing the file costs time, never an answer.

use super::recent::Key;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

const MARK: &[u8; 8] = b"CIQVEC1\n";
const HEADER: usize = MARK.len() + 4 + 32;
const KEY: usize = size_of::<Key>();
const CHECK: usize = 8;

/// An open cache file and where in it each vector stands.
#[derive(Debug)]
pub(crate) struct VectorFile {
    file: File,
    offsets: HashMap<Key, u64>,
    dimensions: usize,
    /// False when another process has it open: that one writes, this one reads.
    writable: bool,
    /// Bytes that are no vectors of this encoder.
    damaged: u64,
}

impl VectorFile {
    /// Opens or creates the file for vectors of this encoder, and checks every record.
    pub(crate) fn open(path: &Path, dimensions: usize, fingerprint: &str) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        // The lock ends with the process, however it ends.
        let writable = file.try_lock().is_ok();
        let mut this = Self { file, offsets: HashMap::new(), dimensions, writable, damaged: 0 };
        let header = header(dimensions, fingerprint);
        let (intact, holes) = this.scan(&header)?;
        // To who only reads, a record that is being written looks torn.
        if writable {
            let length = this.file.metadata()?.len();
            this.damaged = length.saturating_sub(intact) + holes.len() as u64 * this.record() as u64;
            let intact = this.fill(intact, holes.into())?;
            if intact < length {
                this.file.set_len(intact)?;
            }
            if intact == 0 {
                this.file.seek(SeekFrom::Start(0))?;
                this.file.write_all(&header)?;
            }
        }
        Ok(this)
    }

    /// Number of vectors in the file.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// How many bytes were found damaged, or of another encoder, when the file was opened.
    pub(crate) fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Whether a vector of this key is in the file.
    pub(crate) fn contains(&self, key: &Key) -> bool {
        self.offsets.contains_key(key)
    }

    /// The vector of a key, or `None` when it is not there or no longer intact.
    pub(crate) fn get(&mut self, key: &Key) -> Option<Vec<f32>> {
        let offset = *self.offsets.get(key)?;
        let mut record = vec![0; self.record()];
        self.file.seek(SeekFrom::Start(offset)).ok()?;
        self.file.read_exact(&mut record).ok()?;
        match self.parse(&record) {
            Some((found, vector)) if found == *key => Some(vector),
            _ => {
                self.offsets.remove(key);
                None
            }
        }
    }

    /// Appends vectors in one write.
    pub(crate) fn append<'a>(&mut self, vectors: impl Iterator<Item = (Key, &'a [f32])>) -> io::Result<()> {
        if !self.writable {
            return Ok(());
        }
        let (mut bytes, mut keys) = (Vec::new(), Vec::new());
        for (key, vector) in vectors {
            let start = bytes.len();
            bytes.extend_from_slice(&key);
            bytes.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
            let check = checksum(&bytes[start..]);
            bytes.extend_from_slice(&check);
            keys.push(key);
        }
        let end = self.file.seek(SeekFrom::End(0))?;
        if let Err(error) = self.file.write_all(&bytes) {
            // Half a record must not shift those that follow.
            self.file.set_len(end)?;
            return Err(error);
        }
        let size = self.record() as u64;
        self.offsets.extend(keys.into_iter().zip((0..).map(|index| end + index * size)));
        Ok(())
    }

    /// Takes all vectors but these out of the file, and older records of the same key; tells whether it could,
    /// which only the process can that writes the file.
    pub(crate) fn retain(&mut self, keep: &HashSet<Key>) -> io::Result<bool> {
        if !self.writable {
            return Ok(false);
        }
        self.offsets.retain(|key, _| keep.contains(key));
        let (record, end) = (self.record() as u64, self.file.seek(SeekFrom::End(0))?);
        let kept: HashSet<u64> = self.offsets.values().copied().collect();
        let all = (HEADER as u64..).step_by(self.record()).take_while(|at| at + record <= end);
        let mut holes: VecDeque<u64> = all.filter(|at| !kept.contains(at)).collect();
        if holes.is_empty() {
            return Ok(true);
        }
        let mut end = HEADER as u64 + (end - HEADER as u64) / record * record;
        while holes.pop_back_if(|hole| *hole + record == end).is_some() {
            end -= record;
        }
        let end = self.fill(end, holes)?;
        self.file.set_len(end)?;
        self.file.sync_data()?;
        Ok(true)
    }

    /// As a disk that takes nothing more.
    #[cfg(test)]
    pub(crate) fn refuse_writes(&mut self, path: &Path) -> io::Result<()> {
        self.file = File::open(path)?;
        Ok(())
    }

    fn record(&self) -> usize {
        KEY + self.dimensions * size_of::<f32>() + CHECK
    }

    /// Puts the last records in the place of damaged ones, so that these are not met again; tells where
    /// the last record ends then.
    fn fill(&mut self, intact: u64, mut holes: VecDeque<u64>) -> io::Result<u64> {
        let mut record = vec![0; self.record()];
        let mut end = intact;
        while let Some(hole) = holes.pop_front() {
            let last = end - record.len() as u64;
            self.file.seek(SeekFrom::Start(last))?;
            self.file.read_exact(&mut record)?;
            self.file.seek(SeekFrom::Start(hole))?;
            self.file.write_all(&record)?;
            if let Some(key) = record.first_chunk::<KEY>() {
                self.offsets.insert(*key, hole);
            }
            end = last;
            while holes.pop_back_if(|hole| *hole == end - record.len() as u64).is_some() {
                end -= record.len() as u64;
            }
        }
        Ok(end)
    }

    /// Notes the intact records; tells where the last of them ends, and where damaged ones stand before
    /// it.
    fn scan(&mut self, header: &[u8; HEADER]) -> io::Result<(u64, Vec<u64>)> {
        let mut reader = BufReader::with_capacity(1 << 20, &self.file);
        let mut start = [0; HEADER];
        if !read_whole(&mut reader, &mut start)? || start != *header {
            return Ok((0, Vec::new()));
        }
        let mut record = vec![0; self.record()];
        let (mut at, mut intact, mut holes) = (HEADER as u64, HEADER as u64, Vec::new());
        let mut offsets = HashMap::new();
        while read_whole(&mut reader, &mut record)? {
            let length = record.len() as u64;
            let (body, check) = record.split_at(record.len() - CHECK);
            match body.first_chunk::<KEY>().filter(|_| checksum(body) == *check) {
                Some(key) => {
                    offsets.insert(*key, at);
                    intact = at + length;
                }
                None => holes.push(at),
            }
            at += length;
        }
        self.offsets = offsets;
        holes.retain(|hole| *hole < intact);
        Ok((intact, holes))
    }

    fn parse(&self, record: &[u8]) -> Option<(Key, Vec<f32>)> {
        let (body, check) = record.split_at_checked(record.len().checked_sub(CHECK)?)?;
        let (key, numbers) = body.split_first_chunk::<KEY>()?;
        (checksum(body) == *check).then(|| {
            (*key, numbers.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
        })
    }
}

fn header(dimensions: usize, fingerprint: &str) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let (mark, rest) = header.split_at_mut(MARK.len());
    mark.copy_from_slice(MARK);
    let (size, print) = rest.split_at_mut(4);
    size.copy_from_slice(&u32::try_from(dimensions).unwrap_or(u32::MAX).to_le_bytes());
    print.copy_from_slice(&Sha256::digest(fingerprint));
    header
}

fn checksum(body: &[u8]) -> [u8; CHECK] {
    let hash = Sha256::digest(body);
    std::array::from_fn(|at| hash[at])
}

/// Fills the buffer, or tells that the file ended before.
fn read_whole(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> VectorFile {
        VectorFile::open(path, 3, "abc").unwrap()
    }

    fn fill(path: &Path, count: u8) {
        let vectors: Vec<[f32; 3]> = (0..count).map(|n| [f32::from(n), 1.0, 2.0]).collect();
        open(path).append((0..count).map(|n| [n; 16]).zip(vectors.iter().map(<[f32; 3]>::as_slice))).unwrap();
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        fill(&path, 5);
        let mut file = open(&path);
        assert_eq!(file.len(), 5);
        assert_eq!(file.get(&[3; 16]).unwrap(), [3.0, 1.0, 2.0]);
        assert!(file.get(&[9; 16]).is_none());
        file.append([([9; 16], [7.0_f32, 8.0, 9.0].as_slice())].into_iter()).unwrap();
        assert_eq!(file.get(&[9; 16]).unwrap(), [7.0, 8.0, 9.0]);
    }

    #[test]
    fn what_is_forgotten_is_in_the_file_no_more_and_the_rest_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        for kept in [&[][..], &[0], &[4], &[1, 3], &[0, 1, 2], &[2, 3, 4], &[0, 1, 2, 3, 4]] {
            drop(std::fs::remove_file(&path));
            fill(&path, 5);
            let mut file = open(&path);
            // The same key once more, as after a damaged record.
            file.append([([1; 16], [1.0_f32, 1.0, 2.0].as_slice())].into_iter()).unwrap();
            assert!(file.retain(&kept.iter().map(|n| [*n; 16]).collect()).unwrap());
            file.append([([9; 16], [7.0_f32, 8.0, 9.0].as_slice())].into_iter()).unwrap();
            drop(file);
            let mut again = open(&path);
            assert_eq!((again.len(), again.damaged()), (kept.len() + 1, 0), "{kept:?}");
            for n in kept {
                assert_eq!(again.get(&[*n; 16]).unwrap(), [f32::from(*n), 1.0, 2.0], "{kept:?}");
            }
            drop(again);
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(bytes.len(), HEADER + (kept.len() + 1) * (16 + 12 + 8), "{kept:?}");
        }
    }

    #[test]
    fn a_torn_tail_is_cut_off_wherever_it_tears() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        fill(&path, 3);
        let whole = std::fs::read(&path).unwrap();
        let record = 16 + 12 + 8;
        for keep in 0..whole.len() {
            std::fs::write(&path, &whole[..keep]).unwrap();
            let mut file = open(&path);
            assert_eq!(file.len(), keep.saturating_sub(HEADER) / record, "cut at {keep}");
            file.append([([9; 16], [7.0_f32, 8.0, 9.0].as_slice())].into_iter()).unwrap();
            drop(file);
            assert_eq!(open(&path).get(&[9; 16]).unwrap(), [7.0, 8.0, 9.0], "cut at {keep}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_costs_one_vector_at_most_and_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        fill(&path, 3);
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            let file = open(&path);
            assert_eq!(file.len(), if at < HEADER { 0 } else { 2 }, "flipped at {at}");
            assert!(file.damaged() >= 36, "flipped at {at}");
            drop(file);
            let mut again = open(&path);
            assert_eq!((again.len(), again.damaged()), (if at < HEADER { 0 } else { 2 }, 0));
            let intact = (0..3_u8).filter_map(|n| Some((n, again.get(&[n; 16])?)));
            assert!(intact.into_iter().all(|(n, vector)| vector == [f32::from(n), 1.0, 2.0]));
        }
    }

    #[test]
    fn bytes_that_are_missing_in_the_middle_shift_what_follows_and_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        fill(&path, 5);
        let mut bytes = std::fs::read(&path).unwrap();
        drop(bytes.drain(HEADER + 40..HEADER + 45));
        std::fs::write(&path, &bytes).unwrap();
        let mut file = open(&path);
        assert_eq!((file.len(), file.damaged()), (1, 4 * 36 - 5));
        file.append([([9; 16], [7.0_f32, 8.0, 9.0].as_slice())].into_iter()).unwrap();
        drop(file);
        assert_eq!(open(&path).get(&[9; 16]).unwrap(), [7.0, 8.0, 9.0]);
    }

    #[test]
    fn another_encoder_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        fill(&path, 3);
        assert_eq!(VectorFile::open(&path, 3, "another").unwrap().len(), 0);
        assert_eq!(open(&path).len(), 0);
    }

    #[test]
    fn a_second_process_reads_and_does_not_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        fill(&path, 3);
        let _first = open(&path);
        let mut second = open(&path);
        assert_eq!(second.get(&[1; 16]).unwrap(), [1.0, 1.0, 2.0]);
        second.append([([9; 16], [7.0_f32, 8.0, 9.0].as_slice())].into_iter()).unwrap();
        assert!(second.get(&[9; 16]).is_none());
        assert!(!second.retain(&HashSet::new()).unwrap());
        assert!(second.get(&[1; 16]).is_some());
    }
}
