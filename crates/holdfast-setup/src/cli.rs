//! What `holdfast-setup` accepts.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use holdfast::Exit;

use crate::install::Job;
use crate::render::Platform;

const ABOUT: &str = "Make a root, install the units of the scheduler, and look whether all of it works";

const EXAMPLES: &str = "\
Examples:
  holdfast-setup init --root /srv/bot           folders, a commented configuration, a key
  holdfast-setup install --root /srv/bot        shows what it will do, then asks
  holdfast-setup doctor --root /srv/bot         what is wrong, and the command that mends it
  holdfast-setup scaffold --lang python --dir bot
  holdfast-setup uninstall --root /srv/bot      the units go; the root stays

Exit codes: 0 done, or all is well; 1 a finding of doctor is bad, or the answer was no; 64 usage;
74 a file cannot be written, or the scheduler refused; 78 the root, a user or a path is not usable.";

const ROOT: &str = "The folder that has data/ in it [default: $HOLDFAST_ROOT, else the current folder]";

const INIT_EXAMPLES: &str = "\
What is there stays as it is, and is named. With --user (needs root) everything belongs to the
watchdog's user, and the bot, another user of the same group, may write where it has to.

Examples:
  holdfast-setup init --root ~/bot
  sudo holdfast-setup init --root /srv/bot --user holdfast --group trading --bot-user bot
  holdfast-setup init --zone Europe/Berlin

Exit codes: 0 all is there, 64 usage, 74 something cannot be made, 78 no such user or group.";

const INSTALL_EXAMPLES: &str = "\
Without --only: the watchdog, its stand-in and the reminder; the sealer once a key is configured,
the anchors once there is an [[anchor]], the pipeline with --pipeline. A second run changes nothing.

Examples:
  sudo holdfast-setup install --root /srv/bot --user holdfast --group trading
  holdfast-setup install --scheduler systemd-user --root ~/bot --yes
  holdfast-setup install --only watchdog,reminder --dry-run --json
  holdfast-setup install --bot-user bot --pipeline /srv/bot/cycle.sh

Exit codes: 0 installed, or shown by --dry-run; 1 the answer was no; 64 usage, or nobody to ask and
no --yes; 74 a file cannot be written, or the scheduler refused; 78 the root, a user or a path is
not usable.";

const UNINSTALL_EXAMPLES: &str = "\
Stops the jobs and removes their units. The root, its logs, the key and the users stay.

Examples:
  sudo holdfast-setup uninstall
  holdfast-setup uninstall --only pipeline --yes

Exit codes: 0 nothing of it is left, or shown by --dry-run; 1 the answer was no; 64 usage, or nobody
to ask and no --yes; 74 a file cannot be removed, or the scheduler refused.";

const DOCTOR_EXAMPLES: &str = "\
Looks at programs, rights, units, watchdog, configuration, channels, key, clock, disk, logs and
anchors. It changes nothing. What is not known is a warning.

Examples:
  holdfast-setup doctor --root /srv/bot
  holdfast-setup doctor --quick --json | jq -c '.findings[] | select(.level != \"ok\")'

Exit codes: 0 nothing is bad, 1 something is, 64 usage, 78 no root.";

const SCAFFOLD_EXAMPLES: &str = "\
One cycle, which decides nothing yet. It runs behind circuit-ctl guard and hb-write however it is
started, and appends each decision to memory/decisions.jsonl in one write. A file that is there
stays as it is.

Examples:
  holdfast-setup scaffold --root /srv/bot --lang python
  holdfast-setup install --root /srv/bot --pipeline /srv/bot/cycle.py

Exit codes: 0 written, or there already; 64 usage, 74 it cannot be written, 78 no root.";

/// The arguments of `holdfast-setup`.
#[derive(Debug, Parser)]
#[command(name = "holdfast-setup", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 110)]
pub struct Cli {
    /// The root.
    #[arg(long, value_name = "DIR", global = true, help = ROOT)]
    pub root: Option<PathBuf>,
    /// Answer in JSON, one line
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a root: folders, a commented configuration, a key
    #[command(after_help = INIT_EXAMPLES)]
    Init(InitArgs),
    /// Install the units of the scheduler, and start them
    #[command(after_help = INSTALL_EXAMPLES)]
    Install(InstallArgs),
    /// Stop the jobs and remove their units
    #[command(after_help = UNINSTALL_EXAMPLES)]
    Uninstall(UninstallArgs),
    /// Look whether all of it works, and name the command that mends what does not
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Write a starter pipeline that beats, asks the circuit and keeps its decisions
    #[command(after_help = SCAFFOLD_EXAMPLES)]
    Scaffold(ScaffoldArgs),
}

