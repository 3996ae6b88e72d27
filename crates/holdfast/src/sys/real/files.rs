//! Files, durably: the order of system calls is the rule **old-or-new**.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::sys::{Appended, Kind, Lock, MAX_READ, ReadError, Secrecy, Stat, Store};

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

    fn read_at(&self, path: &Path, offset: u64, max: usize) -> Result<Vec<u8>, ReadError> {
        let (mut file, _) = open_to_read(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(max as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        let itself = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            itself => itself?,
        };
        if !itself.is_symlink() {
            return stat_of(&itself).map(Some);
        }
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(io::Error::other("is a link that leads nowhere"))
            }
            found => stat_of(&found?).map(Some),
        }
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

    fn replace(&self, path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
        let temp = temp_beside(path);
        let written = write_temp(&temp, path, bytes, secrecy).and_then(|()| platform::rename(&temp, path));
        if written.is_err() {
            // The error is what counts; a temp file that stays is swept later.
            let _ = fs::remove_file(&temp);
        }
        written?;
        platform::sync_dir(parent(path))
    }

    fn append(&self, path: &Path, line: &str) -> io::Result<Appended> {
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
        let mut file =
            platform::nonblocking(OpenOptions::new().write(true).create(true).truncate(true)).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn set_modified(&self, path: &Path, modified: SystemTime) -> io::Result<()> {
        platform::nonblocking(OpenOptions::new().append(true)).open(path)?.set_modified(modified)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => platform::sync_dir(parent(path)),
        }
    }

    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() { Ok(()) } else { platform::make_dir(dir) }
    }

    fn reserve(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.replace(path, &vec![0; bytes as usize], Secrecy::Shared)
    }

    fn sweep(&self, dir: &Path, age: Duration) -> io::Result<usize> {
        let mut swept = 0;
        for name in self.list(dir)? {
            let path = dir.join(&name);
            if is_temp(&name) && file_age(&path)? >= age {
                fs::remove_file(&path)?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file =
            platform::nonblocking(OpenOptions::new().read(true).append(true).create(true)).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
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

fn stat_of(meta: &fs::Metadata) -> io::Result<Stat> {
    let kind = match not_regular(meta) {
        None => Kind::File,
        Some(_) if meta.is_dir() => Kind::Dir,
        Some(_) => Kind::Other,
    };
    Ok(Stat {
        kind,
        len: meta.len(),
        modified: meta.modified()?,
        id: platform::id(meta),
        owner: platform::owner(meta),
    })
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// A name beside `path` that no other writer uses.
fn temp_beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let random = crate::sys::random();
    path.with_file_name(format!(".{name}.{}-{random:016x}.tmp", std::process::id()))
}

fn is_temp(name: &str) -> bool {
    let hidden = name.starts_with('.');
    hidden && Path::new(name).extension().is_some_and(|extension| extension == "tmp")
}

fn file_age(path: &Path) -> io::Result<Duration> {
    Ok(SystemTime::now().duration_since(fs::symlink_metadata(path)?.modified()?).unwrap_or_default())
}

fn write_temp(temp: &Path, target: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
    let mut file = platform::fresh(OpenOptions::new().write(true).create_new(true), secrecy).open(temp)?;
    platform::inherit(&file, target, secrecy)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The file and whether it is new, so that its name must be made durable too.
fn open_to_append(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    let options = platform::nonblocking(options.read(true).append(true));
    let (file, fresh) = match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let file = platform::fresh(options.create(true), Secrecy::Shared).open(path)?;
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

fn ends_torn(file: &mut File) -> io::Result<bool> {
    let len = file.metadata()?.len();
    if len == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(len - 1))?;
    // Nothing to read: somebody has cut the file since, and nothing is torn.
    Ok(file.read(&mut last)? == 1 && last != *b"\n")
}

#[cfg(unix)]
mod platform {
    use std::fs::{self, File, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown};
    use std::path::Path;

    use crate::sys::{Owner, Secrecy};

    /// A FIFO must not hold up who opens it (**trip-first**).
    pub(super) fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o640).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
    }

    pub(super) fn fresh(options: &mut OpenOptions, secrecy: Secrecy) -> &mut OpenOptions {
        options.mode(match secrecy {
            Secrecy::Shared => 0o640,
            Secrecy::Secret => 0o600,
        })
    }

    /// Gives a new file the mode, group and (as root) owner of what it replaces, or of its folder: a `sudo`
    /// trip must not lock the bot out. What the operating system refuses here is not worth failing a trip for.
    pub(super) fn inherit(file: &File, target: &Path, secrecy: Secrecy) -> io::Result<()> {
        let ours = file.metadata()?;
        let old = fs::metadata(target).ok().filter(|old| old.is_file() && old.ino() != ours.ino());
        let dir = fs::metadata(super::parent(target))?;
        let like = old.as_ref().unwrap_or(&dir);
        if (like.uid(), like.gid()) != (ours.uid(), ours.gid()) {
            let _ = fchown(file, Some(like.uid()), Some(like.gid()))
                .or_else(|_| fchown(file, None, Some(like.gid())));
        }
        match old {
            Some(old) if secrecy == Secrecy::Shared && old.mode() & 0o7777 != ours.mode() & 0o7777 => {
                file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        let above = super::parent(dir);
        make_dir(above)?;
        match fs::DirBuilder::new().mode(0o750).create(dir) {
            // Somebody else was quicker.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => return Ok(()),
            made => made?,
        }
        // Made by `sudo` it must not lock the bot out. What the system refuses here is not worth failing for.
        if let (Ok(ours), Ok(theirs)) = (fs::metadata(dir), fs::metadata(above))
            && (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid())
        {
            let _ = chown(dir, Some(theirs.uid()), Some(theirs.gid()));
        }
        // Or a power loss takes the folder away with what is durable in it.
        sync_dir(above)
    }

    pub(super) fn id(meta: &fs::Metadata) -> u64 {
        meta.ino()
    }

    pub(super) fn owner(meta: &fs::Metadata) -> Owner {
        Owner { uid: Some(meta.uid()), mode: Some(meta.mode() & 0o7777) }
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::{self, File, OpenOptions};
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    use crate::sys::{Owner, Secrecy};

    pub(super) fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn fresh(options: &mut OpenOptions, _secrecy: Secrecy) -> &mut OpenOptions {
        options
    }

    pub(super) fn inherit(_file: &File, _target: &Path, _secrecy: Secrecy) -> io::Result<()> {
        Ok(())
    }

    /// A reader that has the file open makes a rename fail; it will be gone in a moment.
    pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
        const TRIES: u32 = 20;
        const STEP: Duration = Duration::from_millis(10);
        for _ in 1..TRIES {
            match fs::rename(from, to) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => std::thread::sleep(STEP),
                done => return done,
            }
        }
        fs::rename(from, to)
    }

    /// Windows has no fsync of a folder; NTFS journals the rename.
    #[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
    pub(super) fn sync_dir(_dir: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }

    pub(super) fn id(_meta: &fs::Metadata) -> u64 {
        0
    }

    pub(super) fn owner(_meta: &fs::Metadata) -> Owner {
        Owner::default()
    }
}
