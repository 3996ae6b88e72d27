//! What is remembered of each anchor, in `outbox/` of the sidecar: what it has seen, when it is due, what it said against
//! the log.

use std::path::PathBuf;

use anchor::Trouble;
use holdfast::config::{Anchor, AnchorKind};
use holdfast::json::{self, Object, Value};
use holdfast::sys::{ReadError, Secrecy, Store};
use holdfast::time::Span;
use tlog::seals::State;
use tlog::{Hash, Origin};

use super::Asked;
use crate::finding::{Finding, Findings, Kind};
use crate::log::Log;
use crate::place::FileError;

/// The folder of the sidecar.
pub(crate) const OUTBOX: &str = "outbox";
/// The first wait after a failure; each further one is twice as long, up to the anchor's `every`.
const FIRST_WAIT_MS: u64 = 60_000;

/// What somebody said against the log. It stands until the same one agrees. A store answers of one head only, so what it
/// says of the next one takes nothing back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alarm {
    kind: Kind,
    says: String,
    at_ms: u64,
}

impl Alarm {
    pub(super) fn is_fork(&self) -> bool {
        self.kind == Kind::Forked
    }

    pub(super) fn says(&self) -> &str {
        &self.says
    }
}

/// What is remembered of an anchor of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    origin: String,
    /// What it saw last: lines and root.
    pub(crate) seen: Option<(u64, Hash)>,
    /// When, by this host's clock.
    pub(crate) at_ms: Option<u64>,
    /// How often it has failed since.
    failures: u64,
    /// It is not asked before.
    pub(crate) next_ms: u64,
    /// Why it failed last.
    pub(crate) why: Option<String>,
    pub(crate) alarm: Option<Alarm>,
}

fn path(log: &Log, name: &str) -> PathBuf {
    log.in_sidecar(&format!("{OUTBOX}/{name}.json"))
}

impl Memory {
    /// What is remembered; nothing of a log that had another name.
    pub(super) fn read(
        store: &dyn Store,
        log: &Log,
        anchor: &Anchor,
        origin: &Origin,
    ) -> Result<Self, MemoryError> {
        let known = read(store, log, &anchor.name.to_string())?;
        let known = known.filter(|memory| memory.origin == origin.as_str());
        Ok(known.unwrap_or_else(|| Self { origin: origin.to_string(), ..Self::default() }))
    }

    pub(super) fn write(&self, store: &dyn Store, log: &Log, anchor: &Anchor) -> Result<(), FileError> {
        let path = path(log, &anchor.name.to_string());
        let text = format!("{}\n", Value::from(self.to_object()));
        store.replace(&path, text.as_bytes(), Secrecy::Shared).map_err(FileError::at(&path))
    }

    /// Whether it is to be asked. A clock that was set back does not put it off for long (**clock-honest**).
    pub(super) fn is_due(&self, now_ms: u64, every: Span) -> bool {
        now_ms >= self.next_ms || self.next_ms - now_ms > millis(every)
    }

    /// What came of asking.
    pub(super) fn learn(&mut self, asked: &Asked, state: &State, now_ms: u64, anchor: &Anchor) {
        let most = millis(anchor.every);
        // A run is a little late or early; that must not make it wait for the one after the next.
        let soon = most - (most / 20).min(FIRST_WAIT_MS);
        match asked {
            Ok(_) => {
                self.seen = Some((state.lines, state.root));
                (self.at_ms, self.next_ms, self.failures) = (Some(now_ms), now_ms + soon, 0);
                self.why = None;
                if !matches!(anchor.kind, AnchorKind::Store(_)) {
                    self.alarm = None;
                }
            }
            Err(trouble) => {
                let waits = FIRST_WAIT_MS.saturating_mul(1 << self.failures.min(20)).min(soon);
                self.failures += 1;
                let asked_for = match trouble {
                    Trouble::Later { after, .. } => after.map(|after| after.as_millis() as u64),
                    _ => None,
                };
                self.next_ms = now_ms + asked_for.unwrap_or(waits).min(most);
                self.why = Some(trouble.to_string());
                let kind = match trouble {
                    Trouble::RolledBack(_) => Kind::RolledBack,
                    Trouble::Forked(_) => Kind::Forked,
                    // It said something against the log, and has not taken it back.
                    _ => return,
                };
                self.alarm = Some(Alarm { kind, says: trouble.to_string(), at_ms: now_ms });
            }
        }
    }

