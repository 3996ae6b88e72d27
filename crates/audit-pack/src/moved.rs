//! Where the last file of a log is after somebody gave it another name, as logrotate does, or made a copy and cut it.
//!
//! A file is known by what it holds, not by its name: it ends its sealed part with the bytes of the last seal.

use tlog::seals::State;
use tlog::{FileName, Hasher};

use crate::pieces::Pieces;
use crate::place::FileError;
use crate::seals::Segment;
use crate::sidecar::{SUFFIX, Sidecar};

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 20;
/// As much of two files is compared.
const HEAD: usize = 4096;

/// The sealed part of the file that a log goes on in.
#[derive(Clone, Debug)]
pub(crate) struct SealedPart<'a> {
    /// How many bytes of it are sealed.
    pub(crate) len: u64,
    /// Bytes of the log before it.
    begin: u64,
    /// The last seal that added something.
    last: Option<&'a Segment>,
}

impl<'a> SealedPart<'a> {
    pub(crate) fn new(state: &State, last: Option<&'a Segment>) -> Self {
        Self { len: state.bytes.saturating_sub(state.file_begin), begin: state.file_begin, last }
    }

    /// Whether the file of this name ends its sealed part as the last seal says.
    pub(crate) fn is_in(&self, sidecar: &Sidecar<'_>, name: &str) -> Result<bool, FileError> {
        let file = match sidecar.place.open(name) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(false),
            Err(error) if error.stands_instead().is_some() => return Ok(false),
            Err(error) => return Err(sidecar.error(name, error)),
        };
        let io = |error| sidecar.error(name, error);
        if file.size().map_err(io)? < self.len {
            return Ok(false);
        }
        let Some(Segment { bytes, seal, .. }) = self.last else { return Ok(true) };
        let (from, to) = (bytes.checked_sub(self.begin), seal.bytes.checked_sub(self.begin));
        // What was sealed last stands in a file before this one, or SEALS is damaged, which others tell.
        let (Some(from), Some(to)) = (from, to.filter(|to| *to >= from.unwrap_or(0))) else {
            return Ok(true);
        };
        let (mut hasher, mut pieces) = (Hasher::plain(), Pieces::new(&*file, from, to, PIECE));
        while let Some(piece) = pieces.next().map_err(io)? {
            hasher.update(piece.bytes());
        }
        Ok(hasher.finish() == seal.seg)
    }

    /// Files beside the log whose sealed part this is, and that are not known to be others.
    pub(crate) fn found(&self, sidecar: &Sidecar<'_>, known: &[String]) -> Result<Vec<FileName>, FileError> {
        let mut found = Vec::new();
        for name in relatives(sidecar, known)? {
            let Ok(name) = FileName::new(&name) else { continue };
            let path = sidecar.beside(&name);
            // An edited log of which somebody kept a copy has not moved.
            if self.is_in(sidecar, &path)? && !alike(sidecar, &path, &sidecar.log)? {
                found.push(name);
            }
        }
        Ok(found)
    }
}

/// The names of files that lie beside the log and have a name like its own, as `decisions.jsonl-20261128` has. `known`
/// ones are left out.
pub(crate) fn relatives(sidecar: &Sidecar<'_>, known: &[String]) -> Result<Vec<String>, FileError> {
    let log = sidecar.log.rsplit('/').next().unwrap_or(&sidecar.log);
    let stem = log.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(log);
    let names = sidecar.place.beside(&sidecar.log).map_err(|error| sidecar.error(&sidecar.log, error))?;
    let is_relative = |name: &String| {
        let rest = name.strip_prefix(stem).unwrap_or_default();
        rest.starts_with(['.', '-', '_']) && name != log && !name.ends_with(SUFFIX) && !known.contains(name)
    };
    Ok(names.into_iter().filter(is_relative).collect())
}

/// Whether two files begin with the same line. A new file that the log goes on in does not begin as the old one did.
fn alike(sidecar: &Sidecar<'_>, a: &str, b: &str) -> Result<bool, FileError> {
    let head = |name: &str| -> Result<Vec<u8>, FileError> {
        let mut buf = vec![0; HEAD];
        // A link or a folder in its place is nothing that the log goes on in.
        let Ok(Some(file)) = sidecar.place.open(name) else { return Ok(Vec::new()) };
        let read = file.read_at(0, &mut buf).map_err(|error| sidecar.error(name, error))?;
        buf.truncate(read);
        let line = memchr::memchr(b'\n', &buf).map_or(buf.len(), |lf| lf + 1);
        buf.truncate(line);
        Ok(buf)
    };
    let (a, b) = (head(a)?, head(b)?);
    Ok(!a.is_empty() && a == b)
}
