//! Files, durably: the order of system calls is the rule **old-or-new**.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use crate::sys::{
    Appended, Draft, Itself, Lock, MAX_READ, ReadAt, ReadError, Secrecy, Stat, Store, Take, missing_folder,
};

#[path = "files/bulk.rs"]
mod bulk;
#[path = "files/place.rs"]
mod place;
#[cfg(not(unix))]
#[path = "files/elsewhere.rs"]
mod platform;
#[cfg(unix)]
#[path = "files/unix.rs"]
mod platform;
#[cfg(all(test, unix))]
#[path = "files/tests.rs"]
mod tests;
#[path = "files/torn.rs"]
mod torn;

use place::{Place, is_inner, is_link, linked, parent};
use torn::ends_torn;

/// The files of this host.
#[derive(Clone, Copy, Debug)]
pub struct RealStore;

impl Store for RealStore {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let (mut file, len) = open_to_read(path)?;
        if len > MAX_READ {
            return Err(ReadError::TooLarge(len));
        }
        let mut bytes = vec![0; len as usize + 1];
        let read = match file.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            read => read?,
        };
        bytes.truncate(read);
        // As long as it was said to be: that is the end, without asking again.
        if read as u64 != len {
            // The bound holds also for a file that grows while it is read.
            file.take(MAX_READ + 1 - read as u64).read_to_end(&mut bytes)?;
        }
        if bytes.len() as u64 > MAX_READ { Err(ReadError::TooLarge(bytes.len() as u64)) } else { Ok(bytes) }
    }

    fn read_each(&self, paths: &[PathBuf], take: &Take) {
        // So many are worth a second thread: most of the time goes into opening them.
        const MANY: usize = 64;
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(path) = paths.get(number) else { break };
                take(number, self.read(path));
            }
        };
        std::thread::scope(|scope| {
            if paths.len() >= MANY {
                // Where no thread is to be had, this one does it all.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
    }

    fn read_at(&self, path: &Path, offset: u64, max: usize) -> Result<Vec<u8>, ReadError> {
        let (mut file, _) = open_to_read(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(max as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, ReadError> {
        bulk::open(path)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        platform::stat(path)
    }

    fn without_links(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names: io::Result<Vec<String>> =
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect();
        let mut names = names?;
        names.sort_unstable();
        Ok(names)
    }

    fn scan(&self, dir: &Path, most: usize) -> io::Result<Vec<(String, Itself)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if found.len() == most {
                return Err(io::Error::other(format!("has more than {most} entries")));
            }
            let kind = entry.file_type()?;
            let itself = match kind {
                _ if kind.is_file() => Itself::File,
                _ if kind.is_dir() => Itself::Dir,
                _ if kind.is_symlink() => Itself::Link,
                _ => Itself::Other,
            };
            found.push((entry.file_name().to_string_lossy().into_owned(), itself));
        }
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Ok(found)
    }

    fn replace(&self, path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
        let place = Place::of(path)?;
        let path = place.path();
        let temp = temp_beside(path);
        let written = write_temp(&temp, path, bytes, secrecy)
            .and_then(|file| file.sync_all())
            .and_then(|()| platform::rename(&temp, path));
        if written.is_err() {
            // The error is what counts; a temp file that stays is swept later.
            let _ = fs::remove_file(&temp);
        }
        written?;
        platform::sync_dir(parent(path))
    }

    fn replace_all(&self, files: &[(PathBuf, Vec<u8>)], secrecy: Secrecy) -> io::Result<()> {
        bulk::replace_all(files, secrecy)
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        bulk::create(path, bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        bulk::sync(path)
    }

    fn draft(&self, path: &Path, secrecy: Secrecy) -> io::Result<Box<dyn Draft + '_>> {
        bulk::draft(path, secrecy)
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        let file = open_in_place(OpenOptions::new().write(true), path)?;
        file.set_len(len)?;
        file.sync_all()
    }

    fn append(&self, path: &Path, line: &str) -> io::Result<Appended> {
        let place = Place::of(path)?;
        let path = place.path();
        let (mut file, fresh) = open_to_append(path)?;
        let closed_torn_line = ends_torn(&mut file)?;
        let mut bytes = Vec::with_capacity(line.len() + 2);
        if closed_torn_line {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        let written = file.write(&bytes)?;
        if written != bytes.len() {
            return Err(io::Error::new(
                io::ErrorKind::WriteZero,
                format!("only {written} of {} bytes could be written", bytes.len()),
            ));
        }
        let end = file.stream_position()?;
        file.sync_all()?;
        if fresh {
            platform::sync_dir(parent(path))?;
        }
        Ok(Appended { offset: end - line.len() as u64 - 1, end, closed_torn_line })
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let place = Place::of(path)?;
        let mut options = OpenOptions::new();
        let mut file = open_in_place(options.write(true).create(true).truncate(true), place.path())?;
        // A full disk takes no more than the cut: that must be durable then, for an empty face is paused (**trip-first**).
        let written = file.write_all(bytes);
        let synced = file.sync_all();
        written.and(synced)
    }

    fn set_modified(&self, path: &Path, modified: SystemTime) -> io::Result<()> {
        let place = Place::of(path)?;
        open_in_place(OpenOptions::new().append(true), place.path())?.set_modified(modified)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let place = match Place::of(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            place => place?,
        };
        match fs::remove_file(place.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => platform::sync_dir(parent(place.path())),
        }
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        if is_inner(dir) && is_link(dir) {
            return Err(linked(dir));
        }
        if dir.is_dir() {
            return Ok(());
        }
        match platform::make_dir(dir) {
            // Somebody else was quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing_folder(parent(dir))),
            // Or a power loss takes the folder away with what is durable in it.
            made => made.and_then(|()| platform::sync_dir(parent(dir))),
        }
    }

    fn remove_empty_dir(&self, dir: &Path) -> io::Result<()> {
        use io::ErrorKind::{DirectoryNotEmpty, NotFound};
        match fs::remove_dir(dir) {
            Err(error) if matches!(error.kind(), NotFound | DirectoryNotEmpty) => Ok(()),
            removed => removed,
        }
    }

    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.replace(path, &vec![0; bytes as usize], Secrecy::Shared)
    }

    fn sweep(&self, dir: &Path, age: Duration) -> io::Result<usize> {
        bulk::sweep(dir, &self.list(dir)?, age)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let place = Place::of(path).map_err(|error| unlockable(&error, path))?;
        let file = open_to_lock(place.path()).map_err(|error| unlockable(&error, path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Opens a file to write into it. It is the one at `path` itself, or none: `data/` belongs to the bot's group, too,
/// and a link there must not lead a trip by root into somebody else's file.
fn open_in_place(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    platform::open_unfollowed(options, path).map_err(|error| if is_link(path) { is_a_link() } else { error })
}

fn dangling() -> io::Error {
    io::Error::other("is a link that leads nowhere")
}

/// A file that could not be made because its folder is missing.
fn uncreated(error: io::Error, path: &Path) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound { missing_folder(parent(path)) } else { error }
}

fn is_a_link() -> io::Error {
    io::Error::other("is a symbolic link; Holdfast follows none when it writes: replace it by a file")
}

/// The file of a lock. To lock it takes no right to write, so that an old one of another user does as well.
fn open_to_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    match open_in_place(&mut options, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match open_in_place(options.create_new(true), path) {
                Ok(file) => {
                    platform::share_lock(&file, parent(path));
                    Ok(file)
                }
                // Somebody else was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    open_in_place(OpenOptions::new().read(true), path)
                }
                Err(error) => Err(error),
            }
        }
        Err(error) if refused(&error) => open_in_place(OpenOptions::new().read(true), path),
        opened => opened,
    }
}

/// Why a lock cannot be tried.
fn unlockable(error: &io::Error, path: &Path) -> io::Error {
    let advice = if refused(error) {
        " (it may be somebody else's: delete it while no other Holdfast program runs, and it is made anew \
         for owner and group of its folder)"
    } else {
        ""
    };
    io::Error::new(error.kind(), format!("the lock file {}: {error}{advice}", path.display()))
}

fn refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

fn open_to_read(path: &Path) -> Result<(File, u64), ReadError> {
    let file = match platform::nonblocking(OpenOptions::new().read(true)).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let dangling = fs::symlink_metadata(path).is_ok();
            return Err(if dangling { ReadError::DanglingLink } else { ReadError::Missing });
        }
        Err(error) => return Err(unopened(path, error)),
    };
    let meta = file.metadata()?;
    if let Some(what) = not_regular(&meta) {
        return Err(ReadError::NotRegular(what));
    }
    Ok((file, meta.len()))
}

