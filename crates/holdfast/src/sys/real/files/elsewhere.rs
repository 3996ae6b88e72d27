//! Files where there are no owners, groups and modes as on Unix: Windows.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sys::{Kind, Owner, Secrecy, Stat};

pub(super) fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Opens what is at `path` unless it is a link. Here a look comes before; only administrators make links.
pub(super) fn open_unfollowed(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|itself| itself.is_symlink()) {
        return Err(super::is_a_link());
    }
    options.open(path)
}

/// See the version for Linux.
pub(super) fn hold(dir: &Path) -> io::Result<Option<(PathBuf, File)>> {
    if super::is_link(dir) { Err(super::linked(dir)) } else { Ok(None) }
}

pub(super) fn fresh(options: &mut OpenOptions, _secrecy: Secrecy) -> &mut OpenOptions {
    options
}

pub(super) fn inherit(_file: &File, _target: &Path, _secrecy: Secrecy) -> io::Result<()> {
    Ok(())
}

/// Rights come from the folder.
pub(super) fn share_lock(_file: &File, _dir: &Path) {}

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

pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

/// Windows has no such call.
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
pub(super) fn sync_file_system(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// Windows has no fsync of a folder; NTFS journals the rename.
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
pub(super) fn sync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// One folder, in one that is there.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir(dir)
}

pub(super) fn stat(path: &Path) -> io::Result<Option<Stat>> {
    let itself = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        itself => itself?,
    };
    if !itself.is_symlink() {
        return stat_of(&itself).map(Some);
    }
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(super::dangling()),
        found => stat_of(&found?).map(Some),
    }
}

fn stat_of(meta: &fs::Metadata) -> io::Result<Stat> {
    let kind = match super::not_regular(meta) {
        None => Kind::File,
        Some(_) if meta.is_dir() => Kind::Dir,
        Some(_) => Kind::Other,
    };
    Ok(Stat { kind, len: meta.len(), modified: meta.modified()?, id: 0, owner: Owner::default() })
}
