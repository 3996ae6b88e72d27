//! Private key files of OpenSSH (its PROTOCOL.key).

use std::path::Path;

use ed25519_dalek::SigningKey;
use ssh_key::{Algorithm, Cipher, PrivateKey};
use zeroize::Zeroizing;

use super::{Ask, KeyError};
use crate::public::PublicKey;

/// Whether a file says of itself that it is a private key, of whatever kind.
pub(super) fn is_private(bytes: &[u8]) -> bool {
    let begin = bytes.trim_ascii_start();
    begin.starts_with(b"-----BEGIN ") && begin.windows(12).take(60).any(|word| word == b"PRIVATE KEY-")
}

/// A private key whose passphrase may still be missing.
pub(super) struct Locked<'a> {
    path: &'a Path,
    key: PrivateKey,
    public: [u8; 32],
}

impl<'a> Locked<'a> {
    /// Reads the file. The public half is known without the passphrase.
    pub(super) fn parse(path: &'a Path, bytes: &[u8]) -> Result<Self, KeyError> {
        if !bytes.trim_ascii_start().starts_with(b"-----BEGIN OPENSSH PRIVATE KEY-----") {
            return Err(KeyError::NoKey(path.to_owned()));
        }
        let key = PrivateKey::from_openssh(bytes)
            .map_err(|error| KeyError::Damaged { path: path.to_owned(), reason: error.to_string() })?;
        let kind = key.algorithm();
        match (kind, key.public_key().key_data().ed25519()) {
            (Algorithm::Ed25519, Some(public)) => Ok(Self { path, public: public.0, key }),
            (kind, _) => Err(KeyError::Kind { path: path.to_owned(), kind: kind.to_string() }),
        }
    }

    pub(super) fn has_passphrase(&self) -> bool {
        self.key.is_encrypted()
    }

    pub(super) fn public(&self) -> PublicKey {
        PublicKey::ed25519(&self.public)
    }

    /// Empty while it is locked: the comment is encrypted too.
    pub(super) fn comment(&self) -> String {
        self.key.comment().to_owned()
    }

    /// The key and its comment. Asks once, if it has to.
    pub(super) fn open(self, ask: &mut Ask) -> Result<(SigningKey, String), KeyError> {
        let path = || self.path.to_owned();
        let damaged = |reason: &str| KeyError::Damaged { path: path(), reason: reason.to_owned() };
        let key = if self.has_passphrase() {
            if let cipher @ (Cipher::TDesCbc | Cipher::None) = self.key.cipher() {
                return Err(KeyError::Cipher { path: path(), cipher: cipher.to_string() });
            }
            let passphrase = ask(self.path).map_err(|source| KeyError::Ask { path: path(), source })?;
            self.key.decrypt(passphrase.as_bytes()).map_err(|_| KeyError::Passphrase(path()))?
        } else {
            self.key.clone()
        };
        let pair = key.key_data().ed25519().ok_or_else(|| damaged("it holds no Ed25519 key"))?;
        let signing = SigningKey::from_bytes(&Zeroizing::new(pair.private.to_bytes()));
        if signing.verifying_key().as_bytes() != &self.public {
            return Err(damaged("its two halves do not belong together"));
        }
        Ok((signing, key.comment().to_owned()))
    }
}
