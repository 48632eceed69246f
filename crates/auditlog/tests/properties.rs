//! Against a naive tree, computed as RFC 6962 defines it, without anything kept.

use contactiq_auditlog::{
    Frontier, Hash,
    proof::{self, verify_consistency, verify_inclusion},
    tiles::{Known, Place, Tail},
};
use proptest::prelude::*;

fn leaf(number: u64) -> Hash {
    Hash::leaf(&number.to_le_bytes())
}

/// The definition.
fn naive(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [one] => *one,
        more => {
            let mut left = 1;
            while left * 2 < more.len() {
                left *= 2;
            }
            Hash::node(naive(&more[..left]), naive(&more[left..]))
        }
    }
}

/// A log of this size as it is kept: its full tiles and its end.
fn kept(size: u64) -> Known {
    let (mut tail, mut full) = (Tail::default(), Vec::new());
    (0..size).for_each(|number| full.extend(tail.push(leaf(number))));
    let mut known = Known::new(tail);
    full.into_iter().for_each(|tile| known.add(tile.place, tile.hashes));
    known
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn roots_and_proofs_are_those_of_the_naive_tree(size in 1_u64..1500, index in 0_u64..1500, earlier in 0_u64..1500) {
        let (index, earlier) = (index % size, earlier % (size + 1));
        let leaves: Vec<Hash> = (0..size).map(leaf).collect();
        let root = naive(&leaves);
        let known = kept(size);
        let mut edge = Frontier::default();
        leaves.iter().for_each(|leaf| edge.push(*leaf));
        prop_assert_eq!(edge.root(), root);

        let path = proof::inclusion(index, size, |h, i| known.subtree(h, i)).unwrap();
        prop_assert_eq!(verify_inclusion(index, size, leaves[index as usize], &path, root), Ok(()));
        let before = naive(&leaves[..earlier as usize]);
        let steps = proof::consistency(earlier, size, |h, i| known.subtree(h, i)).unwrap();
        prop_assert_eq!(verify_consistency(earlier, before, size, root, &steps), Ok(()));

        // Nothing else passes: another place, another leaf, another root, a hash changed, one more, one less.
        for other in [index.wrapping_sub(1), index + 1, size] {
            prop_assert!(verify_inclusion(other, size, leaves[index as usize], &path, root).is_err());
        }
        prop_assert!(verify_inclusion(index, size, leaf(size), &path, root).is_err());
        prop_assert!(verify_inclusion(index, size, leaves[index as usize], &path, Hash([0; 32])).is_err());
        for at in 0..path.len() {
            let mut changed = path.clone();
            changed[at].0[7] ^= 1;
            prop_assert!(verify_inclusion(index, size, leaves[index as usize], &changed, root).is_err());
        }
        for at in 0..steps.len() {
            let mut changed = steps.clone();
            changed[at].0[7] ^= 1;
            prop_assert!(verify_consistency(earlier, before, size, root, &changed).is_err());
        }
        let longer: Vec<Hash> = path.iter().copied().chain([root]).collect();
        prop_assert!(verify_inclusion(index, size, leaves[index as usize], &longer, root).is_err());
        let longer: Vec<Hash> = steps.iter().copied().chain([root]).collect();
        prop_assert!(verify_consistency(earlier, before, size, root, &longer).is_err());
        if let Some((_, shorter)) = path.split_last() {
            prop_assert!(verify_inclusion(index, size, leaves[index as usize], shorter, root).is_err());
        }
        // A tree of which one entry is another does not continue the earlier one.
        if earlier > 0 {
            let mut forked = leaves.clone();
            forked[(earlier - 1) as usize] = leaf(size + 7);
            prop_assert!(verify_consistency(earlier, before, size, naive(&forked), &steps).is_err());
        }
    }

    #[test]
    fn an_end_is_known_again_from_what_is_kept(size in 0_u64..70_000) {
        let (mut tail, mut full) = (Tail::default(), 0_u64);
        for number in 0..size {
            full += tail.push(leaf(number)).len() as u64;
        }
        prop_assert_eq!(full, size / 256 + size / 65_536);
        let again = Tail::new(size, tail.open().to_vec()).unwrap();
        prop_assert_eq!(&again, &tail);
        prop_assert_eq!(again.root(), again.frontier().root());
        prop_assert!(Tail::new(size + 1, tail.open().to_vec()).is_none());
    }
}

/// Over the borders of tiles of two levels, every place once.
#[test]
fn a_large_log_proves_what_stands_at_the_borders_of_its_tiles() {
    let size = 65_536 + 256 + 3;
    let known = kept(size);
    let mut edge = Frontier::default();
    let mut roots = vec![edge.root()];
    for number in 0..size {
        edge.push(leaf(number));
        roots.push(edge.root());
    }
    for index in [0, 1, 255, 256, 257, 65_279, 65_535, 65_536, 65_791, 65_792, size - 1] {
        let path = proof::inclusion(index, size, |h, i| known.subtree(h, i)).unwrap();
        assert_eq!(verify_inclusion(index, size, leaf(index), &path, edge.root()), Ok(()), "{index}");
        let steps = proof::consistency(index + 1, size, |h, i| known.subtree(h, i)).unwrap();
        let before = roots[index as usize + 1];
        assert_eq!(verify_consistency(index + 1, before, size, edge.root(), &steps), Ok(()), "{index}");
    }
    // What is not known is asked for, all of it, and nothing is made up.
    let (mut asked, empty) = (Vec::<Place>::new(), Known::default());
    let none = proof::inclusion(70, size, |h, i| {
        asked.push(Known::place_of(h, i).0);
        empty.subtree(h, i)
    });
    assert!(none.is_none() && asked.contains(&Place { level: 0, index: 0 }), "{asked:?}");
}
