//! `[[watch]]`: what is watched, and what follows when it fails.

use std::path::PathBuf;

use super::error::Problem;
use super::section::{Read, Schema, Section, Value, one_of, said, text};
use super::values::{Address, Argv, OneOrMore, Url, Whole};
use super::{Auth, Expect, Pointer};
use crate::circuit::Mode;
use crate::heartbeat::Name;
use crate::time::Span;

const MAX_AGE: Span = Span::secs(15 * 60);
/// For what is watched without being configured, too.
pub(crate) const REMIND_EVERY: Span = Span::secs(60 * 60);
pub(crate) const ESCALATE_AFTER: Span = Span::secs(15 * 60);
const UNSEALED_AGE: Span = Span::secs(5 * 60);
const WHOLE_EVERY: Span = Span::secs(24 * 60 * 60);

const SCHEMA: Schema = Schema {
    common: &["name", "kind", "during", "on_fail", "remind_every", "escalate_after"],
    kinds: &[
        (
            "heartbeat",
            &["max_age", "max_run", "advance", "limit", "heartbeat", "url", "command", "every", "timeout"],
        ),
        ("http", &["url", "status", "expect", "max_latency", "auth", "every", "timeout", "failures"]),
        ("tcp", &["address", "max_latency", "every", "timeout", "failures"]),
        ("command", &["command", "every", "timeout", "failures"]),
        ("log", &["log", "unique", "max_unsealed_age", "whole_every", "every", "timeout"]),
    ],
};

/// Something that is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// Names it in incidents, holds and the journal; unique.
    pub name: Name,
    /// What is looked at.
    pub kind: WatchKind,
    /// A heartbeat older than this is stale.
    pub max_age: Span,
    /// A cycle begun and not ended within this is an overrun.
    pub max_run: Span,
    /// The calendar in whose sessions it is watched; without one, always.
    pub during: Option<String>,
    /// Fields of the beat that must change within `max_age`.
    pub advance: Vec<Pointer>,
    /// Bounds on fields of the beat.
    pub limit: Vec<Limit>,
    /// What follows when it fails.
    pub on_fail: OnFail,
    /// An open incident is repeated this often.
    pub remind_every: Span,
    /// An incident that nobody acknowledged for this long goes to channels of level 2 too.
    pub escalate_after: Span,
    /// How it is asked, where it is not a local heartbeat.
    pub probe: Probe,
}

/// How something that can hang is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Not more often than this.
    pub every: Span,
    /// No longer than this.
    pub timeout: Span,
    /// It fails when it has failed this often in a row.
    pub failures: u32,
}

impl Default for Probe {
    fn default() -> Self {
        Self { every: Span::secs(60), timeout: Span::secs(10), failures: 1 }
    }
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchKind {
    /// A heartbeat.
    Heartbeat(BeatSource),
    /// The reply to an HTTP request; no redirect is followed.
    Http {
        /// What is asked for.
        url: String,
        /// The status codes that are good; none: 200 to 299.
        status: Vec<u16>,
        /// What the JSON of the reply must say.
        expect: Option<Expect>,
        /// A reply that takes longer is a failure.
        max_latency: Option<Span>,
        /// How we say who we are.
        auth: Option<Auth>,
    },
    /// A TCP connection.
    Tcp {
        /// `host:port`.
        address: String,
        /// A connection that takes longer is a failure.
        max_latency: Option<Span>,
    },
    /// A program that must end with exit code 0.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A sealed log that must be whole.
    Log {
        /// The log, from the root.
        log: PathBuf,
        /// The field that no two lines may have alike.
        unique: Option<Pointer>,
        /// The longest that lines may stand unsealed; without it, that of `[audit]`.
        max_unsealed_age: Span,
        /// Everything is hashed again this often; in between, only what is new.
        whole_every: Span,
    },
}

impl WatchKind {
    /// It is asked and may hang; else it is a local file.
    pub fn is_asked(&self) -> bool {
        !matches!(self, Self::Heartbeat(BeatSource::File(_)))
    }
}

/// Where a heartbeat comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum BeatSource {
    /// `data/heartbeat.json`, or that of this name in `data/heartbeats/`.
    File(Option<Name>),
    /// Another machine, by HTTP.
    Url(String),
    /// Another machine, by the output of a command.
    Command(Vec<String>),
}

/// Bounds on a number in the beat. The field missing is a failure too.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The number.
    pub field: Pointer,
    /// It may not be greater.
    pub max: Option<f64>,
    /// It may not be less.
    pub min: Option<f64>,
    /// It may not rise faster; a fall resets the rise.
    pub max_rise_per_hour: Option<f64>,
}

