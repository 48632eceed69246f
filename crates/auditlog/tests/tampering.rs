//! A small log as a file: whatever is changed in it is found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use contactiq_auditlog::{
    Checkpoint, Entry, Frontier, Hash, SigningKey, VerifyingKey,
    disclosure::{Disclosure, Opened, Record},
    entry::{EntryError, VERSION},
    export::{self, Fault, What, Whole},
    proof,
};

const ORIGIN: &str = "bank.example/audit";

fn key() -> SigningKey {
    SigningKey::new(ORIGIN, &[7; 32]).unwrap()
}

fn keys() -> [VerifyingKey; 1] {
    [key().verifying_key()]
}

fn entry(index: u64) -> Entry {
    Entry {
        v: VERSION,
        index,
        logged_at_us: 1_000_000 * index as i64,
        clock_back_us: if index == 3 { 5 } else { 0 },
        event: format!("0192f0c5-7e2b-7c3d-9a4e-00000000{index:04}"),
        at_us: 900_000 * index as i64,
        kind: if index.is_multiple_of(2) { "access" } else { "interaction" }.to_owned(),
        fields: BTreeMap::from([("route".to_owned(), "/v1/\"interactions\"".to_owned())]),
        commitment: (index % 2 == 1).then(|| Hash::commitment(&[index as u8; 32], b"{}")),
    }
}

fn checkpoint(edge: &Frontier) -> String {
    let root = edge.root();
    Checkpoint { origin: ORIGIN.to_owned(), size: edge.size(), root, made_at_us: 1 }.sign(&key()).unwrap()
}

/// The lines of a log of these entries, with a checkpoint after every third and after the last.
fn lines(entries: &[Entry]) -> Vec<Vec<u8>> {
    let (mut edge, mut checkpoints) = (Frontier::default(), 0);
    let mut lines = vec![export::begin(ORIGIN, &edge)];
    for (at, entry) in entries.iter().enumerate() {
        let bytes = entry.to_bytes();
        edge.push(Hash::leaf(&bytes));
        lines.push([bytes, b"\n".to_vec()].concat());
        if at % 3 == 2 || at + 1 == entries.len() {
            lines.push(export::checkpoint(&checkpoint(&edge)));
            checkpoints += 1;
        }
    }
    lines.push(export::end(entries.len() as u64, checkpoints));
    lines
}

fn small() -> Vec<Entry> {
    (0..8).map(entry).collect()
}

fn verify(file: &[u8], anchors: &[Checkpoint]) -> Result<Whole, Fault> {
    export::verify(&mut &*file, &keys(), anchors)
}

#[test]
fn a_whole_log_is_verified() {
    let whole = verify(&lines(&small()).concat(), &[]).unwrap();
    assert_eq!((whole.size, whole.checkpoints, whole.clock_set_back), (8, 3, 1));
    assert_eq!(whole.kinds, BTreeMap::from([("access".to_owned(), 4), ("interaction".to_owned(), 4)]));
}

#[test]
fn every_bit_of_the_file_counts() {
    let file = lines(&small()).concat();
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            let found = verify(&changed, &[]);
            assert!(found.is_err(), "byte {at}, bit {bit}: {}", String::from_utf8_lossy(&changed));
        }
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_found_and_so_is_one_with_something_behind_it() {
    let file = lines(&small()).concat();
    for at in 0..file.len() {
        assert!(verify(&file[..at], &[]).is_err(), "cut at {at}");
    }
    assert!(verify(&[file.as_slice(), b"\n"].concat(), &[]).is_err());
}

/// An export that claims to begin behind more entries than can be counted on from.
#[test]
fn a_log_of_a_size_that_none_has_is_refused() {
    for from in [u64::MAX, 1 << 63] {
        let edge = vec![Hash([0; 32]); from.count_ones() as usize];
        let edge = serde_json::to_string(&edge).unwrap();
        let begin = format!(
            "{{\"contactiq_audit_log\":1,\"origin\":\"{ORIGIN}\",\"from\":{from},\"edge\":{edge}}}\n"
        );
        let file = [
            begin.into_bytes(),
            Entry { index: from, ..entry(0) }.to_bytes(),
            b"\n".to_vec(),
            export::end(1, 0),
        ]
        .concat();
        let fault = verify(&file, &[]).unwrap_err();
        assert!(matches!(fault.what, What::Line), "{fault}");
    }
}

