//! Time, files and processes, as three small traits in the words of this project.
//!
//! [`real`] is the only module that asks the operating system; `clippy.toml` bans the same calls everywhere
//! else. With the feature `sim` there is a seeded double with faults for each.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod process;
pub mod real;
mod store;

#[cfg(any(test, feature = "sim"))]
pub mod sim;

pub use process::{Ended, Job, Outcome};
pub(crate) use store::missing_folder;
pub use store::{Appended, Draft, Itself, Kind, Lock, MAX_READ, Owner, ReadAt, ReadError, Secrecy, Stat};

/// One reading of every clock of this host, taken together (**clock-honest**).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Now {
    /// Seconds since 1970-01-01 UTC on the wall clock, which people and NTP may step.
    pub wall: f64,
    /// Seconds since boot, counting suspend.
    pub up: f64,
    /// Seconds since boot, not counting suspend.
    pub awake: f64,
    /// Which boot `up` and `awake` belong to, where the operating system tells.
    pub boot: Option<String>,
}

/// Random bits, for names that nobody else has.
pub fn random() -> u64 {
    #[cfg(any(test, feature = "sim"))]
    if let Some(name) = sim::next_name() {
        return name;
    }
    RandomState::new().build_hasher().finish()
}

/// Reads the clocks and waits.
pub trait Clock {
    /// All clocks at this moment.
    fn now(&self) -> Now;
    /// Lets `duration` pass.
    fn wait(&self, duration: Duration);
}

/// Takes what came of reading one of many files, by its number.
pub type Take<'a> = dyn Fn(usize, Result<Vec<u8>, ReadError>) + Sync + 'a;

/// Reads and writes state files. Reading follows links; writing follows none to a file, and none to a folder in `data/`.
/// The root, `data` and `memory` may be links.
pub trait Store {
    /// The whole content of a regular file of at most [`MAX_READ`] bytes, opened without blocking.
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError>;

    /// Reads many files, each as [`Store::read`] does. What came of which is given to `take`, in any order and
    /// perhaps by several threads at once.
    fn read_each(&self, paths: &[PathBuf], take: &Take) {
        for (number, path) in paths.iter().enumerate() {
            take(number, self.read(path));
        }
    }

    /// At most `max` bytes from byte `offset` on, for logs that only grow.
    fn read_at(&self, path: &Path, offset: u64, max: usize) -> Result<Vec<u8>, ReadError>;

    /// Opens a regular file of any length, without blocking and without following a link: evidence is the file that
    /// it is said to be.
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, ReadError>;

    /// What is at `path`; `None` if nothing is. A dangling link is an error, not "nothing" (**fail-closed**).
    fn stat(&self, path: &Path) -> io::Result<Option<Stat>>;

    /// The path that leads to the same place without links. There must be something.
    fn without_links(&self, path: &Path) -> io::Result<PathBuf>;

    /// The names in a folder, sorted; empty if the folder is missing.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// The names in a folder that is there, sorted, and what each of them is, links not followed. More than `most`
    /// names are an error: the folder may be somebody else's.
    fn scan(&self, dir: &Path, most: usize) -> io::Result<Vec<(String, Itself)>>;

    /// Puts `bytes` at `path`, durably, so that a reader sees the old content or the new (**old-or-new**).
    /// Keeps group and mode of the file that it replaces; a link is replaced by a file. An error says nothing was promised.
    fn replace(&self, path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()>;

    /// Each as by [`Store::replace`], but made durable together, which for thousands of files takes a moment instead of
    /// minutes. After an error any of them may be new.
    fn replace_all(&self, files: &[(PathBuf, Vec<u8>)], secrecy: Secrecy) -> io::Result<()> {
        files.iter().try_for_each(|(path, bytes)| self.replace(path, bytes, secrecy))
    }

    /// Puts `bytes` at `path`, durably and whole, if nothing is there; false if something is, which stays as it is.
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<bool>;

    /// Makes durable what stands in a file, whoever wrote it, and its name. Takes the right to read it, no lock.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Begins a file that is too large to be in memory. It takes its place like that of [`Store::replace`].
    fn draft(&self, path: &Path, secrecy: Secrecy) -> io::Result<Box<dyn Draft + '_>>;

    /// Takes what stands behind `len` bytes away from a file of our own, durably.
    fn truncate(&self, path: &Path, len: u64) -> io::Result<()>;

    /// Adds one line durably, in one write and without a lock (**never-rewritten**). `line` has no newline.
    fn append(&self, path: &Path, line: &str) -> io::Result<Appended>;

    /// Cuts a file to nothing in place, then writes `bytes` into it: the last resort of a trip, whose face
    /// reads as paused whether it ends up empty, torn or whole. Creates the file if it is missing.
    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Sets a file's modification time.
    fn set_modified(&self, path: &Path, modified: std::time::SystemTime) -> io::Result<()>;

    /// Removes a file durably; no error if it is missing.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder in one that is there. Nothing makes a root or its `data/` but a person: where they are gone, a
    /// disk is not mounted, and an empty root would read as green (**fail-closed**).
    fn make_dir(&self, dir: &Path) -> io::Result<()>;

    /// Removes a folder if nothing is in it; no error if it is missing, or if something is.
    fn remove_empty_dir(&self, dir: &Path) -> io::Result<()>;

    /// Sets aside `bytes` of disk at `path`, to be freed when a trip finds the disk full.
    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()>;

    /// Removes temporary files that a killed writer left in `dir` more than `age` ago. Returns how many.
    fn sweep(&self, dir: &Path, age: Duration) -> io::Result<usize>;

    /// Takes the advisory lock at `path` if nobody holds it. It ends with the returned value or the process. The
    /// file is for everybody who may write into its folder, whoever makes it. An error names it.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

/// Runs other programs.
pub trait Spawner {
    /// Runs a program in a process group of its own with captured output, and kills the group at its deadline.
    fn run(&self, job: &Job) -> io::Result<Outcome>;

    /// The same, but stdout goes to `sink` as it comes, whole: it may be larger than memory. What the outcome keeps is
    /// stderr. Of our own environment the program gets `PATH` and what the system itself needs: no variable of a caller
    /// leads it elsewhere. An error of `sink` ends it.
    fn stream(&self, job: &Job, sink: &mut dyn io::Write) -> io::Result<Outcome>;
}

/// The three doors together. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Sys<'a> {
    /// Time.
    pub clock: &'a (dyn Clock + Sync),
    /// Files.
    pub store: &'a (dyn Store + Sync),
    /// Processes.
    pub spawner: &'a (dyn Spawner + Sync),
    /// The name of this host.
    pub host: &'a str,
}

impl Sys<'_> {
    /// The operating system itself.
    pub fn real() -> Sys<'static> {
        Sys {
            clock: &real::RealClock,
            store: &real::RealStore,
            spawner: &real::RealSpawner,
            host: real::host(),
        }
    }

    /// Takes the lock at `path`, waiting at most `patience`; `None` when it was not to be had. Never blocks
    /// longer: a stopped process may hold it (**no-lost-trip**).
    pub fn lock_within(&self, path: &Path, patience: Duration) -> io::Result<Option<Lock>> {
        const STEP: Duration = Duration::from_millis(5);
        let end = self.clock.now().up + patience.as_secs_f64();
        loop {
            if let Some(lock) = self.store.try_lock(path)? {
                return Ok(Some(lock));
            }
            if self.clock.now().up >= end {
                return Ok(None);
            }
            self.clock.wait(STEP);
        }
    }
}
