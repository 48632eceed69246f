//! What is remembered, what is written down, and what happens where that fails.

use super::*;
use std::sync::atomic::AtomicUsize;

/// Its vector tells the text's length; it counts what it was asked.
struct Counting(AtomicUsize);

impl Encoder for Counting {
    fn dimensions(&self) -> usize {
        2
    }
    fn fingerprint(&self) -> &str {
        "counting"
    }
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.0.fetch_add(texts.len(), Ordering::Relaxed);
        Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect())
    }
}

fn counting() -> Arc<Counting> {
    Arc::new(Counting(AtomicUsize::new(0)))
}

#[test]
fn a_text_is_encoded_once_and_order_is_kept() {
    let inner = counting();
    let cache = CachedEncoder::new(Arc::clone(&inner) as Arc<dyn Encoder>, 10);
    let vectors = cache.encode(&["a", "bbb", "a", "cc"]).unwrap();
    assert_eq!(vectors.iter().map(|v| v[0]).collect::<Vec<_>>(), [1.0, 3.0, 1.0, 2.0]);
    assert_eq!(cache.encode(&["cc", "a"]).unwrap(), [vec![2.0, 1.0], vec![1.0, 1.0]]);
    assert_eq!(inner.0.load(Ordering::Relaxed), 3);
    assert!(cache.encode(&[]).unwrap().is_empty());
}

#[test]
fn more_texts_than_the_memory_holds_are_all_answered() {
    let cache = CachedEncoder::new(counting(), 4);
    let texts: Vec<String> = (0..100).map(|n| "x".repeat(n)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = cache.encode(&texts).unwrap();
    assert!(vectors.iter().enumerate().all(|(n, v)| v[0] == n as f32));
    assert_eq!(cache.size(), CacheSize { in_memory: 4, in_file: None });
}

#[test]
fn published_text_survives_a_restart_and_what_people_write_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    let texts: Vec<String> = (0..600).map(|n| format!("{n:>n$}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    let cache = CachedEncoder::open(counting(), Some(&path), 10).unwrap();
    let first = cache.encode_published(&texts).unwrap();
    cache.encode(&["my PIN is 1234", "opening hours"]).unwrap();
    assert_eq!(cache.size().in_file, Some(600));
    cache.encode_published(&["opening hours"]).unwrap();
    assert_eq!(cache.size().in_file, Some(601));
    drop(cache);

    let inner = counting();
    let cache = CachedEncoder::open(Arc::clone(&inner) as Arc<dyn Encoder>, Some(&path), 10).unwrap();
    assert_eq!(cache.encode_published(&texts).unwrap(), first);
    assert_eq!(inner.0.load(Ordering::Relaxed), 0);
    cache.encode(&["my PIN is 1234"]).unwrap();
    assert_eq!(inner.0.load(Ordering::Relaxed), 1);
}

#[test]
fn what_is_forgotten_is_encoded_again_and_the_rest_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    let inner = counting();
    let cache = CachedEncoder::open(Arc::clone(&inner) as Arc<dyn Encoder>, Some(&path), 10).unwrap();
    cache.encode_published(&["stays", "must go", "must go too"]).unwrap();
    assert!(cache.forget_all_but(["stays", "was never there"].into_iter(), 3).unwrap());
    assert_eq!(cache.erasures(), 3);
    assert_eq!(cache.size(), CacheSize { in_memory: 0, in_file: Some(1) });
    inner.0.store(0, Ordering::Relaxed);
    cache.encode_published(&["stays", "must go"]).unwrap();
    assert_eq!(inner.0.load(Ordering::Relaxed), 1);
}

/// Replicas that keep vectors in a map, and can be away.
#[derive(Default)]
struct Replicas {
    kept: Mutex<HashMap<Key, Vec<f32>>>,
    asked: AtomicUsize,
    away: AtomicBool,
}

impl SharedVectors for Replicas {
    fn get(&self, keys: &[Key]) -> Option<HashMap<Key, Vec<f32>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let kept = self.kept.lock().unwrap();
        let found = keys.iter().filter_map(|key| Some((*key, kept.get(key)?.clone()))).collect();
        (!self.away.load(Ordering::Relaxed)).then_some(found)
    }

    fn put(&self, vectors: &[(Key, &[f32])]) {
        if !self.away.load(Ordering::Relaxed) {
            self.kept.lock().unwrap().extend(vectors.iter().map(|(key, vector)| (*key, vector.to_vec())));
        }
    }
}

#[test]
fn a_second_replica_encodes_only_what_no_other_has() {
    let replicas = Arc::new(Replicas::default());
    let replica = || {
        let inner = counting();
        let cache = CachedEncoder::new(Arc::clone(&inner) as Arc<dyn Encoder>, 10);
        cache.share(Arc::clone(&replicas) as Arc<dyn SharedVectors>);
        (inner, cache)
    };
    let texts: Vec<String> = (0..600).map(|n| format!("{n:>n$}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (inner, first) = replica();
    // What a person wrote is not given away, and is once the bank publishes the same words.
    first.encode(&["opening hours", "my PIN is 1234"]).unwrap();
    assert!(replicas.kept.lock().unwrap().is_empty());
    first.encode_published(&["opening hours"]).unwrap();
    let vectors = first.encode_published(&texts).unwrap();
    assert_eq!(inner.0.load(Ordering::Relaxed), 602);
    assert_eq!(replicas.kept.lock().unwrap().len(), 601);

    let (inner, second) = replica();
    replicas.asked.store(0, Ordering::Relaxed);
    assert_eq!(second.encode_published(&texts).unwrap(), vectors);
    assert_eq!(second.encode_published(&["new", "opening hours"]).unwrap()[0][0], 3.0);
    assert_eq!(inner.0.load(Ordering::Relaxed), 1);
    assert_eq!(replicas.asked.load(Ordering::Relaxed), 2, "one question a call, however many texts");

    // A vector of another length is not taken, and while nobody can say, each encodes for itself.
    replicas.kept.lock().unwrap().insert(second.key("odd"), vec![1.0]);
    assert_eq!(second.encode_published(&["odd"]).unwrap(), [[3.0, 1.0]]);
    replicas.away.store(true, Ordering::Relaxed);
    let (inner, third) = replica();
    assert_eq!(third.encode_published(&texts).unwrap(), vectors);
    assert_eq!(inner.0.load(Ordering::Relaxed), 600);
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = CachedEncoder::open(counting(), Some(folder.path()), 10).unwrap_err();
    assert!(matches!(error, EncoderError::Read { .. }));
}

#[test]
fn a_file_that_takes_nothing_is_given_up_and_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    let cache = CachedEncoder::open(counting(), Some(&path), 10).unwrap();
    cache.encode_published(&["a fee"]).unwrap();
    assert!(!cache.has_given_up_its_file());
    lock(&cache.file).as_mut().unwrap().refuse_writes(&path).unwrap();
    assert_eq!(cache.encode_published(&["a fee", "a limit"]).unwrap().len(), 2, "answers go on");
    assert!(cache.has_given_up_its_file());
    assert_eq!(cache.size().in_file, None);
}
