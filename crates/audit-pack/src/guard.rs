//! What was signed last, remembered beside the key and so outside of the root.
//!
//! Whoever can write into the root but has no key can rewrite a log and its sidecar to fit each other. The sealer would
//! then sign the lie. It therefore signs nothing that does not extend what this file says, and goes on from here rather
//! than from the sidecar, which also spares it the way through all of SEALS.

use std::path::{Path, PathBuf};

use holdfast::json::{self, Object, Value};
use holdfast::sys::{ReadError, Secrecy, Store};
use tlog::seals::{OldHead, State};
use tlog::{FileName, Hash, Origin, Vkey};

use crate::log::Log;
use crate::place::FileError;

/// What the sealer signed last of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    /// What SEALS said then.
    pub(crate) state: State,
    /// How many bytes SEALS had.
    pub(crate) seals_len: u64,
    /// The system's number of the log's file, where it has one: which file it is after somebody renamed it.
    pub(crate) file_id: Option<u64>,
}

/// Why it is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuardError {
    /// It could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It says nothing that can be understood.
    #[error(
        "{path}: {fact}\n  it says what was signed last, and without it nothing is signed: put it back from a backup"
    )]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong.
        fact: String,
    },
}

/// The file for one log: in a folder beside the key.
pub(crate) fn path(key: &Path, origin: &Origin) -> PathBuf {
    let name = key.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".pub").unwrap_or(&name);
    let hash = Hash::of(origin.as_str().as_bytes()).to_string();
    key.with_file_name(format!("{name}.signed")).join(format!("{}.json", &hash[..16]))
}

/// The system's number of a file that is there; 0 where the system has none.
pub(crate) fn id_of(store: &dyn Store, path: &Path) -> Result<Option<u64>, FileError> {
    let stat = store.stat(path).map_err(FileError::at(path))?;
    Ok(stat.map(|stat| stat.id))
}

/// What the key has signed of a log that lies at this place, under whatever name.
pub(crate) fn of_place(
    store: &dyn Store,
    key: &Path,
    log: &Log,
    origin: &Origin,
) -> Result<Option<Guard>, GuardError> {
    let any = path(key, origin);
    let dir = any.parent().unwrap_or(Path::new("."));
    let names = store.list(dir).map_err(FileError::at(dir))?;
    // A writer's temporary file may be half.
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        let path = dir.join(name);
        let bytes = store.read(&path).map_err(|error| FileError::new(path.display().to_string(), error))?;
        let here = json::object(&bytes)
            .is_ok_and(|object| object.get("log").and_then(Value::as_str) == Some(whole_path(log).as_str()));
        if here {
            return Guard::read(store, &path);
        }
    }
    Ok(None)
}

fn whole_path(log: &Log) -> String {
    std::path::absolute(log.path()).unwrap_or_else(|_| log.path()).display().to_string()
}

impl Guard {
    /// Reads it; nothing where nothing was signed yet.
    pub(crate) fn read(store: &dyn Store, path: &Path) -> Result<Option<Self>, GuardError> {
        let shown = || path.display().to_string();
        let bytes = match store.read(path) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing) => return Ok(None),
            Err(error) => return Err(FileError::new(shown(), error).into()),
        };
        let parsed =
            json::object(&bytes).and_then(|object| parse(&object).ok_or_else(|| "is not ours".into()));
        parsed.map(Some).map_err(|fact| GuardError::Malformed { path: shown(), fact })
    }

    /// Makes it the newest, durably. It also remembers where the log lies.
    pub(crate) fn write(&self, store: &dyn Store, path: &Path, log: &Log) -> Result<(), FileError> {
        if let Some(dir) = path.parent() {
            store.make_dir(dir).map_err(FileError::at(dir))?;
        }
        let mut object = self.to_object();
        object.insert("log".to_owned(), whole_path(log).into());
        let text = format!("{}\n", Value::from(object));
        store.replace(path, text.as_bytes(), Secrecy::Secret).map_err(FileError::at(path))
    }

    fn to_object(&self) -> Object {
        let state = &self.state;
        let mut object = Object::new();
        let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
        put("v", 1.into());
        put("origin", state.origin.as_str().into());
        put("key", state.key.to_string().into());
        put("outgoing", state.outgoing.as_ref().map(ToString::to_string).into());
        put("records", state.records.into());
        put("seals_bytes", self.seals_len.into());
        put("file_id", self.file_id.into());
        put("head", state.head.to_string().into());
        put("seals", state.seals.into());
        put("sealed_ms", state.sealed_ms.into());
        put("lines", state.lines.into());
        put("bytes", state.bytes.into());
        put("root", state.root.to_string().into());
        put("file", state.file.as_ref().map(ToString::to_string).into());
        put("file_begin", state.file_begin.into());
        if let Some(OldHead { origin, size, root }) = &state.restart {
            put("old_origin", origin.as_str().into());
            put("old_size", (*size).into());
            put("old_root", root.to_string().into());
        }
        object
    }
}

fn parse(object: &Object) -> Option<Guard> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let number = |key: &str| object.get(key).and_then(Value::as_u64);
    let hash = |key: &str| text(key).and_then(Hash::from_hex);
    let vkey = |key: &str| text(key).and_then(|text| Vkey::parse(text).ok());
    let origin = |key: &str| text(key).and_then(|text| Origin::new(text).ok());
    let absent = |key: &str| object.get(key).is_none_or(Value::is_null);
    (number("v")? == 1).then_some(())?;
    let restart = if absent("old_origin") {
        None
    } else {
        Some(OldHead { origin: origin("old_origin")?, size: number("old_size")?, root: hash("old_root")? })
    };
    let state = State {
        origin: origin("origin")?,
        restart,
        key: vkey("key")?,
        outgoing: if absent("outgoing") { None } else { Some(vkey("outgoing")?) },
        records: number("records")?,
        head: hash("head")?,
        seals: number("seals")?,
        sealed_ms: number("sealed_ms"),
        lines: number("lines")?,
        bytes: number("bytes")?,
        root: hash("root")?,
        file: if absent("file") { None } else { Some(FileName::new(text("file")?).ok()?) },
        file_begin: number("file_begin")?,
    };
    Some(Guard { state, seals_len: number("seals_bytes")?, file_id: number("file_id") })
}
