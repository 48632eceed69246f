//! Known answers: the eight inputs of the test data of Certificate Transparency, and the example of signed notes.

use contactiq_auditlog::{
    Checkpoint, Frontier, Hash, SigningKey, VerifyingKey, checkpoint::CheckpointError, note, proof,
};

const INPUTS: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// The root after each of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_roots_are_those_of_certificate_transparency() {
    let mut edge = Frontier::default();
    assert_eq!(edge.root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (input, root) in INPUTS.iter().zip(ROOTS) {
        edge.push(Hash::leaf(input));
        assert_eq!(edge.root().to_string(), root);
    }
}

/// The paths that RFC 6962, section 2.1.3 draws for a tree of seven entries.
#[test]
fn the_proofs_of_the_standard_s_example() {
    let leaves: Vec<Hash> = INPUTS[..7].iter().map(|input| Hash::leaf(input)).collect();
    let subtree = |height: u32, index: u64| {
        let (first, length) = ((index << height) as usize, 1 << height);
        let mut edge = Frontier::default();
        leaves.get(first..first + length)?.iter().for_each(|leaf| edge.push(*leaf));
        Some(edge.root())
    };
    let node = |height, index| subtree(height, index).unwrap();
    let l = Hash::node(node(1, 2), node(0, 6));
    assert_eq!(proof::inclusion(0, 7, subtree).unwrap(), [node(0, 1), node(1, 1), l], "b, h, l");
    assert_eq!(proof::inclusion(3, 7, subtree).unwrap(), [node(0, 2), node(1, 0), l], "c, g, l");
    assert_eq!(proof::inclusion(4, 7, subtree).unwrap(), [node(0, 5), node(0, 6), node(2, 0)], "f, j, k");
    assert_eq!(proof::inclusion(6, 7, subtree).unwrap(), [node(1, 2), node(2, 0)], "i, k");
    assert_eq!(
        proof::consistency(3, 7, subtree).unwrap(),
        [node(0, 2), node(0, 3), node(1, 0), l],
        "c, d, g, l"
    );
    assert_eq!(proof::consistency(4, 7, subtree).unwrap(), [l], "l");
    assert_eq!(proof::consistency(6, 7, subtree).unwrap(), [node(1, 2), node(0, 6), node(2, 0)], "i, j, k");
}

/// The example in the documentation of Go's `sumdb/note`, by another implementation.
#[test]
fn a_note_that_another_program_signed_is_accepted() {
    let key: VerifyingKey =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let signed = format!(
        "{text}\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    );
    assert_eq!(note::open(&signed, std::slice::from_ref(&key)).unwrap(), text);
    assert_eq!(key.to_string(), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    let forged = signed.replace("your problem", "my problem");
    assert!(note::open(&forged, &[key]).is_err());
}

#[test]
fn a_checkpoint_has_one_spelling_and_every_byte_counts() {
    let key = SigningKey::new("bank.example/log", &[3; 32]).unwrap();
    let keys = [key.verifying_key()];
    let made =
        Checkpoint { origin: "bank.example/log".into(), size: 20_852, root: Hash([9; 32]), made_at_us: 1 };
    let signed = made.sign(&key).unwrap();
    assert_eq!(Checkpoint::open(&signed, &keys).unwrap(), made);
    assert!(signed.starts_with("bank.example/log\n20852\nCQkJCQkJ"), "{signed}");
    for at in 0..signed.len() {
        for bit in 0..8 {
            let mut bytes = signed.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(Checkpoint::open(&changed, &keys).is_err(), "byte {at}, bit {bit}: {changed}");
            }
        }
    }
    for other in ["bank.example/log\n020852\n", "bank.example/log\n+20852\n"] {
        let text = made.text().replacen("bank.example/log\n20852\n", other, 1);
        assert_eq!(Checkpoint::read(&text), Err(CheckpointError::Text));
    }
    // A second signature, of a witness that nobody here knows, does no harm; alone it proves nothing.
    let witness = SigningKey::new("witness.example", &[4; 32]).unwrap();
    let line = made.sign(&witness).unwrap().split_once("\n\n").unwrap().1.to_owned();
    assert_eq!(Checkpoint::open(&format!("{signed}{line}"), &keys).unwrap(), made);
    assert!(Checkpoint::open(&made.sign(&witness).unwrap(), &keys).is_err());
}
