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
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    use rustix::fs::{Mode, OFlags, open};
    if owner.is_none() && mode.is_none() {
        return Ok(false);
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = std::fs::File::from(open(path, flags, Mode::empty()).map_err(|error| match error {
        rustix::io::Errno::LOOP => {
            io::Error::other("is a symbolic link, which is not followed: name the place itself")
        }
        error => error.into(),
    })?);
    let found = file.metadata()?;
    let mut is_changed = false;
    if let Some((uid, gid)) = owner
        && (found.uid(), found.gid()) != (uid, gid)
    {
        fchown(&file, Some(uid), Some(gid))?;
        is_changed = true;
    }
    if let Some(mode) = mode
        // A change of the owner takes some bits away.
        && (is_changed || found.mode() & 0o7777 != mode)
    {
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
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