/// What follows when a watch fails.
#[derive(Clone, Debug, PartialEq)]
pub struct OnFail {
    /// Pause the circuit.
    pub trip: Option<Mode>,
    /// Open an incident and tell people.
    pub alert: bool,
    /// Run these actions.
    pub run: Vec<String>,
}

impl Default for OnFail {
    fn default() -> Self {
        Self { trip: Some(Mode::Halt), alert: true, run: Vec::new() }
    }
}

impl OnFail {
    /// People are told, and trading goes on.
    pub fn alert_only() -> Self {
        Self { trip: None, alert: true, run: Vec::new() }
    }
}

impl Watch {
    /// The watch of a heartbeat that no `[[watch]]` names: `data/heartbeat.json`, or that of the name.
    pub fn heartbeat(name: Name, file: Option<Name>) -> Self {
        Self {
            name,
            kind: WatchKind::Heartbeat(BeatSource::File(file)),
            max_age: MAX_AGE,
            max_run: MAX_AGE,
            during: None,
            advance: Vec::new(),
            limit: Vec::new(),
            on_fail: OnFail::default(),
            remind_every: REMIND_EVERY,
            escalate_after: ESCALATE_AFTER,
            probe: Probe::default(),
        }
    }

    pub(super) fn read(value: &Value<'_>, unsealed_age: Option<Span>) -> Result<Self, Problem> {
        let section = Section::of("[[watch]]", value)?.called_by("name");
        let kind = section.kind(&SCHEMA, Some("heartbeat"))?;
        section.only_of_kind(&SCHEMA, kind)?;
        let max_age = section.get_or("max_age", MAX_AGE)?;
        let watch = Self {
            name: section.need("name", "\"trader-run\"")?,
            kind: read_kind(&section, kind, unsealed_age.unwrap_or(UNSEALED_AGE))?,
            max_age,
            max_run: section.get_or("max_run", max_age)?,
            during: section.get("during")?,
            advance: section.get("advance")?.unwrap_or_default(),
            limit: section.get("limit")?.unwrap_or_default(),
            on_fail: section.get("on_fail")?.unwrap_or_default(),
            remind_every: section.get_or("remind_every", REMIND_EVERY)?,
            escalate_after: section.get_or("escalate_after", ESCALATE_AFTER)?,
            probe: Probe::read(&section)?,
        };
        watch.local_beats_are_not_asked(&section)?;
        let OnFail { trip, alert, run } = &watch.on_fail;
        if !run.is_empty() && trip.is_none() && !alert {
            let fact = "on_fail has an action and neither trip nor alert: nobody would be told";
            return Err(section.problem("on_fail", fact, "add \"alert\" or \"trip\""));
        }
        Ok(watch)
    }

    /// A key that would have no effect is a mistake: somebody relies on it.
    fn local_beats_are_not_asked(&self, section: &Section<'_, '_>) -> Result<(), Problem> {
        let local = matches!(self.kind, WatchKind::Heartbeat(BeatSource::File(_)));
        match ["every", "timeout"].into_iter().find(|key| local && section.has(key)) {
            Some(key) => Err(section.problem(
                key,
                format!("{key} has no effect on a heartbeat that is a local file"),
                "take it out: local files are read at every check (it goes with url and command)",
            )),
            None => Ok(()),
        }
    }
}

impl Probe {
    fn read(section: &Section<'_, '_>) -> Result<Self, Problem> {
        let default = Self::default();
        let failures: Option<Whole<1, 100>> = section.get("failures")?;
        Ok(Self {
            every: section.get_or("every", default.every)?,
            timeout: section.get_or("timeout", default.timeout)?,
            failures: failures.map_or(default.failures, |failures| failures.0),
        })
    }
}

fn read_kind(section: &Section<'_, '_>, kind: &str, unsealed_age: Span) -> Result<WatchKind, Problem> {
    Ok(match kind {
        "http" => WatchKind::Http {
            url: section.need::<Url>("url", "\"https://example.com/health\"")?.0,
            status: read_status(section)?,
            expect: section.get("expect")?,
            max_latency: section.get("max_latency")?,
            auth: section.get("auth")?,
        },
        "tcp" => WatchKind::Tcp {
            address: section.need::<Address>("address", "\"127.0.0.1:9002\"")?.0,
            max_latency: section.get("max_latency")?,
        },
        "command" => WatchKind::Command {
            command: section.need::<Argv>("command", "[\"/usr/local/bin/check-broker\"]")?.0,
        },
        "log" => WatchKind::Log {
            log: section.need("log", "\"memory/decisions.jsonl\"")?,
            unique: section.get("unique")?,
            max_unsealed_age: section.get_or("max_unsealed_age", unsealed_age)?,
            whole_every: section.get_or("whole_every", WHOLE_EVERY)?,
        },
        _ => WatchKind::Heartbeat(read_source(section)?),
    })
}

