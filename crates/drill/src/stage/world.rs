//! What the world does to files: in place, torn, without asking the programs.
#![expect(
    clippy::disallowed_methods,
    reason = "a drill damages files as accidents do, not as the programs do"
)]

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

/// Writes in place, as an editor or a copy does.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
}

/// Puts other bytes in the place of those at `at`; the file stays as long as it is.
pub(crate) fn patch(path: &Path, at: usize, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(at as u64))?;
    file.write_all(bytes)
}

/// Flips one bit of the byte at `at`.
pub(crate) fn flip(path: &Path, at: usize) -> io::Result<()> {
    let byte = fs::read(path)?.get(at).copied().ok_or(ErrorKind::UnexpectedEof)?;
    patch(path, at, &[byte ^ 1])
}

/// Where these bytes stand in a file.
pub(crate) fn find(path: &Path, bytes: &[u8]) -> io::Result<Option<usize>> {
    Ok(fs::read(path)?.windows(bytes.len()).position(|window| window == bytes))
}

/// Cuts a file in half, in place.
pub(crate) fn tear(path: &Path) -> io::Result<()> {
    let half = fs::metadata(path)?.len() / 2;
    OpenOptions::new().write(true).open(path)?.set_len(half)
}

/// Takes a file away.
pub(crate) fn delete(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

/// Sets back a file's time, as a copy that keeps times does.
pub(crate) fn date(path: &Path, modified: SystemTime) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.set_modified(modified)
}

/// Writes until the disk takes no more.
pub(crate) fn fill(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    for size in [64 << 10, 4 << 10, 1] {
        let chunk = vec![b'.'; size];
        loop {
            match file.write_all(&chunk) {
                Ok(()) => {}
                Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                    break;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Everything that stands in a file; nothing if it is missing.
pub(crate) fn text(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Removes a folder with everything in it.
pub(crate) fn clear(dir: &Path) -> io::Result<()> {
    fs::remove_dir_all(dir)
}

/// Removes a folder with nothing in it.
pub(crate) fn clear_empty(dir: &Path) -> io::Result<()> {
    fs::remove_dir(dir)
}

/// Copies a folder as it is at work: a file that goes away meanwhile is left out.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (one, other) = (entry.path(), to.join(entry.file_name()));
        let copied = if entry.file_type()?.is_dir() {
            copy_folder(&one, &other)
        } else {
            fs::copy(&one, &other).map(drop)
        };
        match copied {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            copied => copied?,
        }
    }
    Ok(())
}

/// Copies a program to where others may run it.
pub(crate) fn copy_program(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to).map(drop)
}

/// Makes a folder.
pub(crate) fn make_folder(dir: &Path) -> io::Result<()> {
    fs::create_dir(dir)
}

/// Gives something to a user and a group of the same number.
#[cfg(unix)]
pub(crate) fn give(path: &Path, user: u32, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::{PermissionsExt, chown};
    chown(path, Some(user), Some(user))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// We may give files to others.
#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
pub(crate) fn give(_path: &Path, _user: u32, _mode: u32) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
pub(crate) fn is_root() -> bool {
    false
}

/// Puts a copy in the place of a file or a folder, as a restore does.
pub(crate) fn put_back(copy: &Path, path: &Path) -> io::Result<()> {
    fs::rename(copy, path)
}
