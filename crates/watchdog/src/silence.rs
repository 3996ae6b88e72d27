//! `watchdog silence`: a line in the journal, which the watchdog at work reads at its next look.

use std::collections::BTreeSet;

use holdfast::journal::{self, Entry};
use holdfast::json::{Object, Value};
use holdfast::sys::Sys;
use holdfast::text::printable;
use holdfast::watch::{Memory, recollect};
use holdfast::{Exit, Root, local, who};

use crate::cli::{Cli, SilenceArgs};
use crate::{answer, refuse, settings};

/// How much of a name is shown, in characters.
const NAME_MAX: usize = 60;

pub(crate) fn run(cli: &Cli, args: &SilenceArgs, sys: &Sys, root: &Root) -> Exit {
    // What is configured can be silenced whatever became of the memory.
    let recalled = recollect(sys, root).map(|found| found.map(|(_, memory)| memory).unwrap_or_default());
    let memory = recalled.clone().unwrap_or_default();
    let known =
        if args.over { memory.silences.keys().cloned().collect() } else { watched(sys, root, &memory) };
    if let Some(stranger) = args.watches.iter().find(|name| !known.contains(*name)) {
        if let Err(why) = recalled {
            let what = format!(
                "data/watchdog.json {why}, so nobody knows {}\n  run watchdog check first",
                printable(stranger, NAME_MAX)
            );
            return refuse(cli.json, &what, Exit::Io);
        }
        return refuse(cli.json, &unknown(args, stranger, &known), Exit::No);
    }
    if args.reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        return refuse(cli.json, &"the reason is empty\n  write what the others should know", Exit::Usage);
    }
    let by = who::by(args.by.as_deref());
    for watch in &args.watches {
        if let Err(error) = journal::append(sys, root, &entry(args, &by, watch)) {
            let what = format!(
                "memory/journal.jsonl cannot be written: {error}\n  {watch} is told of as before; mend the disk or the \
                 permissions"
            );
            return refuse(cli.json, &what, Exit::Io);
        }
    }
    answer(&told(cli, args, sys.clock.now().wall))
}

/// What can be silenced: what is configured, and what the last check knew.
fn watched(sys: &Sys, root: &Root, memory: &Memory) -> BTreeSet<String> {
    let (settings, _) = settings::load(sys, root);
    let configured = settings.config.watches.iter().map(|watch| watch.name.to_string());
    configured.chain(memory.watches.keys().cloned()).filter(|name| !name.contains('/')).collect()
}

fn entry(args: &SilenceArgs, by: &str, watch: &str) -> Entry {
    match args.span {
        Some(span) if !args.over => Entry::new("silence", by)
            .with("watch", watch)
            .with("for_s", span.as_secs_f64())
            .with("reason", args.reason.clone()),
        _ => Entry::new("unsilence", by).with("watch", watch),
    }
}

fn told(cli: &Cli, args: &SilenceArgs, wall: f64) -> String {
    let until = args.span.map(|span| wall + span.as_secs_f64());
    if cli.json {
        let mut object = Object::new();
        let key = if args.over { "told_again" } else { "silenced" };
        object.insert(key.into(), args.watches.clone().into());
        if let Some(until) = until {
            object.insert("until".into(), holdfast::json::number(until));
        }
        return format!("{}\n", Value::from(object));
    }
    let names = args.watches.join(", ");
    match until {
        Some(until) => format!(
            "nothing is told of {names} until {}, from the next check on; what fails pauses trading all the same\n",
            local::both(until)
        ),
        None => format!("{names}: told of again from the next check on\n"),
    }
}

fn unknown(args: &SilenceArgs, stranger: &str, known: &BTreeSet<String>) -> String {
    let stranger = printable(stranger, NAME_MAX);
    if stranger.contains('/') {
        return format!(
            "{stranger} is what the watchdog says of itself\n  that cannot be silenced; mend it, or ack its incident"
        );
    }
    let names: Vec<String> = known.iter().map(|name| printable(name, NAME_MAX)).collect();
    let fact = if args.over { "is not silenced" } else { "is not watched" };
    match names.as_slice() {
        [] => format!("{stranger} {fact}\n  nothing is"),
        _ => format!("{stranger} {fact}\n  these are: {}", names.join(", ")),
    }
}
