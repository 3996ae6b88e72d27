//! The stage of one scenario: a fresh root, a bot, a watchdog, somebody to be told.

mod crew;
mod proc;
mod sealed;
mod terminal;
pub(crate) mod world;

use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast::circuit::{self, View};
use holdfast::json::{self, Object, Value};
use holdfast::sys::{Job, Now, Outcome, Secrecy, Sys};
use holdfast::watch::{Memory, recall};
use holdfast::{Root, journal};
use serde::{Deserialize, Serialize};

pub(crate) use crew::Crew;
pub(crate) use proc::Proc;
pub(crate) use sealed::{Damage, LOG, Pack, SEALS, SIGNER};
pub(crate) use terminal::Terminal;

use proc::Launch;

use crate::programs::Programs;

/// A heartbeat older than this is stale.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(2);
/// Dollars that the bot's model may cost in a day.
pub(crate) const COST_MAX: u32 = 20;
/// What does not happen within this does not happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(2);

/// What was seen. Times count from the injection, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// In words.
    pub(crate) text: String,
    /// The watchdog had judged it.
    pub(crate) detected_s: Option<f64>,
    /// A reader of the files found trading paused.
    pub(crate) paused_s: Option<f64>,
    /// The message had reached its channel.
    pub(crate) told_s: Option<f64>,
}

/// Why there is nothing to be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Trouble {
    /// What should have happened did not.
    Failed(String),
    /// It could not be tried here. Not a success.
    NotRun(String),
}

/// A failure in the drill's own hands.
pub(crate) fn broken(what: &str) -> impl Fn(&dyn Display) -> Trouble {
    move |error| Trouble::Failed(format!("{what}: {error}"))
}

pub(crate) fn failed<T>(what: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Failed(what.into()))
}

/// One scenario's own world.
pub(crate) struct Stage<'a> {
    pub(crate) sys: Sys<'static>,
    pub(crate) programs: &'a Programs,
    /// Logs and the inbox lie here.
    pub(crate) dir: PathBuf,
    pub(crate) root: Root,
}

impl<'a> Stage<'a> {
    /// Sets up a root in `dir`, which is new.
    pub(crate) fn set(sys: Sys<'static>, programs: &'a Programs, dir: &Path) -> Result<Self, Trouble> {
        let root = dir.join("scratch");
        for folder in [dir, &root, &root.join("data")] {
            sys.store
                .make_dir(folder)
                .map_err(|error| Trouble::Failed(format!("{} cannot be made: {error}", folder.display())))?;
        }
        let root = Root::open(sys.store, root).map_err(|error| broken("the scratch root")(&error))?;
        let stage = Self { sys, programs, dir: dir.to_owned(), root };
        stage.configure(INBOX)?;
        Ok(stage)
    }

    /// Watches the bot, and tells through these channels.
    pub(crate) fn configure(&self, channels: &str) -> Result<(), Trouble> {
        let text = format!(
            "[[watch]]\nname = \"bot\"\nmax_age = \"{}s\"\nadvance = [\"/candle_at\"]\n\
             limit = [{{ field = \"/llm_usd_today\", max = {COST_MAX}.0 }}]\n\n{channels}",
            MAX_AGE.as_secs()
        );
        self.sys
            .store
            .replace(&self.root.config(), text.as_bytes(), Secrecy::Shared)
            .map_err(|error| broken("holdfast.toml cannot be written")(&error))
    }

    pub(crate) fn now(&self) -> Now {
        self.sys.clock.now()
    }

