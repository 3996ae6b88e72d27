//! A key that signs notes.

use tlog::note::{Signer, Vkey, VkeyError};

use super::{Key, KeyError};

/// Why a key signs no notes.
#[derive(Debug, thiserror::Error)]
pub enum NoteKeyError {
    /// A name that can be in no note, or a key that every signature fits.
    #[error(transparent)]
    Name(#[from] VkeyError),
    /// A security key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A [`Key`] under the name that it signs notes by. One key may have several names.
#[derive(Debug)]
pub struct NoteKey<'a> {
    vkey: Vkey,
    key: &'a mut Key,
}

impl<'a> NoteKey<'a> {
    pub(super) fn new(key: &'a mut Key, name: &str) -> Result<Self, NoteKeyError> {
        let public = key.ed25519().ok_or_else(|| KeyError::SecurityKey(key.fingerprint()))?;
        Ok(Self { vkey: Vkey::new(name, &public)?, key })
    }
}

impl Signer for NoteKey<'_> {
    type Error = KeyError;

    fn vkey(&self) -> &Vkey {
        &self.vkey
    }

    fn sign(&mut self, message: &[u8]) -> Result<[u8; 64], KeyError> {
        self.key.sign(message)
    }
}
