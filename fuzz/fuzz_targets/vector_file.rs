//! A file of vectors that was torn or damaged anywhere: it opens, what is missing of it is computed again, and nothing
//! but a vector of the encoder comes out.
#![no_main]

use std::sync::Arc;

use contactiq_nlu::encoder::{CachedEncoder, Encoder, EncoderError};
use libfuzzer_sys::fuzz_target;

const TEXTS: [&str; 3] = ["fees", "rates", "cards"];

/// Two numbers of a text's length.
struct ByLength;

impl Encoder for ByLength {
    fn dimensions(&self) -> usize {
        2
    }
    fn fingerprint(&self) -> &str {
        "0123abcd"
    }
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect())
    }
}

/// What comes of the texts from a cache with this file.
fn vectors(path: &std::path::Path) -> Vec<Vec<f32>> {
    let cache = CachedEncoder::open(Arc::new(ByLength), Some(path), 8).expect("any file opens");
    cache.encode_published(&TEXTS).expect("it never fails")
}

fuzz_target!(|input: (bool, u16, Vec<(u16, u8)>, &[u8])| {
    let (fresh, length, changes, behind) = input;
    let path = std::env::temp_dir().join(format!("contactiq-fuzz-vectors-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let right = vectors(&path);
    let mut bytes = if fresh { Vec::new() } else { std::fs::read(&path).expect("it was written above") };
    bytes.truncate(usize::from(length));
    bytes.extend(behind);
    for (at, other) in changes {
        if let Some(byte) = bytes.get_mut(usize::from(at)) {
            *byte ^= other;
        }
    }
    std::fs::write(&path, bytes).expect("the folder of temporary files can be written to");
    assert_eq!(vectors(&path), right);
    assert_eq!(vectors(&path), right, "what was written behind the damage is read");
});
