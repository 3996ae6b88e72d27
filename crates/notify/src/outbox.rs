//! The outbox: `data/outbox/`, one file per alert that is not settled.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdfast::Root;
use holdfast::config::Channel;
use holdfast::sys::{Lock, ReadError, Secrecy, Store, Sys};

use crate::alert::Alert;
use crate::deliver::Run;
use crate::entry::Entry;
use crate::memo::Memo;
use crate::report::Delivery;
use crate::state::States;
use crate::transport::Transport;

/// Temporary files of killed writers are swept when they are this old.
const SWEEP_AGE: Duration = Duration::from_hours(1);
const ID_MAX: usize = 120;
/// Longer than any delivery may hold an entry.
const HELD_MOST: Duration = Duration::from_mins(2);

/// The alerts that are not settled. A resident program keeps one, because what cannot be stored (full disk)
/// is kept in its memory, sent all the same, and not sent again once it was accepted.
#[derive(Debug)]
pub struct Outbox {
    /// `None` where nothing is to be stored.
    dir: Option<PathBuf>,
    /// What is newer here than on disk.
    unsaved: BTreeMap<String, Entry>,
    /// What is over, but whose file cannot be removed.
    over: BTreeSet<String>,
    pub(crate) memo: Memo,
}

/// What became of [`Outbox::put`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is on disk and will be sent.
    Stored,
    /// It was there already, and is on disk.
    Already,
    /// No channel is configured at all: nothing was stored, and nobody will be told.
    NoChannel,
}

/// An alert could not be stored. It is in memory, and the next delivery of this outbox sends it anyway
/// (**no-silent-alert**).
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The id is no file name of ours.
    #[error("{0:?} is no id of an alert: use at most 120 of A-Z a-z 0-9 . _ -, no dot first")]
    Id(String),
    /// The disk does not take it.
    #[error("{path} cannot be written: {error}", path = .path.display())]
    Store {
        /// The entry's file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
}

/// What waits in the outbox.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pending {
    /// The alerts, oldest first.
    pub entries: Vec<Entry>,
    /// Files that hold no alert, and a folder that cannot be read: an alert may be lost there.
    pub faults: Vec<String>,
}

/// What a claim on an entry found.
pub(crate) enum Claim {
    /// Ours until the lock is dropped. `None` where no lock could be taken: rather twice than never.
    Ours(Box<Entry>, Option<Lock>),
    /// Another process is sending it.
    Busy,
    /// It was settled meanwhile.
    Gone,
}

impl Outbox {
    /// The outbox of a root. Touches nothing yet.
    pub fn open(root: &Root) -> Self {
        Self { dir: Some(root.outbox()), ..Self::fleeting(root) }
    }

    /// Stores nothing; for messages whose loss somebody is watching for.
    pub(crate) fn fleeting(root: &Root) -> Self {
        let memo = Memo::at(&root.data().join("channels.json"));
        Self { dir: None, unsaved: BTreeMap::new(), over: BTreeSet::new(), memo }
    }

    /// Puts an alert on disk, for every channel of its level (see [`audience`]). Sends nothing.
    pub fn put(&mut self, sys: &Sys<'_>, alert: &Alert, channels: &[Channel]) -> Result<Put, PutError> {
        if channels.is_empty() {
            return Ok(Put::NoChannel);
        }
        self.keep(sys, alert, channels)
    }

    /// Puts an alert on disk while it is not known which channels there are: it waits for them.
    pub fn hold(&mut self, sys: &Sys<'_>, alert: &Alert) -> Result<Put, PutError> {
        self.keep(sys, alert, &[])
    }

    fn keep(&mut self, sys: &Sys<'_>, alert: &Alert, channels: &[Channel]) -> Result<Put, PutError> {
        let entry = Entry::new(alert.clone(), &sys.clock.now(), channels);
        let Some(dir) = &self.dir else {
            self.unsaved.insert(alert.id.clone(), entry);
            return Ok(Put::Stored);
        };
        if !is_id(&alert.id) {
            self.unsaved.insert(alert.id.clone(), entry);
            return Err(PutError::Id(alert.id.clone()));
        }
        let path = file(dir, &alert.id);
        if self.over.contains(&alert.id) {
            return Ok(Put::Already);
        }
        // Written again where it is there already: it may be so in this memory only, or left by a write that failed,
        // which a power loss may undo. One that cannot be read is better told twice than never.
        let known = self.load(sys.store, &alert.id).ok().flatten();
        let (put, entry) = known.map_or((Put::Stored, entry), |known| (Put::Already, known));
        let stored = sys.store.make_dir(dir).and_then(|()| write(sys.store, &path, &entry));
        match stored {
            Ok(()) => drop(self.unsaved.remove(&alert.id)),
            Err(_) => drop(self.unsaved.insert(alert.id.clone(), entry)),
        }
        stored.map(|()| put).map_err(|error| PutError::Store { path, error })
    }

