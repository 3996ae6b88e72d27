//! Tiles on their way to the disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast::sys::{Secrecy, Store};
use tlog::{Hash, Tile, tile};

use crate::place::FileError;

/// So many are made durable together: 8 MiB.
const TOGETHER: usize = 1024;

/// Collects tiles and makes them durable in large groups.
pub(crate) struct TileWriter<'a> {
    store: &'a dyn Store,
    sidecar: PathBuf,
    waiting: Vec<(PathBuf, Vec<u8>)>,
    made: BTreeSet<PathBuf>,
}

impl<'a> TileWriter<'a> {
    pub(crate) fn new(store: &'a dyn Store, sidecar: &Path) -> Self {
        Self { store, sidecar: sidecar.to_owned(), waiting: Vec::new(), made: BTreeSet::new() }
    }

    pub(crate) fn put(&mut self, tile: Tile, hashes: &[Hash]) -> Result<(), FileError> {
        self.waiting.push((self.sidecar.join(tile.to_string()), tile::encode(hashes)));
        if self.waiting.len() < TOGETHER { Ok(()) } else { self.flush() }
    }

    /// All that were put are on the disk afterwards.
    pub(crate) fn flush(&mut self) -> Result<(), FileError> {
        let files = std::mem::take(&mut self.waiting);
        for (path, _) in &files {
            self.make_dirs(path)?;
        }
        self.store.replace_all(&files, Secrecy::Shared).map_err(FileError::at(&self.sidecar.join("tile")))
    }

    fn make_dirs(&mut self, file: &Path) -> Result<(), FileError> {
        let above =
            file.ancestors().skip(1).take_while(|dir| *dir != self.sidecar && !self.made.contains(*dir));
        let missing: Vec<PathBuf> = above.map(Path::to_owned).collect();
        for dir in missing.into_iter().rev() {
            self.store.make_dir(&dir).map_err(FileError::at(&dir))?;
            self.made.insert(dir);
        }
        Ok(())
    }
}

/// Removes what partial tiles there are of tiles that became full, with their folder: whoever looks for one finds its
/// hashes in the full one.
pub(crate) fn sweep_full(
    store: &dyn Store,
    sidecar: &Path,
    before: u64,
    after: u64,
) -> Result<(), FileError> {
    tile::new_tiles(before, after).filter(|tile| tile.is_full()).try_for_each(|tile| {
        let any = Tile::new(tile.level(), tile.index(), 1);
        let Some(path) = any.map(|any| sidecar.join(any.to_string())) else { return Ok(()) };
        let dir = path.parent().unwrap_or(&path);
        if sweep_partials(store, &path, None)? {
            store.sweep(dir, Duration::ZERO).map_err(FileError::at(dir))?;
        }
        store.remove_empty_dir(dir).map_err(FileError::at(dir))
    })
}

/// Removes what is beside the partial tiles of this size: those of smaller ones, those of sizes that were never sealed,
/// and what killed sealers left. For who holds the lock: nobody else writes there.
pub(crate) fn sweep_edge(store: &dyn Store, sidecar: &Path, size: u64) -> Result<(), FileError> {
    for tile in tile::partial_tiles(size) {
        let path = sidecar.join(tile.to_string());
        sweep_partials(store, &path, Some(tile.width()))?;
        for dir in path.ancestors().skip(1).take(2) {
            store.sweep(dir, Duration::ZERO).map_err(FileError::at(dir))?;
        }
    }
    Ok(())
}

/// Those that are in the folder of this one; whether anything was there.
fn sweep_partials(store: &dyn Store, path: &Path, kept: Option<u16>) -> Result<bool, FileError> {
    let dir = path.parent().unwrap_or(path);
    let names = store.list(dir).map_err(FileError::at(dir))?;
    for name in &names {
        if name.parse::<u16>().is_ok_and(|width| Some(width) != kept) {
            let path = dir.join(name);
            store.remove(&path).map_err(FileError::at(&path))?;
        }
    }
    Ok(!names.is_empty())
}
