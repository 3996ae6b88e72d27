//! What `hb-write` accepts.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use holdfast::Exit;
use holdfast::heartbeat::Name;
use holdfast::json::Value;
use holdfast::time::Span;

const ABOUT: &str = "Record a heartbeat: the proof that a pipeline does its work";

const EXAMPLES: &str = "\
Examples:
  hb-write                                        after each cycle of the pipeline
  hb-write --set candle_at=1763711940 --set cost=3.2
                                                  with numbers that rules of a watch look at
  hb-write --held                                 alive, but the circuit is paused
  hb-write --status failed --set why=\"no quotes\"  the pipeline itself reports a failure
  hb-write --begin; python bot.py && hb-write     tells a cycle that hangs from one that never began
  hb-write exec -- python bot.py                  the same in one, and a failure is recorded too

From cron, every 5 minutes, only while the circuit is green:
  */5 * * * * cd /srv/trader && circuit-ctl guard -- hb-write exec -- python bot.py

From systemd:
  ExecStart=circuit-ctl guard -- hb-write --root /srv/trader exec -- python bot.py

From Python, at the end of a cycle:
  beat = json.dumps({\"candle_at\": candle_at}).encode()
  subprocess.run([\"hb-write\", \"--json\", \"-\"], input=beat, check=True)

Exit codes: 0 written, 64 usage, 65 --json holds no object or too much, 74 not written, 78 no root";

const EXEC_ABOUT: &str = "Run a command, and record its begin, its end and how it ended";

const EXEC_EXAMPLES: &str = "\
The command has our stdin, stdout and stderr. TERM, INT, HUP, QUIT, USR1, USR2, TSTP and CONT are
passed on to it. We end as it ended: with its exit code, or by the signal that ended it.

The last beat says ok, or failed with `exit` or `signal`. If a beat cannot be written the command
runs all the same, and if it succeeds the exit code is 74.

Examples:
  hb-write exec -- python bot.py
  hb-write exec --name trader-hl --interval 5m -- ./trade --venue hl
  circuit-ctl guard -- hb-write exec -- python bot.py

Exit codes: that of the command; 64 usage, 74 a beat is not written, 78 no root,
126 the command cannot be run, 127 it is not there";

/// The arguments of `hb-write`.
#[derive(Debug, Parser)]
#[command(name = "hb-write", version, about = ABOUT, after_help = EXAMPLES)]
pub struct Cli {
    /// The folder with data/ in it; else `HOLDFAST_ROOT`, else the current folder
    #[arg(long, value_name = "DIR", global = true)]
    pub root: Option<PathBuf>,

    /// Beat in data/heartbeats/N.json instead of data/heartbeat.json
    #[arg(long, value_name = "N", global = true, value_parser = Name::of_own)]
    pub name: Option<Name>,

    /// Record how soon the next beat is to be expected: 90s, 5m, 1h30m
    #[arg(long, value_name = "D", global = true)]
    pub interval: Option<Span>,

    /// What only a single beat can say.
    #[command(flatten)]
    pub beat: BeatArgs,

    /// Another way to beat.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What only a single beat can say.
#[derive(Debug, Default, PartialEq, Args)]
pub struct BeatArgs {
    /// Anything but ok and held is a failure, and trips the circuit [default: ok]
    #[arg(long, value_name = "S", value_parser = NonEmptyStringValueParser::new())]
    pub status: Option<String>,

    /// Alive, and honouring a pause: the same as --status held
    #[arg(long, conflicts_with_all = ["status", "begin"])]
    pub held: bool,

    /// A cycle begins; the next beat without this ends it
    #[arg(long)]
    pub begin: bool,

    /// A key of your own; V is a string unless it is a number, true, false, null or "quoted"
    #[arg(long, value_name = "K=V")]
    pub set: Vec<Setting>,

    /// More keys of your own: one JSON object of at most 1 MiB, from a file or stdin (-)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Another way to beat.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a command.
    #[command(about = EXEC_ABOUT, after_help = EXEC_EXAMPLES)]
    Exec {
        /// The command and its arguments
        #[arg(last = true, required = true, value_name = "CMD")]
        argv: Vec<OsString>,
    },
}

/// One `--set`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Before the first `=`.
    pub key: String,
    /// After it.
    pub value: Value,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, text) = text
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or("expected a key, = and a value, for example candle_at=1763711940")?;
        let scalar = text.parse::<Value>().ok().filter(|value| !value.is_array() && !value.is_object());
        Ok(Self { key: key.to_owned(), value: scalar.unwrap_or_else(|| text.into()) })
    }
}

impl Cli {
    /// Reads the arguments. Help goes to stdout and is a success, an error to stderr.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, Exit> {
        Self::try_parse_from(args).and_then(Self::sound).map_err(|error| {
            // Who asked may have gone away; that changes no exit code.
            let _ = error.print();
            if error.use_stderr() { Exit::Usage } else { Exit::Ok }
        })
    }

    /// What the declarations above cannot say.
    fn sound(self) -> Result<Self, clap::Error> {
        let refuse = |kind, message: String| Err(Self::command().error(kind, message));
        if self.command.is_some() && self.beat != BeatArgs::default() {
            let message =
                "exec takes no --status, --held, --begin, --set or --json: it writes both beats itself";
            return refuse(ErrorKind::ArgumentConflict, message.to_owned());
        }
        let keys: Vec<&str> = self.beat.set.iter().map(|setting| setting.key.as_str()).collect();
        match keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(key)) {
            Some((_, key)) => {
                refuse(ErrorKind::ArgumentConflict, format!("--set {key}=… stands twice: give each key once"))
            }
            None => Ok(self),
        }
    }
}
