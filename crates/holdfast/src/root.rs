//! The root: the folder in which a trading system keeps its state.

use std::path::{Path, PathBuf};

use crate::sys::{Kind, Store};

/// The folders in `data/`, from the root.
pub(crate) const INNER: [&str; 2] = [HEARTBEATS, OUTBOX];
const HEARTBEATS: &str = "data/heartbeats";
const OUTBOX: &str = "data/outbox";

/// A folder with `data/` in it. Anything else is refused, so that a wrong working directory never reads as
/// "no state, so green" (**fail-closed**).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

/// The folder is not a root.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path} is not a Holdfast root: {fact}\n  make one with: mkdir -p {path}/data\n  or name another with --root DIR or HOLDFAST_ROOT"
)]
pub struct NotARoot {
    path: String,
    fact: String,
}

impl Root {
    /// Takes `dir` as a root if it has a `data` folder.
    pub fn open(store: &dyn Store, dir: impl Into<PathBuf>) -> Result<Self, NotARoot> {
        let dir = dir.into();
        let data = dir.join("data");
        let fact = match store.stat(&data) {
            Ok(Some(stat)) if stat.kind == Kind::Dir => return Ok(Self(dir)),
            Ok(Some(_)) => "its data is not a folder".to_owned(),
            Ok(None) => "it has no data folder".to_owned(),
            Err(error) => format!("its data folder cannot be read: {error}"),
        };
        Err(NotARoot { path: dir.display().to_string(), fact })
    }

    /// The root that a program was told: `--root`, else `HOLDFAST_ROOT`, else the current directory.
    pub fn find(store: &dyn Store, told: Option<&Path>) -> Result<Self, NotARoot> {
        let dir = match told {
            Some(dir) => dir.to_owned(),
            None => std::env::var_os("HOLDFAST_ROOT")
                .filter(|value| !value.is_empty())
                .map_or_else(|| PathBuf::from("."), PathBuf::from),
        };
        Self::open(store, dir)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `data/`.
    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// `data/circuit.json`, the face.
    pub fn circuit(&self) -> PathBuf {
        self.0.join("data/circuit.json")
    }

    /// `data/trips.jsonl`, the ledger behind the face.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("data/trips.jsonl")
    }

    /// The lock under which the face is brought up to date.
    pub fn circuit_lock(&self) -> PathBuf {
        self.0.join("data/.circuit.lock")
    }

    /// The lock that one watchdog holds.
    pub fn watchdog_lock(&self) -> PathBuf {
        self.0.join("data/.watchdog.lock")
    }

    /// Disk space that a trip frees when the disk is full.
    pub fn reserve(&self) -> PathBuf {
        self.0.join("data/reserve")
    }

    /// A heartbeat: `data/heartbeat.json`, or `data/heartbeats/NAME.json`.
    pub fn heartbeat(&self, name: Option<&crate::heartbeat::Name>) -> PathBuf {
        match name {
            None => self.0.join("data/heartbeat.json"),
            Some(name) => self.heartbeats().join(format!("{name}.json")),
        }
    }

    /// `data/heartbeats/`.
    pub fn heartbeats(&self) -> PathBuf {
        self.0.join(HEARTBEATS)
    }

    /// `data/watchdog.json`, the watchdog's own heartbeat and memory.
    pub fn watchdog(&self) -> PathBuf {
        self.0.join("data/watchdog.json")
    }

    /// `data/outbox/`.
    pub fn outbox(&self) -> PathBuf {
        self.0.join(OUTBOX)
    }

    /// `memory/journal.jsonl`.
    pub fn journal(&self) -> PathBuf {
        self.0.join("memory/journal.jsonl")
    }

    /// `memory/decisions.jsonl`, the pipeline's own.
    pub fn decisions(&self) -> PathBuf {
        self.0.join("memory/decisions.jsonl")
    }

    /// `holdfast.toml`.
    pub fn config(&self) -> PathBuf {
        self.0.join("holdfast.toml")
    }

    /// The watchdog's last good copy of `holdfast.toml`.
    pub fn last_good_config(&self) -> PathBuf {
        self.0.join("data/config-last-good.toml")
    }
}