/// A folder cannot be opened on Windows, nor a socket on Unix: the kind says more than the error.
fn unopened(path: &Path, error: io::Error) -> ReadError {
    match fs::metadata(path).ok().as_ref().and_then(not_regular) {
        Some(what) => ReadError::NotRegular(what),
        None => ReadError::Io(error),
    }
}

fn not_regular(meta: &fs::Metadata) -> Option<&'static str> {
    if meta.is_file() {
        None
    } else if meta.is_dir() {
        Some("a folder")
    } else {
        Some("a FIFO, socket or device")
    }
}

/// A name beside `path` that no other writer uses.
fn temp_beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let random = crate::sys::random();
    path.with_file_name(format!(".{name}.{}-{random:016x}.tmp", std::process::id()))
}

/// Not durable yet.
fn write_temp(temp: &Path, target: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<File> {
    // A new file: whatever lies at its path, a link too, is an error.
    let opened = platform::fresh(OpenOptions::new().write(true).create_new(true), secrecy).open(temp);
    let mut file = opened.map_err(|error| uncreated(error, target))?;
    platform::inherit(&file, target, secrecy)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// The file and whether it is new, so that its name must be made durable too.
fn open_to_append(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    let (file, fresh) = match open_in_place(&mut options, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let created = open_in_place(options.create(true), path);
            let file = created.map_err(|error| uncreated(error, path))?;
            platform::inherit(&file, path, Secrecy::Shared)?;
            (file, true)
        }
        opened => (opened?, false),
    };
    match not_regular(&file.metadata()?) {
        None => Ok((file, fresh)),
        Some(what) => Err(io::Error::other(format!("is not a regular file ({what})"))),
    }
}
