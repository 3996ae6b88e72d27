//! Holds: why the circuit is paused. Each cause has its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json::{self, Object, Value};
use crate::sys::random;
use crate::time::compact;

/// How much a pause forbids. The order is that of strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Only orders that reduce risk.
    Reduce,
    /// No new orders at all.
    #[default]
    Halt,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Halt => "halt",
            Mode::Reduce => "reduce",
        })
    }
}

/// `"halt"` and `"reduce"`; any other word is not known and must read as paused.
impl std::str::FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "halt" => Ok(Mode::Halt),
            "reduce" => Ok(Mode::Reduce),
            other => Err(format!("{other:?} is not a mode: write halt or reduce")),
        }
    }
}

/// The longest text that a hold keeps, in characters.
pub(super) const TEXT_MAX: usize = 1000;

/// One cause of a pause. Also, with a `v` and an `iso`, a line of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Names it, `20261121T080000Z-7f3a01`; also written into the incident and the alert.
    pub id: String,
    /// What it forbids.
    pub mode: Mode,
    /// The cause, in words.
    pub reason: String,
    /// Which person or program tripped.
    pub by: String,
    /// The watch whose verdict it was.
    pub watch: Option<String>,
    /// On which host.
    pub host: String,
    /// When, in Unix seconds of the wall clock.
    pub since: f64,
}

impl Hold {
    /// The hold as it stands in the face.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("id".into(), self.id.clone().into());
        object.insert("mode".into(), self.mode.to_string().into());
        object.insert("reason".into(), self.reason.clone().into());
        object.insert("by".into(), self.by.clone().into());
        if let Some(watch) = &self.watch {
            object.insert("watch".into(), watch.clone().into());
        }
        object.insert("host".into(), self.host.clone().into());
        object.insert("since".into(), json::number(self.since));
        object
    }

    /// Reads a hold of the face or a line of the ledger. Only `id` and a known `mode` are needed.
    pub(super) fn from_value(value: &Value) -> Result<Self, String> {
        let text = |key: &str| {
            let text = value.get(key).and_then(Value::as_str)?;
            Some(text.chars().take(TEXT_MAX).collect::<String>())
        };
        let mode = match value.get("mode") {
            None => Mode::Halt,
            Some(Value::String(word)) => word.parse()?,
            Some(other) => return Err(format!("a hold's mode is {}", json::kind(other))),
        };
        Ok(Self {
            id: text("id").filter(|id| !id.trim().is_empty()).ok_or("a hold has no id")?,
            mode,
            reason: text("reason").unwrap_or_else(|| "no reason given".to_owned()),
            by: text("by").unwrap_or_else(|| "unknown".to_owned()),
            watch: text("watch"),
            host: text("host").unwrap_or_else(|| "unknown".to_owned()),
            since: value.get("since").and_then(Value::as_f64).unwrap_or_default(),
        })
    }

    /// The part of the id that a person types to confirm lifting it. Never empty: an empty answer lifts nothing.
    pub fn short(&self) -> &str {
        self.id.rsplit('-').map(str::trim).find(|part| !part.is_empty()).unwrap_or(self.id.trim())
    }
}

/// An id that no other trip, incident or alert has: the time, then random digits.
pub fn new_id(wall: f64) -> String {
    let random = random() & 0xff_ffff;
    format!("{}-{random:06x}", compact(wall))
}
