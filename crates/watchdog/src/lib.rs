//! The watchdog: an independent witness that pauses trading before it tells anybody.
//!
//! The decision is `holdfast::watch`, which is pure. Here is the shell that performs it in order:
//! [`Watchdog::evaluate`] judges, trips, journals, writes its own heartbeat and fills the outbox;
//! [`Deliverer`] sends and runs actions, and nothing waits for it but the end of the program.

mod action;
mod cli;
mod deliver;
mod evaluate;
mod events;
mod glance;
mod metrics;
mod pings;
mod probes;
mod resident;
mod settings;
mod show;
mod silence;
mod system;
mod unbuilt;
mod validate;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use holdfast::sys::{Lock, Sys, real};
use holdfast::{Exit, Root, say};

use cli::{Cli, Command};
pub use deliver::{Delivered, Deliverer, Work};
use evaluate::Prober;
use evaluate::complain;
pub use evaluate::{Evaluated, Watchdog};
use pings::Pinger;

/// `check` ends within this, whatever hangs.
const CHECK_MOST: Duration = Duration::from_secs(29);

/// What the ping may take of it, which comes last.
const PING_MOST: Duration = Duration::from_secs(5);

/// The program: reads the arguments of the process and does what they say.
pub fn main() -> Exit {
    real::take_limits_as_errors();
    let args: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody left to tell.
            let _ = error.print();
            return if error.use_stderr() { say::misused("watchdog", &args, &error) } else { Exit::Ok };
        }
    };
    run(&cli, Sys::real())
}

/// Does what `cli` says.
fn run(cli: &Cli, sys: Sys<'static>) -> Exit {
    let root = match Root::find(sys.store, cli.root.as_deref()) {
        Ok(root) => root,
        Err(error) => return refuse(cli.json, &error, Exit::Config),
    };
    match &cli.command {
        Command::Check => check(cli, sys, &root),
        Command::Run { every } => {
            alone(cli.json, sys, &root, |lock| resident::run(cli.json, sys, &root, *every, lock))
        }
        Command::Status => show::status(cli, &sys, &root),
        Command::Validate { config } => validate::validate(cli, &sys, &root, config.as_deref()),
        Command::TestAlert => validate::test_alert(cli, &sys, &root),
        Command::Silence(args) => silence::run(cli, args, &sys, &root),
    }
}

/// One evaluation, and everything that follows from it.
fn check(cli: &Cli, sys: Sys<'static>, root: &Root) -> Exit {
    real::end_within(
        "watchdog",
        CHECK_MOST,
        Exit::Undelivered,
        "out of time; what was tripped stays tripped",
    );
    alone(cli.json, sys, root, |lock| {
        let mut watchdog = Watchdog::open(sys, root.clone()).asking(Prober::waited_for(sys));
        let evaluated = watchdog.evaluate();
        let mut exit = evaluated.exit;
        let mut deliverer = Deliverer::new(sys, root.clone());
        if let Some(work) = watchdog.work() {
            let came = deliverer.deliver(&work);
            // A broken channel is told through the others, at once.
            let more = watchdog.take_in(&came);
            // What is done is not done again, should the time run out now.
            exit = exit.and(came.exit).and(watchdog.save_if_changed());
            if let Some(work) = more {
                let came = deliverer.deliver(&work);
                watchdog.take_in(&came);
                exit = exit.and(came.exit);
            }
        }
        if let Some(ping) = watchdog.ping() {
            let mut pinger = Pinger::new(sys, root.clone(), watchdog.ping_fault().take());
            exit = exit.and(pinger.ping(&ping, PING_MOST));
            *watchdog.ping_fault() = pinger.fault();
        }
        exit = exit.and(watchdog.save_if_changed());
        if let Some(Err(what)) = watchdog.metrics(&evaluated.view).map(|metrics| metrics.write(&sys)) {
            exit = exit.and(complain(&what));
        }
        exit = exit.and(lock.exit());
        exit.and(show::evaluated(cli, &evaluated, exit))
    })
}

/// The lock of the only watchdog of a root.
pub(crate) struct Alone {
    lock: Option<Lock>,
    /// Which file it is on.
    id: Option<u64>,
}

impl Alone {
    /// `None` if another watchdog is at work.
    fn take(sys: &Sys, root: &Root) -> Option<Self> {
        let path = root.watchdog_lock();
        let lock = match sys.store.try_lock(&path) {
            Ok(lock) => Some(lock?),
            // Better two than none: without a lock file nobody else can tell that we are here.
            Err(error) => {
                tell(&format_args!("data/.watchdog.lock cannot be locked: {error}; going on without it"));
                None
            }
        };
        Some(Self { lock, id: file_id(sys, &path) })
    }

    /// Without a lock all is not well.
    fn exit(&self) -> Exit {
        if self.lock.is_some() { Exit::Ok } else { Exit::Io }
    }

    /// Takes it again where `data/` was replaced under us. `false` if somebody else was quicker.
    pub(crate) fn stays(&mut self, sys: &Sys, root: &Root) -> bool {
        let id = file_id(sys, &root.watchdog_lock());
        if self.lock.is_none() || id == self.id || !matches!(sys.store.stat(&root.data()), Ok(Some(_))) {
            return true;
        }
        let again = Self::take(sys, root);
        let is_ours = again.is_some();
        *self = again.unwrap_or(Self { lock: None, id: None });
        is_ours
    }
}

fn file_id(sys: &Sys, path: &Path) -> Option<u64> {
    sys.store.stat(path).ok().flatten().map(|stat| stat.id)
}

/// Does `job` as the only watchdog of the root.
fn alone(json: bool, sys: Sys<'_>, root: &Root, job: impl FnOnce(&mut Alone) -> Exit) -> Exit {
    let Some(mut lock) = Alone::take(&sys, root) else { return busy(json) };
    let exit = job(&mut lock);
    exit.and(lock.exit())
}

/// Another one is at work.
pub(crate) fn busy(json: bool) -> Exit {
    refuse(
        json,
        &"another watchdog is at work in this root\n  one is enough; to see it: fuser -v data/.watchdog.lock",
        Exit::Busy,
    )
}

/// Tells the story on stderr.
pub(crate) fn tell(what: &dyn std::fmt::Display) {
    say::tell("watchdog", what);
}

/// Gives the answer on stdout.
pub(crate) fn answer(text: &str) -> Exit {
    say::answer("watchdog", text)
}

/// Says why there is no answer; also on stdout, where a machine asked.
pub(crate) fn refuse(json: bool, what: &dyn std::fmt::Display, exit: Exit) -> Exit {
    say::refuse("watchdog", json, what, exit)
}
