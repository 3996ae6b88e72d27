//! What `circuit-ctl` accepts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use holdfast::circuit::Mode;
use holdfast::time::Span;
use holdfast::{Exit, say};

const ABOUT: &str = "The circuit: may the system trade? Pausing is automatic, resuming takes a person";

const EXAMPLES: &str = "\
Examples:
  circuit-ctl status                            is it paused, since when, why, and what to do now
  circuit-ctl guard -- python bot.py            runs the bot only while the circuit is green
  circuit-ctl trip --reason \"bad close\"         pauses
  circuit-ctl resume                            lifts holds one by one, on a terminal

In a script:
  circuit-ctl check --require-watchdog 35m || exit

Exit codes: 0 green, 1 no such incident, 2 paused, 3 only orders that reduce risk, 64 usage,
74 a file cannot be read or written, 75 another process is changing the circuit, 78 no root.
A caller may treat every one but 0 as stop.";

const ROOT: &str = "The folder that has data/ in it [default: $HOLDFAST_ROOT, else the current folder]";

const CHECK_EXAMPLES: &str = "\
Whatever keeps us from knowing that the circuit is green reads as paused. With
--require-watchdog a watchdog that has not completed a check for so long reads as paused, too:
nobody would notice a dead pipeline.

Examples:
  circuit-ctl check || exit
  circuit-ctl check --require-watchdog 35m

Exit codes: 0 green, 2 paused or no watchdog, 3 only orders that reduce risk, 64 usage, 78 no root.";

const GUARD_EXAMPLES: &str = "\
The command takes our place: same process, same stdin, stdout and stderr. HOLDFAST_MODE tells it
normal or reduce. Once holdfast.toml has a [[watch]], or cannot be read, a watchdog is required
that completed a check within 35m: the pipeline watches its watcher.

Examples:
  circuit-ctl guard -- python bot.py
  circuit-ctl guard -- hb-write exec -- python bot.py
  circuit-ctl guard --allow-reduce -- python bot.py

Exit codes: those of the command; 2 paused or no watchdog, 3 only orders that reduce risk,
126 or 127 the command cannot be started, 64 usage, 78 no root.";

const TRIP_EXAMPLES: &str = "\
Each trip makes a hold of its own; the circuit stays paused while any stands. A trip never fails
for want of a word: with an empty reason the hold says \"no reason given\". Leaving --reason out is
a mistake in the command, though, and pauses nothing (64).

Examples:
  circuit-ctl trip --reason \"legal review of the new venue\" --by alice
  circuit-ctl trip --reason \"margin call\" --mode reduce
  in an editor: write {\"paused\": true} into data/circuit.json

Exit codes: 0 paused, 64 usage, 78 no root; 74 NOT paused, or paused and not fully recorded: the
message says which.";

const RESUME_EXAMPLES: &str = "\
Talks to the terminal and to nothing else: there is no flag, pipe or timer that resumes. Shows
each hold and what the watches say now, asks who and why, and lifts the holds whose word is typed;
of three and more that one program made, all of them by \"all\" and their number.
Without a terminal, a person may edit data/circuit.json: {\"paused\": false}

Exit codes: 0 green, 1 made green by somebody else meanwhile, 2 or 3 still paused, 74 a file
cannot be written, 75 another process is changing the circuit, 78 no root.";

const HISTORY_EXAMPLES: &str = "\
Examples:
  circuit-ctl history --last 5
  circuit-ctl history --last 1000 --json | jq 'select(.kind == \"trip\")'

Exit codes: 0 told, 74 a log cannot be read, 78 no root.";

const ACK_EXAMPLES: &str = "\
Stops the repeated messages of an incident, and its escalation. It resumes nothing.

Examples:
  circuit-ctl ack 20261121T080000Z-7f3a01
  circuit-ctl ack 7f3a01 --by alice

Exit codes: 0 acknowledged, 1 no such incident is open, 74 the journal cannot be written, 78 no root.";

/// The arguments of `circuit-ctl`.
#[derive(Debug, Parser)]
#[command(name = "circuit-ctl", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// The root.
    #[arg(long, value_name = "DIR", global = true, help = ROOT)]
    pub root: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell a person all about it: paused or not, since when, why, and what to do next
    Status(Answer),
    /// Say by the exit code whether the system may trade
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Run a command only while the circuit is green
    #[command(after_help = GUARD_EXAMPLES)]
    Guard(GuardArgs),
    /// Pause
    #[command(after_help = TRIP_EXAMPLES)]
    Trip(TripArgs),
    /// Lift holds, on a terminal
    #[command(after_help = RESUME_EXAMPLES)]
    Resume(ResumeArgs),
    /// Tell the circuit's story: trips, resumes, edits by hand, oldest first
    #[command(after_help = HISTORY_EXAMPLES)]
    History(HistoryArgs),
    /// Stop the repeats of an incident
    #[command(after_help = ACK_EXAMPLES)]
    Ack(AckArgs),
}

impl Command {
    /// A machine reads the answer. The stdout of `guard` is its command's, and `resume` talks to a person.
    pub(crate) fn json(&self) -> bool {
        match self {
            Self::Status(answer) => answer.json,
            Self::Check(args) => args.answer.json,
            Self::Trip(args) => args.answer.json,
            Self::History(args) => args.answer.json,
            Self::Ack(args) => args.answer.json,
            Self::Guard(_) | Self::Resume(_) => false,
        }
    }
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Args)]
pub struct Answer {
    /// Answer in JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// The arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Refuse also when the watchdog has not completed a check for so long: 35m, 1h
    #[arg(long, value_name = "D")]
    pub require_watchdog: Option<Span>,
    /// How the answer is written.
    #[command(flatten)]
    pub answer: Answer,
}

