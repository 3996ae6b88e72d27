//! Where the bytes of a line are, without reading the log: SEALS says which segment has it, and that is short.
//!
//! What is found is only a hint, whatever SEALS says: it counts if its leaf is that of the tree.

use std::io;
use std::ops::Range;

use holdfast::sys::ReadAt;
use tlog::seals::{Record, Seal};
use tlog::{FileName, Hash, Hasher};

use crate::moved::relatives;
use crate::pieces::Pieces;
use crate::place::FileError;
use crate::seals::SealsReader;
use crate::sidecar::Sidecar;

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 18;
/// So much of SEALS is gone through line by line, in bytes.
const NEAR: u64 = 1 << 12;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The name of the file, as the place has it.
    pub(crate) file: String,
    /// Its bytes there, with the LF.
    pub(crate) bytes: Range<u64>,
    pub(crate) leaf: Hash,
}

/// A seal, and what was sealed by the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Covering {
    pub(crate) before: Option<Seal>,
    pub(crate) seal: Seal,
}

impl Covering {
    fn lines_before(&self) -> u64 {
        self.before.as_ref().map_or(0, |seal| seal.lines)
    }

    /// The bytes of the log that it seals.
    fn bytes(&self) -> Range<u64> {
        self.before.as_ref().map_or(0, |seal| seal.bytes)..self.seal.bytes
    }
}

/// The first seal that covers a line, from 1; nothing where none does.
pub(crate) fn covering(seals: &dyn ReadAt, line: u64) -> io::Result<Option<Covering>> {
    // No seal before `low` covers it, and none that begins in a line behind `high` is the first that does.
    let (mut low, mut high, mut before) = (0, seals.size()?, None);
    while high - low > NEAR {
        let middle = low + (high - low) / 2;
        let mut reader = SealsReader::new(seals, middle);
        // The rest of the line that the middle is in.
        reader.line()?;
        match next_seal(&mut reader)? {
            Some(seal) if seal.lines < line && reader.offset() <= high => {
                (low, before) = (reader.offset(), Some(seal));
            }
            _ => high = middle,
        }
    }
    let mut reader = SealsReader::new(seals, low);
    while let Some(seal) = next_seal(&mut reader)? {
        if seal.lines >= line {
            return Ok(Some(Covering { before, seal }));
        }
        before = Some(seal);
    }
    Ok(None)
}

fn next_seal(reader: &mut SealsReader<'_>) -> io::Result<Option<Seal>> {
    while let Some(line) = reader.line()? {
        if let Ok(Record::Seal(seal)) = Record::parse(&line) {
            return Ok(Some(seal));
        }
    }
    Ok(None)
}

/// The records of SEALS that begin so, which are few.
pub(crate) fn rare(seals: &dyn ReadAt, kind: &[u8], mut each: impl FnMut(Record)) -> io::Result<()> {
    let mut reader = SealsReader::new(seals, 0);
    while let Some(line) = reader.line()? {
        if line.starts_with(kind)
            && let Ok(record) = Record::parse(&line)
        {
            each(record);
        }
    }
    Ok(())
}

/// Where a line (from 1) is that has this leaf; nothing where other bytes stand in its place.
pub(crate) fn locate(
    sidecar: &Sidecar<'_>,
    seals: &dyn ReadAt,
    line: u64,
    leaf: Hash,
) -> Result<Option<Spot>, FileError> {
    let seals_error = |error: io::Error| sidecar.error(&sidecar.name("SEALS"), error);
    let Some(covering) = covering(seals, line).map_err(seals_error)? else { return Ok(None) };
    let right = |spot: &Option<Spot>| spot.as_ref().is_some_and(|spot| spot.leaf == leaf);
    // Most logs are in one file: then SEALS need not be read to its end.
    let found = in_file(sidecar, &sidecar.log, 0, &covering, line)?;
    if right(&found) {
        return Ok(found);
    }
    let (file, begin) = file_of(sidecar, seals, &covering).map_err(seals_error)?;
    // A file that was just renamed is in no f1 yet.
    let renamed = relatives(sidecar, &[])?;
    let renamed = renamed.iter().filter_map(|name| Some(sidecar.beside(&FileName::new(name).ok()?)));
    for file in std::iter::once(file).chain(renamed) {
        let found = in_file(sidecar, &file, begin, &covering, line)?;
        if right(&found) {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The file that has the bytes of a seal, and which byte of the log is its first one.
fn file_of(sidecar: &Sidecar<'_>, seals: &dyn ReadAt, covering: &Covering) -> io::Result<(String, u64)> {
    let (mut file, mut begin, mut found) = (sidecar.log.clone(), 0, false);
    rare(seals, b"f1 ", |record| {
        let Record::Rotation(rotation) = record else { return };
        if found {
            return;
        }
        found = covering.seal.bytes <= rotation.bytes;
        if found {
            file = sidecar.beside(&rotation.closed);
        } else {
            (file, begin) = (sidecar.beside(&rotation.new), rotation.bytes);
        }
    })?;
    Ok((file, begin))
}

fn in_file(
    sidecar: &Sidecar<'_>,
    file: &str,
    begin: u64,
    covering: &Covering,
    line: u64,
) -> Result<Option<Spot>, FileError> {
    let bytes = covering.bytes();
    let (Some(from), Some(to)) = (bytes.start.checked_sub(begin), bytes.end.checked_sub(begin)) else {
        return Ok(None);
    };
    if from > to {
        return Ok(None);
    }
    let opened = match sidecar.place.open(file) {
        Err(error) if error.stands_instead().is_some() => None,
        opened => opened.map_err(|error| sidecar.error(file, error))?,
    };
    let Some(opened) = opened else { return Ok(None) };
    let nth = line - covering.lines_before() - 1;
    let spot = nth_line(&*opened, from..to, nth).and_then(|bytes| {
        let Some(bytes) = bytes else { return Ok(None) };
        let mut hasher = Hasher::leaf();
        copy(&*opened, bytes.clone(), |part| {
            hasher.update(part);
            Ok(())
        })?;
        Ok(Some(Spot { file: file.to_owned(), bytes, leaf: hasher.finish() }))
    });
    spot.map_err(|error| sidecar.error(file, error))
}

/// Where the line is, the first being 0, of those that begin at `bytes.start`.
fn nth_line(file: &dyn ReadAt, bytes: Range<u64>, mut nth: u64) -> io::Result<Option<Range<u64>>> {
    let mut start = bytes.start;
    let mut pieces = Pieces::new(file, bytes.start, bytes.end, PIECE);
    loop {
        let at = pieces.offset();
        let Some(piece) = pieces.next()? else { return Ok(None) };
        for lf in memchr::memchr_iter(b'\n', piece.bytes()) {
            let end = at + lf as u64 + 1;
            if nth == 0 {
                return Ok(Some(start..end));
            }
            (nth, start) = (nth - 1, end);
        }
    }
}

/// Gives out bytes of a file in parts, whatever the length of a line.
pub(crate) fn copy(
    file: &dyn ReadAt,
    bytes: Range<u64>,
    mut part: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buf = vec![0; PIECE.min((bytes.end - bytes.start) as usize)];
    let mut at = bytes.start;
    while at < bytes.end {
        let most = buf.len().min((bytes.end - at) as usize);
        let read = file.read_at(at, &mut buf[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        part(&buf[..read])?;
        at += read as u64;
    }
    Ok(())
}
