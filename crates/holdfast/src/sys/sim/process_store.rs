//! The store and the spawner of a simulated process.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use super::disk::Disk;
use super::{Fault, SimProcess, Step, Verb, lock};
use crate::sys::{
    Appended, Clock, Draft, Ended, Itself, Job, Kind, Lock, MAX_READ, Outcome, ReadAt, ReadError, Secrecy,
    Spawner, Stat, Store,
};

/// How a step goes on, after the director had its say and short of being killed before it.
#[derive(Clone, Copy, PartialEq)]
enum Course {
    Whole,
    AppliedThenError(io::ErrorKind),
    PartThenError(io::ErrorKind),
    PartThenKilled,
    AppliedThenKilled,
}

impl SimProcess<'_> {
    fn step(&self, verb: Verb, path: &Path) -> io::Result<(Step, Course)> {
        let step = Step { process: self.name.clone(), verb, path: path.to_owned() };
        let fault = self.host.told().map_or(Fault::None, |director| director.before(&step));
        let course = match fault {
            Fault::None => Course::Whole,
            Fault::NotApplied(kind) => return Err(kind.into()),
            Fault::KilledBefore => self.die(),
            Fault::Applied(kind) => Course::AppliedThenError(kind),
            Fault::Torn(kind) => Course::PartThenError(kind),
            Fault::KilledWithin => Course::PartThenKilled,
            Fault::KilledAfter => Course::AppliedThenKilled,
        };
        Ok((step, course))
    }

    /// A step that only looks. It fails or does not.
    fn look<T>(&self, verb: Verb, path: &Path, read: impl FnOnce(&Disk) -> T) -> io::Result<T> {
        let (_, course) = self.step(verb, path)?;
        match course {
            Course::Whole => Ok(read(&lock(&self.host.disk))),
            Course::AppliedThenError(kind) | Course::PartThenError(kind) => Err(kind.into()),
            Course::PartThenKilled | Course::AppliedThenKilled => self.die(),
        }
    }

    /// A change that is there whole or not at all, then durable.
    fn change<T>(
        &self,
        verb: Verb,
        path: &Path,
        apply: impl FnOnce(&mut Disk, SystemTime) -> io::Result<T>,
    ) -> io::Result<T> {
        let (step, course) = self.step(verb, path)?;
        match course {
            Course::PartThenError(kind) => return Err(kind.into()),
            Course::PartThenKilled => self.die(),
            _ => {}
        }
        let value = self.apply(&step, apply)?;
        self.finish(path, course)?;
        Ok(value)
    }

    fn apply<T>(
        &self,
        step: &Step,
        apply: impl FnOnce(&mut Disk, SystemTime) -> io::Result<T>,
    ) -> io::Result<T> {
        let value = {
            let mut disk = lock(&self.host.disk);
            let stamp = self.host.clock.stamp(disk.tick);
            apply(&mut disk, stamp)
        }?;
        if let Some(director) = self.host.told() {
            director.changed(step);
        }
        Ok(value)
    }

    fn finish(&self, path: &Path, course: Course) -> io::Result<()> {
        match course {
            Course::Whole => {
                lock(&self.host.disk).sync(path);
                Ok(())
            }
            Course::AppliedThenError(kind) | Course::PartThenError(kind) => Err(kind.into()),
            Course::PartThenKilled | Course::AppliedThenKilled => self.die(),
        }
    }
}

