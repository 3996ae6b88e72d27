//! How the circuit is shown to people.

use anstyle::{AnsiColor, Style};
use holdfast::circuit::{Checked, Hold, Mode, Verdict, Why};
use holdfast::local;
use holdfast::text::printable;

/// The longest reason that is shown, in characters.
pub(crate) const REASON_MAX: usize = 500;
/// The longest name, id or host that is shown, in characters.
pub(crate) const NAME_MAX: usize = 80;

/// The word that a person sees first.
pub(crate) fn headline(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Green => "ARMED (green)",
        Verdict::Paused { mode: Mode::Halt, .. } => "PAUSED (halt)",
        Verdict::Paused { mode: Mode::Reduce, .. } => "PAUSED (reduce)",
    }
}

/// Its colour.
pub(crate) fn colour(verdict: &Verdict) -> Style {
    let colour = match verdict {
        Verdict::Green => AnsiColor::Green,
        Verdict::Paused { mode: Mode::Halt, .. } => AnsiColor::Red,
        Verdict::Paused { mode: Mode::Reduce, .. } => AnsiColor::Yellow,
    };
    colour.on_default().bold()
}

/// What may be done.
pub(crate) fn allowed(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Green => "trading is allowed",
        Verdict::Paused { mode: Mode::Halt, .. } => "no new orders",
        Verdict::Paused { mode: Mode::Reduce, .. } => "only orders that reduce risk",
    }
}

/// The cause in one line.
pub(crate) fn cause(checked: &Checked) -> String {
    let Verdict::Paused { why, .. } = &checked.verdict else { return "green".to_owned() };
    let holds = match (&checked.face, why) {
        (Some((face, written)), Why::Face) => face.standing(*written),
        _ => Vec::new(),
    };
    match holds.iter().min_by(|one, other| one.since.total_cmp(&other.since)) {
        None => printable(&why.to_string(), REASON_MAX),
        Some(oldest) if holds.len() == 1 => reason(oldest),
        Some(oldest) => format!("{} (the oldest of {} holds)", reason(oldest), holds.len()),
    }
}

/// What a person does about a pause, beside lifting its holds.
pub(crate) fn first_aid(why: &Why) -> Option<&'static str> {
    match why {
        Why::FaceMalformed(_) => {
            Some("look at data/circuit.json: it must be a JSON file that this user can read")
        }
        Why::LedgerUnreadable(_) => Some("make data/trips.jsonl a regular file that this user can look at"),
        Why::FaceMissing | Why::LedgerShrank { .. } => {
            Some("find out who took it away, before anybody resumes")
        }
        Why::Face | Why::Unseen { .. } | Why::LedgerNewer => None,
    }
}

/// Text of several lines that holds words of others.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(|line| printable(line, REASON_MAX)).collect::<Vec<_>>().join("\n")
}

/// Why a hold stands, as it may be shown.
pub(crate) fn reason(hold: &Hold) -> String {
    printable(&hold.reason, REASON_MAX)
}

/// What a person types to lift a hold.
pub(crate) fn word(hold: &Hold) -> String {
    printable(hold.short(), NAME_MAX)
}

/// A hold in two lines: who paused, and why.
pub(crate) fn hold(hold: &Hold) -> String {
    let name = |text: &str| printable(text, NAME_MAX);
    let watch = hold.watch.as_deref().map(|watch| format!(", watch {}", name(watch))).unwrap_or_default();
    let (id, by, host) = (name(&hold.id), name(&hold.by), name(&hold.host));
    format!("  {id} ({}) by {by} on {host}{watch}\n    {}\n", hold.mode, reason(hold))
}

/// Since when something is so, and for how long.
pub(crate) fn since(wall: f64, now: f64) -> String {
    local::since(wall, now, &local::zone())
}

/// `1 hold`, `2 holds`.
pub(crate) fn holds(count: usize) -> String {
    if count == 1 { "1 hold".to_owned() } else { format!("{count} holds") }
}
