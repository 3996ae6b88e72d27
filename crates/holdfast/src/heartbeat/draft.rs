//! Writing a heartbeat.

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use super::WATCHDOGS_MAX;
use super::{Beat, Name, OURS, Status};
use crate::json::{self, Object, Value};
use crate::sys::{MAX_READ, Now, ReadError, Secrecy, Sys};
use crate::time::{Span, iso};
use crate::{Exit, Root};

/// A heartbeat to be written. A pipeline makes one for each beat:
///
/// ```no_run
/// use holdfast::heartbeat::{Draft, Status};
/// use holdfast::{Root, sys::Sys};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sys = Sys::real();
/// let root = Root::find(sys.store, None)?;
/// Draft::begin().write(&sys, &root)?;
/// // … one cycle of work …
/// Draft::new(Status::Ok).field("candle_at", 1_763_711_940)?.write(&sys, &root)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    status: Status,
    begins: bool,
    began: Option<Now>,
    keeps: bool,
    name: Option<Name>,
    pid: u32,
    interval: Option<Span>,
    circuit: Option<String>,
    fields: Object,
}

/// The value of a pipeline's own key. From an `f64` that JSON cannot hold it is nothing, and refused.
#[derive(Clone, Debug)]
pub struct Field(Option<Value>);

/// Why a key cannot be the pipeline's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Holdfast gives the key a meaning.
    #[error("{0:?} is a key of the heartbeat itself\n  give your value another key, such as {hint:?}", hint = format!("my_{}", .0))]
    Ours(String),
    /// NaN or infinite.
    #[error(
        "the value of {0:?} is not a finite number\n  leave the key out as long as there is no number for it"
    )]
    NotFinite(String),
}

/// Whose beat is written.
const PIPELINE: &str = "pipeline";
const WATCHDOG: &str = "watchdog";

/// Why a beat was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// No reader would take it.
    #[error("{} would be {len} bytes long, and readers take at most {max}\n  put less into the beat", path.display())]
    TooLarge {
        /// The heartbeat file.
        path: PathBuf,
        /// How long it would be, in bytes.
        len: usize,
        /// How long it may be.
        max: usize,
    },
    /// The operating system refused.
    #[error("{} cannot be written: {source}\n  {}", path.display(), advice(source, writer))]
    Io {
        /// The heartbeat file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
        /// Whose beat it is: `pipeline` or `watchdog`.
        writer: &'static str,
    },
}

impl WriteError {
    /// How a program ends after it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::TooLarge { .. } => Exit::Data,
            Self::Io { .. } => Exit::Io,
        }
    }
}

fn advice(error: &io::Error, writer: &str) -> String {
    let until = match writer {
        WATCHDOG => "until then a restart forgets what it knew",
        _ => "until a beat is written the watchdog sees none",
    };
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("make room on that disk; {until}")
        }
        io::ErrorKind::PermissionDenied => format!("let the user of the {writer} write into that folder"),
        io::ErrorKind::ReadOnlyFilesystem => {
            "mount that disk for writing, or take a root on another one".to_owned()
        }
        io::ErrorKind::IsADirectory => "a folder stands where the beat belongs: move it away".to_owned(),
        _ => format!("check that disk and folder; {until}"),
    }
}

impl Draft {
    /// A beat with this status. Where the beat before began a cycle of this host, it ends that cycle.
    pub fn new(status: Status) -> Self {
        let pid = std::process::id();
        let fields = Object::new();
        let (began, name, interval, circuit) = (None, None, None, None);
        let (begins, keeps) = (false, false);
        Self { status, begins, began, keeps, name, pid, interval, circuit, fields }
    }

    /// A beat that begins a cycle. If the cycle before began on this boot and never ended, `begun` stays what
    /// it was: a pipeline that dies in every cycle is one that overruns, not one that is fresh.
    pub fn begin() -> Self {
        Self { begins: true, ..Self::new(Status::Ok) }
    }

    /// The beat after a command that ended with an exit code: `ok`, or `failed` with `exit`. The command may
    /// have written beats of its own; their own keys stay.
    pub fn exited(code: i32) -> Self {
        let failure = (code != 0).then_some(("exit", code));
        Self::after_command(failure)
    }

    /// The beat after a command that a signal ended: `failed` with `signal`, else as [`Draft::exited`].
    pub fn killed(signal: i32) -> Self {
        Self::after_command(Some(("signal", signal)))
    }