    fn to_object(&self) -> Object {
        let mut object = Object::new();
        let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
        put("v", 1.into());
        put("origin", self.origin.as_str().into());
        put("size", self.seen.map(|(size, _)| size).into());
        put("root", self.seen.map(|(_, root)| root.to_string()).into());
        put("at_ms", self.at_ms.into());
        put("failures", self.failures.into());
        put("next_ms", self.next_ms.into());
        put("why", self.why.clone().into());
        if let Some(alarm) = &self.alarm {
            put("alarm", (if alarm.kind == Kind::Forked { "forked" } else { "rolled-back" }).into());
            put("alarm_says", alarm.says.as_str().into());
            put("alarm_ms", alarm.at_ms.into());
        }
        object
    }
}

fn millis(span: Span) -> u64 {
    span.0.as_millis() as u64
}

/// Why it is not known what somebody has said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MemoryError {
    #[error(transparent)]
    File(#[from] FileError),
    /// It may hold an alarm.
    #[error(
        "{path} {fact}: what this anchor has said against the log is not known\n  look who wrote there; without it the \
         anchor is asked anew"
    )]
    Malformed { path: String, fact: String },
}

fn read(store: &dyn Store, log: &Log, name: &str) -> Result<Option<Memory>, MemoryError> {
    let path = path(log, name);
    let shown = path.display().to_string();
    let malformed = |fact: String| MemoryError::Malformed { path: shown.clone(), fact };
    match store.read(&path) {
        Ok(bytes) => {
            let memory = json::object(&bytes).map_err(|fact| malformed(fact.clone()))?;
            let known = parse(&memory).ok_or_else(|| malformed("is not of this version".to_owned()))?;
            Ok(Some(known))
        }
        Err(ReadError::Missing) => Ok(None),
        Err(error) => Err(match error.stands_instead() {
            Some(what) => malformed(format!("is {what}")),
            None => FileError::new(shown, error).into(),
        }),
    }
}

fn parse(object: &Object) -> Option<Memory> {
    let text = |key: &str| object.get(key).and_then(Value::as_str);
    let number = |key: &str| object.get(key).and_then(Value::as_u64);
    (number("v")? == 1).then_some(())?;
    let kind = match text("alarm") {
        Some("forked") => Some(Kind::Forked),
        Some("rolled-back") => Some(Kind::RolledBack),
        _ => None,
    };
    let says = text("alarm_says").unwrap_or_default().to_owned();
    Some(Memory {
        origin: text("origin")?.to_owned(),
        seen: number("size").zip(text("root").and_then(Hash::from_hex)),
        at_ms: number("at_ms"),
        failures: number("failures").unwrap_or(0),
        next_ms: number("next_ms").unwrap_or(0),
        why: text("why").map(str::to_owned),
        alarm: kind.map(|kind| Alarm { kind, says, at_ms: number("alarm_ms").unwrap_or(0) }),
    })
}

/// What anybody has said against a log and has not taken back: findings of every check, so that the watch of the log
/// trips. What cannot be understood may have said so, too.
pub(crate) fn alarms(store: &dyn Store, log: &Log, findings: &mut Findings) -> Result<(), FileError> {
    let outbox = log.in_sidecar(OUTBOX);
    for name in store.list(&outbox).map_err(FileError::at(&outbox))? {
        let Some(name) = name.strip_suffix(".json").filter(|name| !name.starts_with('.')) else { continue };
        match read(store, log, name) {
            Ok(Some(Memory { alarm: Some(Alarm { kind, says, at_ms }), .. })) => {
                let (at, path) = (holdfast::time::iso(at_ms as f64 / 1e3), path(log, name));
                let says = format!(
                    "{says}; so said the anchor {name} at {at}.\nIt stands until that one agrees. Where it is a store, or is \
                     not asked any more, and you know what happened: remove {}",
                    path.display()
                );
                findings.add(Finding::new(kind, log.path().display().to_string()).says(says));
            }
            Ok(_) => {}
            Err(MemoryError::File(error)) => return Err(error),
            Err(MemoryError::Malformed { path, fact }) => {
                let says = format!(
                    "{fact}: whether the anchor {name} has said anything against the log is not known"
                );
                findings.add(Finding::new(Kind::Malformed, path).says(says));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
