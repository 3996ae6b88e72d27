//! How the circuit is shown to people.

use anstyle::{AnsiColor, Style};
use holdfast::circuit::{Checked, Hold, Mode, Verdict, Why};
use holdfast::local;
use holdfast::text::printable;
use holdfast::time::age;

use crate::cli::Cli;

/// The longest reason that is shown, in characters.
pub(crate) const REASON_MAX: usize = 500;
/// The longest name, id or host that is shown, in characters.
pub(crate) const NAME_MAX: usize = 80;

/// How a person calls this program for this root.
pub(crate) struct Advice(String);

impl Advice {
    pub(crate) fn of(cli: &Cli) -> Self {
        Self(match &cli.root {
            None => "circuit-ctl".to_owned(),
            Some(root) => format!("circuit-ctl --root {}", quoted(&root.to_string_lossy())),
        })
    }

    /// The command with these words.
    pub(crate) fn call(&self, words: &str) -> String {
        format!("{} {words}", self.0)
    }
}

/// A path as a shell takes it.
fn quoted(path: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "/._-+@%:,".contains(char);
    let path = printable(path, 1000);
    if !path.is_empty() && path.chars().all(plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

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

/// When something was, and how long ago. Clocks are set back: what is ahead of now has no age.
pub(crate) fn when(since: f64, now: f64) -> String {
    let ago =
        if since > now + 1.0 { "ahead of the clock".to_owned() } else { format!("{} ago", age(now - since)) };
    format!("{}, {ago}", local::both(since))
}

/// `1 hold`, `2 holds`.
pub(crate) fn holds(count: usize) -> String {
    if count == 1 { "1 hold".to_owned() } else { format!("{count} holds") }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_root_is_quoted_where_a_shell_would_split_it() {
        for (path, text) in [
            ("/srv/trader-1", "/srv/trader-1"),
            ("/srv/my bot", "'/srv/my bot'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(path), text);
        }
    }
}
