//! Files where there are owners, groups and modes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use crate::sys::{Kind, Owner, Secrecy, Stat};

const SHARED: u32 = 0o640;
const PUBLIC: u32 = 0o644;

/// A FIFO must not hold up who opens it (**trip-first**).
pub(super) fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OFlags::NONBLOCK.bits().cast_signed())
}

/// Opens what is at `path` itself. A link there is an error, without a moment between a look and the opening.
pub(super) fn open_unfollowed(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    options.mode(SHARED).custom_flags(flags.bits().cast_signed()).open(path)
}

pub(super) fn fresh(options: &mut OpenOptions, secrecy: Secrecy) -> &mut OpenOptions {
    options.mode(match secrecy {
        Secrecy::Shared => SHARED,
        Secrecy::Secret => 0o600,
        Secrecy::Public => PUBLIC,
    })
}

/// Holds a folder that is no link: the path of what is held, and what holds it. `None` where the system has no such
/// path; then it was only looked at.
#[cfg(target_os = "linux")]
pub(super) fn hold(dir: &Path) -> io::Result<Option<(PathBuf, File)>> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = File::from(rustix::fs::open(dir, flags, rustix::fs::Mode::empty())?);
    let path = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&folder)));
    // A jail may have no /proc.
    let there = fs::symlink_metadata(&path).is_ok();
    Ok(there.then_some((path, folder)))
}

/// See the Linux version.
#[cfg(not(target_os = "linux"))]
pub(super) fn hold(dir: &Path) -> io::Result<Option<(PathBuf, File)>> {
    if super::is_link(dir) { Err(super::linked(dir)) } else { Ok(None) }
}

/// Gives a new file the mode, group and (as root) owner of what it replaces, or of its folder: a `sudo`
/// trip must not lock the bot out. What the operating system refuses here is not worth failing a trip for.
pub(super) fn inherit(file: &File, target: &Path, secrecy: Secrecy) -> io::Result<()> {
    let ours = file.metadata()?;
    // Not what a link leads to: that may be anybody's.
    let old = fs::symlink_metadata(target).ok().filter(|old| old.is_file() && old.ino() != ours.ino());
    let dir = fs::metadata(super::parent(target))?;
    let like = old.as_ref().unwrap_or(&dir);
    if (like.uid(), like.gid()) != (ours.uid(), ours.gid()) {
        let _ = fchown(file, Some(like.uid()), Some(like.gid()))
            .or_else(|_| fchown(file, None, Some(like.gid())));
    }
    match old {
        Some(old) if secrecy != Secrecy::Secret && old.mode() & 0o7777 != ours.mode() & 0o7777 => {
            file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))
        }
        // Whatever the umask takes away.
        None if secrecy == Secrecy::Public => file.set_permissions(fs::Permissions::from_mode(PUBLIC)),
        _ => Ok(()),
    }
}

/// Makes a new lock file everybody's who may write into its folder: whoever comes first must not lock the others
/// out for ever. What the operating system refuses here is not worth failing a trip for.
pub(super) fn share_lock(file: &File, dir: &Path) {
    if let (Ok(ours), Ok(theirs)) = (file.metadata(), fs::metadata(dir))
        && (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid())
    {
        let _ = fchown(file, Some(theirs.uid()), Some(theirs.gid()))
            .or_else(|_| fchown(file, None, Some(theirs.gid())));
    }
    // After the owner, and past the umask.
    let _ = file.set_permissions(fs::Permissions::from_mode(0o660));
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buf, offset)
}

/// Makes everything on the file system of this file durable; false where there is no such call.
#[cfg(target_os = "linux")]
pub(super) fn sync_file_system(file: &File) -> io::Result<bool> {
    rustix::fs::syncfs(file)?;
    Ok(true)
}

/// See above.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
pub(super) fn sync_file_system(_file: &File) -> io::Result<bool> {
    Ok(false)
}

pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// One folder, in one that is there.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o750).create(dir)?;
    // Made by `sudo` it must not lock the bot out. What the system refuses here is not worth failing for.
    if let (Ok(ours), Ok(theirs)) = (fs::metadata(dir), fs::metadata(super::parent(dir)))
        && (ours.uid(), ours.gid()) != (theirs.uid(), theirs.gid())
    {
        let _ = lchown(dir, Some(theirs.uid()), Some(theirs.gid()));
    }
    Ok(())
}

/// Asks the kernel without the detours of the standard library: a loop that checks the circuit does little else.
pub(super) fn stat(path: &Path) -> io::Result<Option<Stat>> {
    let found = match rustix::fs::lstat(path) {
        Err(Errno::NOENT) => return Ok(None),
        Ok(itself) if FileType::from_raw_mode(itself.st_mode) == FileType::Symlink => {
            match rustix::fs::stat(path) {
                Err(Errno::NOENT) => return Err(super::dangling()),
                found => found?,
            }
        }
        itself => itself?,
    };
    stat_of(&found).map(Some)
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_lossless,
    reason = "each system has its own types for these numbers"
)]
fn stat_of(found: &rustix::fs::Stat) -> io::Result<Stat> {
    let kind = match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        _ => Kind::Other,
    };
    let seconds = Duration::from_secs(found.st_mtime.unsigned_abs());
    let second =
        if found.st_mtime < 0 { UNIX_EPOCH.checked_sub(seconds) } else { UNIX_EPOCH.checked_add(seconds) };
    let modified =
        second.and_then(|second| second.checked_add(Duration::from_nanos(found.st_mtime_nsec as u64)));
    Ok(Stat {
        kind,
        len: found.st_size.unsigned_abs(),
        modified: modified.ok_or_else(|| io::Error::other("bears an impossible time"))?,
        id: found.st_ino as u64,
        owner: Owner {
            uid: Some(found.st_uid),
            gid: Some(found.st_gid),
            mode: Some(found.st_mode as u32 & 0o7777),
        },
    })
}
