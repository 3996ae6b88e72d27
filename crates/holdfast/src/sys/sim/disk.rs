//! A disk as readers see it, and as a power loss leaves it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::Rng;
use crate::sys::{Itself, Kind, Owner, Stat, missing_folder};

/// What an empty file or a folder costs of the room, in bytes.
const INODE: u64 = 64;

#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) modified: SystemTime,
    mode: u32,
    id: u64,
}

/// The files of a machine.
#[derive(Debug)]
pub(super) struct Disk {
    /// As readers see them.
    files: BTreeMap<PathBuf, File>,
    /// As they were last made durable.
    durable: BTreeMap<PathBuf, File>,
    dirs: BTreeSet<PathBuf>,
    last_id: u64,
    /// How coarse modification times are, in seconds.
    pub(super) tick: f64,
    /// How many bytes fit.
    size: Option<u64>,
}

impl Default for Disk {
    fn default() -> Self {
        let (files, durable, dirs) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { files, durable, dirs, last_id: 0, tick: 0.004, size: None }
    }
}

impl Disk {
    pub(super) fn file(&self, path: &Path) -> Option<&File> {
        self.files.get(path)
    }

    pub(super) fn durable(&self, path: &Path) -> Option<&File> {
        self.durable.get(path)
    }

    pub(super) fn is_dir(&self, path: &Path) -> bool {
        self.dirs.contains(path)
    }

    pub(super) fn stat(&self, path: &Path) -> Option<Stat> {
        let dir = || {
            let (kind, modified) = (Kind::Dir, SystemTime::UNIX_EPOCH);
            Stat { kind, len: 0, modified, id: 0, owner: Owner::default() }
        };
        match self.files.get(path) {
            Some(file) => Some(Stat {
                kind: Kind::File,
                len: file.bytes.len() as u64,
                modified: file.modified,
                id: file.id,
                owner: Owner { uid: Some(1000), gid: Some(1000), mode: Some(file.mode) },
            }),
            None => self.is_dir(path).then(dir),
        }
    }

    pub(super) fn list(&self, dir: &Path) -> Vec<String> {
        let inside = self.files.keys().filter(|path| path.parent() == Some(dir));
        inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }

