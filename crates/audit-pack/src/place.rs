//! Where the files of a log lie: a folder, or a pack.

use std::io;
use std::path::{Path, PathBuf};

use holdfast::sys::{Itself, Kind, ReadAt, ReadError, Stat, Store};

/// A folder with more names is no place where one looks for a file.
const NAMES_MAX: usize = 100_000;

/// A set of files that are read in place, by names with `/` between their parts.
pub(crate) trait Place: Sync {
    /// An open file, or nothing where there is none.
    fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError>;

    /// The names of the files in the folder of this one, where the place can tell.
    fn beside(&self, _name: &str) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// The files in the folders of this one, as `folder/file`; at most so many. Nothing where it is missing.
    fn below(&self, dir: &str, most: usize) -> Result<Vec<String>, ReadError>;

    /// How people are told of a file.
    fn shown(&self, name: &str) -> String;

    /// The whole content of a file that has at most `max` bytes.
    fn read(&self, name: &str, max: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(file) = self.open(name)? else { return Ok(None) };
        let len = file.size()?;
        if len > max {
            return Err(ReadError::TooLarge(len));
        }
        let mut bytes = vec![0; len as usize];
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(Some(bytes))
    }
}

/// A folder of this host.
pub(crate) struct Folder<'a> {
    pub(crate) store: &'a (dyn Store + Sync),
    pub(crate) dir: PathBuf,
}

impl Folder<'_> {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl Place for Folder<'_> {
    fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError> {
        match self.store.open(&self.path(name)) {
            Ok(file) => Ok(Some(file)),
            Err(ReadError::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn beside(&self, name: &str) -> io::Result<Vec<String>> {
        let path = self.path(name);
        let dir = path.parent().unwrap_or(Path::new("."));
        let found = self.store.scan(dir, NAMES_MAX)?;
        let files = found.into_iter().filter(|(_, itself)| *itself == Itself::File);
        Ok(files.map(|(file, _)| file).collect())
    }

    fn below(&self, dir: &str, most: usize) -> Result<Vec<String>, ReadError> {
        let mut files = Vec::new();
        for folder in self.store.list(&self.path(dir))? {
            let inner = self.path(dir).join(&folder);
            // A file in the place of a folder has nothing in it.
            if !matches!(self.store.stat(&inner), Ok(Some(stat)) if stat.kind == Kind::Dir) {
                continue;
            }
            let names = self.store.list(&inner)?.into_iter().filter(|name| !name.starts_with('.'));
            files.extend(names.map(|name| format!("{folder}/{name}")));
            if files.len() >= most {
                files.truncate(most);
                break;
            }
        }
        Ok(files)
    }

    fn shown(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

/// What is known of a file; nothing where there is none, or a link that leads nowhere.
pub(crate) fn stat_of(store: &dyn Store, path: &Path) -> Result<Option<Stat>, FileError> {
    store.stat(path).or_else(|error| match store.open(path) {
        Err(open) if open.stands_instead().is_some() => Ok(None),
        _ => Err(FileError::new(path.display().to_string(), error)),
    })
}

/// A file that could not be read or written, with its name.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {}", in_words(error))]
pub(crate) struct FileError {
    pub(crate) path: String,
    pub(crate) error: ReadError,
}

/// What the system said is no matter of reading only.
fn in_words(error: &ReadError) -> String {
    match error {
        ReadError::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

impl FileError {
    pub(crate) fn new(path: impl Into<String>, error: impl Into<ReadError>) -> Self {
        Self { path: path.into(), error: error.into() }
    }

    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::new(path.display().to_string(), error)
    }

    /// The disk has no room left. The last bytes that it has room for are written, without an error.
    pub(crate) fn is_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::WriteZero];
        matches!(&self.error, ReadError::Io(error) if full.contains(&error.kind()))
    }
}
