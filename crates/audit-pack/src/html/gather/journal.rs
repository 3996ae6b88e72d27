//! What the journal and the ledger of trips say, entry by entry.

use holdfast::json::{self, Object, Value};
use holdfast::text::printable;
use holdfast::time::possible;

use super::kept::Kept;

/// Of each part of the story so many entries are kept.
const KEPT_MAX: usize = 2000;
/// At most so much of a name and of a sentence is shown, and so many names of a list.
const NAME_MAX: usize = 80;
const WORDS_MAX: usize = 300;
const LIST_MAX: usize = 100;
/// A watchdog says each hour that it looks; a silence of more than this is a gap, in seconds.
const SILENCE: f64 = 2.0 * 3600.0;

const KEYS: [&str; 31] = [
    "at",
    "kind",
    "by",
    "host",
    "id",
    "incident",
    "alert",
    "watch",
    "mode",
    "verdict",
    "reason",
    "why",
    "detail",
    "lifted",
    "standing",
    "overridden",
    "paused",
    "owner_uid",
    "channel",
    "about",
    "passed",
    "failed",
    "not_run",
    "evidence",
    "version",
    "trouble",
    "since",
    "action",
    "circuit",
    "subject",
    "ends",
];

/// One entry. What it does not say is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    /// In Unix seconds.
    pub(crate) at: f64,
    pub(crate) kind: String,
    pub(crate) by: String,
    pub(crate) host: String,
    /// Of a hold, an incident or an alert.
    pub(crate) id: String,
    pub(crate) watch: String,
    pub(crate) mode: String,
    pub(crate) verdict: String,
    /// Reason, why or detail: for people.
    pub(crate) words: String,
    /// Of an alert: the channel that took it, and what it is about.
    pub(crate) channel: String,
    pub(crate) about: String,
    pub(crate) lifted: Vec<String>,
    pub(crate) standing: Vec<String>,
    pub(crate) paused: Option<bool>,
}

/// The story that a journal tells.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    pub(crate) lines: u64,
    /// Lines that are no entries, or bear no time.
    pub(crate) unreadable: u64,
    /// Trips, resumes, edits by hand.
    pub(crate) circuit: Kept<Entry>,
    pub(crate) incidents: Kept<Entry>,
    pub(crate) alerts: Kept<Entry>,
    pub(crate) drills: Kept<Entry>,
    /// What else is worth a mark.
    pub(crate) others: Kept<Entry>,
    /// From when to when the watchdog wrote something, at least every two hours.
    pub(crate) at_work: Kept<(f64, f64)>,
}

impl Journal {
    pub(super) fn new() -> Self {
        Self {
            lines: 0,
            unreadable: 0,
            circuit: Kept::new(KEPT_MAX),
            incidents: Kept::new(KEPT_MAX),
            alerts: Kept::new(KEPT_MAX),
            drills: Kept::new(KEPT_MAX),
            others: Kept::new(KEPT_MAX),
            at_work: Kept::new(KEPT_MAX),
        }
    }

    /// Takes the next line; nothing for one that is too long.
    pub(super) fn take(&mut self, line: Option<&[u8]>) {
        self.lines += 1;
        let entry = line.and_then(|line| json::object_of(line, &KEYS).ok()).and_then(|it| Entry::of(&it));
        let Some(entry) = entry else {
            self.unreadable += 1;
            return;
        };
        if entry.by == "watchdog" {
            self.works(entry.at);
        }
        match entry.kind.as_str() {
            "trip" | "trip-failed" | "resume" | "resume-failed" | "manual-edit" => self.circuit.add(entry),
            "incident-opened" | "incident-worse" | "incident-closed" | "ack" => self.incidents.add(entry),
            "alert-accepted" | "alert-failed" | "alert-expired" => self.alerts.add(entry),
            "drill" => self.drills.add(entry),
            "watchdog-started" | "clock-stepped" | "torn-line" | "reminder" | "action" => {
                self.others.add(entry);
            }
            _ => {}
        }
    }

    fn works(&mut self, at: f64) {
        match self.at_work.last_mut() {
            Some((from, to)) if (*from..=*to + SILENCE).contains(&at) => *to = to.max(at),
            _ => self.at_work.add((at, at)),
        }
    }

