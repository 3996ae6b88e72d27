//! Private keys: a file of ours, or one that ssh-agent holds.

mod file;
mod new;
mod note;

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signer as _, SigningKey};
use holdfast::sys::{ReadError, Store};
use zeroize::Zeroizing;

use crate::agent::{Agent, AgentError};
use crate::ask::{AskError, Passphrase};
use crate::check::check;
use crate::public::{Algorithm, PublicKey, PublicKeyError};
use crate::signature::SignatureError;
use crate::wire::{Reader, put_string};

pub use new::NewKey;
pub use note::{NoteKey, NoteKeyError};

/// Who is asked for the passphrase of the key at a path.
pub type Ask<'a> = dyn FnMut(&Path) -> Result<Passphrase, AskError> + 'a;

/// Why there is no key, or no signature.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nothing at the path, and no public half beside it.
    #[error("the key {} is missing: make one with `ssh-keygen -t ed25519 -f {}`", .0.display(), .0.display())]
    Missing(PathBuf),
    /// Something at the path that cannot be read.
    #[error("the key {} {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// Others than the owner can read it.
    #[error("the key {} can be read by others (mode {mode:o}): chmod 600 {}", path.display(), path.display())]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Neither a private key of OpenSSH nor a public one.
    #[error(
        "{} holds no OpenSSH key: it should begin with `-----BEGIN OPENSSH PRIVATE KEY-----`, or be one line that begins \
         with `ssh-ed25519`. Make one with `ssh-keygen -t ed25519`", .0.display()
    )]
    NoKey(PathBuf),
    /// A public key that cannot be read.
    #[error("the public key {} {source}", path.display())]
    Public {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PublicKeyError,
    },
    /// A private key that cannot be read.
    #[error("the key {} cannot be read ({reason}): make another one with `ssh-keygen -t ed25519`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// RSA, ECDSA and others.
    #[error("the key {} is of type {kind}, and only Ed25519 keys sign here: `ssh-keygen -t ed25519`", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// Its type.
        kind: String,
    },
    /// Nobody gave the passphrase.
    #[error("the key {}: {source}", path.display())]
    Ask {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: AskError,
    },
    /// A passphrase that does not open the key, or the file is damaged.
    #[error("the passphrase does not open the key {}: try again", .0.display())]
    Passphrase(PathBuf),
    /// A cipher that only old programs use.
    #[error("the key {} is encrypted with {cipher}, which is not supported: `ssh-keygen -p -f {}` encrypts it anew", path.display(), path.display())]
    Cipher {
        /// The file.
        path: PathBuf,
        /// The cipher, as OpenSSH calls it.
        cipher: String,
    },
    /// Only the public half is here, and there is no agent.
    #[error(
        "{} is a public key and no ssh-agent is there for its private half: set SSH_AUTH_SOCK, or name the private key",
        .0.display()
    )]
    NoAgent(PathBuf),
    /// Only the public half is here, and the agent has not the other.
    #[error("ssh-agent does not hold the private half of {} ({fingerprint}): add it with `ssh-add`", path.display())]
    NotHeld {
        /// The file.
        path: PathBuf,
        /// The key.
        fingerprint: String,
    },
    /// The agent did not do it.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The agent gave something that is no signature by the key.
    #[error("what ssh-agent gave as a signature by {fingerprint} is none: {source}")]
    WrongSignature {
        /// The key.
        fingerprint: String,
        /// What is wrong with it.
        source: SignatureError,
    },
    /// A security key was to sign a note.
    #[error(
        "{0} is a security key: its signatures hold a counter, so it can sign packs but no notes. Seal with a plain \
         Ed25519 key (`ssh-keygen -t ed25519`)"
    )]
    SecurityKey(String),
}

/// A key that signs.
pub struct Key {
    public: PublicKey,
    comment: String,
    signer: Signer,
}

enum Signer {
    Memory(SigningKey),
    Agent(Agent),
}

