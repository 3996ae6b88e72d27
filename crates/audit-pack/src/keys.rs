//! Which key signs a log, and how it is opened.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use holdfast::Exit;
use holdfast::sys::{ReadError, Store};
use sshsig::{Agent, AskError, Key, Passphrase, ask_on_terminal};

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

/// What was typed in this run, so that nobody is asked twice for one key.
#[derive(Default)]
pub(crate) struct Keyring(RefCell<HashMap<PathBuf, Passphrase>>);

impl Keyring {
    /// Opens a key; a passphrase is asked for on the terminal.
    pub(crate) fn open(&self, store: &dyn Store, path: &Path) -> Result<Key, KeyError> {
        let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let agent = Agent::here();
        let opened = Key::open(store, path, agent.as_ref(), &mut |path| self.passphrase(path));
        if matches!(opened, Err(KeyError::Passphrase(_))) {
            self.0.borrow_mut().remove(path.as_path());
        }
        opened
    }

    fn passphrase(&self, path: &Path) -> Result<Passphrase, AskError> {
        if let Some(known) = self.0.borrow().get(path) {
            return Ok(known.clone());
        }
        let typed = ask_on_terminal(path)?;
        self.0.borrow_mut().insert(path.to_owned(), typed.clone());
        Ok(typed)
    }
}
