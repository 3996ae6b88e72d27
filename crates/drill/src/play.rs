//! Playing scenarios, several side by side: most of them wait most of the time.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast::sys::Sys;
use holdfast::{Exit, say};

use crate::PROGRAM;
use crate::cli::PlayArgs;
use crate::programs::Programs;
use crate::report::Row;
use crate::scenarios::{self, Scenario, disk};
use crate::stage::{Stage, Trouble, world};

/// More at once would disturb each other's times.
const LANES_MOST: usize = 4;

/// Plays scenarios, each in a folder of its own.
pub(crate) struct Lanes<'a> {
    pub(crate) sys: Sys<'static>,
    pub(crate) programs: &'a Programs,
    pub(crate) dir: &'a Path,
    /// Keep the folders of those that passed.
    pub(crate) keep: bool,
}

impl Lanes<'_> {
    /// Plays them all; the rows stand in the order of `scenarios`.
    pub(crate) fn play(&self, scenarios: &[&'static Scenario]) -> Vec<Row> {
        let (next, progress) = (AtomicUsize::new(0), Progress::of(scenarios.len()));
        let rows: Mutex<Vec<(usize, Row)>> = Mutex::default();
        let lanes = std::thread::available_parallelism().map_or(1, NonZero::get).clamp(2, LANES_MOST);
        std::thread::scope(|scope| {
            for _ in 0..lanes {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(scenario) = scenarios.get(at) else { return };
                        progress.begins(scenario.name);
                        let row = self.row(scenario);
                        progress.ends(scenario.name);
                        rows.lock().unwrap_or_else(PoisonError::into_inner).push((at, row));
                    }
                });
            }
        });
        progress.over();
        let mut rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        rows.sort_by_key(|(at, _)| *at);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    fn row(&self, scenario: &'static Scenario) -> Row {
        let dir = self.dir.join(scenario.name);
        let began = self.sys.clock.now().up;
        let played = if cfg!(unix) {
            Stage::set(self.sys, self.programs, &dir).and_then(|stage| (scenario.play)(&stage))
        } else {
            Err(Trouble::NotRun("this version rehearses on Unix only".to_owned()))
        };
        let row = Row::new(scenario, played, self.sys.clock.now().up - began, &dir);
        if row.passed() && !self.keep {
            // What stays is a folder too many, no failed rehearsal.
            let _ = world::clear(&dir);
        }
        row
    }
}

/// One scenario in a process of its own; the answer is for the drill.
pub(crate) fn one(args: &PlayArgs, sys: Sys<'static>, programs: &Programs) -> Exit {
    let played = play(args, sys, programs);
    let answer = serde_json::to_string(&played).unwrap_or_default();
    say::answer(PROGRAM, &format!("{answer}\n"))
}

fn play(args: &PlayArgs, sys: Sys<'static>, programs: &Programs) -> Result<crate::stage::Seen, Trouble> {
    if args.small_disk {
        disk::mount(&sys, &args.dir.join("scratch"))?;
        return disk::filled(&Stage::set(sys, programs, &args.dir)?);
    }
    match scenarios::named(&args.name) {
        Some(scenario) => (scenario.play)(&Stage::set(sys, programs, &args.dir)?),
        None => Err(Trouble::NotRun(format!("there is no scenario {:?}", args.name))),
    }
}

/// What is going on, in one line on a terminal.
struct Progress {
    all: usize,
    done: AtomicUsize,
    under_way: Mutex<BTreeSet<&'static str>>,
    shown: bool,
}

impl Progress {
    fn of(all: usize) -> Self {
        let shown = std::io::stderr().is_terminal();
        Self { all, done: AtomicUsize::new(0), under_way: Mutex::default(), shown }
    }

    fn begins(&self, name: &'static str) {
        self.show(|under_way| {
            under_way.insert(name);
        });
    }

    fn ends(&self, name: &'static str) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.show(|under_way| {
            under_way.remove(name);
        });
    }

    fn show(&self, change: impl FnOnce(&mut BTreeSet<&'static str>)) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut under_way);
        if self.shown {
            let names: Vec<&str> = under_way.iter().copied().collect();
            let done = self.done.load(Ordering::Relaxed);
            let _ = write!(std::io::stderr(), "\r\x1b[K{done} of {}: {}", self.all, names.join(", "));
        }
    }

    fn over(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
