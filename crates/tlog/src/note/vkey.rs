//! Keys that sign notes.

use std::convert::Infallible;
use std::fmt;

use ed25519_dalek::{
    PUBLIC_KEY_LENGTH, SECRET_KEY_LENGTH, SIGNATURE_LENGTH, Signature, SigningKey, VerifyingKey,
};

use super::ID_LEN;
use crate::hash::Hash;
use crate::text;

/// The signature type of plain Ed25519 in C2SP signed-note.
pub(super) const ED25519: u8 = 1;

/// Why a text is not a verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VkeyError {
    /// Not three parts.
    #[error("a verifier key is NAME+ID+KEY with 8 hex digits and base64")]
    Form,
    /// A name that can be in no note.
    #[error("a key's name is not empty and has no space, no + and no control character")]
    Name,
    /// Another kind of key.
    #[error("signature type {0} is not {expected}", expected = .1)]
    Type(u8, &'static str),
    /// Not a point of the curve, or one that every signature fits.
    #[error("the key is not a usable Ed25519 public key")]
    Key,
    /// The id is not that of this name and key.
    #[error("the key id is {found} but name and key make {expected}")]
    Id {
        /// What name and key make.
        expected: String,
        /// What the text says.
        found: String,
    },
}

/// The id of a key: the first bytes of SHA-256(name ‖ LF ‖ type ‖ key).
pub(super) fn key_id(name: &str, kind: u8, public: &[u8; PUBLIC_KEY_LENGTH]) -> [u8; ID_LEN] {
    let hash = Hash::of(&[name.as_bytes(), &[b'\n', kind], public].concat());
    let mut id = [0; ID_LEN];
    id.copy_from_slice(&hash.as_bytes()[..ID_LEN]);
    id
}

/// A public Ed25519 key with the name it signs notes by. Shown as `<name>+<8 hex>+<base64(01‖key)>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Vkey {
    name: String,
    id: [u8; ID_LEN],
    key: VerifyingKey,
}

impl Vkey {
    /// A public key under a name.
    pub fn new(name: &str, public: &[u8; PUBLIC_KEY_LENGTH]) -> Result<Self, VkeyError> {
        if !is_key_name(name) {
            return Err(VkeyError::Name);
        }
        let key = VerifyingKey::from_bytes(public).ok().filter(|key| !key.is_weak()).ok_or(VkeyError::Key)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, ED25519, public), key })
    }

    /// Reads the text form, which has one spelling.
    pub fn parse(text: &str) -> Result<Self, VkeyError> {
        let (name, rest) = text.split_once('+').ok_or(VkeyError::Form)?;
        let (id, base64) = rest.split_once('+').ok_or(VkeyError::Form)?;
        let id: [u8; ID_LEN] = text::unhex(id).ok_or(VkeyError::Form)?;
        let typed = text::unbase64(base64).ok_or(VkeyError::Form)?;
        let (&kind, key) = typed.split_first().ok_or(VkeyError::Form)?;
        if kind != ED25519 {
            return Err(VkeyError::Type(kind, "Ed25519 (1)"));
        }
        let vkey = Self::new(name, key.try_into().map_err(|_| VkeyError::Key)?)?;
        if vkey.id == id {
            Ok(vkey)
        } else {
            Err(VkeyError::Id { expected: text::hex(&vkey.id), found: text::hex(&id) })
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id: the first four bytes of SHA-256(name ‖ LF ‖ 01 ‖ key).
    pub fn id(&self) -> [u8; ID_LEN] {
        self.id
    }

    /// The public key as RFC 8032 writes it.
    pub fn public(&self) -> &[u8; PUBLIC_KEY_LENGTH] {
        self.key.as_bytes()
    }

    /// Whether these bytes are this key's signature of the message, strictly: no weak key, one form of each signature.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519][..], self.public()].concat();
        write!(f, "{}+{}+{}", self.name, text::hex(&self.id), text::base64(&typed))
    }
}

impl fmt::Debug for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether C2SP allows this as the name of a key.
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

/// Somebody who signs notes: a key in memory, an agent behind a socket.
pub trait Signer {
    /// What can go wrong.
    type Error: std::error::Error + 'static;

    /// The public half.
    fn vkey(&self) -> &Vkey;

    /// An Ed25519 signature (RFC 8032) of the message.
    fn sign(&mut self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], Self::Error>;
}

/// A private key in memory, which is wiped when it is dropped.
pub struct MemoryKey {
    vkey: Vkey,
    key: SigningKey,
}

impl MemoryKey {
    /// The key of an RFC 8032 seed, under a name.
    pub fn new(name: &str, seed: &[u8; SECRET_KEY_LENGTH]) -> Result<Self, VkeyError> {
        let key = SigningKey::from_bytes(seed);
        Ok(Self { vkey: Vkey::new(name, key.verifying_key().as_bytes())?, key })
    }
}

impl fmt::Debug for MemoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryKey({})", self.vkey)
    }
}

impl Signer for MemoryKey {
    type Error = Infallible;

    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&mut self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], Self::Error> {
        Ok(ed25519_dalek::Signer::sign(&self.key, message).to_bytes())
    }
}
