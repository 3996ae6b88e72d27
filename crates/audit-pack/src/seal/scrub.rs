//! One old segment hashed again with each run, so that a change far back is not only found by a whole check.

use tlog::seals::{Record, SEALS_LINE_MAX};
use tlog::{Hash, Hasher};

use super::{Growth, PIECE, SealError, Sealer};
use crate::finding::{Finding, Findings, Kind};
use crate::pieces::Pieces;
use crate::place::FileError;

impl Sealer<'_> {
    /// Takes a random place of SEALS, without reading the rest, and hashes the bytes of the seal that stands there.
    pub(super) fn scrub(&self, growth: &Growth, findings: &mut Findings) -> Result<(), SealError> {
        let path = self.log.in_sidecar("SEALS");
        let io = |error| FileError::at(&path)(error);
        let seals = self.sys.store.open(&path);
        let seals = seals.map_err(|error| FileError::new(path.display().to_string(), error))?;
        let at = holdfast::sys::random() % growth.seals_len.max(1);
        // Long enough for the rest of one line and two whole ones.
        let mut buf = vec![0; 3 * SEALS_LINE_MAX];
        let read = seals.read_at(at, &mut buf).map_err(io)?;
        let behind = buf[..read].iter().position(|byte| *byte == b'\n').map_or(read, |lf| lf + 1);
        let mut lines = buf[behind..read].split_inclusive(|byte| *byte == b'\n');
        let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return Ok(()) };
        let (Ok(Record::Seal(before)), Ok(Record::Seal(seal))) =
            (Record::parse(first), Record::parse(second))
        else {
            return Ok(());
        };
        if seal.prev != Hash::of(first) {
            let says = format!("seal {} does not follow the line before it", seal.n);
            findings.add(Finding::new(Kind::Edited, "SEALS").says(says));
            return Ok(());
        }
        // What was rotated away is for the whole check.
        let (Some(begin), Some(end)) = (
            before.bytes.checked_sub(growth.state.file_begin),
            seal.bytes.checked_sub(growth.state.file_begin),
        ) else {
            return Ok(());
        };
        let name = self.current(&growth.state);
        let log = self.log.dir.join(&name);
        let file = self.sys.store.open(&log);
        let file = file.map_err(|error| FileError::new(log.display().to_string(), error))?;
        let mut hasher = Hasher::plain();
        let mut pieces = Pieces::new(&*file, begin, end, PIECE);
        while let Some(piece) = pieces.next().map_err(FileError::at(&log))? {
            hasher.update(piece.bytes());
        }
        if hasher.finish() != seal.seg {
            let says = format!("these bytes were other ones when seal {} was made", seal.n);
            findings.add(
                Finding::new(Kind::Edited, name).lines(before.lines + 1, seal.lines).byte(begin).says(says),
            );
        }
        Ok(())
    }
}
