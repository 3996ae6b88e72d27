//! OpenSSH, as far as sealed logs and evidence tarballs need it: keys in files and in ssh-agent ([`Key`], [`Agent`]),
//! signatures of files ([`Signature`]: `ssh-keygen -Y sign` and `-Y verify`) and who may sign what ([`AllowedSigners`]).
//!
//! A message is never in memory as a whole: [`Hasher`] takes it in pieces, and [`Signature::hash`] tells before that
//! which hash a signature needs.

mod agent;
mod allowed;
mod armour;
mod ask;
mod check;
mod digest;
mod key;
mod public;
mod signature;
mod wire;

pub use agent::{Agent, AgentError};
pub use allowed::{AllowedError, AllowedSigners, Line, Refused, Verified};
pub use armour::SIGNATURE_LEN_MAX;
pub use ask::{AskError, Passphrase, ask_on_terminal};
pub use digest::{Digest, HashKind, Hasher};
pub use key::{Ask, Key, KeyError, NewKey, NoteKey, NoteKeyError};
pub use public::{PublicKey, PublicKeyError};
pub use signature::{SignError, Signature, SignatureError};
