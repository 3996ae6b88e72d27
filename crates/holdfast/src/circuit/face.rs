//! `data/circuit.json` as bytes.

use std::time::SystemTime;

use super::hold::{Hold, Mode};
use crate::json::{self, Object, Value};
use crate::time::iso;

/// Keys that are ours; others in a face that somebody else wrote are kept.
const KEYS: [&str; 9] = ["v", "paused", "mode", "reason", "since", "iso", "trips", "holds", "resumed"];

/// What the face says. The verdict also needs the ledger: see [`super::check`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Face {
    /// The one thing that simple readers look at.
    pub paused: bool,
    /// What the pause forbids.
    pub mode: Mode,
    /// The cause that a simple writer gave.
    pub reason: Option<String>,
    /// When the pause began, or the circuit became green, in Unix seconds.
    pub since: Option<f64>,
    /// How many bytes of the ledger it takes into account; absent when written by hand.
    pub trips: Option<u64>,
    /// The causes that stand.
    pub holds: Vec<Hold>,
    /// The last resume on a terminal.
    pub resumed: Option<Resumed>,
    /// Keys that are not ours.
    pub extra: Object,
}

/// A resume, as a person made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Resumed {
    /// When, in Unix seconds of the wall clock.
    pub at: f64,
    /// When, in seconds since boot, counting suspend.
    pub up: f64,
    /// When, in seconds since boot, not counting suspend.
    pub awake: Option<f64>,
    /// Which boot.
    pub boot: Option<String>,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// The ids of the holds that it lifted.
    pub lifted: Vec<String>,
}

impl Face {
    /// Reads a face. An error means paused (**fail-closed**): it says what was expected.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut object = json::object(bytes)?;
        match object.get("v") {
            None => {}
            Some(version) if version.as_u64() == Some(1) => {}
            Some(version) => return Err(format!("has the unknown version {version}; this program reads 1")),
        }
        let paused = match object.get("paused") {
            Some(Value::Bool(paused)) => *paused,
            Some(other) => {
                return Err(format!("\"paused\" is {}, expected true or false", json::kind(other)));
            }
            None => return Err("has no \"paused\", expected true or false".to_owned()),
        };
        let mode = match object.get("mode") {
            None => Mode::Halt,
            Some(Value::String(word)) => word.parse()?,
            Some(other) => {
                return Err(format!("\"mode\" is {}, expected \"halt\" or \"reduce\"", json::kind(other)));
            }
        };
        let trips = match object.get("trips") {
            None => None,
            Some(value) => Some(value.as_u64().ok_or("\"trips\" is not a whole number of bytes")?),
        };
        let holds = match object.get("holds") {
            None => Vec::new(),
            Some(Value::Array(holds)) => holds.iter().map(Hold::from_value).collect::<Result<_, _>>()?,
            Some(other) => return Err(format!("\"holds\" is {}, expected a list", json::kind(other))),
        };
        let reason = object.get("reason").and_then(Value::as_str).map(str::to_owned);
        let since = object.get("since").and_then(Value::as_f64);
        let resumed = object.get("resumed").and_then(Resumed::from_value);
        object.retain(|key, _| !KEYS.contains(&key.as_str()));
        Ok(Self { paused, mode, reason, since, trips, holds, resumed, extra: object })
    }

    /// A paused face with these holds, which must not be empty. `reason` and `since` are the oldest's.
    pub(super) fn paused_by(holds: Vec<Hold>, trips: u64, resumed: Option<Resumed>, extra: Object) -> Self {
        let oldest = holds.iter().min_by(|one, other| one.since.total_cmp(&other.since));
        Self {
            paused: true,
            mode: holds.iter().map(|hold| hold.mode).max().unwrap_or_default(),
            reason: oldest.map(|hold| hold.reason.clone()),
            since: oldest.map(|hold| hold.since),
            trips: Some(trips),
            holds,
            resumed,
            extra,
        }
    }

    /// The bytes of the file, in a fixed order of keys, one line.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new();
        object.insert("v".into(), 1.into());
        object.insert("paused".into(), self.paused.into());
        if self.paused {
            object.insert("mode".into(), self.mode.to_string().into());
        }
        if let Some(reason) = &self.reason {
            object.insert("reason".into(), reason.clone().into());
        }
        if let Some(since) = self.since {
            object.insert("since".into(), json::number(since));
            object.insert("iso".into(), iso(since).into());
        }
        if let Some(trips) = self.trips {
            object.insert("trips".into(), trips.into());
        }
        if self.paused {
            let holds: Vec<Value> = self.holds.iter().map(|hold| hold.to_object().into()).collect();
            object.insert("holds".into(), holds.into());
        }
        if let Some(resumed) = &self.resumed {
            object.insert("resumed".into(), resumed.to_object().into());
        }
        object.extend(self.extra.clone());
        let mut bytes = Value::from(object).to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }

    /// What stands while this face says paused: its holds, or one in the name of whoever wrote it without any.
    pub fn standing(&self, modified: SystemTime) -> Vec<Hold> {
        if !self.paused {
            return Vec::new();
        }
        if !self.holds.is_empty() {
            return self.holds.clone();
        }
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        vec![Hold {
            id: "by-hand".to_owned(),
            mode: self.mode,
            reason: self.reason.clone().unwrap_or_else(|| "paused by hand, without a reason".to_owned()),
            by: "by hand".to_owned(),
            watch: None,
            host: "unknown".to_owned(),
            since: self.since.unwrap_or(since),
        }]
    }
}

impl Resumed {
    fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("at".into(), json::number(self.at));
        object.insert("up".into(), json::number(self.up));
        if let Some(awake) = self.awake {
            object.insert("awake".into(), json::number(awake));
        }
        if let Some(boot) = &self.boot {
            object.insert("boot".into(), boot.clone().into());
        }
        object.insert("by".into(), self.by.clone().into());
        object.insert("why".into(), self.why.clone().into());
        object.insert("lifted".into(), self.lifted.clone().into());
        object
    }

    /// `None` for what a hand has bent: the record of an old resume must not pause anybody.
    fn from_value(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let lifted = value.get("lifted")?.as_array()?;
        Some(Self {
            at: value.get("at")?.as_f64()?,
            up: value.get("up")?.as_f64()?,
            awake: value.get("awake").and_then(Value::as_f64),
            boot: text("boot"),
            by: text("by")?,
            why: text("why")?,
            lifted: lifted.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}
