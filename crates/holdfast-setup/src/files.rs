//! Folders that a person asked for.

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
