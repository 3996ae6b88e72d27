//! What `resume-reminder` accepts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use holdfast::{Exit, say};

const ABOUT: &str =
    "While trading is paused, tell people so once a day: why, for how long, and how to resume";

const EXAMPLES: &str = "\
A scheduler runs it daily at 09:00, and once more when the host boots or wakes. It sends once per
local day, however often it is run, and is silent while the circuit is green. Alerts of the
watchdog that wait in data/outbox are sent on the way.

Examples:
  resume-reminder --root /srv/bot             from a timer
  resume-reminder --root /srv/bot --digest    also while green: a daily proof that the channel works
  resume-reminder --root /srv/bot --dry-run   show what would be sent; send and write nothing

Exit codes: 0 nothing to tell, told already, or told; 69 nobody has heard it; 74 reading or writing
failed; 75 another resume-reminder is at work here; 78 the root or holdfast.toml is not usable.
The higher wins.";

/// The arguments of `resume-reminder`.
#[derive(Debug, Parser)]
#[command(name = "resume-reminder", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// The folder that has data/ in it [default: `HOLDFAST_ROOT`, else the current one]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Show what would be sent; send and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Send something every day, also while the circuit is green
    #[arg(long)]
    pub digest: bool,
    /// Answer as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// Reads the arguments. Help goes to stdout and is a success, an error to stderr.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        let args: Vec<OsString> = args.into_iter().collect();
        Self::try_parse_from(&args).map_err(|error| {
            // Who asked may have gone away; that changes no exit code.
            let _ = error.print();
            if error.use_stderr() { say::misused("resume-reminder", &args, &error) } else { Exit::Ok }
        })
    }
}
