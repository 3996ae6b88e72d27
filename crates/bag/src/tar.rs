//! The strict reader. A tar is what [`crate::write()`] would have written, or it is refused: tars that different tools
//! read differently hide things, so there is one reading only.

use std::io;

use holdfast::sys::ReadAt;

use crate::header::{BLOCK, Header, HeaderFault, Mode};
use crate::index::{Entry, read_exact};
use crate::name::{self, ENTRIES_MAX};
use crate::{DATA, TAGS};

/// All paths together, in bytes: they are held in memory.
const PATHS_MAX: usize = 16 << 20;
/// A bag ends in two blocks of zeros.
const END: u64 = 2 * BLOCK as u64;

/// Why a tar is refused.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}at byte {offset}: {fault}\n  This tar is not as it was made: do not unpack it. Ask for another copy, and check the \
     signature of the whole tar.",
    member.as_ref().map(|member| format!("{member}, ")).unwrap_or_default()
)]
pub struct TarError {
    /// The member, as far as its name can be told.
    pub member: Option<String>,
    /// Where its header is, or what else is wrong.
    pub offset: u64,
    /// What is wrong.
    #[source]
    pub fault: Fault,
}

/// What is wrong with a tar.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The operating system refused.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A header.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// There is no end mark.
    #[error("the file ends before the tar does: it is cut")]
    Cut,
    /// A length that the file cannot hold.
    #[error("it is said to be {len} bytes long, but the file has only {left} more")]
    Beyond {
        /// By its header.
        len: u64,
        /// What comes in the file.
        left: u64,
    },
    /// No member at all.
    #[error("the tar is empty")]
    Empty,
    /// Not below the folder that everything is in.
    #[error("it is not in the folder {0}/, where everything must be")]
    Top(String),
    /// Beside the payload there are six files with fixed names.
    #[error("no such file belongs beside the payload")]
    Stranger,
    /// A path that was there already.
    #[error("the path is there twice")]
    Twice,
    /// Not in byte order.
    #[error("it is not in byte order: it stands after {0}")]
    Order(String),
    /// A path that is also a folder of another one.
    #[error("the path is a file, and the folder of another one")]
    FileAndFolder,
    /// All members have one modification time.
    #[error("its modification time is not that of the other members")]
    Time,
    /// What is not payload is 0644.
    #[error("its mode is not 0644, which is that of all files beside the payload")]
    TagMode,
    /// Between members.
    #[error("bytes that are not zero stand behind it, where they fill up its last block")]
    Padding,
    /// After the end mark.
    #[error("something stands behind the end mark")]
    Trailing,
    /// More than [`ENTRIES_MAX`] members.
    #[error("it has more than {ENTRIES_MAX} members")]
    Many,
    /// Paths that would take too much memory.
    #[error("its paths are longer than {PATHS_MAX} bytes together")]
    Paths,
}

/// What a walk found.
pub(crate) struct Walked {
    pub(crate) top: String,
    pub(crate) mtime: u64,
    pub(crate) entries: Vec<Entry>,
}

pub(crate) fn walk(tar: &dyn ReadAt, name: Option<&str>) -> Result<Walked, TarError> {
    let size = tar.size().map_err(|error| at(0, None, error))?;
    let mut walker = Walker {
        tar,
        size,
        offset: 0,
        top: name.map(str::to_owned),
        mtime: None,
        entries: Vec::new(),
        paths: 0,
    };
    while walker.member()? {}
    let Walker { top, mtime, entries, .. } = walker;
    let (Some(top), Some(mtime), false) = (top, mtime, entries.is_empty()) else {
        return Err(at(0, None, Fault::Empty));
    };
    if let Some(both) = name::file_and_folder(&entries) {
        let entry = &entries[both];
        let header = entry.offset.unwrap_or_default().saturating_sub(BLOCK as u64);
        return Err(at(header, Some(format!("{top}/{}", entry.path)), Fault::FileAndFolder));
    }
    Ok(Walked { top, mtime, entries })
}

fn at(offset: u64, member: Option<String>, fault: impl Into<Fault>) -> TarError {
    TarError { member, offset, fault: fault.into() }
}

