//! Tiles on their way to the disk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
