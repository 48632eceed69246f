//! all-MiniLM-L6-v2, or any BERT encoder of its kind, from a folder.

use super::{
    Encoder, EncoderError,
    adapter::{ADAPTED, Adapter, SHIPPED},
    calibration,
    forward::Workspace,
    kernel::{Kernel, KernelChoice},
    linear::Linear,
    tokens::{TOKENIZER, Tokens},
    weights::{CONFIG, Config, WEIGHTS, Weights, damaged},
};
use crate::hex::hex;
use sha2::{Digest, Sha256};
use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Goes into the fingerprint, with the numbers that are computed with: a model that was trained on
/// vectors of one kind must not be used with those of another. Change it when the same weights give
/// other vectors.
fn method(kernel: Kernel) -> &'static [u8] {
    match kernel {
        Kernel::Vnni | Kernel::Avx2 => b"contactiq encoder: int8 2, mean pooling, 256 tokens",
        Kernel::F32 => b"contactiq encoder: f32 2, mean pooling, 256 tokens",
    }
}

/// SHA-256 of the weights of all-MiniLM-L6-v2, which alone may bear its name.
const KNOWN: &str = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
/// What an encoder is tried with when it was loaded.
const PROBES: [&str; 2] = ["Where is my card?", "the ferry leaves at nine"];

/// Published texts that one thread encodes; more are shared among threads. What a person asks is always one thread's:
/// whoever asks holds a permit for one core.
const ALONE: usize = 8;

/// Tokens that go through the network together: enough that a weight read from memory serves many
/// rows, few enough that the rows stay in the cache of a core.
const BATCH_TOKENS: usize = 128;

/// A sentence encoder with its weights in memory: about 60 MB for 8-bit kernels, 90 MB for `f32`.
#[derive(Debug)]
pub struct MiniLm {
    config: Config,
    weights: Weights<Linear>,
    tokens: Tokens,
    kernel: Kernel,
    name: String,
    fingerprint: String,
    /// Workspaces of threads that are done: memory that is already there, for the next.
    idle: Mutex<Vec<Workspace>>,
}

impl MiniLm {
    /// Loads `config.json`, `model.safetensors` and `tokenizer.json` from a folder, for the fastest
    /// kernel of this processor.
    ///
    /// # Errors
    /// [`EncoderError::Read`] when a file is missing or can't be read, [`EncoderError::Damaged`] when
    /// one is cut, of other shapes than the configuration says, or of a kind of model that this
    /// forward pass doesn't compute.
    pub fn load(folder: &Path) -> Result<Self, EncoderError> {
        Self::load_for(folder, KernelChoice::Auto)
    }

    /// The same for a kernel that was chosen.
    ///
    /// # Errors
    /// [`EncoderError::Kernel`] when this processor lacks it, and those of [`MiniLm::load`].
    pub fn load_for(folder: &Path, choice: KernelChoice) -> Result<Self, EncoderError> {
        Self::read(folder, choice, false)
    }

    /// The same with the shipped adapter, which was taught banking; where the weights are not those that
    /// it was made for, they stay as they are.
    ///
    /// # Errors
    /// Those of [`MiniLm::load_for`].
    pub fn load_adapted(folder: &Path, choice: KernelChoice) -> Result<Self, EncoderError> {
        Self::read(folder, choice, true)
    }

    fn read(folder: &Path, choice: KernelChoice, adapted: bool) -> Result<Self, EncoderError> {
        let kernel = choice.resolve()?;
        let read = |file: &str| {
            std::fs::read(folder.join(file))
                .map_err(|source| EncoderError::Read { file: file.to_owned(), source })
        };
        let (config, tokenizer, weights) = (read(CONFIG)?, read(TOKENIZER)?, read(WEIGHTS)?);
        let weights = Hashed::of(&weights);
        let adapter = (adapted && weights.is_known()).then_some(SHIPPED);
        Self::made(&config, &weights, &tokenizer, kernel, adapter)
    }

    /// The same from the contents of the three files, and of an adapter for them.
    ///
    /// # Errors
    /// [`EncoderError::Kernel`] and [`EncoderError::Damaged`], as for [`MiniLm::load_for`].
    pub fn from_bytes(
        config: &[u8],
        weights: &[u8],
        tokenizer: &[u8],
        kernel: Kernel,
        adapter: Option<&[u8]>,
    ) -> Result<Self, EncoderError> {
        Self::made(config, &Hashed::of(weights), tokenizer, kernel, adapter)
    }

