//! Signatures of files: OpenSSH's PROTOCOL.sshsig, as `ssh-keygen -Y sign` makes and `-Y verify` reads them.

use std::fmt;

use crate::armour;
use crate::check::check;
use crate::digest::{Digest, HashKind};
use crate::key::{Key, KeyError};
use crate::public::{PublicKey, PublicKeyError, shown};
use crate::wire::{Reader, put_string};

/// What a signature and what is signed begin with.
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
/// The longest namespace, in bytes.
const NAMESPACE_MAX: usize = 255;

/// Why bytes are no signature, or none of this message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Too many bytes for any signature.
    #[error(
        "the signature has {0} bytes, at most {max} are read: is it the right file?",
        max = armour::SIGNATURE_LEN_MAX
    )]
    TooLong(usize),
    /// Not the text form.
    #[error(
        "the signature is not base64 between `-----BEGIN SSH SIGNATURE-----` and `-----END SSH SIGNATURE-----`: \
         it is what `ssh-keygen -Y sign` writes into a file ending in .sig"
    )]
    Armour,
    /// Something stands behind the end.
    #[error("something follows behind the end of the signature: a signature file holds nothing else")]
    Trailing,
    /// Not the fields of PROTOCOL.sshsig, or something follows them.
    #[error("the signature is damaged: its fields are not those of an OpenSSH signature")]
    Fields,
    /// Another version.
    #[error("the signature has version {0}, and only {VERSION} is known: a newer program may read it")]
    Version(u32),
    /// The key in it cannot be read.
    #[error("the key in the signature {0}")]
    Key(PublicKeyError),
    /// An empty or endless namespace, or one that is no text.
    #[error("the signature's namespace is empty, longer than {NAMESPACE_MAX} bytes or no plain text")]
    NamespaceForm,
    /// The field that has no meaning yet is in use.
    #[error("the signature uses a field that is reserved: a newer program may understand it")]
    Reserved,
    /// An unknown hash.
    #[error("the signature is over the hash {0:?}, and only sha256 and sha512 are known")]
    Hash(String),
    /// The signature is of another kind than the key.
    #[error("the signature says {name:?}, which a key of type {key} does not make")]
    Algorithm {
        /// What the signature says.
        name: String,
        /// The type of the key.
        key: &'static str,
    },
    /// A kind of key that is not verified here.
    #[error(
        "the signature is by a key of type {0}, which is not supported: sign with an Ed25519 key, or verify with \
         `ssh-keygen -Y verify`"
    )]
    Unsupported(&'static str),
    /// RSA with too few or too many bits.
    #[error(
        "the signature is by an RSA key of {0} bits, and 2048 to 8192 are supported: sign with an Ed25519 key"
    )]
    RsaSize(usize),
    /// Made for another purpose.
    #[error(
        "the signature is for the namespace {found:?}, not for {expected:?}: it was made for another purpose"
    )]
    Namespace {
        /// What was asked for.
        expected: String,
        /// What the signature says.
        found: String,
    },
    /// The caller hashed with another hash than the signature needs.
    #[error("the signature is over {needed}, and the message was hashed with {given}")]
    OtherHash {
        /// What [`Signature::hash`] says.
        needed: HashKind,
        /// What the digest is of.
        given: HashKind,
    },
    /// Everything has the right form, but the key did not sign this message.
    #[error("the signature does not fit: what was signed has been changed, or is another file")]
    Wrong,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key did not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No namespace to sign for, or what came back as a signature is none.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A signature. What it says of itself counts only after [`Signature::verify`]. Shown as the text of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    public: PublicKey,
    namespace: String,
    hash: HashKind,
    /// A name and bytes, as agents answer.
    blob: Vec<u8>,
}

impl Signature {
    /// Reads the text form, strictly; nothing is verified by that.
    pub fn parse(text: &[u8]) -> Result<Self, SignatureError> {
        let bytes = armour::unwrap(text)?;
        let mut reader = Reader::new(&bytes);
        if reader.take(MAGIC.len()) != Some(MAGIC) {
            return Err(SignatureError::Fields);
        }
        let version = reader.u32().ok_or(SignatureError::Fields)?;
        if version != VERSION {
            return Err(SignatureError::Version(version));
        }
        let mut field = || reader.string().ok_or(SignatureError::Fields);
        let (key, namespace, reserved, hash, blob) = (field()?, field()?, field()?, field()?, field()?);
        reader.end().ok_or(SignatureError::Fields)?;
        let public = PublicKey::from_blob(key).map_err(SignatureError::Key)?;
        let namespace = str::from_utf8(namespace).map_err(|_| SignatureError::NamespaceForm)?;
        plain(namespace)?;
        if !reserved.is_empty() {
            return Err(SignatureError::Reserved);
        }
        let known = HashKind::named(hash);
        let hash = known.ok_or_else(|| SignatureError::Hash(shown(&String::from_utf8_lossy(hash))))?;
        Ok(Self { public, namespace: namespace.to_owned(), hash, blob: blob.to_vec() })
    }

    /// Signs the digest of a message for a purpose. What the key gives is verified before it is used.
    pub fn sign(key: &mut Key, namespace: &str, digest: &Digest) -> Result<Self, SignError> {
        plain(namespace)?;
        let blob = key.sign_blob(&signed(namespace, digest))?;
        let (namespace, hash) = (namespace.to_owned(), digest.kind());
        let signature = Self { public: key.public().clone(), namespace, hash, blob };
        signature.verify(&signature.namespace, digest)?;
        Ok(signature)
    }

    /// Whether the key in it signed this digest for this purpose. Whose key that is, [`crate::AllowedSigners`] tells.
    pub fn verify(&self, namespace: &str, digest: &Digest) -> Result<(), SignatureError> {
        if self.namespace != namespace {
            let (expected, found) = (namespace.to_owned(), self.namespace.clone());
            return Err(SignatureError::Namespace { expected, found });
        }
        if self.hash != digest.kind() {
            return Err(SignatureError::OtherHash { needed: self.hash, given: digest.kind() });
        }
        check(&self.public, &signed(namespace, digest), &self.blob)
    }

    /// The key that is said to have signed.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The purpose that it was made for, such as `pack@holdfast`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// How the message is to be hashed.
    pub fn hash(&self) -> HashKind {
        self.hash
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_be_bytes());
        let hash = self.hash.name();
        for field in [self.public.blob(), self.namespace.as_bytes(), b"", hash.as_bytes(), &self.blob] {
            put_string(&mut bytes, field);
        }
        f.write_str(&armour::wrap(&bytes))
    }
}

/// What the key signs: neither a message nor a digest alone, so that a signature fits no other purpose.
fn signed(namespace: &str, digest: &Digest) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for field in [namespace.as_bytes(), b"", digest.kind().name().as_bytes(), digest.as_bytes()] {
        put_string(&mut bytes, field);
    }
    bytes
}

fn plain(namespace: &str) -> Result<(), SignatureError> {
    let sound = !namespace.is_empty() && namespace.len() <= NAMESPACE_MAX;
    if sound && !namespace.contains(char::is_control) { Ok(()) } else { Err(SignatureError::NamespaceForm) }
}
