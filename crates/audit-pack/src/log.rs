//! Which log is meant: its file, and the sidecar beside it.

use std::path::{Path, PathBuf};

use holdfast::sys::Store;
use tlog::FileName;

use crate::sidecar::SUFFIX;

/// A log file of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// The folder that it lies in.
    pub(crate) dir: PathBuf,
    /// Its name there.
    pub(crate) name: String,
}

/// The path cannot be that of a log.
#[derive(Debug, thiserror::Error)]
#[error("{path} can be no sealed log: {fact}\n  rename it, or name another file")]
pub(crate) struct NotALog {
    path: String,
    fact: String,
}

impl Log {
    pub(crate) fn new(path: &Path) -> Result<Self, NotALog> {
        let wrong = |fact: &str| NotALog { path: path.display().to_string(), fact: fact.to_owned() };
        let name = path.file_name().ok_or_else(|| wrong("it names no file"))?;
        let name = name.to_str().ok_or_else(|| wrong("its name is not UTF-8"))?;
        FileName::new(name).map_err(|error| wrong(&error.to_string()))?;
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { dir: dir.to_owned(), name: name.to_owned() })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    pub(crate) fn sidecar(&self) -> PathBuf {
        self.dir.join(format!("{}{SUFFIX}", self.name))
    }

    /// What stands in the place of the log's file, where something else does.
    pub(crate) fn stands_instead(&self, store: &dyn Store) -> Option<&'static str> {
        store.open(&self.path()).err().and_then(|error| error.stands_instead())
    }

    /// A file of the sidecar.
    pub(crate) fn in_sidecar(&self, file: &str) -> PathBuf {
        self.sidecar().join(file)
    }

    /// What it is called in short: `decisions`.
    pub(crate) fn stem(&self) -> &str {
        self.name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(&self.name)
    }
}