    fn after_command(failure: Option<(&str, i32)>) -> Self {
        let status = failure.map_or(Status::Ok, |_| Status::Other("failed".to_owned()));
        let mut draft = Self { keeps: true, ..Self::new(status) };
        draft.fields.extend(failure.map(|(key, number)| (key.to_owned(), number.into())));
        draft
    }

    /// Another status than the present one.
    #[must_use]
    pub fn status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    /// The cycle that begins or ends with this beat began at `began`, whatever the file says of it.
    #[must_use]
    pub fn began(self, began: &Now) -> Self {
        Self { began: Some(began.clone()), ..self }
    }

    /// The beat of a name, in a file of its own; without one it is `data/heartbeat.json`.
    #[must_use]
    pub fn name(self, name: Name) -> Self {
        Self { name: Some(name), ..self }
    }

    /// The process that does the work, if it is not this one.
    #[must_use]
    pub fn pid(self, pid: u32) -> Self {
        Self { pid, ..self }
    }

    /// The time to the next beat, as the pipeline means to keep it.
    #[must_use]
    pub fn interval(self, interval: Span) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// What the pipeline saw of the circuit: `green`, `paused` or `reduce`.
    #[must_use]
    pub fn circuit(self, word: &str) -> Self {
        Self { circuit: Some(word.to_owned()), ..self }
    }

    /// A key of the pipeline's own, which rules of a watch may look at. The last value of a key counts.
    pub fn field(mut self, key: &str, value: impl Into<Field>) -> Result<Self, FieldError> {
        if OURS.contains(&key) {
            return Err(FieldError::Ours(key.to_owned()));
        }
        let value = value.into().0.ok_or_else(|| FieldError::NotFinite(key.to_owned()))?;
        self.fields.insert(key.to_owned(), value);
        Ok(self)
    }

    /// Writes the beat, **old-or-new**. Whatever the beat before looks like is no error: if it cannot be
    /// read, the count begins anew.
    pub fn write(self, sys: &Sys, root: &Root) -> Result<(), WriteError> {
        let path = root.heartbeat(self.name.as_ref());
        let previous = sys.store.read(&path);
        let in_new_folder = self.name.is_some() && matches!(previous, Err(ReadError::Missing));
        let parse = if self.keeps { Beat::parse } else { Beat::parse_ours };
        let previous = previous.ok().and_then(|bytes| parse(&bytes).ok());
        let mut bytes =
            Value::Object(self.compose(&sys.clock.now(), sys.host, previous.as_ref())).to_string();
        bytes.push('\n');
        if in_new_folder && let Err(source) = sys.store.make_dir(&root.heartbeats()) {
            return Err(WriteError::Io { path, source, writer: PIPELINE });
        }
        put(sys, path, bytes.as_bytes(), PIPELINE, MAX_READ as usize)
    }

    /// Writes the watchdog's own beat number `seq`, `data/watchdog.json`, with what it remembers: an object without
    /// any key of [`OURS`]. That is large, so it is neither read again for its number nor copied.
    pub fn write_watchdogs(
        sys: &Sys,
        root: &Root,
        seq: u64,
        memory: &impl Serialize,
    ) -> Result<(), WriteError> {
        let path = root.watchdog();
        let draft = Self { name: Some(Name::watchdog()), ..Self::new(Status::Ok) };
        let mut beat = draft.compose(&sys.clock.now(), sys.host, None);
        beat.insert("seq".to_owned(), seq.into());
        match with_memory(beat, memory) {
            Ok(bytes) => put(sys, path, &bytes, WATCHDOG, WATCHDOGS_MAX),
            Err(error) => Err(WriteError::Io { path, source: error.into(), writer: WATCHDOG }),
        }
    }

    /// The beat as it reads at `now`, after `previous`.
    pub(super) fn compose(self, now: &Now, host: &str, previous: Option<&Beat>) -> Object {
        let at = floor_to_millis(now.wall);
        let seq = previous.and_then(|beat| beat.seq?.checked_add(1)).unwrap_or(1);
        let (begun, took) = self.cycle_times(now, host, previous);
        let ours = [
            ("v", Some(Value::from(1))),
            ("at", Some(json::number(at))),
            ("iso", Some(iso(at).into())),
            ("status", Some(self.status.as_str().into())),
            ("name", self.name.as_ref().map(|name| name.as_str().into())),
            ("host", Some(host.into())),
            ("pid", Some(self.pid.into())),
            ("seq", Some(seq.into())),
            ("boot", now.boot.as_deref().map(Value::from)),
            ("up", Some(json::number(floor_to_millis(now.up)))),
            ("awake", Some(json::number(floor_to_millis(now.awake)))),
            ("interval", self.interval.map(|span| short_number(span.as_secs_f64()))),
            ("begun", begun.map(json::number)),
            ("took", took.map(json::number)),
            ("circuit", self.circuit.as_deref().map(Value::from)),
        ];
        let ours = ours.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let kept = previous.map(|beat| self.kept(beat)).unwrap_or_default();
        ours.chain(kept).chain(self.fields).collect()
    }