struct Walker<'a> {
    tar: &'a dyn ReadAt,
    size: u64,
    offset: u64,
    top: Option<String>,
    mtime: Option<u64>,
    entries: Vec<Entry>,
    paths: usize,
}

impl Walker<'_> {
    /// Takes in one member; `false` at the end.
    fn member(&mut self) -> Result<bool, TarError> {
        let start = self.offset;
        let block = self.block(start)?;
        if block == [0; BLOCK] {
            return self.end();
        }
        if self.entries.len() == ENTRIES_MAX {
            return Err(at(start, None, Fault::Many));
        }
        let header = Header::parse(&block).map_err(|fault| at(start, told_name(&block), fault))?;
        let refused = |fault: Fault| at(start, Some(header.path.clone()), fault);
        let path = self.place(&header).map_err(refused)?;
        self.paths += path.len();
        if self.paths > PATHS_MAX {
            return Err(refused(Fault::Paths));
        }
        let data = start + BLOCK as u64;
        let (len, left) = (header.len, self.size - data);
        if len > left {
            return Err(refused(Fault::Beyond { len, left }));
        }
        let next = data + len.next_multiple_of(BLOCK as u64);
        if next + END > self.size {
            return Err(refused(Fault::Cut));
        }
        let mut padding = [0; BLOCK];
        let padding = &mut padding[..(next - data - len) as usize];
        read_exact(self.tar, data + len, padding).map_err(|error| refused(cut(error)))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(refused(Fault::Padding));
        }
        self.entries.push(Entry { path, len, mode: Some(header.mode), offset: Some(data) });
        self.offset = next;
        Ok(true)
    }

    /// The path below the top folder, where it may stand.
    fn place(&mut self, header: &Header) -> Result<Box<str>, Fault> {
        let first = header.path.split('/').next().unwrap_or_default();
        let top = self.top.get_or_insert_with(|| first.to_owned());
        let inner = header.path.strip_prefix(top.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let path = inner.ok_or_else(|| Fault::Top(top.clone()))?;
        let is_tag = !path.starts_with(DATA);
        if is_tag && !TAGS.contains(&path) {
            return Err(Fault::Stranger);
        }
        if is_tag && header.mode != Mode::Plain {
            return Err(Fault::TagMode);
        }
        if *self.mtime.get_or_insert(header.mtime) != header.mtime {
            return Err(Fault::Time);
        }
        match self.entries.last() {
            Some(before) if *before.path >= *path && self.known(path) => Err(Fault::Twice),
            Some(before) if *before.path > *path => Err(Fault::Order(before.path.to_string())),
            _ => Ok(path.into()),
        }
    }

    fn known(&self, path: &str) -> bool {
        self.entries.binary_search_by(|entry| (*entry.path).cmp(path)).is_ok()
    }

    fn end(&self) -> Result<bool, TarError> {
        let second = self.offset + BLOCK as u64;
        if self.block(second)? != [0; BLOCK] {
            return Err(at(second, None, Fault::Trailing));
        }
        let end = self.offset + END;
        if end == self.size { Ok(false) } else { Err(at(end, None, Fault::Trailing)) }
    }

    fn block(&self, offset: u64) -> Result<[u8; BLOCK], TarError> {
        let mut block = [0; BLOCK];
        if self.size.saturating_sub(offset) < BLOCK as u64 {
            return Err(at(offset, None, Fault::Cut));
        }
        read_exact(self.tar, offset, &mut block).map_err(|error| at(offset, None, cut(error)))?;
        Ok(block)
    }
}

/// The file became shorter while it was read.
fn cut(error: io::Error) -> Fault {
    if error.kind() == io::ErrorKind::UnexpectedEof { Fault::Cut } else { Fault::Io(error) }
}

/// The name in a header that is refused, harmless to print.
fn told_name(block: &[u8; BLOCK]) -> Option<String> {
    let name = block[..100].split(|byte| *byte == 0).next().unwrap_or_default();
    (!name.is_empty()).then(|| name.escape_ascii().to_string())
}
