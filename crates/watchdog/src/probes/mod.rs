//! What can hang is asked here, after everything local has been judged and tripped (**trip-first**).

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use holdfast::config::{BeatSource, Config, Watch, WatchKind};
use holdfast::sys::{Ended, Job, Outcome, Store, Sys};
use holdfast::text::printable;
use holdfast::watch::{Reply, WatchMemory};

mod beat;
mod command;
mod crew;
mod http;
mod log;
mod secret;
mod tcp;

pub(crate) use crew::Crew;

/// How much of somebody's words is told, in characters.
const WORDS_MAX: usize = 200;

/// It is alive as long as any thread of the question is.
pub(crate) type Alive = Arc<()>;

/// One question about one watch.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) watch: String,
    kind: WatchKind,
    /// All of a log is to be looked at, and it was found well before.
    whole: bool,
    known: bool,
    root: PathBuf,
    timeout: Duration,
    /// It has less time than the configuration gives it: a lack of time is no failure then.
    cut: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) watch: String,
    pub(crate) reply: Reply,
}

impl Question {
    /// About a watch that is asked.
    pub(crate) fn of(root: &Path, watch: &Watch, known: &WatchMemory, whole: bool, most: Duration) -> Self {
        let timeout = watch.probe.timeout.0;
        Self {
            watch: watch.name.to_string(),
            kind: watch.kind.clone(),
            whole,
            known: known.probed.known,
            root: std::path::absolute(root).unwrap_or_else(|_| root.to_owned()),
            timeout: timeout.min(most),
            cut: timeout > most,
        }
    }

    /// Asks, and waits for the answer no longer than the timeout.
    pub(crate) fn ask(&self, sys: &Sys, alive: &Alive) -> Answer {
        let reply = match &self.kind {
            WatchKind::Heartbeat(BeatSource::Url(url)) => beat::by_url(self, sys, url),
            WatchKind::Heartbeat(BeatSource::Command(command)) => beat::by_command(self, sys, command),
            WatchKind::Heartbeat(BeatSource::File(_)) => Reply::unknown("a local file is not asked"),
            WatchKind::Http { .. } => http::ask(self, sys),
            WatchKind::Tcp { address, max_latency } => tcp::ask(self, sys, address, *max_latency, alive),
            WatchKind::Command { command } => command::ask(self, sys, command),
            WatchKind::Log { log, unique, max_unsealed_age, .. } => {
                let (path, unique, max_unsealed_age) =
                    (self.root.join(log), unique.as_ref(), *max_unsealed_age);
                log::Log { question: self, path, unique, max_unsealed_age }.ask(sys)
            }
        };
        Answer { watch: self.watch.clone(), reply }
    }

    /// That there is none, and why: nothing is known, which is never health (**silence-is-not-health**).
    pub(crate) fn unanswered(&self, why: String) -> Answer {
        let reply = match self.kind {
            WatchKind::Heartbeat(_) => Reply::NoBeat(why),
            _ => Reply::unknown(why),
        };
        Answer { watch: self.watch.clone(), reply }
    }

    /// It took longer than it may: a failure, unless it had less time than it should have.
    fn too_slow(&self, what: &str) -> Reply {
        if self.cut { Reply::unknown(format!("{what}; {CUT}")) } else { Reply::failed(what) }
    }

    fn seconds(&self) -> f64 {
        self.timeout.as_secs_f64()
    }

    fn job(&self, argv: Vec<String>) -> Job {
        let env =
            [("HOLDFAST_ROOT", self.root.display().to_string()), ("HOLDFAST_WATCH", self.watch.clone())];
        Job {
            argv,
            env: env.map(|(key, value)| (key.to_owned(), value)).into(),
            dir: Some(self.root.clone()),
            stdin: Vec::new(),
            timeout: self.timeout,
        }
    }
}

/// Why a question may have less time than it was given.
const CUT: &str = "that is all that watchdog check has; watchdog run gives it its whole timeout";

/// What of the configuration would keep watches from being asked.
pub(crate) fn faults(config: &Config, store: &dyn Store, root: &Path) -> Vec<String> {
    let auths = config.watches.iter().filter_map(|watch| match &watch.kind {
        WatchKind::Http { auth, .. } => Some((&watch.name, auth.as_ref()?)),
        _ => None,
    });
    auths
        .filter_map(|(name, auth)| {
            let error = secret::Secret::of(store, root, auth).err()?;
            Some(format!("[[watch]] {name}: {error}"))
        })
        .collect()
}

/// How a program ended that did not end well, with the last line that it said.
fn ended(program: &str, outcome: &Outcome, timeout: f64) -> String {
    let how = match outcome.ended {
        Ended::Code(code) => format!("ended with exit code {code}"),
        Ended::Signal(signal) => format!("was ended by signal {signal}"),
        Ended::TimedOut => format!("did not end within {timeout}s and was killed"),
    };
    match last_line(&outcome.output) {
        Some(line) => format!("{program} {how}: {line}"),
        None => format!("{program} {how}"),
    }
}

fn last_line(output: &str) -> Option<String> {
    let last = output.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    Some(printable(last, WORDS_MAX))
}

/// Takes so much and no more.
struct Bounded {
    taken: Vec<u8>,
    most: usize,
    too_long: bool,
}

impl Bounded {
    fn of(most: usize) -> Self {
        Self { taken: Vec::new(), most, too_long: false }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.taken.len() + bytes.len() > self.most {
            self.too_long = true;
            return Err(io::Error::other("the answer is too long"));
        }
        self.taken.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
