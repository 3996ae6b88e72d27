//! Reading a heartbeat.

use std::fmt;

use crate::json::{self, Object, Value};

/// What a pipeline says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// `ok`: the work was done.
    Ok,
    /// `held`: alive, and honouring a pause.
    Held,
    /// Anything else is a failure that the pipeline reports itself, such as `failed`.
    Other(String),
}

impl Status {
    /// The word as it stands in the file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ok => "ok",
            Self::Held => "held",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        match word {
            "ok" => Self::Ok,
            "held" => Self::Held,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One heartbeat as read. Only `at` and `status` are sure to be there: a writer may be five lines of Python.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// When it was written, in seconds since 1970 on the writer's wall clock.
    pub at: f64,
    /// What the pipeline says of itself.
    pub status: Status,
    /// The name that the writer gave itself.
    pub name: Option<String>,
    /// The host of the writer.
    pub host: Option<String>,
    /// The process that beats.
    pub pid: Option<u64>,
    /// Counts the beats of this file.
    pub seq: Option<u64>,
    /// Which boot of the host `up` and `awake` belong to.
    pub boot: Option<String>,
    /// Seconds since that boot, counting suspend.
    pub up: Option<f64>,
    /// Seconds since that boot, not counting suspend: together with `up` it tells exactly how long the host
    /// slept since the beat.
    pub awake: Option<f64>,
    /// Seconds until the next beat, as the writer means to keep it.
    pub interval: Option<f64>,
    /// When the present or the last cycle began, on the wall clock.
    pub begun: Option<f64>,
    /// How long that cycle took, in seconds; absent while it runs.
    pub took: Option<f64>,
    /// What the writer saw of the circuit: `green`, `paused` or `reduce`.
    pub circuit: Option<String>,
    /// The whole object as read, for JSON pointers.
    pub fields: Object,
}

/// Why some bytes are not a heartbeat: what is wrong, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Beat {
    /// Reads the content of a heartbeat file. Anything but a JSON object with a sound `at` and `status` is
    /// malformed, and so is a key of ours with a value of another type (**fail-closed**).
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_object(json::object(bytes).map_err(Malformed)?)
    }

    /// The same without the keys that are not ours, which are skipped: a watchdog's own beat is large by them.
    pub fn parse_ours(bytes: &[u8]) -> Result<Self, Malformed> {
        Self::from_object(json::object_of(bytes, &super::OURS).map_err(Malformed)?)
    }

    /// The same for an object that was read already.
    pub fn from_object(fields: Object) -> Result<Self, Malformed> {
        if let Some(version) = fields.get("v").filter(|value| value.as_u64() != Some(1)) {
            return Err(Malformed(format!("v is {version}; this version reads v 1")));
        }
        let (mut at, mut status) = (None, None);
        let mut beat = Self::bare();
        for (key, value) in &fields {
            match key.as_str() {
                "at" => at = Some(seconds(key, value)?),
                "iso" => drop(text(key, value)?),
                "status" => status = Some(text(key, value)?.into()),
                "name" => beat.name = Some(text(key, value)?.to_owned()),
                "host" => beat.host = Some(text(key, value)?.to_owned()),
                "pid" => beat.pid = Some(count(key, value)?),
                "seq" => beat.seq = Some(count(key, value)?),
                "boot" => beat.boot = Some(text(key, value)?.to_owned()),
                "up" => beat.up = Some(seconds(key, value)?),
                "awake" => beat.awake = Some(seconds(key, value)?),
                "interval" => beat.interval = Some(seconds(key, value)?),
                "begun" => beat.begun = Some(seconds(key, value)?),
                "took" => beat.took = Some(seconds(key, value)?),
                "circuit" => beat.circuit = Some(text(key, value)?.to_owned()),
                // The pipeline's own.
                _ => {}
            }
        }
        Ok(Self {
            at: at.ok_or_else(|| missing("at", "the Unix time of the beat in seconds"))?,
            status: status.ok_or_else(|| missing("status", "a string such as \"ok\""))?,
            fields,
            ..beat
        })
    }

    /// Of no keys at all.
    fn bare() -> Self {
        Self {
            at: 0.0,
            status: Status::Ok,
            name: None,
            host: None,
            pid: None,
            seq: None,
            boot: None,
            up: None,
            awake: None,
            interval: None,
            begun: None,
            took: None,
            circuit: None,
            fields: Object::new(),
        }
    }

    /// A cycle has begun and not ended.
    pub fn running(&self) -> bool {
        self.begun.is_some() && self.took.is_none()
    }
}

fn missing(key: &str, expected: &str) -> Malformed {
    Malformed(format!("{key} is missing; expected {expected}"))
}

fn text<'v>(key: &str, value: &'v Value) -> Result<&'v str, Malformed> {
    value.as_str().ok_or_else(|| unexpected(key, value, "a string"))
}

fn count(key: &str, value: &Value) -> Result<u64, Malformed> {
    value.as_u64().ok_or_else(|| unexpected(key, value, "a whole number, 0 or more"))
}

fn seconds(key: &str, value: &Value) -> Result<f64, Malformed> {
    let sound = |seconds: &f64| seconds.is_finite() && *seconds >= 0.0;
    value.as_f64().filter(sound).ok_or_else(|| unexpected(key, value, "a number of seconds, 0 or more"))
}

fn unexpected(key: &str, value: &Value, expected: &str) -> Malformed {
    Malformed(format!("{key} is {}; expected {expected}", shown(value)))
}

/// A value as an error shows it: numbers themselves, of anything longer only what it is.
fn shown(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => json::kind(other).to_owned(),
    }
}
