//! What people read: what is paused, since when, why, and what to do. Pure.

use std::fmt::Write as _;

use holdfast::circuit::{Hold, Mode, Verdict};
use holdfast::local;
use holdfast::text::printable;
use holdfast::time::{age, possible};
use holdfast::watch::Said;

use crate::facts::Facts;

/// More than people read, and than a message holds.
const HOLDS_SHOWN: usize = 20;
const WATCHES_SHOWN: usize = 20;
/// The longest text of others, in characters.
const SHOWN: usize = 300;
/// A watchdog that has not completed a check for this long is no witness, in seconds.
const SILENT: f64 = 35.0 * 60.0;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// It speaks of a pause; else it is a digest.
    pub(crate) paused: bool,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// What to tell: every hold while paused, a digest where one is wanted; else nothing.
pub(crate) fn compose(facts: &Facts, digest: bool) -> Option<Message> {
    let mut text = String::new();
    let subject = match &facts.verdict {
        Verdict::Paused { mode, .. } => {
            paused(&mut text, facts, *mode);
            still_paused(facts, *mode)
        }
        Verdict::Green if digest => {
            armed(&mut text, facts);
            watches(&mut text, facts);
            format!("[{}] daily digest: armed, {}", facts.host, health(facts))
        }
        Verdict::Green => return None,
    };
    if digest {
        proof(&mut text, facts);
    }
    let heads = facts.heads.footer();
    if !heads.is_empty() {
        // The text ends with its line already.
        text.push_str(&heads[1..]);
        text.push('\n');
    }
    Some(Message { paused: !facts.verdict.is_green(), subject, text })
}

