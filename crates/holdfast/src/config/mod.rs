//! `holdfast.toml`: everything that can be set, read whole or not at all.
//!
//! Everything works without it. Unknown keys are errors, and so is a name that nothing bears: a
//! configuration that is read means what its author meant. Reading is pure; `docs/config.md` explains
//! every key.

mod audit;
mod calendar;
mod channel;
mod error;
mod fleet;
mod near;
mod pointer;
mod references;
mod repair;
mod secrets;
mod section;
mod service;
mod shared;
mod values;
mod watch;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

pub use audit::{Anchor, AnchorKind, Audit, Bucket, Evidence};
pub use channel::{Action, Channel, ChannelKind, Ping, Security};
pub use error::{ConfigError, FILE_NAME, Mistake};
pub use fleet::Fleet;
pub use pointer::{NotAPointer, Pointer};
pub use service::{Equity, Overseer, Polling, Positions, PositionsFormat, Process, Restart, Service, Start};
pub use shared::{Auth, Bounds, Expect, Secret};
pub use watch::{BeatSource, Limit, OnFail, Probe, Watch, WatchKind};
pub(crate) use watch::{ESCALATE_AFTER, REMIND_EVERY};

use crate::calendar::Calendar;
use crate::heartbeat::Name;
use crate::time::Span;
use error::Problem;
use section::{AT_THE_TOP, Section, Value, not_a};
use values::{NAME_ADVICE, PromFile};

/// Everything that `holdfast.toml` says. The default is what holds without the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What is watched; nothing: every heartbeat file that is there.
    pub watches: Vec<Watch>,
    /// When markets are open, by name.
    pub calendars: BTreeMap<String, Calendar>,
    /// How people are told.
    pub channels: Vec<Channel>,
    /// What watches may run, by name.
    pub actions: BTreeMap<String, Action>,
    /// What is sealed.
    pub audit: Audit,
    /// Who witnesses it.
    pub anchors: Vec<Anchor>,
    /// Where evidence packs are sent.
    pub evidence: Option<Evidence>,
    /// No channel has worked for this long: the circuit is tripped.
    pub trip_when_mute: Option<Span>,
    /// An alert that nobody accepted for this long is given up, loudly.
    pub alerts_expire_after: Span,
    /// A URL asked for after every complete check.
    pub ping: Option<Ping>,
    /// Where the text for Prometheus' node exporter is written.
    pub prometheus_file: Option<PathBuf>,
    /// How the overseer is reached.
    pub overseer: Overseer,
    /// The trader services that it watches.
    pub services: Vec<Service>,
    /// The hosts that share pauses.
    pub fleet: Option<Fleet>,
    /// What the file gives: `audit` and `audit.key`, `watch.max_age`, of whichever table of the name.
    pub given: BTreeSet<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            watches: Vec::new(),
            calendars: BTreeMap::new(),
            channels: Vec::new(),
            actions: BTreeMap::new(),
            audit: Audit::default(),
            anchors: Vec::new(),
            evidence: None,
            trip_when_mute: None,
            alerts_expire_after: Span::secs(24 * 60 * 60),
            ping: None,
            prometheus_file: None,
            overseer: Overseer::default(),
            services: Vec::new(),
            fleet: None,
            given: BTreeSet::new(),
        }
    }
}

const TABLES: [&str; 11] = [
    "watch", "calendar", "channel", "action", "ping", "audit", "anchor", "evidence", "overseer", "service",
    "fleet",
];