impl Key {
    /// Opens the key at a path: a private key, or a public one (or the path of a private one that is not here) whose
    /// private half the agent holds. A private key with a passphrase is taken from the agent, if it holds it; else `ask`
    /// is asked, once.
    ///
    /// A private key is a regular file that its owner alone can read.
    pub fn open(
        store: &dyn Store,
        path: &Path,
        agent: Option<&Agent>,
        ask: &mut Ask,
    ) -> Result<Self, KeyError> {
        let unreadable = |path: &Path, source| KeyError::Unreadable { path: path.to_owned(), source };
        let bytes = match store.read(path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(ReadError::Missing) => return Self::by_public_half(store, path, agent),
            Err(error) => return Err(unreadable(path, error)),
        };
        if !file::is_private(&bytes) {
            return Self::held(path, &bytes, agent);
        }
        let owner = store.stat(path).map_err(|error| unreadable(path, error.into()))?.map(|stat| stat.owner);
        match owner.unwrap_or_default().mode {
            Some(mode) if mode & 0o077 != 0 => {
                return Err(KeyError::Shared { path: path.to_owned(), mode: mode & 0o7777 });
            }
            _ => {}
        }
        let locked = file::Locked::parse(path, &bytes)?;
        if locked.has_passphrase()
            && let Some(agent) = agent
            // Without an answer the passphrase will do.
            && agent.holds(&locked.public()).unwrap_or(false)
        {
            return Ok(Self::of_agent(locked.public(), locked.comment(), agent));
        }
        let (key, comment) = locked.open(ask)?;
        let public = PublicKey::ed25519(key.verifying_key().as_bytes());
        Ok(Self { public, comment, signer: Signer::Memory(key) })
    }

    /// The private file is not here: `PATH.pub` tells which key of the agent it is.
    fn by_public_half(store: &dyn Store, path: &Path, agent: Option<&Agent>) -> Result<Self, KeyError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".pub");
        let beside = PathBuf::from(beside);
        match store.read(&beside) {
            Ok(bytes) => Self::held(&beside, &bytes, agent),
            Err(ReadError::Missing) => Err(KeyError::Missing(path.to_owned())),
            Err(source) => Err(KeyError::Unreadable { path: beside, source }),
        }
    }

    /// The key of a public file, held by the agent.
    fn held(path: &Path, bytes: &[u8], agent: Option<&Agent>) -> Result<Self, KeyError> {
        let text = str::from_utf8(bytes).ok().map(str::trim).filter(|text| text.lines().count() == 1);
        let text = text.ok_or_else(|| KeyError::NoKey(path.to_owned()))?;
        let (public, comment) = PublicKey::parse(text).map_err(|source| match source {
            PublicKeyError::Form | PublicKeyError::Type(_) => KeyError::NoKey(path.to_owned()),
            source @ PublicKeyError::Damaged(_) => KeyError::Public { path: path.to_owned(), source },
        })?;
        if !matches!(public.algorithm(), Algorithm::Ed25519 | Algorithm::SkEd25519) {
            return Err(KeyError::Kind { path: path.to_owned(), kind: public.type_name().to_owned() });
        }
        let agent = agent.ok_or_else(|| KeyError::NoAgent(path.to_owned()))?;
        if !agent.holds(&public)? {
            let fingerprint = public.fingerprint();
            return Err(KeyError::NotHeld { path: path.to_owned(), fingerprint });
        }
        Ok(Self::of_agent(public, comment.to_owned(), agent))
    }

    fn of_agent(public: PublicKey, comment: String, agent: &Agent) -> Self {
        Self { public, comment, signer: Signer::Agent(agent.clone()) }
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The public half as RFC 8032 writes it; `None` for a security key, which makes other signatures.
    pub fn ed25519(&self) -> Option<[u8; 32]> {
        match self.public.algorithm() {
            Algorithm::Ed25519 => self.public.blob().last_chunk().copied(),
            _ => None,
        }
    }

    /// `SHA256:` and 43 characters, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        self.public.fingerprint()
    }

    /// What the key's file says of it; may be empty.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// Whether ssh-agent holds the private half.
    pub fn is_in_agent(&self) -> bool {
        matches!(self.signer, Signer::Agent(_))
    }

    /// An Ed25519 signature (RFC 8032) of the message itself. What an agent gives is verified before it is used.
    pub fn sign(&mut self, message: &[u8]) -> Result<[u8; 64], KeyError> {
        if self.ed25519().is_none() {
            return Err(KeyError::SecurityKey(self.fingerprint()));
        }
        let blob = self.sign_blob(message)?;
        let wrong = |source| KeyError::WrongSignature { fingerprint: self.fingerprint(), source };
        check(&self.public, message, &blob).map_err(wrong)?;
        let mut reader = Reader::new(&blob);
        let _name = reader.string();
        reader.string().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| wrong(SignatureError::Fields))
    }

    /// The key under a name, for [`tlog::note::Note::sign`].
    pub fn note_key(&mut self, name: &str) -> Result<NoteKey<'_>, NoteKeyError> {
        NoteKey::new(self, name)
    }

    /// A signature as it stands in SSHSIG.
    pub(crate) fn sign_blob(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.signer {
            Signer::Agent(agent) => Ok(agent.sign(&self.public, message)?),
            Signer::Memory(key) => {
                let mut blob = Vec::new();
                put_string(&mut blob, self.public.type_name().as_bytes());
                put_string(&mut blob, &key.sign(message).to_bytes());
                Ok(blob)
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.public)
    }
}
