//! What the world does to files: in place, torn, without asking the programs.
#![expect(
    clippy::disallowed_methods,
    reason = "a drill damages files as accidents do, not as the programs do"
)]

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::SystemTime;

/// Writes in place, as an editor or a copy does.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
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

/// Puts a copy in the place of a file, as a restore does.
pub(crate) fn put_back(copy: &Path, path: &Path) -> io::Result<()> {
    fs::rename(copy, path)
}