    /// The own keys of the beat before that stay.
    fn kept(&self, previous: &Beat) -> Object {
        let mut kept = if self.keeps { previous.fields.clone() } else { Object::new() };
        kept.retain(|key, _| !OURS.contains(&key.as_str()));
        kept
    }

    /// `begun` and `took`.
    fn cycle_times(&self, now: &Now, host: &str, previous: Option<&Beat>) -> (Option<f64>, Option<f64>) {
        let began = self.began.as_ref().or(self.begins.then_some(now));
        let unended = previous.and_then(|beat| Unended::of(beat, now, host));
        match (began, unended) {
            (Some(began), unended) if self.begins => {
                let before = unended.filter(|unended| unended.up.is_some());
                let began = before.map_or(began.wall, |unended| began.wall.min(unended.begun));
                (Some(floor_to_millis(began)), None)
            }
            (Some(began), _) => {
                let took = elapsed(now, began.wall, Some(began.up).filter(|_| began.boot == now.boot));
                (Some(floor_to_millis(began.wall)), Some(round_to_millis(took)))
            }
            (None, Some(cycle)) => {
                let took = elapsed(now, cycle.at, cycle.up) + (cycle.at - cycle.begun).max(0.0);
                (Some(cycle.begun), Some(round_to_millis(took)))
            }
            (None, None) => (None, None),
        }
    }
}

/// A cycle of this host that the beat before left running.
#[derive(Clone, Copy)]
struct Unended {
    begun: f64,
    at: f64,
    /// The boot clock at `at`, if the beat is of this boot.
    up: Option<f64>,
}

impl Unended {
    fn of(beat: &Beat, now: &Now, host: &str) -> Option<Self> {
        let ours = beat.running() && beat.host.as_deref().is_none_or(|theirs| theirs == host);
        let begun = beat.begun.filter(|_| ours)?;
        Some(Self { begun, at: beat.at, up: beat.up.filter(|up| beat.boot == now.boot && *up <= now.up) })
    }
}

/// Seconds from then to `now`: on the clock that nobody steps where that is known, else on the wall clock
/// (**clock-honest**).
fn elapsed(now: &Now, wall: f64, up: Option<f64>) -> f64 {
    up.map_or(now.wall - wall, |up| now.up - up).max(0.0)
}

/// Never later than it is: a reader must not find `up` or `at` in the future.
fn floor_to_millis(seconds: f64) -> f64 {
    let millis = (seconds * 1e3).floor();
    // The product may have been rounded up.
    let floored = millis / 1e3;
    if floored > seconds { (millis - 1.0) / 1e3 } else { floored }
}

fn round_to_millis(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

/// 300 instead of 300.0.
fn short_number(seconds: f64) -> Value {
    if seconds.fract() == 0.0 { Value::from(seconds as u64) } else { json::number(seconds) }
}

fn put(sys: &Sys, path: PathBuf, bytes: &[u8], writer: &'static str, max: usize) -> Result<(), WriteError> {
    if bytes.len() > max {
        return Err(WriteError::TooLarge { path, len: bytes.len(), max });
    }
    let written = sys.store.replace(&path, bytes, Secrecy::Shared);
    written.map_err(|source| WriteError::Io { path, source, writer })
}

/// The beat and behind its keys those of the memory, as one object.
fn with_memory(beat: Object, memory: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Value::Object(beat).to_string().into_bytes();
    // `{…}` and `{…}` become `{…,…}`: the second brace is made the comma between them.
    bytes.pop();
    let joint = bytes.len();
    serde_json::to_writer(&mut bytes, memory)?;
    match &bytes[joint..] {
        b"{}" => drop(bytes.remove(joint)),
        _ => bytes[joint] = b',',
    }
    bytes.push(b'\n');
    Ok(bytes)
}

impl From<f64> for Field {
    fn from(value: f64) -> Self {
        Self(json::Number::from_f64(value).map(Value::Number))
    }
}

macro_rules! field_from {
    ($($of:ty),*) => {
        $(impl From<$of> for Field {
            fn from(value: $of) -> Self {
                Self(Some(value.into()))
            }
        })*
    };
}

field_from!(Value, bool, i32, u32, i64, u64, usize, &str, String);
