//! Files where there are no owners, groups and modes as on Unix: Windows.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sys::{Owner, Secrecy};

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

pub(super) fn id(_meta: &fs::Metadata) -> u64 {
    0
}

pub(super) fn owner(_meta: &fs::Metadata) -> Owner {
    Owner::default()
}