impl Config {
    /// Reads a configuration as it stands on the disk.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ConfigError> {
        Self::parse(std::str::from_utf8(bytes).map_err(|error| (bytes, error))?)
    }

    /// Reads a configuration; tells everything that is wrong at once.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let document =
            DeTable::parse(text).map_err(|error| ConfigError::new(text, vec![syntax(text, &error)]))?;
        let file = Section::new("the configuration", 0..0, document.get_ref());
        let mut problems = Vec::new();
        let (config, whole) = Self::read(&file, &mut problems);
        // A table that could not be read bears no name: what names it would be blamed for it.
        if whole {
            let clashes = if problems.is_empty() { references::clashes(&config, &file) } else { Vec::new() };
            problems.extend(references::dangling(&config, &file));
            problems.extend(clashes);
        }
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::new(text, problems)) }
    }

    /// What could be read, and whether every table could, if need be with a mistake taken out.
    fn read(file: &Section<'_, '_>, problems: &mut Vec<Problem>) -> (Self, bool) {
        problems.extend(file.unknown(&[&AT_THE_TOP[..], &TABLES].concat()));
        let mut read = Tables { file, problems, whole: true };
        let audit = read.table("audit", Audit::read);
        let unsealed_age = audit.as_ref().map(|audit| audit.max_unsealed_age);
        let default = Self::default();
        let mut config = Self {
            watches: read.list("watch", |value| Watch::read(value, unsealed_age)),
            calendars: read.named("calendar", calendar::read),
            channels: read.list("channel", Channel::read),
            actions: read.named("action", Action::read),
            audit: audit.unwrap_or_default(),
            anchors: read.list("anchor", Anchor::read),
            evidence: read.table("evidence", Evidence::read),
            trip_when_mute: read.keep(file.get("trip_when_mute")).flatten(),
            alerts_expire_after: read
                .keep(file.get_or("alerts_expire_after", default.alerts_expire_after))
                .unwrap_or(default.alerts_expire_after),
            ping: read.table("ping", Ping::read),
            prometheus_file: read.keep(file.get("prometheus_file")).flatten().map(|file: PromFile| file.0),
            overseer: read.table("overseer", Overseer::read).unwrap_or_default(),
            services: read.list("service", Service::read),
            fleet: read.table("fleet", Fleet::read),
            given: given(file),
        };
        references::name_channels(&mut config.channels);
        (config, read.whole)
    }
}

fn given(file: &Section<'_, '_>) -> BTreeSet<String> {
    let mut given = BTreeSet::new();
    for (key, value) in file.entries() {
        let name = key.get_ref();
        given.insert(name.to_string());
        let items = value.get_ref().as_array().map_or(std::slice::from_ref(value), |items| &items[..]);
        let tables = items.iter().filter_map(|item| item.get_ref().as_table());
        given.extend(
            tables.flat_map(|table| table.iter()).map(|(key, _)| format!("{name}.{}", key.get_ref())),
        );
    }
    given
}

/// Reads the tables of a file, and goes on after one that is wrong.
struct Tables<'s, 'a, 'i> {
    file: &'s Section<'a, 'i>,
    problems: &'s mut Vec<Problem>,
    /// Every table could be read.
    whole: bool,
}

impl Tables<'_, '_, '_> {
    fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn table<T>(&mut self, key: &str, read: impl Fn(&Value<'_>) -> Result<T, Problem>) -> Option<T> {
        self.file.value(key).and_then(|value| self.all_of(value, read))
    }

    fn all_of<T>(&mut self, value: &Value<'_>, read: impl Fn(&Value<'_>) -> Result<T, Problem>) -> Option<T> {
        let (table, problems) = repair::read(value, read);
        self.problems.extend(problems);
        self.whole &= table.is_some();
        table
    }

    fn is_not(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.whole = false;
    }

    fn list<T>(&mut self, key: &str, read: impl Fn(&Value<'_>) -> Result<T, Problem>) -> Vec<T> {
        let Some(value) = self.file.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let advice =
                format!("write [[{key}]] with two brackets on a line of its own, and its keys below");
            self.is_not(not_a(value, "a list of tables", &advice).of(key));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.all_of(item, &read)).collect()
    }

    fn named<T>(
        &mut self,
        key: &str,
        read: impl Fn(&str, &Value<'_>) -> Result<T, Problem>,
    ) -> BTreeMap<String, T> {
        let Some(value) = self.file.value(key) else { return BTreeMap::new() };
        let DeValue::Table(tables) = value.get_ref() else {
            let advice = format!("write [{key}.NAME] on a line of its own, and its keys below");
            self.is_not(not_a(value, "a table", &advice).of(key));
            return BTreeMap::new();
        };
        let mut named = BTreeMap::new();
        for (name, value) in tables {
            let text = name.get_ref().as_ref();
            if text.parse::<Name>().is_err() {
                let fact = format!("[{key}.NAME]: {text:?} is not a name");
                self.is_not(Problem::new(&name.span(), fact, NAME_ADVICE));
            } else if let Some(table) = self.all_of(value, |value| read(text, value)) {
                named.insert(text.to_owned(), table);
            }
        }
        named
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let at = error.span().unwrap_or(text.len()..text.len());
    Problem::new(
        &at,
        format!("is not TOML: {}", error.message()),
        "mend this line; docs/config.md has examples",
    )
}
