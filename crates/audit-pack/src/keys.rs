//! Which key signs a log, and how it is opened.

use std::path::{Path, PathBuf};

use holdfast::Exit;
use holdfast::sys::{ReadError, Store};
use sshsig::{Agent, Key, ask_on_terminal};

use crate::log::Log;
use crate::place::FileError;

pub(crate) use sshsig::KeyError;

/// The file of the sidecar that remembers where the key is.
pub(crate) const SIGNER: &str = "signer";

/// Where a log's key is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoKey {
    /// Nobody says.
    #[error("no key is known for {0}\n  name it with --key KEY, or as `key` under [audit] in holdfast.toml")]
    Unknown(String),
    /// What should say cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The key of a log: as told, else as its sidecar remembers it.
pub(crate) fn of_log(store: &dyn Store, log: &Log, told: Option<&Path>) -> Result<PathBuf, NoKey> {
    if let Some(told) = told {
        return Ok(std::path::absolute(told).unwrap_or_else(|_| told.to_owned()));
    }
    let path = log.in_sidecar(SIGNER);
    match store.read(&path) {
        Ok(bytes) => Ok(PathBuf::from(String::from_utf8_lossy(&bytes).trim_end_matches('\n'))),
        Err(ReadError::Missing) => Err(NoKey::Unknown(log.path().display().to_string())),
        Err(error) => Err(FileError::new(path.display().to_string(), error).into()),
    }
}

/// How a program ends whose key is of no use: a file that the system does not give may be given the next time.
pub(crate) fn exit(error: &KeyError) -> Exit {
    match error {
        KeyError::Unreadable { source: ReadError::Io(_), .. } => Exit::Io,
        _ => Exit::Config,
    }
}

/// Opens it; a passphrase is asked for on the terminal.
pub(crate) fn open(store: &dyn Store, path: &Path) -> Result<Key, KeyError> {
    let agent = Agent::here();
    Key::open(store, path, agent.as_ref(), &mut ask_on_terminal)
}
