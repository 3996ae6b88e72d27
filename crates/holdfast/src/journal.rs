//! `memory/journal.jsonl`: Holdfast's own append-only log of what happened (**never-rewritten**).

use std::io;

use crate::json::{self, Object, Value};
use crate::root::Root;
use crate::sys::{Appended, Kind, ReadError, Stat, Sys, missing_folder};
use crate::time::iso;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What: `trip`, `resume`, `manual-edit`, `incident-opened`, … (`docs/formats/journal.md` lists them).
    pub kind: &'static str,
    /// Which program or person.
    pub by: String,
    /// What the kind needs beside.
    pub fields: Object,
}

impl Entry {
    /// An entry without fields.
    pub fn new(kind: &'static str, by: impl Into<String>) -> Self {
        Self { kind, by: by.into(), fields: Object::new() }
    }

    /// With one more field; `null` is left out.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.fields.insert(key.to_owned(), value);
        }
        self
    }

    fn to_line(&self, wall: f64, host: &str) -> String {
        let mut object = Object::new();
        object.insert("at".into(), json::number(wall));
        object.insert("iso".into(), iso(wall).into());
        object.insert("kind".into(), self.kind.into());
        object.insert("host".into(), host.into());
        object.insert("by".into(), self.by.clone().into());
        object.extend(self.fields.clone());
        Value::from(object).to_string()
    }
}

/// Adds an entry, durably. A line that a crash tore before it is closed, kept, and flagged by a line of kind
/// `torn-line` after ours.
pub fn append(sys: &Sys, root: &Root, entry: &Entry) -> io::Result<Appended> {
    let path = root.journal();
    let wall = sys.clock.now().wall;
    let line = entry.to_line(wall, sys.host);
    let appended = match sys.store.append(&path, &line) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Nothing is made in a folder that is no root, or that is none while its disk is away.
            if !matches!(sys.store.stat(&root.data())?, Some(Stat { kind: Kind::Dir, .. })) {
                return Err(missing_folder(&root.data()));
            }
            sys.store.make_dir(&root.path().join("memory"))?;
            sys.store.append(&path, &line)?
        }
        done => done?,
    };
    if appended.closed_torn_line {
        let flag = Entry::new("torn-line", &entry.by).with("ends", appended.offset);
        sys.store.append(&path, &flag.to_line(wall, sys.host))?;
    }
    Ok(appended)
}

/// The last entries that fit into one bounded read, oldest first, with lines that do not parse left out.
/// Also says whether earlier ones were not read.
pub fn recent(sys: &Sys, root: &Root) -> Result<(Vec<Object>, bool), ReadError> {
    recent_of(sys, &root.journal())
}

/// How much of the end of a log is read at once, in bytes.
const TAIL: u64 = 4 << 20;

/// [`recent`] for any log of one object a line.
pub fn recent_of(sys: &Sys, path: &std::path::Path) -> Result<(Vec<Object>, bool), ReadError> {
    let len = match sys.store.stat(path)? {
        Some(stat) => stat.len,
        None => return Ok((Vec::new(), false)),
    };
    let from = len.saturating_sub(TAIL);
    let bytes = sys.store.read_at(path, from, TAIL as usize)?;
    let mut lines = bytes.split(|byte| *byte == b'\n');
    if from > 0 {
        // Begins in the middle of a line.
        lines.next();
    }
    Ok((lines.filter_map(|line| json::object(line).ok()).collect(), from > 0))
}
