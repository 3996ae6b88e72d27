//! Many short messages at once.
//!
//! The rounds of SHA-256 wait for one another, so a processor hashing one message is mostly idle. Several messages are
//! therefore compressed in turns, a block of each, which lets it work on one while it waits for another.

use sha2::block_api::compress256;

use crate::hash::{Hash, Hasher, NODE_PREFIX};

const LANES: usize = 4;
const BLOCK_LEN: usize = 64;
/// Blocks a lane can hold. Longer messages are worth a hasher of their own.
const BLOCKS_MAX: usize = 16;
/// Room for the byte 0x80 and the length in bits behind a message.
const PADDING_MIN: usize = 9;
const MESSAGE_MAX: usize = BLOCKS_MAX * BLOCK_LEN - PADDING_MIN;

/// The state before the first block (FIPS 180-4, section 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Hashes `prefix` ‖ message for one message after another, and appends the results in the same order.
pub(crate) struct Lanes {
    prefix: u8,
    blocks: [[[u8; BLOCK_LEN]; BLOCKS_MAX]; LANES],
    counts: [usize; LANES],
    filled: usize,
}

impl Lanes {
    pub(crate) fn new(prefix: u8) -> Self {
        Self { prefix, blocks: [[[0; BLOCK_LEN]; BLOCKS_MAX]; LANES], counts: [0; LANES], filled: 0 }
    }

    pub(crate) fn add(&mut self, message: &[u8], out: &mut Vec<Hash>) {
        if 1 + message.len() > MESSAGE_MAX {
            self.flush(out);
            let mut hasher = Hasher::plain();
            hasher.update(&[self.prefix]);
            hasher.update(message);
            out.push(hasher.finish());
            return;
        }
        self.counts[self.filled] = pack(&mut self.blocks[self.filled], self.prefix, message);
        self.filled += 1;
        if self.filled == LANES {
            self.flush(out);
        }
    }

    /// Finishes what is under way. To be called after the last message.
    pub(crate) fn flush(&mut self, out: &mut Vec<Hash>) {
        let mut states = [START; LANES];
        let turns = self.counts[..self.filled].iter().copied().max().unwrap_or(0);
        for turn in 0..turns {
            for ((state, blocks), count) in
                states.iter_mut().zip(&self.blocks).zip(&self.counts[..self.filled])
            {
                if turn < *count {
                    compress256(state, &blocks[turn..=turn]);
                }
            }
        }
        out.extend(states[..self.filled].iter().map(digest));
        self.filled = 0;
    }
}

/// Writes prefix, message and padding, and says how many blocks that makes.
fn pack(blocks: &mut [[u8; BLOCK_LEN]; BLOCKS_MAX], prefix: u8, message: &[u8]) -> usize {
    let len = 1 + message.len();
    let count = (len + PADDING_MIN).div_ceil(BLOCK_LEN);
    let bytes = &mut blocks.as_flattened_mut()[..count * BLOCK_LEN];
    let length_at = bytes.len() - size_of::<u64>();
    bytes[0] = prefix;
    bytes[1..len].copy_from_slice(message);
    bytes[len] = 0x80;
    bytes[len + 1..length_at].fill(0);
    bytes[length_at..].copy_from_slice(&(len as u64 * 8).to_be_bytes());
    count
}

fn digest(state: &[u32; 8]) -> Hash {
    let mut bytes = [0; Hash::LEN];
    for (four, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *four = word.to_be_bytes();
    }
    Hash::from_bytes(bytes)
}

/// The root of a complete subtree; the number of hashes is a power of two.
pub(crate) fn subtree_root(hashes: &[Hash]) -> Hash {
    debug_assert!(hashes.len().is_power_of_two(), "a complete subtree");
    let mut lanes = Lanes::new(NODE_PREFIX);
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        let mut above = Vec::with_capacity(row.len() / 2);
        for pair in row.as_chunks::<2>().0 {
            let mut message = [0; 2 * Hash::LEN];
            message[..Hash::LEN].copy_from_slice(pair[0].as_bytes());
            message[Hash::LEN..].copy_from_slice(pair[1].as_bytes());
            lanes.add(&message, &mut above);
        }
        lanes.flush(&mut above);
        row = above;
    }
    row[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::LEAF_PREFIX;

    #[test]
    fn every_length_and_order_agrees_with_one_by_one() {
        // Neighbours of unlike length, through each boundary of padding and of the lanes.
        let bytes: Vec<u8> = (0..3000_u32).map(|i| (i * 7 % 251) as u8).collect();
        let messages: Vec<&[u8]> =
            (0..1500).map(|i| &bytes[..if i % 3 == 0 { i } else { (i * 37) % 1100 }]).collect();
        let mut hashes = Vec::new();
        let mut lanes = Lanes::new(LEAF_PREFIX);
        for message in &messages {
            lanes.add(message, &mut hashes);
        }
        lanes.flush(&mut hashes);
        let expected: Vec<Hash> = messages.iter().map(|m| Hash::leaf(m)).collect();
        assert_eq!(hashes, expected);
    }

    #[test]
    fn subtrees_agree_with_nodes_one_by_one() {
        let leaves: Vec<Hash> = (0..256_u32).map(|i| Hash::leaf(&i.to_be_bytes())).collect();
        for levels in 0..=8 {
            let mut row = leaves[..1 << levels].to_vec();
            while row.len() > 1 {
                row = row.chunks(2).map(|pair| Hash::node(pair[0], pair[1])).collect();
            }
            assert_eq!(subtree_root(&leaves[..1 << levels]), row[0]);
        }
    }
}
