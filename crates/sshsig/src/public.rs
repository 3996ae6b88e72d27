//! Public keys, as OpenSSH writes them: `ssh-ed25519 AAAA… comment`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::wire::Reader;

/// The longest public key, in bytes. RSA with 16384 bits has about 2 KiB.
const BLOB_MAX: usize = 8192;

/// A kind of key. Some can only be named: their signatures are not verified here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Ed25519,
    SkEd25519,
    EcdsaP256,
    EcdsaP384,
    SkEcdsaP256,
    Rsa,
    Unsupported(&'static str),
}

/// What is known, and how OpenSSH calls it.
const ALGORITHMS: [(&str, Algorithm); 6] = [
    ("ssh-ed25519", Algorithm::Ed25519),
    ("sk-ssh-ed25519@openssh.com", Algorithm::SkEd25519),
    ("ecdsa-sha2-nistp256", Algorithm::EcdsaP256),
    ("ecdsa-sha2-nistp384", Algorithm::EcdsaP384),
    ("sk-ecdsa-sha2-nistp256@openssh.com", Algorithm::SkEcdsaP256),
    ("ssh-rsa", Algorithm::Rsa),
];

/// What may stand in a list of signers, but whose signatures are refused.
const UNSUPPORTED: [&str; 10] = [
    "ecdsa-sha2-nistp521",
    "ssh-dss",
    "ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
];

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        let known = ALGORITHMS.into_iter().find(|(known, _)| *known == name).map(|(_, algorithm)| algorithm);
        known.or_else(|| UNSUPPORTED.into_iter().find(|known| *known == name).map(Self::Unsupported))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unsupported(name) => name,
            known => ALGORITHMS.iter().find(|(_, one)| *one == known).map_or("", |(name, _)| name),
        }
    }
}

/// Why something is no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// Not `TYPE BASE64`.
    #[error("is not `TYPE BASE64 COMMENT`, as `ssh-keygen -t ed25519` writes it into a file ending in .pub")]
    Form,
    /// A type that OpenSSH does not have, or not yet.
    #[error("has the unknown type {0:?}")]
    Type(String),
    /// Type and content differ, a field has a wrong form or length, or something follows.
    #[error("is damaged: what it holds is not a key of its type {0}")]
    Damaged(&'static str),
}

/// The fields of a key whose signatures can be verified.
pub(crate) enum Material<'a> {
    Ed25519(&'a [u8; 32]),
    SkEd25519 {
        public: &'a [u8; 32],
        application: &'a [u8],
    },
    /// A point of the curve in its uncompressed form.
    EcdsaP256(&'a [u8]),
    EcdsaP384(&'a [u8]),
    SkEcdsaP256 {
        point: &'a [u8],
        application: &'a [u8],
    },
    Rsa {
        n: &'a [u8],
        e: &'a [u8],
    },
    Unsupported,
}

/// A public key. Two are equal when their bytes are.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    blob: Vec<u8>,
}

impl PublicKey {
    /// Reads a key as it stands in signatures and on the wire. The form is checked, not the point or number itself.
    pub fn from_blob(blob: &[u8]) -> Result<Self, PublicKeyError> {
        let name = Reader::new(blob).string().and_then(|name| str::from_utf8(name).ok());
        let name = name.ok_or(PublicKeyError::Form)?;
        let algorithm = Algorithm::named(name).ok_or_else(|| PublicKeyError::Type(shown(name)))?;
        let key = Self { algorithm, blob: blob.to_vec() };
        match key.material() {
            Some(_) if blob.len() <= BLOB_MAX => Ok(key),
            _ => Err(PublicKeyError::Damaged(algorithm.name())),
        }
    }

    /// A plain Ed25519 key.
    pub(crate) fn ed25519(public: &[u8; 32]) -> Self {
        let algorithm = Algorithm::Ed25519;
        let mut blob = Vec::new();
        crate::wire::put_string(&mut blob, algorithm.name().as_bytes());
        crate::wire::put_string(&mut blob, public);
        Self { algorithm, blob }
    }

    /// Reads `TYPE BASE64 COMMENT`, and gives the comment too.
    pub fn parse(line: &str) -> Result<(Self, &str), PublicKeyError> {
        let blank = [' ', '\t'];
        let (name, rest) = line.trim().split_once(blank).ok_or(PublicKeyError::Form)?;
        let algorithm = Algorithm::named(name).ok_or_else(|| PublicKeyError::Type(shown(name)))?;
        let rest = rest.trim_start_matches(blank);
        let (base64, comment) = rest.split_once(blank).unwrap_or((rest, ""));
        let damaged = || PublicKeyError::Damaged(algorithm.name());
        let blob = STANDARD.decode(base64).map_err(|_| damaged())?;
        let key = Self::from_blob(&blob).map_err(|_| damaged())?;
        if key.algorithm == algorithm { Ok((key, comment.trim())) } else { Err(damaged()) }
    }

    /// The key as bytes (RFC 4253, section 6.6).
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Its type, as OpenSSH names it: `ssh-ed25519`.
    pub fn type_name(&self) -> &'static str {
        self.algorithm.name()
    }

    /// `SHA256:` and 43 characters, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The fields; `None` if they have not the form that the type has.
    pub(crate) fn material(&self) -> Option<Material<'_>> {
        let mut reader = Reader::new(&self.blob);
        reader.string()?;
        let material = match self.algorithm {
            Algorithm::Ed25519 => Material::Ed25519(reader.string()?.try_into().ok()?),
            Algorithm::SkEd25519 => Material::SkEd25519 {
                public: reader.string()?.try_into().ok()?,
                application: reader.string()?,
            },
            Algorithm::EcdsaP256 => Material::EcdsaP256(point(&mut reader, b"nistp256", 65)?),
            Algorithm::EcdsaP384 => Material::EcdsaP384(point(&mut reader, b"nistp384", 97)?),
            Algorithm::SkEcdsaP256 => Material::SkEcdsaP256 {
                point: point(&mut reader, b"nistp256", 65)?,
                application: reader.string()?,
            },
            Algorithm::Rsa => {
                let e = reader.positive()?;
                Material::Rsa { e, n: reader.positive()? }
            }
            Algorithm::Unsupported(_) => return Some(Material::Unsupported),
        };
        reader.end().map(|()| material)
    }
}

/// The name of a curve and an uncompressed point of `len` bytes.
fn point<'a>(reader: &mut Reader<'a>, curve: &[u8], len: usize) -> Option<&'a [u8]> {
    let named = reader.string()? == curve;
    let point = reader.string()?;
    (named && point.len() == len && point[0] == 4).then_some(point)
}

/// A name from outside, for an error.
pub(crate) fn shown(name: &str) -> String {
    const SHOWN_MAX: usize = 60;
    name.chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect()
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.type_name(), STANDARD.encode(&self.blob))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