    /// First and last time of what is kept.
    pub(super) fn times(&self) -> impl Iterator<Item = f64> {
        let parts = [&self.circuit, &self.incidents, &self.alerts, &self.drills, &self.others];
        let entries = parts.into_iter().flat_map(Kept::iter).map(|entry| entry.at);
        entries.chain(self.at_work.iter().flat_map(|(from, to)| [*from, *to]))
    }
}

impl Entry {
    fn of(object: &Object) -> Option<Self> {
        let mut entry = Self::fields(object);
        entry.at = seconds(object, "at")?;
        entry.kind = text(object, "kind", NAME_MAX);
        (!entry.kind.is_empty()).then_some(entry)
    }

    /// A line of the ledger: a trip.
    fn of_ledger(object: &Object) -> Option<Self> {
        let mut entry = Self::fields(object);
        entry.at = seconds(object, "since")?;
        "trip".clone_into(&mut entry.kind);
        (!entry.id.is_empty()).then_some(entry)
    }

    fn fields(object: &Object) -> Self {
        let name = |key| text(object, key, NAME_MAX);
        let first = |keys: &[&str], max| {
            keys.iter().map(|key| text(object, key, max)).find(|text| !text.is_empty()).unwrap_or_default()
        };
        let mut words = first(&["reason", "why", "detail", "subject"], WORDS_MAX);
        match object.get("kind").and_then(Value::as_str) {
            Some("drill") => words = drill(object),
            Some("watchdog-started") => words = format!("version {}", name("version")),
            Some("torn-line") => words = format!("a line that a crash tore ends at byte {}", name("ends")),
            Some("reminder") => words = format!("the circuit was {}", name("circuit")),
            Some("action") => words = name("action"),
            Some("manual-edit") if words.is_empty() => {
                words = match name("owner_uid") {
                    uid if uid.is_empty() => String::new(),
                    uid => format!("the file belonged to the user with the number {uid}"),
                };
            }
            _ => {}
        }
        Self {
            by: name("by"),
            host: name("host"),
            id: first(&["id", "incident", "alert"], NAME_MAX),
            watch: name("watch"),
            mode: name("mode"),
            verdict: name("verdict"),
            words,
            channel: name("channel"),
            about: name("about"),
            lifted: list(object, "lifted"),
            standing: list(object, "standing"),
            paused: object.get("paused").and_then(Value::as_bool),
            ..Self::default()
        }
    }
}

fn drill(object: &Object) -> String {
    let part = |key: &str, what: &str| match list(object, key) {
        names if names.is_empty() => format!("none {what}"),
        names => format!("{} {what} ({})", names.len(), names.join(", ")),
    };
    let (failed, not_run) = (part("failed", "failed"), part("not_run", "not run"));
    let mut words = format!("{} passed, {failed}, {not_run}", text(object, "passed", NAME_MAX));
    if object.contains_key("evidence") {
        words = format!("{words}; its evidence: {}", text(object, "evidence", NAME_MAX));
    }
    printable(&words, WORDS_MAX)
}

/// The trips of a ledger.
pub(super) struct Ledger {
    pub(super) lines: u64,
    pub(super) unreadable: u64,
    pub(super) trips: Kept<Entry>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { lines: 0, unreadable: 0, trips: Kept::new(KEPT_MAX) }
    }

    pub(super) fn take(&mut self, line: Option<&[u8]>) {
        self.lines += 1;
        let trip = line.and_then(|line| json::object_of(line, &KEYS).ok());
        match trip.and_then(|it| Entry::of_ledger(&it)) {
            Some(trip) => self.trips.add(trip),
            None => self.unreadable += 1,
        }
    }
}

fn text(object: &Object, key: &str, max: usize) -> String {
    match object.get(key) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => printable(text, max),
        Some(other) => printable(&other.to_string(), max),
    }
}

fn list(object: &Object, key: &str) -> Vec<String> {
    let names = object.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.take(LIST_MAX).map(|name| printable(name, NAME_MAX)).collect()
}

fn seconds(object: &Object, key: &str) -> Option<f64> {
    object.get(key).and_then(Value::as_f64).filter(|at| possible(*at))
}
