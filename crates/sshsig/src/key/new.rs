//! A new key, for who has no `ssh-keygen`.

use ed25519_dalek::SigningKey;
use ring::rand::{SecureRandom, SystemRandom};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::Ed25519PublicKey;
use ssh_key::{LineEnding, PrivateKey};
use zeroize::Zeroizing;

/// A key that nobody has yet, as `ssh-keygen -t ed25519 -N ''` makes it.
pub struct NewKey {
    /// What stands in the file of the private half. There is no passphrase.
    pub private: Zeroizing<String>,
    /// `ssh-ed25519 BASE64 COMMENT`, without a line feed.
    pub public: String,
}

impl NewKey {
    /// Makes one. The comment has no line feed. Nothing where the system gives no random bytes.
    pub fn make(comment: &str) -> Option<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(&mut *seed).ok()?;
        let pair = Ed25519Keypair {
            public: Ed25519PublicKey(SigningKey::from_bytes(&seed).verifying_key().to_bytes()),
            private: Ed25519PrivateKey::from_bytes(&seed),
        };
        let key = PrivateKey::new(KeypairData::Ed25519(pair), comment).ok()?;
        let public = key.public_key().to_openssh().ok()?;
        Some(Self { private: key.to_openssh(LineEnding::LF).ok()?, public })
    }
}