#[test]
fn the_entry_that_fails_first_is_named() {
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut lines = lines(&small());
        change(&mut lines);
        verify(&lines.concat(), &[]).unwrap_err()
    };
    // Lines: 0 begin, 1 to 3 entries 0 to 2, 4 checkpoint, 5 to 7 entries 3 to 5, 8 checkpoint, …
    let gap = changed(&|lines| drop(lines.remove(5)));
    assert!(matches!(gap.what, What::Order { expected: 3, found: 4 }), "{gap}");
    assert_eq!(gap.entry, Some(3));
    let doubled = changed(&|lines| lines.insert(5, lines[3].clone()));
    assert!(matches!(doubled.what, What::Order { expected: 3, found: 2 }), "{doubled}");
    let swapped = changed(&|lines| lines.swap(6, 7));
    assert!(matches!(swapped.what, What::Order { expected: 4, found: 5 }), "{swapped}");
    // An edited entry of the right form is found at the next checkpoint, between two that agree and do not.
    let edited = changed(&|lines| {
        let mut other = entry(4);
        other.kind = "sign_in".to_owned();
        lines[6] = [other.to_bytes(), b"\n".to_vec()].concat();
    });
    assert!(matches!(edited.what, What::Root { after: 3, size: 6 }), "{edited}");
    assert_eq!(
        edited.to_string(),
        "entry 5, line 9: an entry between 3 and 6 is not the one that was signed: the root is another"
    );
    let spelt = changed(&|lines| lines[6] = [b"{\"v\": 1,".as_slice(), &lines[6][7..]].concat());
    assert!(matches!(spelt.what, What::Line | What::Entry(_)), "{spelt}");
    let spaced = changed(&|lines| {
        let text = String::from_utf8(lines[6].clone()).unwrap().replace("\"index\":4", "\"index\": 4");
        lines[6] = text.into_bytes();
    });
    assert!(matches!(spaced.what, What::Entry(EntryError::Spelling)), "{spaced}");
    let back = changed(&|lines| {
        let mut other = entry(4);
        other.logged_at_us = 2_999_999;
        lines[6] = [other.to_bytes(), b"\n".to_vec()].concat();
    });
    assert!(matches!(back.what, What::Time), "{back}");
    let unsigned = changed(&|lines| {
        let last = lines.len() - 2;
        lines.remove(last);
        lines.pop();
        lines.push(export::end(8, 2));
    });
    assert!(matches!(unsigned.what, What::Unsigned { entries: 2 }), "{unsigned}");
}

/// Whoever runs the log has its key: they can sign another history, and only what was anchored elsewhere tells.
#[test]
fn another_history_with_new_hashes_and_signatures_is_found_by_an_anchor() {
    let honest = lines(&small()).concat();
    let anchors = export::anchors(&mut &*honest, &keys()).unwrap();
    assert_eq!(anchors.len(), 3);
    let whole = verify(&honest, &anchors).unwrap();
    assert_eq!(whole.anchors, 3);

    let mut other = small();
    other[4].kind = "sign_in".to_owned();
    let forked = lines(&other).concat();
    verify(&forked, &[]).unwrap();
    let found = verify(&forked, &anchors).unwrap_err();
    assert!(matches!(found.what, What::Forked { size: 6 }), "{found}");

    let shortened = lines(&small()[..6]).concat();
    verify(&shortened, &[]).unwrap();
    let found = verify(&shortened, &anchors).unwrap_err();
    assert!(matches!(found.what, What::Shortened { size: 8 }), "{found}");

    let another_key = [SigningKey::new(ORIGIN, &[8; 32]).unwrap().verifying_key()];
    assert!(export::verify(&mut &*honest, &another_key, &[]).is_err());
    assert!(export::anchors(&mut &*honest, &another_key).is_err());
}

#[test]
fn a_part_of_a_log_continues_what_the_auditor_has() {
    let entries = small();
    let whole = lines(&entries).concat();
    let anchors = export::anchors(&mut &*whole, &keys()).unwrap();
    let mut edge = Frontier::default();
    entries[..3].iter().for_each(|entry| edge.push(Hash::leaf(&entry.to_bytes())));
    let part = |begin: Vec<u8>| {
        let mut all = lines(&entries);
        all.drain(..5);
        all.insert(0, begin);
        all.pop();
        all.push(export::end(5, 2));
        all.concat()
    };
    let found = verify(&part(export::begin(ORIGIN, &edge)), &anchors).unwrap();
    assert_eq!((found.from, found.size, found.anchors), (3, 8, 3));
    // Another beginning leads to other roots.
    let mut other = Frontier::default();
    (10..13).for_each(|at| other.push(Hash::leaf(&entry(at).to_bytes())));
    assert!(verify(&part(export::begin(ORIGIN, &other)), &[]).is_err());
}

fn disclosed(index: u64, opened: Option<Opened>) -> Disclosure {
    let leaves: Vec<Hash> = small().iter().map(|entry| Hash::leaf(&entry.to_bytes())).collect();
    let subtree = |height: u32, index: u64| {
        let first = (index << height) as usize;
        Some(contactiq_auditlog::tiles::root(leaves.get(first..first + (1 << height))?))
    };
    let mut edge = Frontier::default();
    leaves.iter().for_each(|leaf| edge.push(*leaf));
    Disclosure {
        contactiq_audit_proof: 1,
        entry: String::from_utf8(entry(index).to_bytes()).unwrap(),
        inclusion: proof::inclusion(index, 8, subtree).unwrap(),
        checkpoint: checkpoint(&edge),
        opened,
    }
}

#[test]
fn a_proof_opens_what_its_entry_commits_to_and_every_bit_of_it_counts() {
    let opened = Opened { salt: "05".repeat(32), record: "{}".to_owned() };
    let text = disclosed(5, Some(opened.clone())).to_text();
    assert_eq!(Disclosure::verify(&text, &keys()).unwrap().record, Record::Opened("{}".to_owned()));
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(Disclosure::verify(&changed, &keys()).is_err(), "byte {at}, bit {bit}: {changed}");
            }
        }
    }
    // Without its salt the entry is still in the log; another record does not fit, nor one where there is none.
    assert_eq!(Disclosure::verify(&disclosed(5, None).to_text(), &keys()).unwrap().record, Record::Closed);
    assert_eq!(Disclosure::verify(&disclosed(4, None).to_text(), &keys()).unwrap().record, Record::None);
    let guessed = Opened { record: "{ }".to_owned(), ..opened.clone() };
    assert!(Disclosure::verify(&disclosed(5, Some(guessed)).to_text(), &keys()).is_err());
    assert!(Disclosure::verify(&disclosed(4, Some(opened)).to_text(), &keys()).is_err());
}
