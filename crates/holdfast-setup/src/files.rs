//! Folders that a person asked for, owners and modes.

use std::io;
use std::path::Path;

use holdfast::sys::{Kind, Store};

/// Makes a folder, and those above it.
pub(crate) fn make_folders(store: &dyn Store, dir: &Path) -> io::Result<()> {
    match store.stat(dir)? {
        Some(stat) if stat.kind == Kind::Dir => return Ok(()),
        Some(_) => return Err(io::Error::other(format!("{} is not a folder", dir.display()))),
        None => {}
    }
    if let Some(above) = dir.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folders(store, above)?;
    }
    store.make_dir(dir)
}

/// Gives what is at `path` to this user and group, with this mode; whether that changed anything. A link is an error:
/// `data/` belongs to the bot's group, too.
#[cfg(unix)]
pub(crate) fn set(path: &Path, owner: Option<(u32, u32)>, mode: Option<u32>) -> io::Result<bool> {
    use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown, fstat, open};
    if owner.is_none() && mode.is_none() {
        return Ok(false);
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::empty())?;
    let found = fstat(&file)?;
    let mut is_changed = false;
    if let Some((uid, gid)) = owner
        && (found.st_uid, found.st_gid) != (uid, gid)
    {
        fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        is_changed = true;
    }
    if let Some(mode) = mode.map(Mode::from_raw_mode)
        // A change of the owner takes some bits away.
        && (is_changed || Mode::from_raw_mode(found.st_mode) != mode)
    {
        fchmod(&file, mode)?;
        is_changed = true;
    }
    Ok(is_changed)
}

/// Windows has no modes, and its owners are not ours to set.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
pub(crate) fn set(_path: &Path, _owner: Option<(u32, u32)>, _mode: Option<u32>) -> io::Result<bool> {
    Ok(false)
}