    /// What waits: on disk, and in the memory of this process.
    pub fn pending(&self, sys: &Sys<'_>) -> Pending {
        let mut pending = Pending::default();
        let mut ids: BTreeSet<String> = self.unsaved.keys().cloned().collect();
        match self.ids(sys.store) {
            Ok(stored) => ids.extend(stored),
            Err(fault) => pending.faults.push(fault),
        }
        for id in ids {
            match self.load(sys.store, &id) {
                Ok(Some(entry)) => pending.entries.push(entry),
                Ok(None) => {}
                Err(fault) => pending.faults.push(fault),
            }
        }
        pending
            .entries
            .sort_by(|a, b| a.alert.at.total_cmp(&b.alert.at).then_with(|| a.alert.id.cmp(&b.alert.id)));
        pending
    }

    /// In how many seconds something is to be tried next, by what the last delivery of this outbox knew of pauses. Zero: a
    /// try is due already. Nothing where no channel of these has anything to take.
    pub fn next_try(&self, sys: &Sys<'_>, channels: &[Channel]) -> Option<f64> {
        let now = sys.clock.now();
        let pending = self.pending(sys);
        let wait = |entry: &Entry, channel: &Channel| {
            let pause = self.memo.paused(&channel.name, &now).unwrap_or_default();
            entry.wants(channel, channels).then(|| entry.remaining(&channel.name, &now).max(pause))
        };
        let waits =
            pending.entries.iter().flat_map(|entry| channels.iter().filter_map(move |c| wait(entry, c)));
        waits.min_by(f64::total_cmp)
    }

    /// Sends everything that is due, each channel beside the others and within its own timeout, and returns
    /// within `budget` (at most a minute and a half) whatever hangs; what is still under way then counts as not accepted.
    ///
    /// `states` is what the last delivery returned ([`Delivery::states`]).
    pub fn deliver(
        &mut self,
        sys: &Sys<'_>,
        channels: &[Channel],
        states: &States,
        budget: Duration,
        transport: &dyn Transport,
    ) -> Delivery {
        self.sweep(sys.store);
        Run::new(sys, self, channels, states, budget).finish(transport)
    }

    /// Settles whatever waits, because no channel is configured any more: nobody will ever take it. Not for
    /// a configuration that could not be read.
    pub fn give_up(&mut self, sys: &Sys<'_>) -> Delivery {
        self.sweep(sys.store);
        Run::new(sys, self, &[], &States::new(), Duration::ZERO).give_up()
    }

    fn ids(&self, store: &dyn Store) -> Result<Vec<String>, String> {
        let Some(dir) = &self.dir else { return Ok(Vec::new()) };
        let names = store.list(dir).map_err(|error| format!("{} cannot be read: {error}", dir.display()))?;
        let id =
            |name: &String| name.strip_suffix(".json").filter(|id| !id.starts_with('.')).map(str::to_owned);
        Ok(names.iter().filter_map(id).collect())
    }

    /// The newest that is known of an entry.
    fn load(&self, store: &dyn Store, id: &str) -> Result<Option<Entry>, String> {
        if let Some(entry) = self.unsaved.get(id) {
            return Ok(Some(entry.clone()));
        }
        let Some(dir) = self.dir.as_ref().filter(|_| !self.over.contains(id)) else { return Ok(None) };
        let path = file(dir, id);
        let parsed = match store.read(&path) {
            Err(ReadError::Missing) => return Ok(None),
            Err(error) => Err(error.to_string()),
            Ok(bytes) => Entry::parse(&bytes, id),
        };
        parsed.map(Some).map_err(|why| {
            format!("{} {why}: an alert may be lost here\n  read it, then delete it", path.display())
        })
    }

    /// Takes an entry for sending, so that two programs never send the same one at the same time.
    pub(crate) fn claim(&self, sys: &Sys<'_>, id: &str, report: &mut Delivery) -> Claim {
        let lock_path = self.dir.as_ref().filter(|_| is_id(id)).map(|dir| lock_file(dir, id));
        let lock = match lock_path.as_ref().map(|path| (path, sys.store.try_lock(path))) {
            Some((path, Ok(None))) if !is_stuck(sys, path) => return Claim::Busy,
            Some((path, Ok(Some(lock)))) => {
                // Tells others how long we have been at it.
                let _ = sys.store.set_modified(path, wall(sys));
                Some(lock)
            }
            Some((_, Ok(None))) => {
                report.fault(format!("{id} is held by a process that hangs; it is sent all the same"));
                None
            }
            Some((_, Err(error))) => {
                report.fault(format!("{id} cannot be locked: {error}; it is sent all the same"));
                None
            }
            None => None,
        };
        match self.load(sys.store, id) {
            Ok(Some(entry)) => Claim::Ours(Box::new(entry), lock),
            Ok(None) => {
                if let Some(path) = lock_path.filter(|_| lock.is_some()) {
                    let _ = sys.store.remove(&path);
                }
                Claim::Gone
            }
            Err(fault) => {
                report.fault(fault);
                Claim::Gone
            }
        }
    }

