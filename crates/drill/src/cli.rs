//! What `drill` accepts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use holdfast::time::Span;
use holdfast::{Exit, say};

const ABOUT: &str = "Rehearse failures with the real programs, and report what was seen and how fast";

const EXAMPLES: &str = "\
A bot that works through real market data beats, is killed, stopped, garbled, doubled, and so on;
hb-write, circuit-ctl, watchdog, resume-reminder and audit-pack do what they do in earnest.
Everything happens in scratch folders: no circuit, clock or file of yours is touched. It takes about
half a minute.

At the end the drill packs its own evidence, signed with a key that it has made, and verifies it.
The tarball, its signature, the public key and the report stay, in the place of those of an earlier
drill.

Examples:
  drill                              all of it
  drill --only kill --only stop      two of them; drill --list names all
  drill --root /tmp/drill --keep     with the folders kept, to look at
  drill --out /srv/evidence          leave the evidence there
  drill --json | jq '.rows[] | select(.result != \"passed\")'

What could not be run says \"not run\", and why; it is never \"passed\".

Exit codes: 0 nothing failed, and the evidence is verified; 1 something failed, or nothing could be
run; 64 usage; 74 the report cannot be written; 78 the programs are not there. The higher wins.";

/// The arguments of `drill`.
#[derive(Debug, Parser)]
#[command(name = "drill", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 110)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// Work in this folder instead of a new one in the folder for temporary files
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Leave evidence and report in this folder [default: drill-evidence here; with --root, that]
    #[arg(long, value_name = "DIR", overrides_with = "out")]
    pub out: Option<PathBuf>,
    /// Where hb-write, circuit-ctl, watchdog, resume-reminder and audit-pack are [default: beside this program]
    #[arg(long, value_name = "DIR", global = true)]
    pub bin_dir: Option<PathBuf>,
    /// Run only this scenario; may be given several times
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Name the scenarios, and run none
    #[arg(long)]
    pub list: bool,
    /// Answer as JSON on stdout
    #[arg(long)]
    pub json: bool,
    /// Write the report here, and beside it as JSON [default: drill-report.txt beside the evidence]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Keep the folders of scenarios that passed, too
    #[arg(long)]
    pub keep: bool,
    /// Record the result in the journal of this root
    #[arg(long, value_name = "DIR")]
    pub journal_root: Option<PathBuf>,
    /// Parts of a drill, which it starts itself.
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// Parts of a drill, which it starts itself.
#[derive(Debug, Subcommand)]
pub enum Part {
    /// Trade on old prices, and misbehave when told to on stdin
    #[command(hide = true)]
    Bot(BotArgs),
    /// Start a program that ends when we end
    #[command(hide = true)]
    Start(StartArgs),
    /// Play one scenario and answer in JSON
    #[command(hide = true)]
    Play(PlayArgs),
}

/// The arguments of the bot.
#[derive(Debug, Args)]
pub struct BotArgs {
    /// The root that it trades in
    #[arg(long)]
    pub trades_in: PathBuf,
    /// From one cycle to the next
    #[arg(long, default_value = "200ms")]
    pub every: Span,
}

/// The arguments of a start.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// In a session of its own, which has no terminal
    #[arg(long)]
    pub alone: bool,
    /// In a session of its own, at this terminal
    #[arg(long)]
    pub terminal: Option<PathBuf>,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub argv: Vec<OsString>,
}

/// The arguments of one scenario.
#[derive(Debug, Args)]
pub struct PlayArgs {
    /// Its name
    pub name: String,
    /// Its folder
    #[arg(long)]
    pub dir: PathBuf,
    /// Mount a small file system first, for a disk that is full sooner
    #[arg(long)]
    pub small_disk: bool,
}

impl Cli {
    /// Reads the arguments. Help goes to stdout and is a success, an error to stderr.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        let args: Vec<OsString> = args.into_iter().collect();
        Self::try_parse_from(&args).map_err(|error| {
            // Who asked may have gone away; that changes no exit code.
            let _ = error.print();
            if error.use_stderr() { say::misused("drill", &args, &error) } else { Exit::Ok }
        })
    }
}
