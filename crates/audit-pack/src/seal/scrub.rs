//! Old segments and tiles looked at again with each run, so that a change far back is not only found by a whole check.

use tlog::seals::{Record, SEALS_LINE_MAX, Seal, State};
use tlog::tile::{TILE_WIDTH, TileReader};
use tlog::{Hash, Hasher, Tile};

use super::{Growth, PIECE, SealError, Sealer, sidecar};
use crate::finding::{Finding, Findings, Kind};
use crate::pieces::Pieces;
use crate::place::FileError;

/// Enough for a line of SEALS with the one before it, wherever in the line one begins to look.
const LINES: u64 = 3 * SEALS_LINE_MAX as u64;
/// So many full tiles of the leaves are looked at, and those above them.
const TILES: u64 = 16;

impl Sealer<'_> {
    /// Takes a random place of SEALS, without reading the rest, and hashes the bytes of the seal that stands there.
    pub(super) fn scrub(&self, growth: &mut Growth, findings: &mut Findings) -> Result<(), SealError> {
        let at = holdfast::sys::random() % growth.seals_len.max(1);
        if let Some(finding) = self.look_at_seal(growth, at)? {
            findings.add(finding);
        }
        if self.tiles_are_whole(&growth.state) {
            return Ok(());
        }
        match self.rebuild(&growth.state) {
            Ok((_, mended)) => growth.mended += mended,
            Err(SealError::Changed(changed)) => findings.extend(changed),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Looks at some full tiles in a row, the first one at random: each must have the root that the one above it names.
    fn tiles_are_whole(&self, state: &State) -> bool {
        let full = state.lines / u64::from(TILE_WIDTH);
        let folder = self.folder();
        let Ok(reader) = TileReader::verified(sidecar(&folder, self.log), state.lines, state.root) else {
            return false;
        };
        let first = holdfast::sys::random() % full.max(1);
        (0..full.min(TILES)).all(|nth| {
            let tile = Tile::new(0, (first + nth) % full, TILE_WIDTH);
            tile.is_some_and(|tile| reader.tile(tile).is_ok())
        })
    }

    /// The last sealed bytes are still there. A log that was cut to nothing and has grown beyond its old size would
    /// else be sealed from somewhere in its middle on.
    pub(super) fn last_segment_is_there(&self, growth: &Growth) -> Result<(), SealError> {
        let finding = self.look_at_seal(growth, growth.seals_len.saturating_sub(1))?;
        finding.map_or(Ok(()), |finding| Err(SealError::changed(finding)))
    }

    /// Looks at the seal whose line has byte `at` of SEALS.
    fn look_at_seal(&self, growth: &Growth, at: u64) -> Result<Option<Finding>, SealError> {
        let from = at.saturating_sub(LINES);
        let read = self.seals_at(from)?;
        let at = (at - from) as usize;
        let Some(len) = read.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) else {
            return Ok(None);
        };
        let mut lines = read[..=at + len].split_inclusive(|byte| *byte == b'\n').rev();
        match (lines.next(), lines.next()) {
            (Some(seal), Some(before)) => self.look_at(growth, before, seal),
            _ => Ok(None),
        }
    }

    fn seals_at(&self, at: u64) -> Result<Vec<u8>, SealError> {
        let path = self.log.in_sidecar("SEALS");
        let seals = self.sys.store.open(&path);
        let seals = seals.map_err(|error| FileError::new(path.display().to_string(), error))?;
        let mut buf = vec![0; LINES as usize + SEALS_LINE_MAX];
        let read = seals.read_at(at, &mut buf).map_err(FileError::at(&path))?;
        buf.truncate(read);
        Ok(buf)
    }

    /// What is wrong with the bytes of a seal, given as two lines of SEALS.
    fn look_at(&self, growth: &Growth, before: &[u8], seal: &[u8]) -> Result<Option<Finding>, SealError> {
        let Ok(Record::Seal(seal)) = Record::parse(seal) else { return Ok(None) };
        if seal.prev != Hash::of(before) {
            let says = format!("seal {} does not follow the line before it", seal.n);
            return Ok(Some(Finding::new(Kind::Edited, "SEALS").says(says)));
        }
        let (lines, bytes) = match Record::parse(before) {
            Ok(Record::Seal(before)) => (before.lines, before.bytes),
            Ok(Record::Genesis(_)) => (0, 0),
            // After a rotation or a new key the numbers stand further up.
            _ => return Ok(None),
        };
        // What was rotated away is for the whole check.
        match bytes.checked_sub(growth.state.file_begin) {
            Some(begin) => self.bytes_of(growth, &seal, (lines, begin)),
            None => Ok(None),
        }
    }

    fn bytes_of(
        &self,
        growth: &Growth,
        seal: &Seal,
        (lines, begin): (u64, u64),
    ) -> Result<Option<Finding>, SealError> {
        let Some(end) = seal.bytes.checked_sub(growth.state.file_begin).filter(|end| *end >= begin) else {
            let says = format!("seal {} ends before the one before it", seal.n);
            return Ok(Some(Finding::new(Kind::Edited, "SEALS").says(says)));
        };
        let name = self.current(&growth.state);
        let log = self.log.dir.join(&name);
        let file = match self.sys.store.open(&log) {
            Ok(file) => file,
            // That it is missing is said elsewhere, where it matters.
            Err(holdfast::sys::ReadError::Missing) => return Ok(None),
            Err(error) => return Err(FileError::new(log.display().to_string(), error).into()),
        };
        let mut hasher = Hasher::plain();
        let mut pieces = Pieces::new(&*file, begin, end, PIECE);
        while let Some(piece) = pieces.next().map_err(FileError::at(&log))? {
            hasher.update(piece.bytes());
        }
        if hasher.finish() == seal.seg {
            return Ok(None);
        }
        let says = format!("these bytes were other ones when seal {} was made", seal.n);
        Ok(Some(Finding::new(Kind::Edited, name).lines(lines + 1, seal.lines).byte(begin).says(says)))
    }
}
