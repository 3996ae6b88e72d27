//! Where a file is written: in the folder that its path names, and not where a link in `data/` leads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::platform;
use crate::root::INNER;
use crate::sys::missing_folder;

/// The path of a file that is to be written.
pub(super) struct Place {
    path: PathBuf,
    /// Keeps the path true, where the system can.
    _folder: Option<fs::File>,
}

impl Place {
    /// The root, `data` and `memory` stand in folders of the operator, who may put them on another disk. What stands in
    /// `data/` stands where the bot writes, and a link there could lead a write by root into somebody else's folder.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let dir = parent(path);
        let name = path.file_name().filter(|_| is_inner(dir));
        let Some(name) = name else { return Ok(Self { path: path.to_owned(), _folder: None }) };
        let held = platform::hold(dir).map_err(|error| unheld(error, dir))?;
        // Between a look and a write somebody might put a link there. Not into a folder that is held.
        Ok(match held {
            Some((folder, file)) => Self { path: folder.join(name), _folder: Some(file) },
            None => Self { path: path.to_owned(), _folder: None },
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// It stands in `data/`.
pub(super) fn is_inner(dir: &Path) -> bool {
    INNER.iter().any(|inner| dir.ends_with(inner))
}

pub(super) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|itself| itself.is_symlink())
}

/// Why a folder is not written into.
pub(super) fn linked(dir: &Path) -> io::Error {
    let what = "is a symbolic link; Holdfast follows none in data/ when it writes: replace it by a folder";
    io::Error::other(format!("the folder {} {what}", dir.display()))
}

fn unheld(error: io::Error, dir: &Path) -> io::Error {
    if is_link(dir) {
        linked(dir)
    } else if error.kind() == io::ErrorKind::NotFound {
        missing_folder(dir)
    } else {
        error
    }
}

/// The folder that it is in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}