impl Store for SimProcess<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let bytes = self.read_at(path, 0, usize::MAX)?;
        let len = bytes.len() as u64;
        if len > MAX_READ { Err(ReadError::TooLarge(len)) } else { Ok(bytes) }
    }

    fn read_at(&self, path: &Path, offset: u64, max: usize) -> Result<Vec<u8>, ReadError> {
        let (is_dir, bytes) = self.look(Verb::Read, path, |disk| {
            (disk.is_dir(path), disk.file(path).map(|file| Arc::clone(&file.bytes)))
        })?;
        match bytes {
            None if is_dir => Err(ReadError::NotRegular("a folder")),
            None => Err(ReadError::Missing),
            Some(bytes) => {
                let from = (offset as usize).min(bytes.len());
                Ok(bytes[from..].iter().copied().take(max).collect())
            }
        }
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, ReadError> {
        Ok(Box::new(self.read_at(path, 0, usize::MAX)?))
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        self.look(Verb::Stat, path, |disk| disk.stat(path))
    }

    fn without_links(&self, path: &Path) -> io::Result<PathBuf> {
        // There are none.
        self.stat(path)?.map(|_| path.to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.look(Verb::List, dir, |disk| disk.list(dir))
    }

    fn scan(&self, dir: &Path, most: usize) -> io::Result<Vec<(String, Itself)>> {
        let found = self.look(Verb::List, dir, |disk| disk.is_dir(dir).then(|| disk.scan(dir)))?;
        match found {
            None => Err(io::ErrorKind::NotFound.into()),
            Some(found) if found.len() > most => {
                Err(io::Error::other(format!("has more than {most} entries")))
            }
            Some(found) => Ok(found),
        }
    }

    fn replace(&self, path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
        self.change(Verb::Replace, path, |disk, stamp| {
            disk.fits(path, bytes.len() as u64)?;
            disk.put(path, bytes, stamp);
            if secrecy == Secrecy::Secret {
                disk.hide(path);
            }
            Ok(())
        })
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        self.change(Verb::Replace, path, |disk, stamp| {
            if disk.stat(path).is_some() {
                return Ok(false);
            }
            disk.fits(path, bytes.len() as u64)?;
            disk.put(path, bytes, stamp);
            Ok(true)
        })
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.change(Verb::Sync, path, |_, _| Ok(()))
    }

    fn draft(&self, path: &Path, secrecy: Secrecy) -> io::Result<Box<dyn Draft + '_>> {
        Ok(Box::new(InMemory { store: self, path: path.to_owned(), bytes: Vec::new(), secrecy }))
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        self.change(Verb::Truncate, path, |disk, stamp| {
            let file = disk.file(path).ok_or(io::ErrorKind::NotFound)?;
            let bytes = file.bytes[..file.bytes.len().min(len as usize)].to_vec();
            disk.write_in_place(path, &bytes, stamp);
            Ok(())
        })
    }

    fn append(&self, path: &Path, line: &str) -> io::Result<Appended> {
        let (step, course) = self.step(Verb::Append, path)?;
        let torn = matches!(course, Course::PartThenError(_) | Course::PartThenKilled);
        let appended = self.apply(&step, |disk, stamp| {
            let closed_torn_line = match disk.stat(path) {
                Some(Stat { kind: Kind::File, .. }) => {
                    disk.file(path).and_then(|file| file.bytes.last()).is_some_and(|last| *last != b'\n')
                }
                _ => false,
            };
            let mut bytes = if closed_torn_line { b"\n".to_vec() } else { Vec::new() };
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
            disk.fits(path, bytes.len() as u64)?;
            let part = if torn { bytes.len() / 2 } else { bytes.len() };
            let end = disk.add(path, &bytes[..part], stamp);
            let offset = end.saturating_sub(line.len() as u64 + 1);
            Ok(Appended { offset, end, closed_torn_line })
        })?;
        self.finish(path, course)?;
        Ok(appended)
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (step, course) = self.step(Verb::Overwrite, path)?;
        self.apply(&step, |disk, stamp| {
            if disk.stat(path).is_none() {
                disk.fits(path, 0)?;
            }
            disk.write_in_place(path, &[], stamp);
            Ok(())
        })?;
        let torn = matches!(course, Course::PartThenError(_) | Course::PartThenKilled);
        let written = self.apply(&step, |disk, stamp| {
            disk.fits(path, bytes.len() as u64)?;
            let part = if torn { bytes.len() / 2 } else { bytes.len() };
            disk.write_in_place(path, &bytes[..part], stamp);
            Ok(())
        });
        // What a full disk leaves is made durable too.
        self.finish(path, course)?;
        written
    }

    fn set_modified(&self, path: &Path, modified: SystemTime) -> io::Result<()> {
        self.change(Verb::SetModified, path, |disk, _| disk.set_modified(path, modified))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(Verb::Remove, path, |disk, _| {
            disk.remove(path);
            Ok(())
        })
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(Verb::MakeDir, dir, |disk, _| disk.make_dir(dir))
    }

    fn remove_empty_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(Verb::Remove, dir, |disk, _| {
            disk.remove_empty_dir(dir);
            Ok(())
        })
    }

    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.replace(path, &vec![0; bytes as usize], Secrecy::Shared)
    }

    fn sweep(&self, dir: &Path, age: Duration) -> io::Result<usize> {
        self.change(Verb::Sweep, dir, |disk, stamp| Ok(disk.sweep(dir, age, stamp)))
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        static LAST: AtomicU64 = AtomicU64::new(0);
        self.look(Verb::TryLock, path, |_| ())?;
        {
            // The file that the lock is on stays.
            let mut disk = lock(&self.host.disk);
            if disk.file(path).is_none() {
                let stamp = self.host.clock.stamp(disk.tick);
                disk.put(path, &[], stamp);
            }
        }
        let mut held = lock(&self.host.locks);
        if held.contains_key(path) {
            return Ok(None);
        }
        let token = LAST.fetch_add(1, Ordering::Relaxed);
        held.insert(path.to_owned(), token);
        Ok(Some(Lock::new(Held { locks: Arc::clone(&self.host.locks), path: path.to_owned(), token })))
    }
}

/// A lock that somebody holds. After a power loss it may be somebody else's.
struct Held {
    locks: Arc<Mutex<BTreeMap<PathBuf, u64>>>,
    path: PathBuf,
    token: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = lock(&self.locks);
        if held.get(&self.path) == Some(&self.token) {
            held.remove(&self.path);
        }
    }
}

impl Spawner for SimProcess<'_> {
    fn run(&self, job: &Job) -> io::Result<Outcome> {
        let runner = lock(&self.host.runner).clone();
        match runner {
            Some(runner) => runner(job),
            None => Ok(Outcome { ended: Ended::Code(0), output: String::new() }),
        }
    }

    fn stream(&self, job: &Job, sink: &mut dyn io::Write) -> io::Result<Outcome> {
        let outcome = self.run(job)?;
        sink.write_all(outcome.output.as_bytes())?;
        Ok(Outcome { output: String::new(), ..outcome })
    }
}

impl std::fmt::Debug for SimProcess<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {:?}", self.name, self.host.clock.now())
    }
}

/// On this disk everything fits into memory.
struct InMemory<'a> {
    store: &'a SimProcess<'a>,
    path: PathBuf,
    bytes: Vec<u8>,
    secrecy: Secrecy,
}

impl io::Write for InMemory<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for InMemory<'_> {
    fn keep(self: Box<Self>) -> io::Result<()> {
        self.store.replace(&self.path, &self.bytes, self.secrecy)
    }
}
