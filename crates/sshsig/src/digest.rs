//! Hashing what is signed, piece by piece: no message has to fit into memory.

use std::fmt;

use sha2::{Digest as _, Sha256, Sha512};

/// Which hash a signature is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashKind {
    /// SHA-256: what this project signs with.
    Sha256,
    /// SHA-512: what `ssh-keygen -Y sign` takes by default.
    Sha512,
}

impl HashKind {
    /// As it is named in a signature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The hash of this name.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        [Self::Sha256, Self::Sha512].into_iter().find(|kind| kind.name().as_bytes() == name)
    }
}

impl fmt::Display for HashKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The hash of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256 of the message.
    Sha256([u8; 32]),
    /// SHA-512 of the message.
    Sha512([u8; 64]),
}

impl Digest {
    /// The digest of a message that is in memory anyway.
    pub fn of(kind: HashKind, message: &[u8]) -> Self {
        let mut hasher = Hasher::new(kind);
        hasher.update(message);
        hasher.finish()
    }

    /// Which hash it is of.
    pub fn kind(&self) -> HashKind {
        match self {
            Self::Sha256(_) => HashKind::Sha256,
            Self::Sha512(_) => HashKind::Sha512,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }
}

/// Takes a message in pieces.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// Of an empty message. Which hash a signature needs, [`crate::Signature::hash`] tells.
    pub fn new(kind: HashKind) -> Self {
        Self(match kind {
            HashKind::Sha256 => State::Sha256(Sha256::new()),
            HashKind::Sha512 => State::Sha512(Sha512::new()),
        })
    }

    /// Adds the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(piece),
            State::Sha512(state) => state.update(piece),
        }
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Digest {
        match self.0 {
            State::Sha256(state) => Digest::Sha256(state.finalize().into()),
            State::Sha512(state) => Digest::Sha512(state.finalize().into()),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}
