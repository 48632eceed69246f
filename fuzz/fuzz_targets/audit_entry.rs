//! Entries of the audit log and the statements about it: one spelling each, and signed ones open with their key alone.
#![no_main]

use contactiq_auditlog::{
    Checkpoint, Entry, Hash, SigningKey,
    note::{self, VerifyingKey},
    tiles,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::from_bytes(bytes) {
        assert_eq!(entry.to_bytes(), bytes);
    }
    assert!(tiles::from_bytes(bytes).is_none_or(|hashes| hashes.len() == tiles::FULL));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(hash) = Hash::from_hex(text) {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifyingKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(keys) = note::keys(text) {
        assert!(!keys.is_empty());
    }
    let key = SigningKey::new("bank.example/log", &[5; 32]).expect("the name is one");
    let keys = [key.verifying_key()];
    assert!(note::open(text, &keys).is_err() || text.contains("bank.example/log"), "nobody else has the key");
    if let Ok(signed) = key.sign(text) {
        assert_eq!(note::open(&signed, &keys), Ok(text));
        let other = SigningKey::new("bank.example/log", &[6; 32]).expect("the name is one").verifying_key();
        assert!(note::open(&signed, &[other]).is_err());
    }
    if let Ok(checkpoint) = Checkpoint::read(text) {
        assert_eq!(checkpoint.text(), text);
        let signed = checkpoint.sign(&key);
        assert!(signed.is_err() || signed.is_ok_and(|note| Checkpoint::open(&note, &keys) == Ok(checkpoint)));
    }
});
