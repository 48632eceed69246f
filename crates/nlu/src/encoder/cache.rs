//! An encoder that remembers.

use super::{
    Encoder, EncoderError, Payer,
    recent::{Key, Recent},
    vector_file::VectorFile,
};
use contactiq_domain::{BreakerState, SharedVectors, VectorKey};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

/// Texts of the bank that are encoded between two writes to the file, so that a start that is broken
/// off goes on where it was.
const SLICE: usize = 256;

/// Wraps an encoder: a text met again is looked up (microseconds) instead of encoded (milliseconds).
///
/// What people write is kept in memory only, and only under a hash. [`Encoder::encode_published`] is
/// for text that the bank itself published: that alone goes to the file, if there is one, and to the
/// other replicas, if they share.
pub struct CachedEncoder {
    inner: Arc<dyn Encoder>,
    capacity: usize,
    erasures: AtomicU64,
    recent: Mutex<Recent>,
    file: Mutex<Option<VectorFile>>,
    given_up: AtomicBool,
    shared: OnceLock<Arc<dyn SharedVectors>>,
}

/// Whose texts are encoded.
#[derive(Clone, Copy)]
enum Whose<'a> {
    /// The bank's.
    Published,
    /// A person's, and who pays for them.
    Person(Option<&'a dyn Payer>),
}

/// Vectors by the key of their text.
type Known = HashMap<Key, Arc<[f32]>>;

/// What a cache holds, for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSize {
    /// Vectors in memory.
    pub in_memory: usize,
    /// Vectors in the file; `None` when there is no file, or writing to it failed and it was given up.
    pub in_file: Option<usize>,
}

impl std::fmt::Debug for CachedEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedEncoder")
            .field("fingerprint", &self.inner.fingerprint())
            .finish_non_exhaustive()
    }
}

impl CachedEncoder {
    /// Remembers in memory, at most `capacity` vectors (1.5 KB each for 384 dimensions).
    #[must_use]
    pub fn new(inner: Arc<dyn Encoder>, capacity: usize) -> Self {
        Self {
            inner,
            capacity,
            erasures: AtomicU64::new(0),
            recent: Mutex::new(Recent::new(capacity)),
            file: Mutex::new(None),
            given_up: AtomicBool::new(false),
            shared: OnceLock::new(),
        }
    }

    /// The same with a file of published vectors at `path`, made if it isn't there. A torn tail is cut
    /// off; the file of an encoder with another fingerprint is emptied. While another process has the
    /// file open, this one only reads it.
    ///
    /// # Errors
    /// [`EncoderError::Read`] when the file can't be opened or read.
    pub fn open(inner: Arc<dyn Encoder>, path: Option<&Path>, capacity: usize) -> Result<Self, EncoderError> {
        let this = Self::new(inner, capacity);
        if let Some(path) = path {
            let file = VectorFile::open(path, this.dimensions(), this.fingerprint())
                .map_err(|source| EncoderError::Read { file: path.display().to_string(), source })?;
            *lock(&this.file) = Some(file);
        }
        Ok(this)
    }

    /// Bytes of the file that were damaged, or of another encoder, when it was opened: their vectors are
    /// encoded again.
    #[must_use]
    pub fn damaged(&self) -> u64 {
        lock(&self.file).as_ref().map_or(0, VectorFile::damaged)
    }

    /// What is held now.
    #[must_use]
    pub fn size(&self) -> CacheSize {
        CacheSize {
            in_memory: lock(&self.recent).len(),
            in_file: lock(&self.file).as_ref().map(VectorFile::len),
        }
    }

    /// Whether writing to the file failed, so that nothing is written to it any more: the next start encodes again what
    /// was published since.
    #[must_use]
    pub fn has_given_up_its_file(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// From now on published text is looked for first at what the other replicas keep, and what they lack
    /// is given to them. The first call counts.
    pub fn share(&self, with: Arc<dyn SharedVectors>) {
        drop(self.shared.set(with));
    }

    /// Forgets every text but these, in memory and in the file, after so many erasures: what else was published
    /// is to be nowhere. False where another process writes the file, which has to do it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn forget_all_but<'a>(
        &self,
        texts: impl Iterator<Item = &'a str>,
        erasures: u64,
    ) -> std::io::Result<bool> {
        let keep: HashSet<Key> = texts.map(|text| self.key(text)).collect();
        *lock(&self.recent) = Recent::new(self.capacity);
        let done = lock(&self.file).as_mut().map_or(Ok(true), |file| file.retain(&keep))?;
        self.erasures.store(erasures, Ordering::Relaxed);
        Ok(done)
    }

    /// After how many erasures it forgot last.
    #[must_use]
    pub fn erasures(&self) -> u64 {
        self.erasures.load(Ordering::Relaxed)
    }

    /// Under what a text is kept.
    #[must_use]
    pub fn key(&self, text: &str) -> VectorKey {
        let hash =
            Sha256::new_with_prefix(self.inner.fingerprint()).chain_update([0]).chain_update(text).finalize();
        std::array::from_fn(|at| hash[at])
    }