fn read_source(section: &Section<'_, '_>) -> Result<BeatSource, Problem> {
    let sources = ["heartbeat", "url", "command"];
    let mut named = sources.into_iter().filter(|key| section.has(key));
    let (first, second) = (named.next(), named.next());
    if let (Some(first), Some(second)) = (first, second) {
        let fact = format!("{first} and {second} both say where the heartbeat is");
        return Err(section.problem(second, fact, "keep one of heartbeat, url and command"));
    }
    Ok(match first {
        Some("url") => BeatSource::Url(section.need::<Url>("url", "")?.0),
        Some("command") => BeatSource::Command(section.need::<Argv>("command", "")?.0),
        _ => BeatSource::File(read_beat_name(section)?),
    })
}

/// Which local file is meant must leave no doubt: a watch of the wrong one never sees its bot die.
fn read_beat_name(section: &Section<'_, '_>) -> Result<Option<Name>, Problem> {
    let name: Option<Name> = section.get("heartbeat")?;
    if name.as_ref() == Some(&Name::main()) {
        let fact = "heartbeat = \"heartbeat\" does not say which file is meant";
        let advice = "leave the key out to read data/heartbeat.json, the beat without a name; \
                      no beat in data/heartbeats/ may be called heartbeat";
        return Err(section.problem("heartbeat", fact, advice));
    }
    Ok(name)
}

fn read_status(section: &Section<'_, '_>) -> Result<Vec<u16>, Problem> {
    let codes: Option<OneOrMore<Whole<100, 599>>> = section.get("status")?;
    Ok(codes.map_or_else(Vec::new, |codes| codes.0.iter().map(|code| code.0 as u16).collect()))
}

impl Read for Limit {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let section = Section::of("limit", value)?.called_by("field");
        section.only(&["field", "max", "min", "max_rise_per_hour"])?;
        let limit = Self {
            field: section.need("field", "\"/llm_usd_today\"")?,
            max: section.get("max")?,
            min: section.get("min")?,
            max_rise_per_hour: section.get("max_rise_per_hour")?,
        };
        if limit.max.is_none() && limit.min.is_none() && limit.max_rise_per_hour.is_none() {
            return Err(section.problem("field", "it limits nothing", "add max, min or max_rise_per_hour"));
        }
        if let (Some(min), Some(max)) = (limit.min, limit.max)
            && min > max
        {
            return Err(section.problem("min", format!("min {min} is above max {max}"), "exchange them"));
        }
        if limit.max_rise_per_hour.is_some_and(|rise| rise <= 0.0) {
            let advice = "write a number above zero; for a value that must not rise at all, use max";
            return Err(section.problem("max_rise_per_hour", "max_rise_per_hour is not above zero", advice));
        }
        Ok(limit)
    }
}

/// `["trip", "alert"]`; also `trip:halt`, `trip:reduce` and `run:NAME`.
impl Read for OnFail {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let mut acts = Self { trip: None, alert: false, run: Vec::new() };
        for Act(at, act) in Vec::<Act>::read(value)? {
            let twice = match &act {
                Acts::Trip(mode) => acts.trip.replace(*mode).is_some(),
                Acts::Alert => std::mem::replace(&mut acts.alert, true),
                Acts::Run(name) => acts.run.contains(name),
            };
            if twice {
                return Err(Problem::new(&at, "the same act stands twice", "keep one"));
            }
            if let Acts::Run(name) = act {
                acts.run.push(name);
            }
        }
        Ok(acts)
    }
}

struct Act(std::ops::Range<usize>, Acts);

enum Acts {
    Trip(Mode),
    Alert,
    Run(String),
}

impl Read for Act {
    fn read(value: &Value<'_>) -> Result<Self, Problem> {
        let act = match text(value)?.split_once(':') {
            Some(("trip", mode)) => Acts::Trip(mode.parse().map_err(|error: String| said(value, &error))?),
            Some(("run", name)) if !name.is_empty() => Acts::Run(name.to_owned()),
            _ => match one_of(value, &["trip", "trip:halt", "trip:reduce", "alert", "run:NAME"])? {
                "trip" => Acts::Trip(Mode::Halt),
                _ => Acts::Alert,
            },
        };
        Ok(Self(value.span(), act))
    }
}
