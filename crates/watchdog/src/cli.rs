//! The arguments of `watchdog`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use holdfast::time::Span;
use holdfast::watch::SILENCE_MOST;

/// Judges heartbeats; pauses trading when one is stale, missing or bad; tells people.
#[derive(Debug, Parser)]
#[command(name = "watchdog", version = VERSION, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The folder that holds data/ [default: `HOLDFAST_ROOT`, else the current one]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
    /// Answer as JSON on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `watchdog` does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge everything once, trip and tell; for launchd, systemd timers and Task Scheduler
    Check,
    /// Stay, and judge whenever a file changes or a deadline passes
    Run {
        /// The longest time between two looks
        #[arg(long, value_name = "D", default_value = "1s")]
        every: Span,
    },
    /// Show what the last check found; changes nothing
    Status,
    /// Read holdfast.toml and everything that it names, and say what is wrong
    Validate {
        /// Another file than holdfast.toml in the root
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Send a test message through every channel and say which worked
    TestAlert,
    /// Tell nothing of some watches for a while; they trip all the same
    #[command(after_help = SILENCE)]
    Silence(SilenceArgs),
}

/// What is to be silent, and for how long.
#[derive(Args, Debug)]
pub(crate) struct SilenceArgs {
    /// Their names, as `watchdog status` shows them
    #[arg(required = true, value_name = "WATCH")]
    pub(crate) watches: Vec<String>,
    /// How long: 30m, 2h, at most 7d
    #[arg(long = "for", value_name = "D", required_unless_present = "over", value_parser = at_most_a_week)]
    pub(crate) span: Option<Span>,
    /// Why; everybody who is told of alarms is told this
    #[arg(long, value_name = "TEXT", required_unless_present = "over")]
    pub(crate) reason: Option<String>,
    /// End it now
    #[arg(long, conflicts_with_all = ["span", "reason"])]
    pub(crate) over: bool,
    /// Who asks [default: the login user]
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<OsString>,
}

fn at_most_a_week(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|error| format!("{error}"))?;
    if span.0 > SILENCE_MOST.0 {
        return Err(
            "longer than a week: what nobody wants to hear of for so long is better not watched".to_owned()
        );
    }
    Ok(span)
}

/// The digest is that of `data/source/` in the evidence.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (source ", env!("HOLDFAST_SOURCE"), ")");

const EXAMPLES: &str = "\
Examples:
  watchdog check --root /srv/bot           one look, every 15 minutes from a timer
  watchdog run --root /srv/bot --every 1s  stay, and notice within the second
  watchdog status --root /srv/bot          what was found last, and when
  watchdog test-alert --root /srv/bot      does the phone ring?
  watchdog silence trader-run --for 2h --reason 'a new disk'

Without holdfast.toml it watches data/heartbeat.json and every data/heartbeats/NAME.json, and pauses trading
when one is older than 15 minutes. It never resumes: that is for a person, with circuit-ctl resume.

Exit codes: 0 all is well; 1 an alarm; 69 an alert could not be delivered; 74 reading or writing failed;
75 another watchdog is at work here; 78 the root or holdfast.toml is not usable. The higher wins.";

const SILENCE: &str = "\
Examples:
  watchdog silence trader-run --for 2h --reason 'a new disk'
  watchdog silence trader-run --over

Messages only: a watch that fails pauses trading all the same, and the daily reminder comes. That it is silent is told, and
when the silence ends, so is what it hid. What the watchdog says of itself (holdfast/…) cannot be silenced.";
