//! Witnesses (C2SP tlog-cosignature): they sign that they saw a log at this head, with the time, and no other history.

use std::fmt;

use ed25519_dalek::{PUBLIC_KEY_LENGTH, Signature, VerifyingKey};

use super::vkey::{ED25519, VkeyError, is_key_name, key_id};
use super::{ID_LEN, Note, NoteSignature, VerifyError};
use crate::text::{self, NUMBER_MAX};

/// The signature type of an Ed25519 cosignature.
const COSIGNATURE: u8 = 4;
/// Bytes of the time before the signature itself.
const TIME_LEN: usize = 8;

/// A witness's public key. Shown as `<name>+<8 hex>+<base64(04‖key)>`.
#[derive(Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    id: [u8; ID_LEN],
    key: VerifyingKey,
}

impl WitnessKey {
    /// A public key under a name.
    pub fn new(name: &str, public: &[u8; PUBLIC_KEY_LENGTH]) -> Result<Self, VkeyError> {
        if !is_key_name(name) {
            return Err(VkeyError::Name);
        }
        let key = VerifyingKey::from_bytes(public).ok().filter(|key| !key.is_weak()).ok_or(VkeyError::Key)?;
        Ok(Self { name: name.to_owned(), id: key_id(name, COSIGNATURE, public), key })
    }

    /// Reads the text form. The type is that of cosignatures, or that of plain Ed25519, under which some witnesses publish
    /// the key that they cosign with.
    pub fn parse(text: &str) -> Result<Self, VkeyError> {
        let (name, rest) = text.split_once('+').ok_or(VkeyError::Form)?;
        let (found, base64) = rest.split_once('+').ok_or(VkeyError::Form)?;
        let found: [u8; ID_LEN] = text::unhex(found).ok_or(VkeyError::Form)?;
        let typed = text::unbase64(base64).ok_or(VkeyError::Form)?;
        let (&kind, key) = typed.split_first().ok_or(VkeyError::Form)?;
        if ![COSIGNATURE, ED25519].contains(&kind) {
            return Err(VkeyError::Type(kind, "that of a cosignature (4) or Ed25519 (1)"));
        }
        let public = key.try_into().map_err(|_| VkeyError::Key)?;
        let expected = key_id(name, kind, public);
        if expected != found {
            return Err(VkeyError::Id { expected: text::hex(&expected), found: text::hex(&found) });
        }
        Self::new(name, public)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key id: the first four bytes of SHA-256(name ‖ LF ‖ 04 ‖ key).
    pub fn id(&self) -> [u8; ID_LEN] {
        self.id
    }

    /// The signature is said to be this key's.
    pub fn is_named_by(&self, signature: &NoteSignature) -> bool {
        signature.name() == self.name && signature.id() == self.id
    }

    /// When this key cosigned the text, in Unix seconds, if the signature is that.
    pub fn verifies(&self, text: &str, signature: &NoteSignature) -> Option<u64> {
        let (time, bytes) = signature.bytes().split_first_chunk::<TIME_LEN>()?;
        let time = u64::from_be_bytes(*time);
        let fits = self.is_named_by(signature) && time <= NUMBER_MAX;
        let signature = Signature::from_slice(bytes).ok().filter(|_| fits)?;
        self.key.verify_strict(message(time, text).as_bytes(), &signature).ok().map(|()| time)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[COSIGNATURE][..], self.key.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, text::hex(&self.id), text::base64(&typed))
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a witness signs.
fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl Note {
    /// When the witness last cosigned the note, in Unix seconds. Every signature under the key's name and id must be
    /// right; those of other keys do not matter.
    pub fn cosigned(&self, key: &WitnessKey) -> Result<u64, VerifyError> {
        let own = self.signatures().iter().filter(|signature| key.is_named_by(signature));
        let times: Option<Vec<u64>> = own.map(|signature| key.verifies(self.text(), signature)).collect();
        match times {
            None => Err(VerifyError::Wrong(key.to_string())),
            Some(times) => times.into_iter().max().ok_or_else(|| VerifyError::Unsigned(key.to_string())),
        }
    }

    /// The note with this signature in place of all others under its name and id.
    #[must_use]
    pub fn with(mut self, signature: NoteSignature) -> Self {
        self.signatures.retain(|other| (&other.name, other.id) != (&signature.name, signature.id));
        self.signatures.push(signature);
        self
    }
}

/// A witness's signature of a text: what a stand-in for one needs.
pub fn cosign(name: &str, seed: &[u8; 32], time: u64, text: &str) -> Result<NoteSignature, VkeyError> {
    let key = ed25519_dalek::SigningKey::from_bytes(seed);
    let public = WitnessKey::new(name, key.verifying_key().as_bytes())?;
    let signature = ed25519_dalek::Signer::sign(&key, message(time, text).as_bytes()).to_bytes();
    let bytes = [&time.to_be_bytes()[..], &signature].concat();
    Ok(NoteSignature { name: name.to_owned(), id: public.id, bytes })
}