/// The arguments of `guard`.
#[derive(Debug, Args)]
pub struct GuardArgs {
    /// Run the command also while only orders that reduce risk are allowed.
    #[arg(
        long,
        help = "Run the command also while only orders that reduce risk are allowed, with HOLDFAST_MODE=reduce"
    )]
    pub allow_reduce: bool,
    /// Refuse when the watchdog has not completed a check for so long [default: 35m once watches are configured]
    #[arg(long, value_name = "D")]
    pub require_watchdog: Option<Span>,
    /// Run the command whatever the watchdog does
    #[arg(long, conflicts_with = "require_watchdog")]
    pub no_watchdog: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub argv: Vec<OsString>,
}

/// The arguments of `trip`.
#[derive(Debug, Args)]
pub struct TripArgs {
    /// The cause, in words: the person who resumes reads it first. An empty one trips all the same
    #[arg(long, value_name = "R")]
    pub reason: OsString,
    /// Who trips [default: the login user, else uid N]
    #[arg(long, value_name = "WHO")]
    pub by: Option<OsString>,
    /// What to forbid: halt (no new orders) or reduce (all but orders that reduce risk)
    #[arg(long, value_name = "M", default_value = "halt")]
    pub mode: Mode,
    /// How the answer is written.
    #[command(flatten)]
    pub answer: Answer,
}

/// The arguments of `resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Lift also holds whose cause still fails; the journal keeps that
    #[arg(long = "override")]
    pub override_failing: bool,
}

/// The arguments of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// How many of the latest events, at most 10000
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub last: u32,
    /// How the answer is written.
    #[command(flatten)]
    pub answer: Answer,
}

/// The arguments of `ack`.
#[derive(Debug, Args)]
pub struct AckArgs {
    /// Its id, or the part after the last dash
    pub incident: String,
    /// Who acknowledges [default: the login user, else uid N]
    #[arg(long, value_name = "WHO")]
    pub by: Option<OsString>,
    /// How the answer is written.
    #[command(flatten)]
    pub answer: Answer,
}

/// `check` with its arguments, and no other command. It stands before every order: to make ready what the other
/// commands accept would take longer than the check.
#[derive(Debug, Parser)]
#[command(disable_help_flag = true, disable_version_flag = true)]
struct Check {
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(flatten)]
    args: CheckArgs,
}

impl Cli {
    /// Reads the arguments. Help goes to stdout and is a success, an error to stderr and never looks like a
    /// paused circuit.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        let args: Vec<OsString> = args.into_iter().collect();
        if let Some(check) = Self::of_check(&args) {
            return Ok(check);
        }
        Self::try_parse_from(&args).map_err(|error| {
            // Who asked may have gone away; that changes no exit code.
            let _ = error.print();
            if error.use_stderr() { say::misused("circuit-ctl", &args, &error) } else { Exit::Ok }
        })
    }

    /// A good call of `check`. Whatever else it is, a call for help or a mistake, the whole parser says.
    fn of_check(args: &[OsString]) -> Option<Self> {
        let words = args.get(1..).filter(|words| words.first().is_some_and(|word| word == "check"))?;
        let Check { root, args } = Check::try_parse_from(words).ok()?;
        Some(Self { root, command: Command::Check(args) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_alone_is_read_as_among_the_other_commands() {
        for call in [
            "check",
            "check --json",
            "check --root /srv/bot",
            "check --root=/srv/bot --json --require-watchdog 35m",
            "check --require-watchdog=1h30m",
            "check --help",
            "check -h",
            "check --version",
            "check help",
            "check check",
            "check --jsn",
            "check --json --json",
            "check --root",
            "check --root a --root b",
            "check --require-watchdog 0s",
            "check --by alice",
            "check -- x",
            "check --",
            "--root /srv/bot check",
            "status",
            "",
        ] {
            let args: Vec<OsString> =
                ["circuit-ctl"].into_iter().chain(call.split_whitespace()).map(OsString::from).collect();
            let whole = Cli::try_parse_from(&args);
            let quick = Cli::of_check(&args);
            let ours = whole.as_ref().is_ok_and(|_| call.starts_with("check"));
            assert_eq!(quick.is_some(), ours, "{call}");
            if let Some(quick) = quick {
                assert_eq!(format!("{quick:?}"), format!("{:?}", whole.expect(call)), "{call}");
            }
        }
    }
}
