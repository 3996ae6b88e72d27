//! `ack`: somebody looks after an incident; its messages need not be repeated.

use std::fmt::Write;

use holdfast::circuit;
use holdfast::heartbeat::read_watchdogs;
use holdfast::journal::{self, Entry};
use holdfast::json::{self, Object, Value};
use holdfast::sys::{ReadError, Sys};
use holdfast::text::printable;
use holdfast::{Exit, Root, who};

use crate::cli::AckArgs;
use crate::out;
use crate::show::{NAME_MAX, REASON_MAX};

/// Something that can be acknowledged.
struct Open {
    id: String,
    about: String,
}

pub(crate) fn run(args: &AckArgs, sys: &Sys, root: &Root) -> Exit {
    let open = open(sys, root);
    let found: Vec<&Open> = open.iter().filter(|one| named(one, args.incident.trim())).collect();
    let [one] = found[..] else {
        return out::refuse(args.answer.json, &not_found(&args.incident, found.len(), &open), Exit::No);
    };
    let entry = Entry::new("ack", who::by(args.by.as_deref())).with("incident", one.id.clone());
    if let Err(error) = journal::append(sys, root, &entry) {
        let what = format!(
            "memory/journal.jsonl cannot be written: {error}\n  nothing was acknowledged; mend the disk or the permissions"
        );
        return out::refuse(args.answer.json, &what, Exit::Io);
    }
    out::answer(&if args.answer.json {
        let mut object = Object::new();
        object.insert("acknowledged".into(), one.id.clone().into());
        format!("{}\n", Value::from(object))
    } else {
        format!("acknowledged {}: {}\n", printable(&one.id, NAME_MAX), one.about)
    })
}

fn named(one: &Open, told: &str) -> bool {
    !told.is_empty() && (one.id == told || one.id.rsplit('-').next() == Some(told))
}

/// The watchdog's incidents and, of others, the holds: both bear the id that stands in the messages.
fn open(sys: &Sys, root: &Root) -> Vec<Open> {
    let mut open = incidents(sys, root);
    for hold in circuit::view(sys, root).holds {
        if !open.iter().any(|one| one.id == hold.id) {
            open.push(Open { about: printable(&hold.reason, REASON_MAX), id: hold.id });
        }
    }
    open
}

fn incidents(sys: &Sys, root: &Root) -> Vec<Open> {
    let object = match read_watchdogs(sys, root) {
        Err(ReadError::Missing) => return Vec::new(),
        Err(error) => Err(error.to_string()),
        Ok(bytes) => json::object(&bytes),
    };
    match object {
        Ok(object) => object
            .get("incidents")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(incident)
            .collect(),
        Err(what) => {
            out::tell(&format_args!("data/watchdog.json {what}\n  the watchdog's incidents are not known"));
            Vec::new()
        }
    }
}

fn incident(value: &Value) -> Option<Open> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let about = [text("watch"), text("detail")].into_iter().flatten().collect::<Vec<_>>().join(": ");
    Some(Open { id: text("id")?.to_owned(), about: printable(&about, REASON_MAX) })
}

fn not_found(told: &str, found: usize, open: &[Open]) -> String {
    let told = printable(told, NAME_MAX);
    let mut text = match found {
        0 => format!("no incident {told} is open"),
        _ => format!("{told} names {found} incidents"),
    };
    text += if open.is_empty() { "\n  none is open at all" } else { "\n  write the id of one of these:" };
    for one in open {
        let _ = write!(text, "\n    {}  {}", printable(&one.id, NAME_MAX), one.about);
    }
    text
}
