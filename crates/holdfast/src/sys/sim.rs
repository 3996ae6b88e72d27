//! A seeded double of a host, with faults: clocks that are stepped, a disk that fills and loses power,
//! processes that are killed in the middle of a step. For tests; never in a release program.
//!
//! [`SimHost`] is the machine. [`SimProcess`] is one process on it, and the three doors of [`Sys`] at once.
//! A [`Director`] decides what goes wrong, and may let other processes act in the middle of a step: then the
//! process at work is one that was stopped there.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Sys, process};

mod clock;
mod disk;
mod names;
mod process_store;
mod rng;

pub use clock::SimClock;
use disk::Disk;
pub use names::name_from;
pub(super) use names::next_name;
pub use rng::Rng;

/// What a process is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The name of the process.
    pub process: String,
    /// The verb.
    pub verb: Verb,
    /// What it is done to.
    pub path: PathBuf,
}

/// The verbs of [`super::Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the verbs are")]
pub enum Verb {
    Read,
    Stat,
    List,
    Replace,
    Append,
    Overwrite,
    Sync,
    Truncate,
    SetModified,
    Remove,
    MakeDir,
    Reserve,
    Sweep,
    TryLock,
}

impl Verb {
    /// It changes the disk.
    pub fn writes(self) -> bool {
        !matches!(self, Verb::Read | Verb::Stat | Verb::List | Verb::TryLock)
    }
}

impl Step {
    /// The last part of the path.
    pub fn name(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// What goes wrong with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It fails and has changed nothing.
    NotApplied(io::ErrorKind),
    /// It is done but reported as failed, and a power loss may undo it.
    Applied(io::ErrorKind),
    /// Only a part is done, where the verb has parts (an append, an overwrite); then it fails.
    Torn(io::ErrorKind),
    /// The process is killed before the step.
    KilledBefore,
    /// The process is killed when only a part is done, where the verb has parts.
    KilledWithin,
    /// The process is killed after the step, before anything is made durable.
    KilledAfter,
}

impl Fault {
    /// What goes wrong with this verb, so often that the process is killed or that the step fails.
    pub fn at_random(rng: &mut Rng, verb: Verb, kills: f64, faults: f64) -> Self {
        const KINDS: [io::ErrorKind; 3] =
            [io::ErrorKind::Other, io::ErrorKind::StorageFull, io::ErrorKind::ReadOnlyFilesystem];
        if rng.chance(kills) {
            *rng.pick(&[Self::KilledBefore, Self::KilledWithin, Self::KilledAfter])
        } else if rng.chance(faults) {
            let kind = *rng.pick(&KINDS);
            // What only looks, or has no parts, has fewer ways to fail.
            let all = [Self::NotApplied(kind), Self::Applied(kind), Self::Torn(kind)];
            *rng.pick(if verb == Verb::Append { &all } else { &all[..2] })
        } else {
            Self::None
        }
    }
}

/// Decides what goes wrong, and sees what changes.
pub trait Director: Send + Sync {
    /// Before a step: what is to go wrong with it. Other processes may be run here.
    fn before(&self, step: &Step) -> Fault;
    /// The disk has changed in a way that readers can see; also in the middle of an overwrite.
    fn changed(&self, step: &Step);
}

/// A program on the host was asked to run.
pub type Runner = dyn Fn(&process::Job) -> io::Result<process::Outcome> + Send + Sync;

/// The machine: its clocks, its disk and what is locked.
pub struct SimHost {
    name: String,
    /// Time on this machine.
    pub clock: SimClock,
    disk: Mutex<Disk>,
    /// Who holds the lock on a path.
    locks: Arc<Mutex<BTreeMap<PathBuf, u64>>>,
    director: Mutex<Option<Arc<dyn Director>>>,
    runner: Mutex<Option<Arc<Runner>>>,
}

/// A process was killed: the payload of the unwinding that ends it.
struct Killed {
    process: String,
}

/// Locks that are taken for a moment; nothing is ever half done under them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimHost {
    /// A machine whose wall clock shows `wall`, with an empty disk.
    pub fn new(name: &str, wall: f64) -> Self {
        Self {
            name: name.to_owned(),
            clock: SimClock::new(wall),
            disk: Mutex::new(Disk::default()),
            locks: Arc::default(),
            director: Mutex::new(None),
            runner: Mutex::new(None),
        }
    }

