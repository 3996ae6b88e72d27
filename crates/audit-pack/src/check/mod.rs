//! Checking a log against its sidecar: every byte hashed again, every claim looked at, all damage told in one pass.

mod claims;
pub(crate) mod classify;
pub(crate) mod diagnose;
pub(crate) mod differ;
mod quick;
mod scan;

use tlog::seals::State;
use tlog::{FileName, Hash, TileSource};

use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::progress::Progress;
use crate::sidecar::Sidecar;
pub(crate) use claims::Extent;
use claims::claims;
use scan::{Scan, Spot};

/// Somebody outside of the sidecar knows this head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    /// Who.
    pub(crate) label: String,
    /// A number of lines.
    pub(crate) size: u64,
    /// The root over them.
    pub(crate) root: Hash,
    /// A number of lines of SEALS, and the hash of the last of them.
    pub(crate) seals: Option<(u64, Hash)>,
}

/// How to check.
pub(crate) struct Options<'a> {
    /// Also the SHA-256 of each sealed segment, and the root at each seal.
    pub(crate) deep: bool,
    /// Heads that the log must extend.
    pub(crate) pins: Vec<Pin>,
    pub(crate) threads: usize,
    pub(crate) progress: &'a Progress,
}

/// What a check found.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What SEALS says; nothing where it says nothing.
    pub(crate) state: Option<State>,
    /// Lines of the log, and of SEALS, that a signature covers.
    pub(crate) signed_lines: u64,
    pub(crate) signed_records: u64,
    /// Bytes behind the last sealed one, and how many of them are behind the last LF.
    pub(crate) unsealed: u64,
    pub(crate) tail: u64,
    /// The log's file has this name now, and the sealer has not gone on with a new one yet.
    pub(crate) moved: Option<FileName>,
    /// The files that were looked at, as the seals say.
    pub(crate) extents: Vec<Extent>,
    pub(crate) findings: Findings,
}

impl Checked {
    /// Of a log of which no seals can be read, or none are there.
    pub(crate) fn nothing(findings: Findings) -> Self {
        let (state, moved, extents) = (None, None, Vec::new());
        Self { state, signed_lines: 0, signed_records: 0, unsealed: 0, tail: 0, moved, extents, findings }
    }
}

/// Checks of one log what takes but a moment. Of the pins only what SEALS says of them is looked at.
pub(crate) fn check_quickly(sidecar: &Sidecar<'_>, pins: &[Pin]) -> Result<Checked, FileError> {
    let mut findings = Findings::default();
    let Some(claims) = claims(sidecar, pins, &mut findings)? else { return Ok(Checked::nothing(findings)) };
    findings.extend(claims.findings.clone());
    rolled_back(sidecar, &claims.state, pins, &mut findings);
    let quick = quick::quick(sidecar, &claims)?;
    findings.extend(quick.findings);
    Ok(Checked {
        signed_lines: claims.signed_lines,
        signed_records: claims.signed_records,
        state: Some(claims.state),
        unsealed: quick.unsealed,
        tail: quick.tail,
        moved: claims.moved.map(|(name, _)| name),
        extents: claims.extents,
        findings,
    })
}

/// Checks one log.
pub(crate) fn check(sidecar: &Sidecar<'_>, options: &Options<'_>) -> Result<Checked, FileError> {
    check_beside_sealer(sidecar, options, || ())
}

/// Checks one log while it may be sealed. A sealer that is kept away until `claimed` is called does no harm afterwards.
pub(crate) fn check_beside_sealer(
    sidecar: &Sidecar<'_>,
    options: &Options<'_>,
    claimed: impl FnOnce(),
) -> Result<Checked, FileError> {
    let mut findings = Findings::default();
    let seals_len = seals_len(sidecar)?;
    let Some(claims) = claims(sidecar, &options.pins, &mut findings)? else {
        return Ok(Checked::nothing(findings));
    };
    claimed();
    findings.extend(claims.findings.clone());
    rolled_back(sidecar, &claims.state, &options.pins, &mut findings);
    let seals = if options.deep { sidecar.open(&sidecar.name("SEALS"))? } else { None };
    let scanned = Scan::run(sidecar, &claims, options, seals.as_deref())?;
    if (scanned.lines, scanned.root) == (claims.state.lines, claims.state.root) {
        findings.extend(scanned.findings);
        findings.extend(scanned.segments);
        let mut tiles = scanned.tiles;
        if self::seals_len(sidecar)? != seals_len {
            // Partial tiles are kept of the current size only, and that is another one by now.
            tiles.retain(|tile| tile.is_full() || !matches!(TileSource::tile(sidecar, *tile), Ok(None)));
        }
        diagnose::damaged(sidecar, &tiles, &mut findings);
    } else {
        // From the beginning of what differs, or of the last file where nothing that was looked at did.
        let start = Spot { line: 0, extent: 0, byte: 0 };
        let told = diagnose::diagnose(sidecar, &claims, scanned.differs.unwrap_or(start))?;
        let mut added = scanned.findings;
        // What was added to a closed file and told line by line is told once.
        added.retain(|added| {
            added.kind != Kind::Inserted || told.listed.iter().all(|told| told.file != added.file)
        });
        let nothing_told = told.is_empty() && added.is_empty();
        findings.extend(told);
        findings.extend(added);
        if nothing_told {
            let says = "its lines have another root than the seals say, and the tiles do not tell where";
            findings.add(Finding::new(Kind::Forked, sidecar.place.shown(&sidecar.log)).says(says));
        }
    }
    Ok(Checked {
        signed_lines: claims.signed_lines,
        signed_records: claims.signed_records,
        state: Some(claims.state),
        unsealed: scanned.unsealed,
        tail: scanned.tail,
        moved: claims.moved.map(|(name, _)| name),
        extents: claims.extents,
        findings,
    })
}

fn seals_len(sidecar: &Sidecar<'_>) -> Result<u64, FileError> {
    let name = sidecar.name("SEALS");
    // What stands in its place is told by who reads it.
    let Some(file) = sidecar.open_log(&name, 0, &mut Findings::default())? else { return Ok(0) };
    file.size().map_err(|error| sidecar.error(&name, error))
}

/// Heads that are beyond what is there.
fn rolled_back(sidecar: &Sidecar<'_>, state: &State, pins: &[Pin], findings: &mut Findings) {
    for pin in pins.iter().filter(|pin| pin.size > state.lines) {
        let says = format!("{} knows {} lines of it, and {} are sealed", pin.label, pin.size, state.lines);
        let finding = Finding::new(Kind::RolledBack, sidecar.place.shown(&sidecar.log));
        findings.add(finding.lines(state.lines + 1, pin.size).says(says));
    }
}

#[cfg(test)]
pub(crate) mod tests;
