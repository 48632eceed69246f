//! Measures the encoder and the index: `speed [ENCODER_FOLDER]`. The encoder with every kernel of this
//! processor, by length; the index over 100,000 passages with words that fall in frequency as those of
//! a real text do. Meant for `--release`.

use std::{
    error::Error,
    fmt::Write as _,
    io::Write as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::Collection;
use contactiq_nlu::{
    encoder::{CachedEncoder, Encoder, EncoderError, Kernel, KernelChoice, MiniLm},
    index::{Entry, Index, Query},
};

const PASSAGES: usize = 100_000;
const QUESTIONS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = String::new();
    match std::env::args().nth(1) {
        Some(folder) => encoders(&PathBuf::from(folder), &mut out)?,
        None => writeln!(out, "the encoder is not measured: name its folder")?,
    }
    large_index(&mut out)?;
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(())
}

fn encoders(folder: &std::path::Path, out: &mut String) -> Result<(), Box<dyn Error>> {
    for kernel in Kernel::available() {
        let since = Instant::now();
        let model = MiniLm::load_for(folder, KernelChoice::Forced(kernel))?;
        writeln!(out, "kernel {}: loaded in {:?}", kernel.name(), since.elapsed())?;
        for tokens in [8, 16, 32, 128] {
            let text = "card ".repeat(tokens - 2);
            let times = timed(QUESTIONS, |_| model.encode(&[&text]).map(drop))?;
            writeln!(out, "  {tokens} tokens: p50 {:?}, p95 {:?}", at(&times, 0.5), at(&times, 0.95))?;
        }
        let text = "card ".repeat(126);
        let since = Instant::now();
        model.encode_published(&[text.as_str(); 400])?;
        writeln!(out, "  passages of 128 tokens: {:.0} a second", 400.0 / since.elapsed().as_secs_f64())?;
    }
    Ok(())
}

/// Gives every text the same vector: what is measured is the search.
struct Constant(Vec<f32>);

impl Encoder for Constant {
    fn dimensions(&self) -> usize {
        self.0.len()
    }
    fn fingerprint(&self) -> &str {
        "constant"
    }
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        Ok(vec![self.0.clone(); texts.len()])
    }
}

fn large_index(out: &mut String) -> Result<(), Box<dyn Error>> {
    let mut state = 1_u32;
    let mut number = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut text = |words: usize| {
        let word = |n: u32| format!("w{}", (20_000.0 * (f64::from(n) / f64::from(1 << 24)).powi(3)) as u32);
        (0..words).map(|_| word(number())).collect::<Vec<_>>().join(" ")
    };
    let entries = (0..PASSAGES)
        .map(|_| Entry {
            document: 0,
            collection: Collection::Customer,
            title: text(3),
            headings: Vec::new(),
            text: text(80),
            questions: Vec::new(),
        })
        .collect();
    let questions: Vec<String> = (0..QUESTIONS).map(|_| text(8)).collect();
    let unit: Vec<f32> = (0..384).map(|i| (i as f32).sin() / 13.856).collect();
    let encoder = CachedEncoder::new(Arc::new(Constant(unit.clone())), 1);
    let index = Index::build(entries, Some(&encoder), &|_, _| ())?;
    let times = timed(QUESTIONS, |i| {
        let query = Query { text: &questions[i], vector: Some(&unit), keep: &|_| true, k: 10 };
        drop(index.search(&query));
        Ok::<(), EncoderError>(())
    })?;
    writeln!(out, "search in {PASSAGES} passages: p50 {:?}, p99 {:?}", at(&times, 0.5), at(&times, 0.99))?;
    Ok(())
}

/// How long each of `times` calls takes, shortest first.
fn timed<E>(times: usize, mut work: impl FnMut(usize) -> Result<(), E>) -> Result<Vec<Duration>, E> {
    let mut taken = Vec::with_capacity(times);
    for i in 0..times {
        let since = Instant::now();
        work(i)?;
        taken.push(since.elapsed());
    }
    taken.sort_unstable();
    Ok(taken)
}

fn at(sorted: &[Duration], share: f64) -> Duration {
    sorted.get(((sorted.len() as f64 - 1.0) * share) as usize).copied().unwrap_or_default()
}
