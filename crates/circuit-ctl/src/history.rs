//! `history`: the circuit's story, from the ledger and the journal.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::PathBuf;

use holdfast::json::{self, Object, Value};
use holdfast::sys::{ReadError, Sys};
use holdfast::text::printable;
use holdfast::time::iso;
use holdfast::{Exit, Root, say};

use crate::cli::HistoryArgs;
use crate::out;
use crate::show::{NAME_MAX, REASON_MAX};
use crate::tail::Tail;

/// What the journal tells of the circuit; its other kinds are the watchdog's own story.
const KINDS: [&str; 8] =
    ["trip", "trip-failed", "resume", "resume-failed", "manual-edit", "ack", "drill", "torn-line"];
/// How much of a log is held in memory, in bytes.
const HELD_MAX: usize = 16 << 20;

const LEDGER: &str = "data/trips.jsonl";
const JOURNAL: &str = "memory/journal.jsonl";

pub(crate) fn run(args: &HistoryArgs, sys: &Sys, root: &Root) -> Exit {
    let last = args.last as usize;
    let mut exit = Exit::Ok;
    let mut missing = String::new();
    let mut collect = |name, path, read: fn(Object) -> What| {
        Log { sys, name, path }.last(last, read).unwrap_or_else(|error| {
            let what = format!("{name} {error}\n  its part of the story is missing below");
            out::tell(&what);
            exit = Exit::Io;
            missing += &say::refusal(&what, exit);
            (Vec::new(), false)
        })
    };
    let (trips, more_trips) = collect(LEDGER, root.ledger(), trip);
    let (entries, more_entries) = collect(JOURNAL, root.journal(), entry);
    let known: HashSet<String> = trips.iter().filter_map(|event| event.id().map(str::to_owned)).collect();
    // A trip stands in both; the ledger is the one that counts.
    let told_twice = |event: &Event| event.is("trip") && event.id().is_some_and(|id| known.contains(id));
    let entries = entries.into_iter().filter(|event| !told_twice(event)).collect();
    let story = merged(trips, entries);
    let shown = &story[story.len().saturating_sub(last)..];
    let json = args.answer.json;
    let lead = if json { missing } else { String::new() };
    let text =
        lead + &shown.iter().map(|event| if json { event.json() } else { event.words() }).collect::<String>();
    let earlier = more_trips || more_entries || shown.len() < story.len();
    if earlier {
        out::tell(&format_args!("earlier events are not shown: take a larger --last than {last}"));
    } else if shown.is_empty() && exit == Exit::Ok {
        out::tell(&"nothing has happened yet");
    }
    exit.and(out::answer(&text))
}

/// One line of a log.
struct Event {
    file: &'static str,
    offset: u64,
    what: What,
}

enum What {
    /// Something that happened.
    Entry { kind: String, at: Option<f64>, object: Object },
    /// A line that is torn, or that somebody else wrote.
    Foreign(String),
    /// Another story.
    Other,
}

struct Log<'a> {
    sys: &'a Sys<'a>,
    name: &'static str,
    path: PathBuf,
}

impl Log<'_> {
    /// The last events in the order of the file, and whether there are earlier ones.
    fn last(self, count: usize, read: fn(Object) -> What) -> Result<(Vec<Event>, bool), ReadError> {
        let mut tail = Tail::of(self.sys, self.path)?;
        let mut events = Vec::new();
        let mut held = 0;
        let mut more = false;
        while let Some((offset, line)) = tail.before()? {
            let what = match json::object(&line) {
                Ok(object) => read(object),
                Err(_) => foreign(&String::from_utf8_lossy(&line)),
            };
            if matches!(what, What::Other) {
                continue;
            }
            held += line.len();
            if events.len() == count || held > HELD_MAX {
                more = true;
                break;
            }
            events.push(Event { file: self.name, offset, what });
        }
        events.reverse();
        Ok((events, more))
    }
}

fn foreign(line: &str) -> What {
    What::Foreign(printable(line.trim_end(), REASON_MAX))
}

/// A line of the ledger.
fn trip(object: Object) -> What {
    if object.get("id").is_some_and(Value::is_string) {
        What::Entry { kind: "trip".to_owned(), at: object.get("since").and_then(Value::as_f64), object }
    } else {
        foreign(&Value::from(object).to_string())
    }
}