    fn made(
        config: &[u8],
        weights: &Hashed<'_>,
        tokenizer: &[u8],
        kernel: Kernel,
        adapter: Option<&[u8]>,
    ) -> Result<Self, EncoderError> {
        KernelChoice::Forced(kernel).resolve()?;
        let mut hash = Sha256::new_with_prefix(method(kernel));
        hash.update(Sha256::digest(config));
        hash.update(weights.hash);
        for part in [tokenizer].into_iter().chain(adapter) {
            hash.update(Sha256::digest(part));
        }
        let fingerprint = hex(&hash.finalize());
        let mut name = match weights.is_known() {
            true => "all-MiniLM-L6-v2".to_owned(),
            false => format!("encoder {}", hex(&weights.hash[..4])),
        };
        if adapter.is_some() {
            name.push_str(ADAPTED);
        }

        let config = Config::parse(config)?;
        let plain = Weights::parse(weights.bytes, &config, adapter.map(Adapter::parse).transpose()?)?;
        let tokens = Tokens::parse(tokenizer, config.vocab_size, config.max_position_embeddings)?;
        let weights = match kernel {
            Kernel::Vnni | Kernel::Avx2 => calibration::quantise(plain, &config, &tokens, kernel)?,
            Kernel::F32 => plain.map(|layer| layer.map(|_, linear| linear.packed(kernel.unit()))),
        };
        let this = Self { config, weights, tokens, kernel, name, fingerprint, idle: Mutex::new(Vec::new()) };
        this.check()?;
        Ok(this)
    }

    /// A file can be whole and say nothing: zeros behind a download that broke off, a flipped exponent.
    /// Then vectors have no length or are all the same, and every cosine would be 0 or 1.
    fn check(&self) -> Result<(), EncoderError> {
        let vectors = self.encode(&PROBES)?;
        let length = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
        if vectors.iter().any(|v| (length(v) - 1.0).abs() > 0.01 || !length(v).is_finite()) {
            return Err(damaged(WEIGHTS, "its vectors have no direction".to_owned()));
        }
        let cosine: f32 = vectors[0].iter().zip(&vectors[1]).map(|(a, b)| a * b).sum();
        if cosine > 0.9999 {
            return Err(damaged(WEIGHTS, "it gives every text the same vector".to_owned()));
        }
        Ok(())
    }

    fn encode_on(&self, threads: usize, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let tokens = texts.iter().map(|text| self.tokens.of(text)).collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(tokens[*at].len()));

        let mut batches = Vec::new();
        let mut rest = order.as_slice();
        while let Some(longest) = rest.first() {
            let (batch, after) = rest.split_at((BATCH_TOKENS / tokens[*longest].len()).clamp(1, rest.len()));
            batches.push(batch);
            rest = after;
        }
        Ok(self.encode_batches(&tokens, &batches, threads.min(batches.len().max(1))))
    }

    /// Encodes batches of token rows, given as places in `tokens`, longest first, on several threads.
    fn encode_batches(&self, tokens: &[Vec<u32>], batches: &[&[usize]], threads: usize) -> Vec<Vec<f32>> {
        let next = AtomicUsize::new(0);
        let vectors = Mutex::new(vec![Vec::new(); tokens.len()]);
        let work = || {
            let idle = lock(&self.idle).pop();
            let mut workspace = idle.unwrap_or_else(|| Workspace::new(self.kernel.unit()));
            // Who is done takes the next batch, so that no thread waits for one with longer texts.
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let texts: Vec<&[u32]> = batch.iter().map(|at| tokens[*at].as_slice()).collect();
                let encoded = workspace.encode(&self.config, &self.weights, &texts);
                let mut vectors = lock(&vectors);
                for (at, vector) in batch.iter().zip(encoded) {
                    vectors[*at] = vector;
                }
            }
            lock(&self.idle).push(workspace);
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        vectors.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoder for MiniLm {
    fn dimensions(&self) -> usize {
        self.config.hidden_size
    }

    fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn kernel(&self) -> &'static str {
        self.kernel.name()
    }

    fn knows(&self, word: &str) -> bool {
        self.tokens.holds(word)
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.encode_on(1, texts)
    }

    /// On as many threads as pay.
    fn encode_published(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.encode_on(if texts.len() > ALONE { cores() } else { 1 }, texts)
    }
}

/// The weights with their SHA-256: 90 MB, which are hashed once a start.
struct Hashed<'a> {
    bytes: &'a [u8],
    hash: [u8; 32],
}

impl Hashed<'_> {
    fn of(bytes: &[u8]) -> Hashed<'_> {
        Hashed { bytes, hash: Sha256::digest(bytes).into() }
    }

    fn is_known(&self) -> bool {
        hex(&self.hash) == KNOWN
    }
}

/// A thread that panicked leaves vectors or workspaces that are whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
