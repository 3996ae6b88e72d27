//! Proofs that a leaf is in a tree, and that a tree is the beginning of another (RFC 9162, section 2.1).
//!
//! A proof is a list of hashes; its length follows from the sizes, and any other length is refused before anything is
//! hashed.

use crate::hash::Hash;
use crate::tile::{HashReader, Node};
use crate::tree::split;

/// The longest proof that any two sizes can need.
pub const PROOF_LEN_MAX: usize = 64;

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf is said to stand behind the end.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    Index {
        /// Place of the leaf, from 0.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The new tree is smaller than the old one.
    #[error("a tree of {new} leaves cannot extend one of {old}")]
    Shrunk {
        /// Leaves of the old tree.
        old: u64,
        /// Leaves of the new tree.
        new: u64,
    },
    /// The proof is too short or too long for the sizes.
    #[error("the proof has {found} hashes instead of {expected}")]
    Length {
        /// Hashes that the sizes ask for.
        expected: usize,
        /// Hashes that there were.
        found: usize,
    },
    /// The hashes lead to another root of the (old) tree.
    #[error("the proof leads to the root {found} of the {} tree instead of {expected}", if *.of_old { "old" } else { "new" })]
    Root {
        /// Whether this is about the old tree of a consistency proof.
        of_old: bool,
        /// The root that was given.
        expected: Hash,
        /// The root that the proof leads to.
        found: Hash,
    },
}

/// The root of the first `size` leaves.
pub fn root<R: HashReader>(reader: &R, size: u64) -> Result<Hash, R::Error> {
    if size == 0 { Ok(Hash::EMPTY) } else { range(reader, 0, size) }
}

/// The proof that leaf `index` is in the tree of the first `size` leaves, for [`verify_inclusion`]. The index is below
/// the size, and that not above the reader's.
pub fn inclusion<R: HashReader>(reader: &R, index: u64, size: u64) -> Result<Vec<Hash>, R::Error> {
    let (mut begin, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - begin > 1 {
        let middle = begin + split(end - begin);
        if index < middle {
            proof.push(range(reader, middle, end)?);
            end = middle;
        } else {
            proof.push(range(reader, begin, middle)?);
            begin = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the first `old` leaves are the beginning of the first `new` ones, for [`verify_consistency`]. The old
/// size is not above the new one, and that not above the reader's.
pub fn consistency<R: HashReader>(reader: &R, old: u64, new: u64) -> Result<Vec<Hash>, R::Error> {
    let (mut begin, mut end) = (0, new);
    let mut proof = Vec::new();
    if old == 0 {
        return Ok(proof);
    }
    while end != old {
        let middle = begin + split(end - begin);
        if old <= middle {
            proof.push(range(reader, middle, end)?);
            end = middle;
        } else {
            proof.push(range(reader, begin, middle)?);
            begin = middle;
        }
    }
    // At 0 this is the old tree itself, whose root the verifier has.
    if begin != 0 {
        proof.push(range(reader, begin, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The first of the first `size` leaves that two trees do not have in common, from 0. Neither is smaller than that.
pub fn first_difference<R: HashReader>(a: &R, b: &R, size: u64) -> Result<Option<u64>, R::Error> {
    let same = |node| Ok(a.node(node)? == b.node(node)?);
    let mut begin = 0;
    while begin < size {
        let level = (size - begin).ilog2();
        let mut node = Node { level, index: begin >> level };
        if !same(node)? {
            while node.level > 0 {
                let left = Node { level: node.level - 1, index: node.index * 2 };
                node = if same(left)? { Node { index: left.index + 1, ..left } } else { left };
            }
            return Ok(Some(node.index));
        }
        begin += 1 << level;
    }
    Ok(None)
}

/// The root of the leaves from `begin` to `end`, where these are a subtree of some tree.
fn range<R: HashReader>(reader: &R, begin: u64, end: u64) -> Result<Hash, R::Error> {
    let len = end - begin;
    if len.is_power_of_two() {
        return reader.node(Node { level: len.ilog2(), index: begin / len });
    }
    let middle = begin + split(len);
    Ok(Hash::node(range(reader, begin, middle)?, range(reader, middle, end)?))
}

/// Checks that `leaf` is leaf `index` of the tree with this size and root.
pub fn verify_inclusion(
    proof: &[Hash],
    index: u64,
    leaf: Hash,
    size: u64,
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let (inner, border) = way(index, size);
    has_len(proof, inner + border)?;
    let (siblings, lefts) = proof.split_at(inner);
    has_root(false, root, climb_edge(climb(leaf, index, siblings), lefts))
}

/// Checks that the tree with the new size and root begins with the tree of the old size and root. Every tree begins
/// with the empty one, and the proof of that is empty.
pub fn verify_consistency(
    proof: &[Hash],
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Shrunk { old, new });
    }
    if old == 0 {
        has_len(proof, 0)?;
        return has_root(true, old_root, Hash::EMPTY);
    }
    if old == new {
        has_len(proof, 0)?;
        return has_root(false, new_root, old_root);
    }
    // The proof begins with the largest complete subtree at the old tree's right end; where that is the whole old
    // tree, with its root.
    let rows = old.trailing_zeros() as usize;
    let (inner, border) = way(old - 1, new);
    let seeds = usize::from(!old.is_power_of_two());
    has_len(proof, seeds + inner - rows + border)?;
    let (seed, rest) = proof.split_at(seeds);
    let seed = seed.first().copied().unwrap_or(old_root);
    let (siblings, lefts) = rest.split_at(inner - rows);
    let place = (old - 1) >> rows;
    let olds = siblings.iter().enumerate().filter(|(row, _)| place >> row & 1 == 1).map(|(_, hash)| hash);
    has_root(true, old_root, climb_edge(seed, olds.chain(lefts)))?;
    has_root(false, new_root, climb_edge(climb(seed, place, siblings), lefts))
}

/// How long the two parts of the way from a leaf to the root are: first the rows where the leaf's subtree may be the
/// left or the right one, then those along the tree's right edge where it is always the right one.
fn way(index: u64, size: u64) -> (usize, usize) {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = index.checked_shr(inner).unwrap_or(0).count_ones();
    (inner as usize, border as usize)
}

/// Goes up from the subtree at `place` of its row by the siblings in the rows above.
fn climb(from: Hash, place: u64, siblings: &[Hash]) -> Hash {
    siblings.iter().enumerate().fold(from, |hash, (row, &sibling)| {
        if place >> row & 1 == 1 { Hash::node(sibling, hash) } else { Hash::node(hash, sibling) }
    })
}

/// Goes up by subtrees that all stand on the left.
fn climb_edge<'a>(from: Hash, lefts: impl IntoIterator<Item = &'a Hash>) -> Hash {
    lefts.into_iter().fold(from, |hash, &left| Hash::node(left, hash))
}

fn has_len(proof: &[Hash], expected: usize) -> Result<(), ProofError> {
    let found = proof.len();
    if found == expected { Ok(()) } else { Err(ProofError::Length { expected, found }) }
}

fn has_root(of_old: bool, expected: Hash, found: Hash) -> Result<(), ProofError> {
    if found == expected { Ok(()) } else { Err(ProofError::Root { of_old, expected, found }) }
}