/// A line of the journal.
fn entry(object: Object) -> What {
    let Some(kind) = object.get("kind").and_then(Value::as_str).map(str::to_owned) else {
        return foreign(&Value::from(object).to_string());
    };
    if KINDS.contains(&kind.as_str()) {
        What::Entry { kind, at: object.get("at").and_then(Value::as_f64), object }
    } else {
        What::Other
    }
}

/// Both in the order of time, each in its own order: clocks were set back in between.
fn merged(one: Vec<Event>, other: Vec<Event>) -> Vec<Event> {
    let mut story = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (dated(one).peekable(), dated(other).peekable());
    loop {
        let next = match (one.peek(), other.peek()) {
            (Some((at, _)), Some((other_at, _))) if other_at < at => other.next(),
            (Some(_), _) => one.next(),
            (None, _) => other.next(),
        };
        match next {
            Some((_, event)) => story.push(event),
            None => return story,
        }
    }
}

/// A line without a time belongs to the one before it.
fn dated(events: Vec<Event>) -> impl Iterator<Item = (f64, Event)> {
    let mut last = f64::MIN;
    events.into_iter().map(move |event| {
        if let What::Entry { at: Some(at), .. } = event.what {
            last = at;
        }
        (last, event)
    })
}

impl Event {
    fn is(&self, name: &str) -> bool {
        matches!(&self.what, What::Entry { kind, .. } if kind == name)
    }

    fn id(&self) -> Option<&str> {
        match &self.what {
            What::Entry { object, .. } => object.get("id").and_then(Value::as_str),
            _ => None,
        }
    }

    fn json(&self) -> String {
        let mut line = Object::new();
        match &self.what {
            What::Entry { kind, at, object } => {
                line.insert("kind".into(), kind.clone().into());
                line.insert("at".into(), at.map_or(Value::Null, json::number));
                let rest = object.iter().filter(|(key, _)| !["kind", "at"].contains(&key.as_str()));
                line.extend(rest.map(|(key, value)| (key.clone(), value.clone())));
            }
            What::Foreign(text) => {
                line.insert("kind".into(), "unreadable".into());
                line.insert("text".into(), text.clone().into());
            }
            What::Other => return String::new(),
        }
        line.insert("file".into(), self.file.into());
        line.insert("offset".into(), self.offset.into());
        format!("{}\n", Value::from(line))
    }

    fn words(&self) -> String {
        let Self { file, offset, what } = self;
        match what {
            What::Entry { kind, at, object } => {
                let at = at.map_or_else(|| "no time".to_owned(), iso);
                format!("{at:24}  {kind:13}  {}\n", told(object))
            }
            What::Foreign(text) => {
                format!("{:24}  {:13}  {file}, byte {offset}: {text}\n", "?", "unreadable")
            }
            What::Other => String::new(),
        }
    }
}

/// The fields that a person looks for, in the order of a sentence.
fn told(object: &Object) -> String {
    let text = |key: &str, max| match object.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(printable(text, max)),
        Some(other) => Some(printable(&other.to_string(), max)),
    };
    let mut parts = Vec::new();
    parts.extend(text("id", NAME_MAX));
    parts.extend(text("incident", NAME_MAX));
    parts.extend(text("mode", NAME_MAX).map(|mode| format!("({mode})")));
    parts.extend(text("by", NAME_MAX).map(|by| format!("by {by}")));
    parts.extend(text("host", NAME_MAX).map(|host| format!("on {host}")));
    parts.extend(text("watch", NAME_MAX).map(|watch| format!("watch {watch}")));
    parts.extend(text("owner_uid", NAME_MAX).map(|uid| format!("owner uid {uid}")));
    let mut sentence = parts.join(" ");
    for key in ["reason", "why", "detail"] {
        sentence.extend(text(key, REASON_MAX).map(|words| format!(": {words}")));
    }
    for key in ["lifted", "standing", "overridden"] {
        let ids = object.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let ids: Vec<String> = ids.map(|id| printable(id, NAME_MAX)).collect();
        if !ids.is_empty() {
            let _ = write!(sentence, "; {key} {}", printable(&ids.join(" "), REASON_MAX));
        }
    }
    sentence
}
