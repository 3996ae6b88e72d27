//! SHA-256 in the three roles that a tree has for it: leaf, node, and plain bytes.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::text;

/// What stands before the bytes of a leaf, so that no leaf can pass for a node (RFC 6962, section 2.1).
pub(crate) const LEAF_PREFIX: u8 = 0;
/// What stands before the two halves of a node.
pub(crate) const NODE_PREFIX: u8 = 1;

/// A SHA-256 hash. Shown as lowercase hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; Hash::LEN]);

impl Hash {
    /// Bytes in a hash.
    pub const LEN: usize = 32;

    /// SHA-256 of nothing: the root of the empty tree, and the `seg` of a seal that seals nothing new.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
        0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// SHA-256 of the bytes as they are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The leaf of a line, whose LF belongs to it.
    pub fn leaf(line: &[u8]) -> Self {
        let mut hasher = Hasher::leaf();
        hasher.update(line);
        hasher.finish()
    }

    /// The node above two hashes.
    pub fn node(left: Self, right: Self) -> Self {
        let mut bytes = [NODE_PREFIX; 1 + 2 * Self::LEN];
        bytes[1..=Self::LEN].copy_from_slice(&left.0);
        bytes[1 + Self::LEN..].copy_from_slice(&right.0);
        Self::of(&bytes)
    }

    /// The hash that these bytes are.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// 64 lowercase hex digits, nothing else.
    pub fn from_hex(hex: &str) -> Option<Self> {
        text::unhex(hex).map(Self)
    }

    /// 44 characters of standard base64, nothing else.
    pub fn from_base64(base64: &str) -> Option<Self> {
        text::unbase64(base64)?.try_into().ok().map(Self)
    }

    /// As checkpoints write it.
    pub fn to_base64(self) -> String {
        text::base64(&self.0)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::hex(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A hash of bytes that come piece by piece: a segment of a log, or a line too long to hold.
#[derive(Clone, Debug)]
pub struct Hasher(Sha256);

impl Hasher {
    /// For plain bytes.
    pub fn plain() -> Self {
        Self(Sha256::new())
    }

    /// For a leaf, whose pieces are those of the line with its LF.
    pub fn leaf() -> Self {
        Self(Sha256::new().chain_update([LEAF_PREFIX]))
    }

    /// The next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(Hash::of(b""), Hash::EMPTY);
        assert_eq!(
            Hash::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        // The first two leaves and their node in the table of RFC 6962's reference implementation.
        let (empty, zero) = (Hash::leaf(b""), Hash::leaf(&[0]));
        assert_eq!(empty.to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(zero.to_string(), "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
        assert_eq!(
            Hash::node(empty, zero).to_string(),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
    }

    #[test]
    fn pieces_make_the_same_hash() {
        let mut hasher = Hasher::leaf();
        hasher.update(b"{\"a\":");
        hasher.update(b"1}\n");
        assert_eq!(hasher.finish(), Hash::leaf(b"{\"a\":1}\n"));
    }

    #[test]
    fn text_forms_roundtrip_and_are_strict() {
        let hash = Hash::of(b"x");
        assert_eq!(Hash::from_hex(&hash.to_string()), Some(hash));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Some(hash));
        assert_eq!(Hash::from_hex(&hash.to_string().to_uppercase()), None);
        assert_eq!(Hash::from_base64(&hash.to_base64()[..40]), None);
    }
}
