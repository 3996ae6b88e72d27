//! The words in which files are spoken of.

use std::any::Any;
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// The most that is read of a state file, in bytes. A larger one is malformed.
pub const MAX_READ: u64 = 1 << 20;

/// What kind of thing a path leads to, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A FIFO, socket or device.
    Other,
}

/// What kind of thing is at a path, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Itself {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A link, to whatever.
    Link,
    /// A FIFO, socket or device.
    Other,
}

/// An open file that is read at any place: a log that may be larger than memory.
pub trait ReadAt: Send + Sync {
    /// Its length now, in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Reads from byte `offset` on, at most `buf`'s length; fewer than that only at the end of the file.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for &[u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(offset).map_or(self.len(), |from| from.min(self.len()));
        let most = buf.len().min(self.len() - from);
        buf[..most].copy_from_slice(&self[from..from + most]);
        Ok(most)
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }
}

/// A new file of any length on its way. What is written has no name until it is kept, and is gone when it is not.
pub trait Draft: io::Write {
    /// Makes it durable and gives it its name, so that a reader sees the old content or the new (**old-or-new**).
    fn keep(self: Box<Self>) -> io::Result<()>;
}

/// Who a file belongs to, as far as the operating system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Unix user id.
    pub uid: Option<u32>,
    /// Unix group id.
    pub gid: Option<u32>,
    /// Unix permission bits.
    pub mode: Option<u32>,
}

/// What is known of a file without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// File, folder or other.
    pub kind: Kind,
    /// Length in bytes.
    pub len: u64,
    /// When its content last changed, by the wall clock.
    pub modified: SystemTime,
    /// Tells this file from another one at the same path, where the operating system has such a number.
    pub id: u64,
    /// Its owner.
    pub owner: Owner,
}

/// Why a state file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("is missing")]
    Missing,
    /// A folder, FIFO, socket or device.
    #[error("is not a regular file ({0})")]
    NotRegular(&'static str),
    /// More than [`MAX_READ`] bytes.
    #[error("is {0} bytes long; at most {MAX_READ} are read")]
    TooLarge(u64),
    /// A link to nothing.
    #[error("is a link that leads nowhere")]
    DanglingLink,
    /// The operating system refused.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl ReadError {
    /// What stands in the place of a file, where something else does.
    pub fn stands_instead(&self) -> Option<&'static str> {
        match self {
            Self::NotRegular(what) => Some(what),
            Self::DanglingLink => Some("a link that leads nowhere"),
            Self::Missing | Self::TooLarge(_) | Self::Io(_) => None,
        }
    }
}

/// There is no such folder, and a program makes none: a disk may not be mounted, or a restore may be at work.
pub(crate) fn missing_folder(dir: &Path) -> io::Error {
    let what = format!("the folder {} is missing, and is not made on the way", dir.display());
    io::Error::new(io::ErrorKind::NotFound, what)
}

/// Who may read a file that did not exist before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Owner and group (0640).
    Shared,
    /// The owner alone (0600).
    Secret,
    /// Everybody (0644): for programs of other users, which only read.
    Public,
}

/// What an append found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// The file's length after it, as this write saw it: another writer may have added more since.
    pub end: u64,
    /// The file ended in a line that was torn by a crash; it was closed with a newline and left as it was.
    pub closed_torn_line: bool,
}

/// A held advisory lock. Dropping it lets go.
pub struct Lock(#[expect(dead_code, reason = "held for its drop")] Box<dyn Any + Send>);

impl Lock {
    /// Wraps whatever keeps the lock while it lives.
    pub fn new(holder: impl Any + Send) -> Self {
        Self(Box::new(holder))
    }
}

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lock")
    }
}
