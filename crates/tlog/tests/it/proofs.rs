//! Proofs hold for every pair of sizes, and for nothing else.

use proptest::prelude::*;
use tlog::Hash;
use tlog::proof::{
    PROOF_LEN_MAX, ProofError, consistency, first_difference, inclusion, root, verify_consistency,
    verify_inclusion,
};
use tlog::tile::TileReader;
use tlog::tree::Frontier;

use crate::common::{Store, leaves, mth};

const SIZE_MAX: u64 = 300;

struct Tree {
    leaves: Vec<Hash>,
    roots: Vec<Hash>,
    reader: TileReader<Store>,
}

fn tree(size: u64) -> Tree {
    let leaves = leaves(size);
    let mut roots = vec![Hash::EMPTY];
    let mut frontier = Frontier::new();
    for leaf in &leaves {
        frontier.push(*leaf);
        roots.push(frontier.root());
    }
    let reader = TileReader::verified(Store::of(&leaves), size, mth(&leaves)).unwrap();
    Tree { leaves, roots, reader }
}

type Check = dyn Fn(&[Hash]) -> Result<(), ProofError>;

/// A proof of either kind, with the check that it is for.
struct Case {
    proof: Vec<Hash>,
    check: Box<Check>,
}

impl Tree {
    fn consistency(&self, old: u64, new: u64) -> Case {
        let (old_root, new_root) = (self.roots[old as usize], self.roots[new as usize]);
        let check = move |proof: &[Hash]| verify_consistency(proof, old, old_root, new, new_root);
        Case { proof: consistency(&self.reader, old, new).unwrap(), check: Box::new(check) }
    }

    fn inclusion(&self, index: u64, size: u64) -> Case {
        let (leaf, root) = (self.leaves[index as usize], self.roots[size as usize]);
        let check = move |proof: &[Hash]| verify_inclusion(proof, index, leaf, size, root);
        Case { proof: inclusion(&self.reader, index, size).unwrap(), check: Box::new(check) }
    }
}

impl Case {
    fn holds(&self, what: &str) {
        assert_eq!((self.check)(&self.proof), Ok(()), "{what}");
        assert!(self.proof.len() <= PROOF_LEN_MAX);
    }

    fn refuses(&self, what: &str, change: impl FnOnce(&mut Vec<Hash>)) {
        let mut proof = self.proof.clone();
        change(&mut proof);
        assert!((self.check)(&proof).is_err(), "{what}: {} hashes", self.proof.len());
    }

    /// Every hash dropped, doubled, exchanged with the next one, with one bit flipped; one hash too many at either end.
    fn refuses_every_change(&self, what: &str, bit: usize) {
        for i in 0..self.proof.len() {
            self.refuses(what, |proof| {
                proof.remove(i);
            });
            self.refuses(what, |proof| proof.insert(i, proof[i]));
            self.refuses(what, |proof| proof[i] = flipped(proof[i], bit));
            if i > 0 {
                self.refuses(what, |proof| proof.swap(i - 1, i));
            }
        }
        self.refuses(what, |proof| proof.push(Hash::EMPTY));
        self.refuses(what, |proof| proof.insert(0, Hash::EMPTY));
    }
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8 % Hash::LEN] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

#[test]
fn every_pair_of_sizes_has_proofs_that_hold() {
    let tree = tree(SIZE_MAX);
    for size in 0..=SIZE_MAX {
        assert_eq!(root(&tree.reader, size).unwrap(), tree.roots[size as usize]);
        for old in 0..=size {
            tree.consistency(old, size).holds("consistency");
        }
        for index in 0..size {
            tree.inclusion(index, size).holds("inclusion");
        }
    }
}

#[test]
fn every_change_of_a_proof_makes_it_fail() {
    let tree = tree(40);
    for size in 0..=40 {
        for old in 0..=size {
            let bit = (size * 41 + old) as usize;
            tree.consistency(old, size).refuses_every_change(&format!("consistency {old} {size}"), bit);
            if old < size {
                tree.inclusion(old, size).refuses_every_change(&format!("inclusion {old} {size}"), bit);
            }
        }
    }
}