fn still_paused(facts: &Facts, mode: Mode) -> String {
    let state = match mode {
        Mode::Halt => "STILL PAUSED",
        Mode::Reduce => "STILL REDUCE ONLY",
    };
    let Some(oldest) = facts.holds.first() else { return format!("[{}] {state}", facts.host) };
    let more = match facts.holds.len() {
        ..=1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let reason = printable(&oldest.reason, SHOWN);
    format!("[{}] {state}, {}: {reason}{more}", facts.host, lasting(oldest.since, facts.now))
}

/// What to do stands before the lists: a channel that cuts a long message cuts its end.
fn paused(text: &mut String, facts: &Facts, mode: Mode) {
    let state = match mode {
        Mode::Halt => "PAUSED (no new orders)",
        Mode::Reduce => "REDUCED (only orders that reduce risk)",
    };
    let since =
        facts.holds.first().map_or_else(String::new, |oldest| format!(" {}", since(oldest.since, facts)));
    let _ = write!(
        text,
        "Trading on {} is {state}{since}. It stays so until a person resumes it.\n\
         Open positions and resting orders stay as they are: look at them first.\n\
         When the causes are mended, on a terminal: {}\n",
        facts.host,
        facts.advice.call("circuit-ctl", "resume")
    );
    let _ = writeln!(text, "\n{}, oldest first:", counted(facts.holds.len(), "hold"));
    for hold in facts.holds.iter().take(HOLDS_SHOWN) {
        held(text, hold, facts);
    }
    if let Some(more @ 1..) = facts.holds.len().checked_sub(HOLDS_SHOWN) {
        let status = facts.advice.call("circuit-ctl", "status --json");
        let _ = writeln!(text, "- and {more} more: {status}");
    }
    watches(text, facts);
}

fn held(text: &mut String, hold: &Hold, facts: &Facts) {
    let name = |text: &str| printable(text, SHOWN);
    let watch = hold.watch.as_deref().map(|watch| format!(", watch {}", name(watch))).unwrap_or_default();
    let _ = writeln!(
        text,
        "- {}\n  by {} on {}{watch}, {}; hold {} ({})",
        name(&hold.reason),
        name(&hold.by),
        name(&hold.host),
        since(hold.since, facts),
        name(hold.short()),
        hold.mode
    );
}

fn since(wall: f64, facts: &Facts) -> String {
    local::since(wall, facts.now, &facts.zone)
}

fn lasting(since: f64, now: f64) -> String {
    if !possible(since) {
        "since an impossible time".to_owned()
    } else if since > now + 1.0 {
        "since a time ahead of the clock".to_owned()
    } else {
        format!("for {}", age(now - since))
    }
}

fn watches(text: &mut String, facts: &Facts) {
    text.push_str("\nThe watches say now:\n");
    if let Some(trouble) = &facts.trouble {
        let first = trouble.lines().next().unwrap_or_default();
        let _ = writeln!(text, "- holdfast.toml is not in force: {}", printable(first, SHOWN));
    }
    let (ill, well): (Vec<&Said>, Vec<&Said>) =
        facts.watches.iter().partition(|said| !said.verdict.healthy());
    for said in ill.iter().chain(&well).take(WATCHES_SHOWN) {
        let after = if said.blocks_resume { "; a resume is refused while this is so" } else { "" };
        let (name, detail) = (printable(&said.watch, SHOWN), printable(&said.detail, SHOWN));
        let _ = writeln!(text, "- {name}: {}: {detail}{after}", said.verdict.word());
    }
    if let Some(more @ 1..) = facts.watches.len().checked_sub(WATCHES_SHOWN) {
        let status = facts.advice.call("watchdog", "status");
        let _ = writeln!(text, "- and {more} more: {status}");
    }
    let _ = writeln!(text, "{}", witness(facts));
}

fn witness(facts: &Facts) -> String {
    match facts.checked {
        Some(ago) if ago <= SILENT => format!("The watchdog last completed a check {} ago.", age(ago)),
        Some(ago) => format!("NOBODY IS WATCHING: the watchdog last completed a check {} ago.", age(ago)),
        None => "NOBODY IS WATCHING: no watchdog is known to have completed a check here.".to_owned(),
    }
}

fn armed(text: &mut String, facts: &Facts) {
    let _ = write!(text, "Trading on {} is armed (not paused)", facts.host);
    match &facts.resumed {
        Some(resumed) => {
            let (by, why) = (printable(&resumed.by, SHOWN), printable(&resumed.why, SHOWN));
            let _ = writeln!(text, " {}; resumed by {by}: {why}", since(resumed.at, facts));
        }
        None => text.push_str(".\n"),
    }
}

/// The rest of a digest's subject.
fn health(facts: &Facts) -> String {
    let count = facts.watches.len();
    let ill = facts.watches.iter().filter(|said| !said.verdict.healthy()).count();
    if !facts.checked.is_some_and(|ago| ago <= SILENT) {
        "but NOBODY IS WATCHING".to_owned()
    } else if facts.trouble.is_some() {
        "but holdfast.toml is not in force".to_owned()
    } else if ill > 0 {
        format!("but {ill} of {} not well", counted(count, "watch"))
    } else {
        format!("{}, all well", counted(count, "watch"))
    }
}

/// What a digest says beside.
fn proof(text: &mut String, facts: &Facts) {
    text.push('\n');
    if facts.incidents.is_empty() {
        text.push_str("Open incidents: none\n");
    }
    for open in &facts.incidents {
        let acked = if open.acked.is_some() { ", acknowledged" } else { "" };
        let watch = printable(&open.watch, SHOWN);
        let _ = writeln!(
            text,
            "Open incident {}: {watch} is {} {}{acked}",
            open.id,
            open.verdict.word(),
            since(open.at, facts)
        );
    }
    let _ = writeln!(text, "Alerts that waited for a channel: {}", facts.waiting);
    for fault in &facts.faults {
        let _ = writeln!(text, "Outbox: {}", printable(fault, SHOWN));
    }
    let _ = match facts.decisions {
        Some((len, ago)) => {
            writeln!(text, "Decisions: {} KiB, last written {} ago", len.div_ceil(1024), age(ago))
        }
        None => writeln!(text, "Decisions: none (memory/decisions.jsonl is missing)"),
    };
    text.push_str("This message comes daily: when it does not come, somebody should ask why.\n");
}

/// `1 hold`, `2 holds`, `2 watches`.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ if what.ends_with("ch") => format!("{count} {what}es"),
        _ => format!("{count} {what}s"),
    }
}

#[cfg(test)]
mod tests;