    /// From now on `director` decides; without one nothing goes wrong.
    pub fn direct(&self, director: Option<Arc<dyn Director>>) {
        *lock(&self.director) = director;
    }

    /// What becomes of programs that are run; without one they end with 0.
    pub fn run_with(&self, runner: Option<Arc<Runner>>) {
        *lock(&self.runner) = runner;
    }

    /// A process of this name.
    pub fn process(&self, name: &str) -> SimProcess<'_> {
        SimProcess { host: self, name: name.to_owned() }
    }

    /// Runs `body` as the process `name`; `None` when it was killed.
    pub fn run<T>(&self, name: &str, body: impl FnOnce(&SimProcess) -> T) -> Option<T> {
        let process = self.process(name);
        match catch_unwind(AssertUnwindSafe(|| body(&process))) {
            Ok(value) => Some(value),
            Err(payload) if is_killed(payload.as_ref(), name) => None,
            Err(payload) => resume_unwind(payload),
        }
    }

    /// The power goes: off for `off_s` seconds, and on again, with no lock held and without what was not durable.
    pub fn reboot(&self, rng: &mut Rng, off_s: f64) {
        lock(&self.disk).lose_power(rng);
        lock(&self.locks).clear();
        self.clock.reboot(off_s);
    }

    /// The smallest difference of two modification times, in seconds. From now on.
    pub fn set_tick(&self, seconds: f64) {
        lock(&self.disk).tick = seconds;
    }

    /// From now on the disk has room for this many bytes more; `None`: for all.
    pub fn set_room(&self, bytes: Option<u64>) {
        lock(&self.disk).set_room(bytes);
    }

    /// What readers see at `path`, without being a process.
    pub fn peek(&self, path: &Path) -> Option<Vec<u8>> {
        lock(&self.disk).file(path).map(|file| file.bytes.as_ref().clone())
    }

    /// What would be left at `path` if the power went now and everything that can be lost was.
    pub fn durable(&self, path: &Path) -> Option<Vec<u8>> {
        lock(&self.disk).durable(path).map(|file| file.bytes.as_ref().clone())
    }

    /// When that last changed.
    pub fn durable_modified(&self, path: &Path) -> Option<std::time::SystemTime> {
        lock(&self.disk).durable(path).map(|file| file.modified)
    }

    /// When the content at `path` last changed.
    pub fn modified(&self, path: &Path) -> Option<std::time::SystemTime> {
        lock(&self.disk).file(path).map(|file| file.modified)
    }

    /// Every file in a folder, by name.
    pub fn names(&self, dir: &Path) -> Vec<String> {
        lock(&self.disk).list(dir)
    }

    /// Somebody gives a file another name, which outlives a power loss.
    pub fn rename(&self, from: &Path, to: &Path) {
        lock(&self.disk).rename(from, to);
    }

    /// Empties the disk and lets go of director and runner, which may hold on to this host.
    pub fn wipe(&self) {
        *lock(&self.disk) = Disk::default();
        self.direct(None);
        self.run_with(None);
    }

    fn told(&self) -> Option<Arc<dyn Director>> {
        lock(&self.director).clone()
    }
}

fn is_killed(payload: &(dyn Any + Send), name: &str) -> bool {
    payload.downcast_ref::<Killed>().is_some_and(|killed| killed.process == name)
}

/// One process on a [`SimHost`]: a clock, a store and a spawner.
pub struct SimProcess<'a> {
    host: &'a SimHost,
    name: String,
}

impl SimProcess<'_> {
    /// The doors, as this process has them.
    pub fn sys(&self) -> Sys<'_> {
        Sys { clock: &self.host.clock, store: self, spawner: self, host: &self.host.name }
    }

    /// Ends this process here.
    fn die(&self) -> ! {
        resume_unwind(Box::new(Killed { process: self.name.clone() }))
    }
}

#[cfg(test)]
mod tests;
