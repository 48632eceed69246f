//! Proofs: the right one is accepted, one of another entry, size or root is not, and any list of hashes is looked at
//! without a panic, whatever sizes it claims to be of.
#![no_main]

use contactiq_auditlog::{
    Frontier, Hash,
    proof::{consistency, inclusion, verify_consistency, verify_inclusion},
    tiles::Tail,
};
use libfuzzer_sys::fuzz_target;

/// The root of these entries, computed as the definition says.
fn root(leaves: &[Hash]) -> Hash {
    let mut edge = Frontier::default();
    leaves.iter().for_each(|leaf| edge.push(*leaf));
    edge.root()
}

fuzz_target!(|input: (u64, u64, u16, u16, Vec<[u8; 32]>)| {
    let (index, size, small, smaller, hashes) = input;
    let hashes: Vec<Hash> = hashes.into_iter().map(Hash).collect();
    let first = hashes.first().copied().unwrap_or(Hash([0; 32]));
    let _ = verify_inclusion(index, size, first, &hashes, first);
    let _ = verify_consistency(index, first, size, first, &hashes);
    let _ = (inclusion(index, size, |_, _| None), consistency(index, size, |_, _| None));
    let _ =
        (Tail::new(size, vec![hashes.clone(); usize::from(small % 9)]), Frontier::new(size, hashes.clone()));

    let count = u64::from(small % 600) + 1;
    let (index, earlier) = (index % count, u64::from(smaller) % (count + 1));
    let leaves: Vec<Hash> = (0..count).map(|n| Hash::leaf(&n.to_le_bytes())).collect();
    let subtree = |height: u32, place: u64| {
        let from = (place as usize) << height;
        leaves.get(from..from + (1 << height)).map(root)
    };
    let (whole, before) = (root(&leaves), root(&leaves[..earlier as usize]));
    let leaf = leaves[index as usize];
    let proof = inclusion(index, count, subtree).expect("every subtree is known");
    assert_eq!(verify_inclusion(index, count, leaf, &proof, whole), Ok(()));
    assert!(verify_inclusion(index, count, first, &proof, whole).is_err(), "another entry");
    assert!(verify_inclusion(index, count, leaf, &hashes, whole).is_err() || hashes == proof);
    let proof = consistency(earlier, count, subtree).expect("every subtree is known");
    assert_eq!(verify_consistency(earlier, before, count, whole, &proof), Ok(()));
    // Every tree continues the empty one.
    assert!(
        earlier == 0 || verify_consistency(earlier, before, count, first, &proof).is_err(),
        "another root"
    );
    let mut tail = Tail::default();
    leaves.iter().for_each(|leaf| drop(tail.push(*leaf)));
    assert_eq!((tail.root(), tail.size()), (whole, count));
    assert_eq!(Tail::new(count, tail.open().to_vec()), Some(tail));
});
