//! `trip`: pauses, then journals.

use std::fmt::Write;

use holdfast::advice::Advice;
use holdfast::circuit::{self, Trip, Tripped};
use holdfast::journal::{self, Entry};
use holdfast::json::{Object, Value};
use holdfast::sys::Sys;
use holdfast::{Exit, Root, who};

use crate::cli::TripArgs;
use crate::out;
use crate::show;

pub(crate) fn run(args: &TripArgs, sys: &Sys, root: &Root, advice: &Advice) -> Exit {
    // A trip does not fail for want of words: a script may have had none.
    let reason = args.reason.to_string_lossy().trim().to_owned();
    let reason = if reason.is_empty() { "no reason given".to_owned() } else { reason };
    let trip = Trip { mode: args.mode, reason, by: who::by(args.by.as_deref()), watch: None, id: None };
    // trip-first: the journal comes after, and cannot undo it.
    let mut tripped = match circuit::trip(sys, root, &trip) {
        Ok(tripped) => tripped,
        Err(error) => return out::refuse(args.answer.json, &error, Exit::Io),
    };
    if let Err(error) = journal::append(sys, root, &entry(&tripped)) {
        tripped.shortcomings.push(format!("memory/journal.jsonl cannot be written: {error}"));
    }
    let text = if args.answer.json { json(&tripped) } else { words(&tripped, advice) };
    let answered = out::answer(&text);
    if tripped.shortcomings.is_empty() {
        return answered;
    }
    let paused = if tripped.lifted_already { "It was lifted meanwhile" } else { "IT IS PAUSED" };
    out::tell(&format_args!(
        "{paused}, but not everything could be recorded: {}\n  mend the disk or the permissions, then look at: {}",
        tripped.shortcomings.join("; "),
        advice.call("circuit-ctl", "status")
    ));
    Exit::Io
}

fn entry(tripped: &Tripped) -> Entry {
    let hold = &tripped.hold;
    Entry::new("trip", &hold.by)
        .with("id", hold.id.clone())
        .with("mode", hold.mode.to_string())
        .with("reason", hold.reason.clone())
        .with("watch", hold.watch.clone())
        .with("trouble", Some(tripped.shortcomings.join("; ")).filter(|trouble| !trouble.is_empty()))
}

fn json(tripped: &Tripped) -> String {
    let hold = &tripped.hold;
    let mut object = Object::new();
    object.insert("paused".into(), (!tripped.lifted_already).into());
    object.insert("id".into(), hold.id.clone().into());
    object.insert("mode".into(), hold.mode.to_string().into());
    object.insert("reason".into(), hold.reason.clone().into());
    object.insert("by".into(), hold.by.clone().into());
    object.insert("shortcomings".into(), tripped.shortcomings.clone().into());
    format!("{}\n", Value::from(object))
}

fn words(tripped: &Tripped, advice: &Advice) -> String {
    let hold = &tripped.hold;
    let reason = show::reason(hold);
    let mut text = String::new();
    if tripped.lifted_already {
        let _ = writeln!(text, "ARMED (green): hold {} was lifted meanwhile by a person: {reason}", hold.id);
        let _ = writeln!(text, "  see who: {}", advice.call("circuit-ctl", "history"));
    } else {
        let _ = writeln!(text, "PAUSED ({}) by hold {}: {reason}", hold.mode, hold.id);
        let _ = writeln!(text, "  a person lifts it with: {}", advice.call("circuit-ctl", "resume"));
    }
    text
}