    pub(super) fn scan(&self, dir: &Path) -> Vec<(String, Itself)> {
        let files = self.list(dir).into_iter().map(|name| (name, Itself::File));
        let inside = self.dirs.iter().filter(|path| path.parent() == Some(dir));
        let folders = inside.filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), Itself::Dir)));
        let mut found: Vec<_> = files.chain(folders).collect();
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    /// Only the last folder of the path is made. Who furnishes a disk without any folder makes them all.
    pub(super) fn make_dir(&mut self, dir: &Path) -> io::Result<()> {
        let above = dir.parent().filter(|above| !self.dirs.is_empty() && !self.is_dir(above));
        if let Some(above) = above {
            return Err(missing_folder(above));
        }
        self.dirs.extend(dir.ancestors().map(Path::to_path_buf));
        Ok(())
    }

    pub(super) fn set_room(&mut self, bytes: Option<u64>) {
        self.size = bytes.map(|bytes| self.used() + bytes);
    }

    fn used(&self) -> u64 {
        // One without content, such as a lock's, takes none.
        let with_content = self.files.values().filter(|file| !file.bytes.is_empty());
        with_content.map(|file| file.bytes.len() as u64 + INODE).sum()
    }

    /// Whether `more` bytes still fit, and that the folder is there.
    pub(super) fn fits(&self, path: &Path, more: u64) -> io::Result<()> {
        if !path.parent().is_some_and(|dir| self.is_dir(dir)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if self.is_dir(path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        match self.size {
            Some(size) if self.used() + more > size => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    /// A new file in the place of what is there.
    pub(super) fn put(&mut self, path: &Path, bytes: &[u8], stamp: SystemTime) {
        self.last_id += 1;
        let file = File { bytes: Arc::new(bytes.to_vec()), modified: stamp, mode: 0o640, id: self.last_id };
        self.files.insert(path.to_owned(), file);
    }

    /// Nobody but its owner may read it.
    pub(super) fn hide(&mut self, path: &Path) {
        if let Some(file) = self.files.get_mut(path) {
            file.mode = 0o600;
        }
    }

    /// Other content in the same file, which is made if it is not there.
    pub(super) fn write_in_place(&mut self, path: &Path, bytes: &[u8], stamp: SystemTime) {
        match self.files.get_mut(path) {
            Some(file) => {
                file.bytes = Arc::new(bytes.to_vec());
                file.modified = stamp;
            }
            None => self.put(path, bytes, stamp),
        }
    }

    /// More content in the same file, which is made if it is not there. Returns its length.
    pub(super) fn add(&mut self, path: &Path, bytes: &[u8], stamp: SystemTime) -> u64 {
        if !self.files.contains_key(path) {
            self.put(path, &[], stamp);
        }
        self.files.get_mut(path).map_or(0, |file| {
            Arc::make_mut(&mut file.bytes).extend_from_slice(bytes);
            file.modified = stamp;
            file.bytes.len() as u64
        })
    }

    pub(super) fn set_modified(&mut self, path: &Path, modified: SystemTime) -> io::Result<()> {
        let file = self.files.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        file.modified = modified;
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> bool {
        self.files.remove(path).is_some()
    }

    /// The same file, content and all, under another name; also what of it is durable.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) {
        for files in [&mut self.files, &mut self.durable] {
            if let Some(file) = files.remove(from) {
                files.insert(to.to_owned(), file);
            }
        }
    }

    pub(super) fn remove_empty_dir(&mut self, dir: &Path) {
        if self.scan(dir).is_empty() {
            self.dirs.remove(dir);
        }
    }

    /// What is at `path` survives from now on.
    pub(super) fn sync(&mut self, path: &Path) {
        match self.files.get(path) {
            Some(file) => drop(self.durable.insert(path.to_owned(), file.clone())),
            None => drop(self.durable.remove(path)),
        }
    }

    /// Temporary files that are at least this old are removed; how many.
    pub(super) fn sweep(&mut self, dir: &Path, age: Duration, now: SystemTime) -> usize {
        let old = |file: &File| now.duration_since(file.modified).is_ok_and(|since| since >= age);
        let temporary = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with('.') && path.extension().is_some_and(|extension| extension == "tmp")
        };
        let before = self.files.len();
        self.files.retain(|path, file| !(path.parent() == Some(dir) && temporary(path) && old(file)));
        before - self.files.len()
    }

    /// What was not durable is there, or not, or in part.
    pub(super) fn lose_power(&mut self, rng: &mut Rng) {
        let paths: BTreeSet<PathBuf> = self.files.keys().chain(self.durable.keys()).cloned().collect();
        for path in paths {
            let left = match (self.files.get(&path), self.durable.get(&path)) {
                (Some(seen), Some(safe)) if Arc::ptr_eq(&seen.bytes, &safe.bytes) => Some(seen.clone()),
                (seen, safe) => settled(rng, seen, safe),
            };
            match left {
                Some(file) => drop(self.files.insert(path.clone(), file)),
                None => drop(self.files.remove(&path)),
            }
            self.sync(&path);
        }
    }
}

/// What a power loss makes of a file that readers saw as `seen` and that was last durable as `safe`.
fn settled(rng: &mut Rng, seen: Option<&File>, safe: Option<&File>) -> Option<File> {
    let kept = if rng.chance(0.5) { seen } else { safe };
    match (seen, safe) {
        // Cut: the old length or the new one, which is kept in one place.
        (Some(seen), Some(safe)) if seen.id == safe.id && safe.bytes.starts_with(&seen.bytes) => {
            kept.cloned()
        }
        // The same file: what was written in place may be there in part.
        (Some(seen), Some(safe)) if seen.id == safe.id && rng.chance(0.5) => {
            let grown = seen.bytes.starts_with(&safe.bytes);
            let from = if grown { safe.bytes.len() } else { 0 };
            let part = from + rng.below((seen.bytes.len() - from) as u64 + 1) as usize;
            Some(File { bytes: Arc::new(seen.bytes[..part].to_vec()), ..seen.clone() })
        }
        _ => kept.cloned(),
    }
}