    /// Stores how far an entry has come; keeps it in memory if that fails.
    pub(crate) fn save(&mut self, store: &dyn Store, entry: &Entry, report: &mut Delivery) {
        let id = &entry.alert.id;
        match self.dir.as_ref().filter(|_| is_id(id)).map(|dir| write(store, &file(dir, id), entry)) {
            Some(Ok(())) => drop(self.unsaved.remove(id)),
            Some(Err(error)) => {
                report.fault(format!(
                    "{id}: its delivery cannot be marked: {error}; another program may send it again"
                ));
                self.unsaved.insert(id.clone(), entry.clone());
            }
            None => drop(self.unsaved.insert(id.clone(), entry.clone())),
        }
    }

    /// Removes an entry that is settled or expired. One that cannot be removed is not looked at again.
    pub(crate) fn discard(&mut self, store: &dyn Store, id: &str, report: &mut Delivery) {
        self.unsaved.remove(id);
        let Some(dir) = self.dir.as_ref().filter(|_| is_id(id)) else { return };
        match store.remove(&file(dir, id)) {
            Ok(()) => {
                self.over.remove(id);
                // After the entry: who takes the lock now finds nothing to send.
                let _ = store.remove(&lock_file(dir, id));
            }
            Err(error) => {
                report
                    .fault(format!("{id} cannot be removed from the outbox: {error}; it may be sent again"));
                self.over.insert(id.to_owned());
            }
        }
    }

    /// Stores again what could not be stored before: on disk before it is sent (**no-silent-alert**).
    pub(crate) fn save_unsaved(&mut self, store: &dyn Store, report: &mut Delivery) {
        if let Some(dir) = &self.dir {
            // A failure shows in the writes below.
            let _ = store.make_dir(dir);
            for entry in self.unsaved.clone().values() {
                self.save(store, entry, report);
            }
        }
        for id in self.over.clone() {
            self.discard(store, &id, report);
        }
    }

    /// Clears away what killed processes left behind.
    fn sweep(&self, store: &dyn Store) {
        let Some(dir) = &self.dir else { return };
        let _ = store.sweep(dir, SWEEP_AGE);
        for name in store.list(dir).unwrap_or_default() {
            let Some(id) = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".lock")) else {
                continue;
            };
            let orphan = || matches!(store.stat(&file(dir, id)), Ok(None));
            if orphan() && matches!(store.try_lock(&dir.join(&name)), Ok(Some(_)) if orphan()) {
                let _ = store.remove(&dir.join(&name));
            }
        }
    }
}

/// The channels that an alert of `level` is for: those of this level or lower. If there are none, those of
/// the lowest level that there is: somebody must be told (**no-silent-alert**).
pub fn audience(level: u8, channels: &[Channel]) -> impl Iterator<Item = &Channel> {
    let lowest = channels.iter().map(|channel| channel.level).min().unwrap_or(level);
    channels.iter().filter(move |channel| channel.level <= level.max(lowest))
}

/// Whoever holds this lock has held it for longer than any delivery takes: it is stopped or hangs, and must
/// not keep an alert from being heard (**independent-witness**). Steps of the wall clock err on that side.
fn is_stuck(sys: &Sys<'_>, lock: &Path) -> bool {
    let Ok(Some(stat)) = sys.store.stat(lock) else { return false };
    let (now, then) = (wall(sys), stat.modified);
    now.duration_since(then).or_else(|_| then.duration_since(now)).is_ok_and(|held| held > HELD_MOST)
}

fn wall(sys: &Sys<'_>) -> SystemTime {
    let since = Duration::try_from_secs_f64(sys.clock.now().wall).unwrap_or_default();
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

fn file(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!("{id}.json"))
}

fn lock_file(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!(".{id}.lock"))
}

fn write(store: &dyn Store, path: &Path, entry: &Entry) -> io::Result<()> {
    store.replace(path, &entry.to_bytes(), Secrecy::Shared)
}

fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=ID_MAX).contains(&id.len()) && !id.starts_with('.') && id.bytes().all(plain)
}