/// The arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The time zone of the market, for the example of a calendar
    #[arg(long, value_name = "ZONE", default_value = "America/New_York")]
    pub zone: String,
    /// Give everything to this user, the watchdog's; needs root
    #[arg(long, value_name = "NAME", requires = "group")]
    pub user: Option<String>,
    /// The group that this user shares with the bot's
    #[arg(long, value_name = "NAME", requires = "user")]
    pub group: Option<String>,
    /// The bot's user: another one, who may pause, too
    #[arg(long, value_name = "NAME", requires = "user")]
    pub bot_user: Option<String>,
}

/// Whose units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scheduler {
    /// macOS: daemons as root, else agents of the user
    Launchd,
    /// Linux, as root
    Systemd,
    /// A user's own systemd
    SystemdUser,
    /// Task Scheduler
    Windows,
}

impl Scheduler {
    /// Its platform.
    pub(crate) const fn platform(self) -> Platform {
        match self {
            Self::Launchd => Platform::Launchd,
            Self::Systemd => Platform::Systemd,
            Self::SystemdUser => Platform::SystemdUser,
            Self::Windows => Platform::Windows,
        }
    }
}

/// What `install` and `uninstall` are about.
#[derive(Debug, Args)]
pub struct Choice {
    /// The scheduler [default: that of this system; systemd as root, else the user's own]
    #[arg(long, value_name = "S")]
    pub scheduler: Option<Scheduler>,
    /// These jobs only: watchdog, watchdog-check, reminder, seal, anchor, pipeline
    #[arg(long, value_name = "JOBS", value_delimiter = ',')]
    pub only: Vec<Job>,
    /// The folder of the units [default: where the scheduler looks for them]
    #[arg(long, value_name = "DIR")]
    pub unit_dir: Option<PathBuf>,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The arguments of `install`.
#[derive(Debug, Args)]
pub struct InstallArgs {
    /// What it is about.
    #[command(flatten)]
    pub choice: Choice,
    /// The folder of the programs [default: that of this one]
    #[arg(long, value_name = "DIR")]
    pub bin: Option<PathBuf>,
    /// The user of the watchdog, the reminder and the sealer
    #[arg(long, value_name = "NAME", default_value = "holdfast")]
    pub user: String,
    /// The group that this user shares with the bot's
    #[arg(long, value_name = "NAME", default_value = "trading")]
    pub group: String,
    /// The user of the pipeline: another one
    #[arg(long, value_name = "NAME", default_value = "bot")]
    pub bot_user: String,
    /// The program that runs one cycle, every 5 minutes
    #[arg(long, value_name = "PATH")]
    pub pipeline: Option<PathBuf>,
}

/// The arguments of `uninstall`.
#[derive(Debug, Args)]
pub struct UninstallArgs {
    /// What it is about.
    #[command(flatten)]
    pub choice: Choice,
}

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The scheduler [default: the one that has a watchdog of ours, else that of this system]
    #[arg(long, value_name = "S")]
    pub scheduler: Option<Scheduler>,
    /// The folder of the units [default: where the scheduler looks for them]
    #[arg(long, value_name = "DIR")]
    pub unit_dir: Option<PathBuf>,
    /// The folder of the programs [default: that of this one]
    #[arg(long, value_name = "DIR")]
    pub bin: Option<PathBuf>,
    /// Look at seals and signatures, and do not hash the logs again
    #[arg(long)]
    pub quick: bool,
}

/// The arguments of `scaffold`.
#[derive(Debug, Args)]
pub struct ScaffoldArgs {
    /// The language
    #[arg(long, value_name = "LANG")]
    pub lang: Language,
    /// Where to write it [default: the root]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The folder of the programs [default: that of this one]
    #[arg(long, value_name = "DIR")]
    pub bin: Option<PathBuf>,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Python 3.9 or later, without a package
    Python,
    /// A POSIX shell
    Sh,
}

impl Cli {
    /// Reads the arguments. Help goes to stdout and is a success, an error to stderr.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        Self::try_parse_from(args).map_err(|error| {
            // Who asked may have gone away; that changes no exit code.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Ok }
        })
    }
}
