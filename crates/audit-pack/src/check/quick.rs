//! The quick check, for once a minute: what the sidecar claims, the lengths, and the bytes of the last seal. What was
//! changed further back is for the whole check, and for the segment that each run of the sealer takes at random.

use tlog::Hasher;

use super::claims::{Claims, Extent};
use super::scan::tail;
use crate::finding::{Finding, Findings, Kind};
use crate::pieces::Pieces;
use crate::place::FileError;
use crate::seals::Segment;
use crate::sidecar::Sidecar;

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// What a quick check found.
#[derive(Default)]
pub(super) struct Quick {
    pub(super) findings: Findings,
    /// Bytes behind the last sealed one, and how many of them are behind the last LF.
    pub(super) unsealed: u64,
    pub(super) tail: u64,
}

pub(super) fn quick(sidecar: &Sidecar<'_>, claims: &Claims) -> Result<Quick, FileError> {
    let mut out = Quick::default();
    for (index, extent) in claims.extents.iter().enumerate() {
        let shown = sidecar.place.shown(&extent.file);
        let wanted = extent.end - extent.begin;
        let Some(file) = sidecar.open_log(&extent.file, wanted, &mut out.findings)? else { continue };
        let error = |error| sidecar.error(&extent.file, error);
        let size = file.size().map_err(error)?;
        if size < wanted {
            let says = format!("{wanted} bytes of it are sealed");
            out.findings.add(Finding::new(Kind::Truncated, shown).byte(size).says(says));
        } else if index + 1 == claims.extents.len() {
            out.unsealed = size - wanted + claims.moved.as_ref().map_or(0, |(_, more)| *more);
            out.tail = tail(&*file, wanted, size).map_err(error)?;
            if let Some(finding) = last_seal(&*file, extent, claims, &shown).map_err(error)? {
                out.findings.add(finding);
            }
        } else if size > wanted {
            let says = format!("{} bytes were added to a closed file", size - wanted);
            out.findings.add(Finding::new(Kind::Inserted, shown).byte(wanted).says(says));
        }
    }
    Ok(out)
}

fn last_seal(
    file: &dyn holdfast::sys::ReadAt,
    extent: &Extent,
    claims: &Claims,
    shown: &str,
) -> std::io::Result<Option<Finding>> {
    let Some(Segment { lines, bytes, seal, .. }) = &claims.last else { return Ok(None) };
    // In a file that was begun since, nothing is sealed yet.
    let (Some(begin), Some(end)) = (bytes.checked_sub(extent.begin), seal.bytes.checked_sub(extent.begin))
    else {
        return Ok(None);
    };
    let mut hasher = Hasher::plain();
    let mut pieces = Pieces::new(file, begin, end, PIECE);
    while let Some(piece) = pieces.next()? {
        hasher.update(piece.bytes());
    }
    Ok((hasher.finish() != seal.seg).then(|| {
        let says = format!("these bytes were other ones when seal {} was made", seal.n);
        Finding::new(Kind::Edited, shown).lines(lines + 1, seal.lines).byte(begin).says(says)
    }))
}