    fn look_up(&self, texts: &[&str], whose: Whose<'_>, held: &Known) -> Result<Vec<Vec<f32>>, EncoderError> {
        let keys: Vec<Key> = texts.iter().map(|text| self.key(text)).collect();
        let mut known = Known::new();
        let mut missing: HashMap<Key, &str> = HashMap::new();
        {
            let mut recent = lock(&self.recent);
            for (key, text) in keys.iter().zip(texts) {
                match held.get(key).cloned().or_else(|| recent.get(key)) {
                    Some(vector) => _ = known.insert(*key, vector),
                    None => _ = missing.insert(*key, text),
                }
            }
        }
        if !missing.is_empty()
            && let Some(file) = lock(&self.file).as_mut()
        {
            missing.retain(|key, _| match file.get(key) {
                Some(vector) => known.insert(*key, vector.into()).is_some(),
                None => true,
            });
        }
        if !missing.is_empty() {
            let (new_keys, new_texts): (Vec<Key>, Vec<&str>) = missing.into_iter().unzip();
            // No lock is held while encoding; two threads may encode the same text, with the same result.
            let encoded = match whose {
                Whose::Published => self.inner.encode_published(&new_texts)?,
                Whose::Person(Some(payer)) => self.inner.encode_for(&new_texts, payer)?,
                Whose::Person(None) => self.inner.encode(&new_texts)?,
            };
            // A vector less would give every text behind the gap that of its neighbour.
            if encoded.len() != new_texts.len() {
                return Err(EncoderError::Count { asked: new_texts.len(), given: encoded.len() });
            }
            let mut recent = lock(&self.recent);
            for (key, vector) in new_keys.into_iter().zip(encoded) {
                let vector: Arc<[f32]> = vector.into();
                recent.put(key, Arc::clone(&vector));
                known.insert(key, vector);
            }
        }
        if matches!(whose, Whose::Published) {
            self.keep(&known);
            self.give(&known, held);
        }
        Ok(keys.iter().filter_map(|key| known.get(key)).map(|vector| vector.to_vec()).collect())
    }

    /// What the other replicas have of these texts. One of another length is nobody's.
    fn held_by_replicas(&self, texts: &[&str]) -> Known {
        let Some(shared) = self.shared.get().filter(|_| !texts.is_empty()) else { return Known::new() };
        let mut keys: Vec<Key> = texts.iter().map(|text| self.key(text)).collect();
        keys.sort_unstable();
        keys.dedup();
        let held = shared.get(&keys).unwrap_or_default().into_iter();
        let usable = held.filter(|(_, vector)| vector.len() == self.dimensions());
        usable.map(|(key, vector)| (key, vector.into())).collect()
    }

    /// Gives the other replicas what they lack.
    fn give(&self, known: &Known, held: &Known) {
        let Some(shared) = self.shared.get() else { return };
        let new: Vec<(Key, &[f32])> = known
            .iter()
            .filter(|(key, _)| !held.contains_key(*key))
            .map(|(key, vector)| (*key, &**vector))
            .collect();
        if !new.is_empty() {
            shared.put(&new);
        }
    }

    /// Writes what is not yet in the file, also what was in memory because somebody asked the very
    /// same words before.
    fn keep(&self, vectors: &Known) {
        let mut file = lock(&self.file);
        let Some(open) = file.as_mut() else { return };
        let new: Vec<(Key, &[f32])> = vectors
            .iter()
            .filter(|(key, _)| !open.contains(key))
            .map(|(key, vector)| (*key, &**vector))
            .collect();
        if new.is_empty() {
            return;
        }
        if let Err(error) = open.append(new.into_iter()) {
            *file = None;
            self.given_up.store(true, Ordering::Relaxed);
            tracing::warn!(
                %error,
                "vectors can't be written to cache/vectors.bin and are kept in memory only: free some disk and restart"
            );
        }
    }
}

impl Encoder for CachedEncoder {
    fn dimensions(&self) -> usize {
        self.inner.dimensions()
    }

    fn fingerprint(&self) -> &str {
        self.inner.fingerprint()
    }

    fn kernel(&self) -> &'static str {
        self.inner.kernel()
    }

    fn name(&self) -> &str {
        self.inner.name()
    }

    fn breaker(&self) -> BreakerState {
        self.inner.breaker()
    }

    fn knows(&self, word: &str) -> bool {
        self.inner.knows(word)
    }

    /// Remembers in memory only: right for what people write.
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.look_up(texts, Whose::Person(None), &Known::new())
    }

    fn encode_for(&self, texts: &[&str], payer: &dyn Payer) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.look_up(texts, Whose::Person(Some(payer)), &Known::new())
    }

    fn is_paid_by(&self, payer: Arc<dyn Payer>) {
        self.inner.is_paid_by(payer);
    }

    /// What is new goes to the file. When the file can't be written (a full disk), it is given up and
    /// encoding goes on without it.
    fn encode_published(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let mut vectors = Vec::with_capacity(texts.len());
        let held = self.held_by_replicas(texts);
        for slice in texts.chunks(SLICE) {
            vectors.extend(self.look_up(slice, Whose::Published, &held)?);
        }
        Ok(vectors)
    }
}

/// A thread that panicked leaves a cache, at worst, with an entry less.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
