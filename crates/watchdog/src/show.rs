//! What people see.

use std::fmt::Write as _;

use holdfast::advice::Advice;
use holdfast::circuit::{self, View};
use holdfast::json::{Object, Value};
use holdfast::local;
use holdfast::sys::Sys;
use holdfast::time::age;
use holdfast::watch::{Act, Incident, Memory, Sight, Stamp, recollect};
use holdfast::{Exit, Root};
use holdfast_notify::{ChannelState, Outbox};

use crate::cli::Cli;
use crate::evaluate::Evaluated;
use crate::{answer, refuse, tell};

/// Text from outside, harmless on a terminal.
fn printable(text: &str) -> String {
    holdfast::text::printable(text, SHOWN)
}

/// How much of a text is shown, in characters.
const SHOWN: usize = 400;
/// A watchdog that has not completed a check for this long is no witness, in seconds.
const STALE: f64 = 35.0 * 60.0;

/// The answer of `check`, which ends with `exit`.
pub(crate) fn evaluated(cli: &Cli, evaluated: &Evaluated, exit: Exit) -> Exit {
    if cli.json {
        let watches: Object = evaluated
            .judged
            .iter()
            .map(|(name, judged)| (name.clone(), watch(judged.verdict.word(), judged.act, &judged.detail)))
            .collect();
        let mut found = Object::new();
        found.insert("exit".into(), exit.code().into());
        found.insert("circuit".into(), evaluated.view.verdict.word().into());
        found.insert("holds".into(), holds(&evaluated.view));
        found.insert("watches".into(), watches.into());
        return answer(&format!("{}\n", Value::from(found)));
    }
    let shown =
        evaluated.judged.iter().filter(|(name, judged)| !name.contains('/') || judged.act > Act::None);
    let mut text: String =
        shown.map(|(name, judged)| row(name, judged.verdict.word(), &judged.detail)).collect();
    text.push_str(&circuit_line(&evaluated.view));
    answer(&text)
}

fn row(name: &str, verdict: &str, detail: &str) -> String {
    format!("{:<20} {:<14} {}\n", printable(name), verdict, printable(detail))
}

fn watch(verdict: &str, act: Act, detail: &str) -> Value {
    serde_json::json!({ "verdict": verdict, "act": act, "detail": detail })
}

fn holds(view: &View) -> Value {
    let hold = |hold: &circuit::Hold| serde_json::json!({ "id": hold.id, "mode": hold.mode, "reason": hold.reason, "by": hold.by, "since": hold.since });
    view.holds.iter().map(hold).collect::<Vec<_>>().into()
}

fn circuit_line(view: &View) -> String {
    match view.holds.first() {
        None => "circuit: armed (not paused)\n".to_owned(),
        Some(oldest) => format!(
            "circuit: {} since {}: {}{}\n",
            view.verdict.word().to_uppercase(),
            local::both(oldest.since),
            printable(&oldest.reason),
            if view.holds.len() > 1 {
                format!(" (and {} more)", view.holds.len() - 1)
            } else {
                String::new()
            }
        ),
    }
}

/// `watchdog status`: what the last check found, and how old that is (**silence-is-not-health**).
pub(crate) fn status(cli: &Cli, sys: &Sys, root: &Root) -> Exit {
    let advice = Advice::told(cli.root.as_deref());
    let check = advice.call("watchdog", "check");
    let (beat, memory) = match recollect(sys, root) {
        Ok(Some(recollected)) => recollected,
        Ok(None) => {
            let what = format!("no watchdog has completed a check in this root\n  run: {check}");
            return refuse(cli.json, &what, Exit::No);
        }
        Err(what) => {
            let what = format!(
                "data/watchdog.json {}\n  what the watchdog knew is lost, and deadlines count anew at the next check: find out who \
                 wrote into it, then run: {check}",
                printable(&what)
            );
            return refuse(cli.json, &what, Exit::No);
        }
    };
    let now = sys.clock.now();
    let stamp = Stamp { wall: beat.at, up: beat.up, awake: beat.awake, boot: beat.boot.as_deref() };
    let ago = Sight::of(&now, None, stamp).age(&now);
    let view = circuit::view(sys, root);
    let waiting = Outbox::open(root).pending(sys);
    let fresh = ago <= STALE;
    let well = fresh && memory.incidents.is_empty() && memory.mute.is_none();
    let exit = if well { Exit::Ok } else { Exit::No };
    let text = if cli.json {
        let mut found = memory.to_fields();
        found.insert("exit".into(), exit.code().into());
        found.insert("age".into(), ago.into());
        found.insert("at".into(), beat.at.into());
        found.insert("circuit".into(), view.verdict.word().into());
        found.insert("holds".into(), holds(&view));
        found.insert("waiting_alerts".into(), waiting.entries.len().into());
        found.insert("outbox_faults".into(), waiting.faults.iter().map(ToString::to_string).collect());
        format!("{}\n", Value::from(found))
    } else {
        human(&Last { ago, at: beat.at, now: now.wall }, &memory, &view, waiting.entries.len(), &advice)
    };
    let answered = answer(&text);
    for fault in &waiting.faults {
        tell(&format_args!("data/outbox: {fault}"));
    }
    answered.and(exit)
}

/// When the last check was.
struct Last {
    ago: f64,
    at: f64,
    now: f64,
}

fn human(last: &Last, memory: &Memory, view: &View, waiting: usize, advice: &Advice) -> String {
    let Last { ago, at, now } = *last;
    let old = if ago > STALE { ": TOO OLD, what follows may no longer be so" } else { "" };
    let mut text = format!("last check {} ago, {}{old}\n", age(ago), local::both(at));
    text.push_str(&circuit_line(view));
    text.extend(memory.watches.iter().map(|(name, watch)| row(name, watch.verdict.word(), &watch.detail)));
    for incident in &memory.incidents {
        let _ = writeln!(text, "{}", incident_line(incident, now, advice));
    }
    for (name, silence) in &memory.silences {
        let (name, by) = (printable(name), printable(&silence.by));
        let (until, reason) = (local::both(silence.until), printable(&silence.reason));
        let _ = writeln!(text, "silent {name} until {until}, says {by}: {reason}");
    }
    for (name, state) in &memory.channels {
        let state: ChannelState = serde_json::from_value(state.clone()).unwrap_or_default();
        let _ = writeln!(text, "channel {}: {}", printable(name), printable(&state.to_string()));
    }
    if waiting > 0 {
        let _ = writeln!(text, "{waiting} alert(s) wait in data/outbox");
    }
    text
}

fn incident_line(incident: &Incident, now: f64, advice: &Advice) -> String {
    let (since, watch) = (local::since(incident.at, now, &local::zone()), printable(&incident.watch));
    let acked = incident.acked.as_deref().map_or_else(
        || format!("{} stops the repeats", advice.call("circuit-ctl", &format!("ack {}", incident.id))),
        |by| format!("acknowledged by {}", printable(by)),
    );
    let is = match &incident.well {
        Some(_) => format!("flaps, {} times so far, and is well just now", incident.flaps),
        None => format!("is {}", incident.verdict.word()),
    };
    let level = if incident.escalated { ", level 2 was told" } else { "" };
    format!("incident {} {since}: {watch} {is}{level}; {acked}", incident.id)
}