    /// Waits until `ready` gives a value. `what` completes "it did not come to this: …".
    pub(crate) fn until<T>(&self, what: &str, mut ready: impl FnMut() -> Option<T>) -> Result<T, Trouble> {
        let end = self.now().up + PATIENCE.as_secs_f64();
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if self.now().up >= end {
                return failed(format!("within {} s it did not come to this: {what}", PATIENCE.as_secs()));
            }
            self.sys.clock.wait(STEP);
        }
    }

    /// Looks for `span` that `holds` does.
    pub(crate) fn all_the_while(
        &self,
        span: Duration,
        mut holds: impl FnMut() -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let end = self.now().up + span.as_secs_f64();
        while self.now().up < end {
            holds()?;
            self.sys.clock.wait(STEP);
        }
        Ok(())
    }

    pub(crate) fn view(&self) -> View {
        circuit::view(&self.sys, &self.root)
    }

    pub(crate) fn is_green(&self) -> bool {
        circuit::check(&self.sys, &self.root).verdict.is_green()
    }

    /// What the watchdog remembers.
    pub(crate) fn memory(&self) -> Option<Memory> {
        recall(&self.sys, &self.root).map(|(_, memory)| memory)
    }

    /// The first line of the journal that is so.
    pub(crate) fn journalled(&self, kind: &str, is_it: impl Fn(&Object) -> bool) -> Option<Object> {
        let (lines, _) = journal::recent(&self.sys, &self.root).ok()?;
        lines.into_iter().find(|line| line.get("kind").is_some_and(|is| is == kind) && is_it(line))
    }

    /// Everything that people were told.
    pub(crate) fn inbox(&self) -> String {
        world::text(&self.dir.join("inbox.txt"))
    }

    /// The bot's beat.
    pub(crate) fn beat(&self) -> Option<Object> {
        json::object(&self.sys.store.read(&self.root.heartbeat(None)).ok()?).ok()
    }

    /// How many days the bot has decided on.
    pub(crate) fn decisions(&self) -> usize {
        world::text(&self.root.decisions()).lines().count()
    }

    /// Runs one of the programs in this root to its end.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Result<Outcome, Trouble> {
        const LONGEST: Duration = Duration::from_secs(40);
        let mut argv = vec![self.programs.path(program).display().to_string()];
        argv.extend(args.iter().map(|&arg| arg.to_owned()));
        let env = self.env().map(|(key, value)| (key.to_owned(), value.display().to_string())).into();
        // Paths in what a program says are shown from the root.
        let dir = Some(self.root.path().to_owned());
        let job = Job { argv, env, dir, stdin: Vec::new(), timeout: LONGEST };
        self.sys.spawner.run(&job).map_err(|error| broken(&format!("{program} cannot be started"))(&error))
    }

    /// Starts one of the programs in this root. It ends with us at the latest.
    pub(crate) fn start(&self, program: &Path, args: &[&str], how: &[&str]) -> Result<Proc, Trouble> {
        let mut argv: Vec<OsString> = vec![self.programs.ours.clone().into(), "start".into()];
        argv.extend(how.iter().map(Into::into));
        argv.extend(["--".into(), program.into()]);
        argv.extend(args.iter().map(Into::into));
        let name = if *program == self.programs.ours {
            "bot".into()
        } else {
            program.file_stem().unwrap_or_default().to_string_lossy()
        };
        let log = self.dir.join(format!("{name}.log"));
        let env = self.env().map(|(key, value)| (key, value.into())).into();
        Proc::start(&Launch { argv, env, log: &log })
            .map_err(|error| broken(&format!("{name} cannot be started"))(&error))
    }

    fn env(&self) -> [(&'static str, PathBuf); 2] {
        [("HOLDFAST_ROOT", self.root.path().to_owned()), ("DRILL_INBOX", self.dir.join("inbox.txt"))]
    }

    /// Fails unless `circuit-ctl check` says paused.
    pub(crate) fn check_refuses(&self) -> Result<(), Trouble> {
        let outcome = self.run("circuit-ctl", &["check"])?;
        match outcome.ended {
            holdfast::sys::Ended::Code(2) => Ok(()),
            ended => {
                failed(format!("circuit-ctl check ended with {ended:?}, not 2: {}", outcome.output.trim()))
            }
        }
    }

    /// Trips by hand.
    pub(crate) fn trip_by_hand(&self, reason: &str) -> Result<(), Trouble> {
        let outcome = self.run("circuit-ctl", &["trip", "--by", "drill", "--reason", reason])?;
        if outcome.ok() && !self.is_green() {
            return Ok(());
        }
        failed(format!("circuit-ctl trip did not pause: {:?} {}", outcome.ended, outcome.output.trim()))
    }
}

/// A channel that works: what people are told lies in `inbox.txt`.
pub(crate) const INBOX: &str = "[[channel]]\nkind = \"command\"\nname = \"inbox\"\n\
                                command = [\"/bin/sh\", \"-c\", \"cat >> \\\"$DRILL_INBOX\\\"\"]\n";

/// A text of a line of the journal.
pub(crate) fn text<'l>(line: &'l Object, key: &str) -> &'l str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}
