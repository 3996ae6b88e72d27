//! The right edge of a growing tree (RFC 6962, section 2.1).

use crate::hash::Hash;

/// What must be remembered of a tree to add leaves and to know its root: the roots of the complete subtrees that its
/// leaves fill, largest first; one for each 1 in the binary number of leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of `size` leaves with these complete subtrees, or nothing if their number is wrong.
    pub fn from_nodes(size: u64, nodes: Vec<Hash>) -> Option<Self> {
        (nodes.len() == size.count_ones() as usize).then_some(Self { size, nodes })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first.
    pub fn nodes(&self) -> &[Hash] {
        &self.nodes
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.add(0, leaf, |_, _| ());
    }

    /// The root of all leaves so far.
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.nodes.iter().rev().copied();
        let Some(smallest) = smallest_first.next() else { return Hash::EMPTY };
        smallest_first.fold(smallest, |right, left| Hash::node(left, right))
    }

    /// Adds the root of a complete subtree of 2^`level` leaves; the size must be a multiple of that. `made` hears of
    /// every larger subtree that this completes, with its level.
    pub(crate) fn add(&mut self, level: u32, root: Hash, mut made: impl FnMut(u32, Hash)) {
        debug_assert_eq!(self.size % (1 << level), 0, "subtrees stand at multiples of their size");
        let (mut above, mut hash) = (level, root);
        while self.size >> above & 1 == 1
            && let Some(left) = self.nodes.pop()
        {
            hash = Hash::node(left, hash);
            above += 1;
            made(above, hash);
        }
        self.nodes.push(hash);
        self.size += 1 << level;
    }
}

/// The largest power of two below `size`: where RFC 6962 splits a tree of two or more leaves.
pub(crate) fn split(size: u64) -> u64 {
    debug_assert!(size > 1, "nothing to split");
    1 << (size - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word for word.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::EMPTY,
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
                Hash::node(mth(left), mth(right))
            }
        }
    }

    #[test]
    fn known_answers_of_rfc_6962() {
        let inputs: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::new();
        assert_eq!(tree.root(), Hash::EMPTY);
        for (input, root) in inputs.iter().zip(roots) {
            tree.push(Hash::leaf(input));
            assert_eq!(tree.root().to_string(), root, "size {}", tree.size());
        }
    }

    #[test]
    fn the_root_is_the_definition_at_every_size() {
        let leaves: Vec<Hash> = (0..600_u32).map(|i| Hash::leaf(&i.to_be_bytes())).collect();
        let mut tree = Frontier::new();
        for (size, leaf) in leaves.iter().enumerate() {
            assert_eq!(tree.root(), mth(&leaves[..size]), "size {size}");
            assert_eq!(Frontier::from_nodes(tree.size(), tree.nodes().to_vec()), Some(tree.clone()));
            tree.push(*leaf);
        }
        assert_eq!(Frontier::from_nodes(7, vec![Hash::EMPTY; 2]), None);
    }

    #[test]
    fn a_repeated_tail_changes_the_root() {
        // A tree that doubles its last node to fill a row does not notice these copies.
        let mut tree = Frontier::new();
        (0..40_u32).for_each(|i| tree.push(Hash::leaf(&i.to_be_bytes())));
        let before = tree.root();
        (32..40_u32).for_each(|i| tree.push(Hash::leaf(&i.to_be_bytes())));
        assert_ne!(tree.root(), before);
    }
}
