//! Old segments and tiles looked at again with each run, so that a change far back is not only found by a whole check.

use tlog::seals::{Seal, State};
use tlog::tile::{TILE_WIDTH, TileReader};
use tlog::{Hasher, Tile};

use super::{Growth, PIECE, SealError, Sealer, sidecar};
use crate::finding::{Finding, Findings, Kind};
use crate::pieces::Pieces;
use crate::place::FileError;
use crate::seals::segment_at;

/// So many full tiles of the leaves are looked at, and those above them.
const TILES: u64 = 16;

impl Sealer<'_> {
    /// Takes a random place of SEALS, without reading the rest, and hashes the bytes of the seal that stands there.
    pub(super) fn scrub(&self, growth: &mut Growth, findings: &mut Findings) -> Result<(), SealError> {
        let at = holdfast::sys::random() % growth.seals_len.max(1);
        let finding = self.look_at_seal(growth, at)?;
        // A log that was renamed since is no other log: the next run looks at it.
        if self.was_renamed(growth)? {
            return Ok(());
        }
        findings.extend(finding.into_iter().collect());
        if self.tiles_are_whole(&growth.state) {
            return Ok(());
        }
        match self.rebuild(&growth.state, &self.file(growth)) {
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

    /// Looks at the seal whose line has byte `at` of SEALS.
    fn look_at_seal(&self, growth: &Growth, at: u64) -> Result<Option<Finding>, SealError> {
        let Some(segment) = segment_at(&*self.seals()?, at).map_err(|error| self.seals_error(error))? else {
            return Ok(None);
        };
        if !segment.follows {
            let says = format!("seal {} does not follow the line before it", segment.seal.n);
            return Ok(Some(Finding::new(Kind::Edited, "SEALS").says(says)));
        }
        // What was rotated away is for the whole check.
        match segment.bytes.checked_sub(growth.state.file_begin) {
            Some(begin) => self.bytes_of(growth, &segment.seal, (segment.lines, begin)),
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
        let name = self.file(growth);
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