#[test]
fn proofs_hold_for_no_other_size_index_or_root() {
    let tree = tree(40);
    for size in 1..=40 {
        for index in 0..size {
            let proof = tree.inclusion(index, size).proof;
            let root = tree.roots[size as usize];
            for other in (0..=size + 1).filter(|&other| other != index) {
                let leaf = tree.leaves[index as usize];
                assert!(
                    verify_inclusion(&proof, other, leaf, size, root).is_err(),
                    "{index} as {other} of {size}"
                );
            }
            let proof = tree.consistency(index, size).proof;
            for other in (0..=40).filter(|&other| other != index) {
                let other_root = tree.roots[other as usize];
                let pairs = [(other, tree.roots[index as usize]), (index, other_root)];
                for (old, old_root) in pairs {
                    assert!(verify_consistency(&proof, old, old_root, size, root).is_err());
                }
            }
        }
    }
}

#[test]
fn the_first_leaf_that_differs_is_found() {
    for size in [1, 2, 3, 7, 8, 255, 256, 257, 300] {
        let tree = tree(size);
        for other in 0..size {
            // From the other leaf on everything is another one, or only that leaf is.
            for end in [size, other + 1] {
                let mut leaves = tree.leaves.clone();
                (other..end).for_each(|i| leaves[i as usize] = Hash::of(b"other"));
                let changed = TileReader::unchecked(Store::of(&leaves), size);
                assert_eq!(first_difference(&tree.reader, &changed, size).unwrap(), Some(other), "{size}");
                assert_eq!(first_difference(&changed, &tree.reader, other).unwrap(), None, "{size}");
            }
        }
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let tree = tree(8);
    let (leaf, root) = (tree.leaves[3], tree.roots[7]);
    let proof = tree.inclusion(3, 7).proof;
    let text = |result: Result<(), ProofError>| result.unwrap_err().to_string();
    assert_eq!(text(verify_inclusion(&proof, 7, leaf, 7, root)), "leaf 7 is not in a tree of 7 leaves");
    assert_eq!(text(verify_inclusion(&proof, 0, leaf, 0, root)), "leaf 0 is not in a tree of 0 leaves");
    assert_eq!(text(verify_inclusion(&proof[1..], 3, leaf, 7, root)), "the proof has 2 hashes instead of 3");
    assert!(text(verify_inclusion(&proof, 3, Hash::EMPTY, 7, root)).contains("of the new tree instead of"));
    let proof = tree.consistency(3, 7).proof;
    assert_eq!(
        text(verify_consistency(&proof, 7, root, 3, root)),
        "a tree of 3 leaves cannot extend one of 7"
    );
    assert!(text(verify_consistency(&proof, 3, root, 7, root)).contains("of the old tree instead of"));
    assert_eq!(
        text(verify_consistency(&proof, 0, Hash::EMPTY, 7, root)),
        "the proof has 4 hashes instead of 0"
    );
    assert_eq!(text(verify_consistency(&proof, 7, root, 7, root)), "the proof has 4 hashes instead of 0");
}

#[test]
fn the_largest_numbers_are_refused_without_panic() {
    let any = [Hash::EMPTY; PROOF_LEN_MAX + 1];
    for a in [0, 1, 2, 1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX] {
        for b in [1, 3, 1 << 63, u64::MAX] {
            for len in 0..=any.len() {
                let (proof, hash) = (&any[..len], Hash::of(b"x"));
                assert!(verify_inclusion(proof, a, hash, b, Hash::EMPTY).is_err());
                if a != 0 && (a != b || len > 0) {
                    assert!(verify_consistency(proof, a, hash, b, Hash::EMPTY).is_err(), "{a} {b} {len}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bit_matters(size in 2..=SIZE_MAX, part in 0.0..1.0, at in any::<prop::sample::Index>(), bit in 0..256_usize) {
        let tree = tree(size);
        let old = 1 + (part * (size - 2) as f64) as u64;
        for case in [tree.consistency(old, size), tree.inclusion(old, size)] {
            case.holds("random");
            case.refuses("random", |proof| {
                let at = at.index(proof.len());
                proof[at] = flipped(proof[at], bit);
            });
        }
    }

    #[test]
    fn any_hashes_are_judged_without_panic(
        sizes in any::<[u64; 2]>(),
        proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash::from_bytes), 0..70),
    ) {
        let [old, new] = sizes;
        prop_assert!(verify_inclusion(&proof, old, Hash::EMPTY, new, Hash::EMPTY).is_err());
        prop_assert!(old == 0 || verify_consistency(&proof, old, Hash::of(b"x"), new, Hash::EMPTY).is_err());
    }
}
