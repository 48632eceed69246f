//! An export, its anchors and a disclosure, as an auditor is handed them: any file is refused or accepted without a
//! panic. The lines of the input as entries of a log are accepted as they are, and with one byte changed they are not.
#![no_main]

use std::collections::BTreeMap;

use contactiq_auditlog::{
    Checkpoint, Entry, Frontier, Hash, SigningKey,
    disclosure::Disclosure,
    entry::VERSION,
    export::{anchors, begin, checkpoint, end, verify},
};
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "bank.example/contactiq";

/// A whole log of these events, signed at its end.
fn log<'t>(events: impl Iterator<Item = &'t str>, key: &SigningKey) -> Vec<u8> {
    let (mut edge, mut file) = (Frontier::default(), begin(ORIGIN, &Frontier::default()));
    for event in events {
        let fields = BTreeMap::from([("said".to_owned(), event.to_owned())]);
        let (index, kind) = (edge.size(), event.chars().take(3).collect());
        let entry = Entry {
            v: VERSION,
            index,
            logged_at_us: 1,
            clock_back_us: 0,
            event: index.to_string(),
            at_us: 1,
            kind,
            fields,
            commitment: None,
        };
        edge.push(Hash::leaf(&entry.to_bytes()));
        file.extend([entry.to_bytes(), b"\n".to_vec()].concat());
    }
    let made = Checkpoint { origin: ORIGIN.to_owned(), size: edge.size(), root: edge.root(), made_at_us: 2 };
    file.extend(checkpoint(&made.sign(key).expect("its name is one")));
    file.extend(end(edge.size(), 1));
    file
}

fuzz_target!(|input: (usize, u8, &[u8])| {
    let (at, other, bytes) = input;
    let key = SigningKey::new("bank.example/log", &[5; 32]).expect("the name is one");
    let keys = [key.verifying_key()];
    let _ = (verify(&mut &*bytes, &keys, &[]), anchors(&mut &*bytes, &keys));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = Disclosure::verify(text, &keys);
    let mut file = log(text.lines(), &key);
    let whole = verify(&mut file.as_slice(), &keys, &[]).expect("it was written here");
    assert_eq!(whole.size, text.lines().count() as u64);
    let kept = anchors(&mut file.as_slice(), &keys).expect("it has a checkpoint");
    assert!(verify(&mut file.as_slice(), &keys, &kept).is_ok_and(|whole| whole.anchors == 1));
    if other != 0 {
        let at = at % file.len();
        file[at] ^= other;
        assert!(verify(&mut file.as_slice(), &keys, &[]).is_err(), "byte {at} is another");
    }
});
