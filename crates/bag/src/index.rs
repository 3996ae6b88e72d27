//! What is in a bag and where: the same for a tar and for a folder, so that nothing need be unpacked.

use std::io;
use std::path::{Path, PathBuf};

use holdfast::sys::{self, ReadAt, Store};

use crate::folder::{self, FolderError};
use crate::header::Mode;
use crate::tar::{self, TarError};

/// One file of a bag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Below the top folder, such as `data/log/decisions.jsonl`.
    pub path: Box<str>,
    /// Its length in bytes.
    pub len: u64,
    /// Its permissions; an unpacked file has those that an unpacker and its umask gave it, which say nothing.
    pub mode: Option<Mode>,
    /// Where its bytes begin in the tar.
    pub offset: Option<u64>,
}

impl AsRef<str> for Entry {
    fn as_ref(&self) -> &str {
        &self.path
    }
}

enum Place<'a> {
    Tar(&'a dyn ReadAt),
    Folder(&'a (dyn Store + Sync), PathBuf),
}

/// A bag that has the form of ours. Its content has been compared with nothing yet: that is for
/// [`crate::check_all`].
pub struct Bag<'a> {
    name: String,
    mtime: Option<u64>,
    entries: Vec<Entry>,
    place: Place<'a>,
}

impl<'a> Bag<'a> {
    /// Reads a tar that may be hostile. Its top folder must be `name`, if one is given. Memory is bounded and no
    /// member is read, so that the time is, too.
    pub fn open_tar(tar: &'a dyn ReadAt, name: Option<&str>) -> Result<Self, TarError> {
        let walked = tar::walk(tar, name)?;
        let (name, mtime) = (walked.top, Some(walked.mtime));
        Ok(Self { name, mtime, entries: walked.entries, place: Place::Tar(tar) })
    }

    /// Walks an unpacked bag, following no link.
    pub fn open_folder(store: &'a (dyn Store + Sync), folder: &Path) -> Result<Self, FolderError> {
        let entries = folder::walk(store, folder)?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, mtime: None, entries, place: Place::Folder(store, folder.to_owned()) })
    }

    /// The top folder. Empty for an unpacked bag that was named by a path such as `.`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The modification time of all members, in seconds since 1970; an unpacked bag has none.
    pub fn mtime(&self) -> Option<u64> {
        self.mtime
    }

    /// Every file, in byte order of the paths.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The file with this path.
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let found = self.entries.binary_search_by(|entry| (*entry.path).cmp(path)).ok()?;
        self.entries.get(found)
    }

    /// A file to be read in place.
    pub fn open(&self, entry: &Entry) -> Result<Member<'a>, ReadError> {
        let told = |error| ReadError { path: entry.path.to_string(), error };
        let bytes = match (&self.place, entry.offset) {
            (Place::Tar(tar), Some(offset)) => Bytes::Window(*tar, offset),
            (Place::Folder(store, folder), None) => {
                Bytes::File(store.open(&folder.join(&*entry.path)).map_err(told)?)
            }
            _ => return Err(told(io::Error::other("is an entry of another bag").into())),
        };
        let member = Member { bytes, len: entry.len };
        match member.real_size().map_err(|error| told(error.into()))? {
            size if size == entry.len => Ok(member),
            size => Err(told(
                io::Error::other(format!(
                    "was {} bytes long and is {size} now: it is being written to",
                    entry.len
                ))
                .into(),
            )),
        }
    }

    /// A whole file of at most `most` bytes.
    pub fn read(&self, entry: &Entry, most: u64) -> Result<Vec<u8>, ReadError> {
        let told = |error| ReadError { path: entry.path.to_string(), error };
        if entry.len > most {
            let what = format!("is {} bytes long; at most {most} are read of such a file", entry.len);
            return Err(told(io::Error::other(what).into()));
        }
        let member = self.open(entry)?;
        let mut bytes = vec![0; entry.len as usize];
        read_exact(&member, 0, &mut bytes).map_err(|error| told(error.into()))?;
        Ok(bytes)
    }
}

impl std::fmt::Debug for Bag<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bag({}, {} entries)", self.name, self.entries.len())
    }
}

/// A file of a bag could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{path} {error}")]
pub struct ReadError {
    /// Which.
    pub path: String,
    /// Why.
    pub error: sys::ReadError,
}

enum Bytes<'a> {
    Window(&'a dyn ReadAt, u64),
    File(Box<dyn ReadAt>),
}

/// The bytes of one file, read in place.
pub struct Member<'a> {
    bytes: Bytes<'a>,
    len: u64,
}

impl Member<'_> {
    /// How long it is now: a folder may be somebody else's.
    fn real_size(&self) -> io::Result<u64> {
        match &self.bytes {
            Bytes::Window(..) => Ok(self.len),
            Bytes::File(file) => file.size(),
        }
    }
}

impl ReadAt for Member<'_> {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(offset);
        let most = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let buf = &mut buf[..most];
        match &self.bytes {
            Bytes::Window(..) | Bytes::File(_) if buf.is_empty() => Ok(0),
            Bytes::Window(tar, start) => tar.read_at(start + offset, buf),
            Bytes::File(file) => file.read_at(offset, buf),
        }
    }
}

/// Fills `buf` from `offset` on.
pub(crate) fn read_exact(from: &dyn ReadAt, mut offset: u64, mut buf: &mut [u8]) -> io::Result<()> {
    while !buf.is_empty() {
        match from.read_at(offset, buf)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                offset += read as u64;
                buf = &mut buf[read..];
            }
        }
    }
    Ok(())
}
