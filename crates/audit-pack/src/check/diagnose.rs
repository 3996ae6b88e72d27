//! Once something differs: which lines, and what happened to them.

use std::collections::{HashMap, HashSet};
use std::io;

use tlog::seals::Record;
use tlog::tile::TileReader;
use tlog::{Hash, Tile};

use super::claims::Claims;
use super::classify::{Classifier, Placed};
use super::differ::{New, Old, differ};
use super::scan::Spot;
use crate::finding::{Finding, Findings, Interval};
use crate::pieces::{Leaves, Piece, Pieces};
use crate::place::FileError;
use crate::seals::SealsReader;
use crate::sidecar::Sidecar;

/// How much of a log is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// The sealed leaves, as the tiles have them.
struct Sealed<'a> {
    reader: Option<TileReader<&'a Sidecar<'a>>>,
    lines: u64,
}

impl<'a> Sealed<'a> {
    fn new(sidecar: &'a Sidecar<'a>, claims: &Claims) -> Self {
        let state = &claims.state;
        // Tiles that do not have the signed root may still be right here and there, but prove nothing.
        let reader = TileReader::verified(sidecar, state.lines, state.root);
        let reader = reader.ok().or_else(|| Some(TileReader::unchecked(sidecar, state.lines)));
        Self { reader, lines: state.lines }
    }

    /// Lines from `first` to below `end`.
    fn between(&self, first: u64, end: u64) -> impl Iterator<Item = io::Result<Old>> {
        let mut tile: Option<(u64, Option<std::rc::Rc<[Hash]>>)> = None;
        (first..end.min(self.lines)).map(move |line| {
            let index = line / 256;
            if tile.as_ref().is_none_or(|(held, _)| *held != index) {
                let hashes = Tile::at(0, index, self.lines)
                    .and_then(|wanted| self.reader.as_ref().and_then(|reader| reader.tile(wanted).ok()));
                tile = Some((index, hashes));
            }
            let hashes = tile.as_ref().and_then(|(_, hashes)| hashes.as_ref());
            Ok(Old(hashes.and_then(|hashes| hashes.get((line % 256) as usize).copied())))
        })
    }
}

/// Tells every line of the log that is not as it was sealed.
pub(crate) fn diagnose(sidecar: &Sidecar<'_>, claims: &Claims, from: Spot) -> Result<Findings, FileError> {
    let sealed = Sealed::new(sidecar, claims);
    let mut findings = Findings::default();
    let mut line = from.line;
    let mut placed = Vec::new();
    // Each file by itself: with damage in a closed one, the next begins where it should.
    for (index, extent) in claims.extents.iter().enumerate().skip(from.extent) {
        let first = std::mem::replace(&mut line, extent.lines);
        // That it is gone was told by who looked before.
        let Some(file) = sidecar.open_log(&extent.file, 0, &mut Findings::default())? else { continue };
        let error = |error| sidecar.error(&extent.file, error);
        let begin = if index == from.extent { from.byte } else { 0 };
        let size = file.size().map_err(error)?;
        let mut pieces = Pieces::new(&*file, begin.min(size), size, PIECE);
        let mut lines = Lines::new(&mut pieces);
        let mut classifier = Classifier::default();
        let old = sealed.between(first, extent.lines);
        differ(old, lines.by_ref(), (first, first), size, |change| classifier.add(change)).map_err(error)?;
        let elsewhere = find(&sealed, &classifier.inserted());
        findings.count += classifier.more;
        let shown = sidecar.place.shown(&extent.file);
        placed.extend(classifier.findings(&shown, &elsewhere, extent.lines, size));
    }
    intervals(sidecar, &mut placed)?;
    for placed in placed {
        findings.add(placed.finding);
    }
    Ok(findings)
}

/// Where the inserted lines had been sealed before, if they had.
fn find(sealed: &Sealed<'_>, wanted: &HashSet<Hash>) -> HashMap<Hash, u64> {
    let mut found = HashMap::new();
    if wanted.is_empty() {
        return found;
    }
    for (line, old) in (0..).zip(sealed.between(0, sealed.lines)) {
        if let Ok(Old(Some(hash))) = old
            && wanted.contains(&hash)
        {
            found.entry(hash).or_insert(line);
            if found.len() == wanted.len() {
                break;
            }
        }
    }
    found
}

/// Says of each finding between which seals it stands.
fn intervals(sidecar: &Sidecar<'_>, placed: &mut [Placed]) -> Result<(), FileError> {
    let name = sidecar.name("SEALS");
    let Some(file) = sidecar.open(&name)? else { return Ok(()) };
    let mut reader = SealsReader::new(&*file, 0);
    let mut before: Option<u64> = None;
    let mut waiting = placed.iter_mut().peekable();
    while waiting.peek().is_some() {
        let Some(line) = reader.line().map_err(|error| sidecar.error(&name, error))? else { break };
        let Ok(Record::Seal(seal)) = Record::parse(&line) else { continue };
        while let Some(placed) = waiting.next_if(|placed| placed.line <= seal.lines) {
            placed.finding.interval =
                Some(Interval { seal: seal.n, sealed_ms: seal.time_ms, after_ms: before });
        }
        before = Some(seal.time_ms);
    }
    Ok(())
}

/// The lines of a file, one by one, with where they begin.
pub(crate) struct Lines<'p, 'f> {
    pieces: &'p mut Pieces<'f>,
    leaves: Leaves,
    ready: std::vec::IntoIter<New>,
    /// Where the line begins that did not end yet.
    begun: Option<u64>,
}

impl<'p, 'f> Lines<'p, 'f> {
    pub(crate) fn new(pieces: &'p mut Pieces<'f>) -> Self {
        Self { pieces, leaves: Leaves::default(), ready: Vec::new().into_iter(), begun: None }
    }
}

impl Iterator for Lines<'_, '_> {
    type Item = io::Result<New>;

    fn next(&mut self) -> Option<io::Result<New>> {
        loop {
            if let Some(line) = self.ready.next() {
                return Some(Ok(line));
            }
            let at = self.pieces.offset();
            let piece = match self.pieces.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            };
            let hashes = self.leaves.of(&piece, 1);
            self.ready = match piece {
                Piece::Lines(bytes) => {
                    let ends = memchr::memchr_iter(b'\n', bytes).map(|lf| at + lf as u64 + 1);
                    let begins = std::iter::once(at).chain(ends);
                    let lines = hashes.into_iter().zip(begins).map(|(hash, byte)| New { hash, byte });
                    lines.collect::<Vec<_>>().into_iter()
                }
                Piece::Part(_) | Piece::Tail(_) => {
                    let byte = *self.begun.get_or_insert(at);
                    if !hashes.is_empty() {
                        self.begun = None;
                    }
                    hashes.into_iter().map(|hash| New { hash, byte }).collect::<Vec<_>>().into_iter()
                }
            };
        }
    }
}

/// The tiles that are damaged although the log is not.
pub(crate) fn damaged(sidecar: &Sidecar<'_>, tiles: &[Tile], findings: &mut Findings) {
    for tile in tiles {
        let name = sidecar.name(&tile.to_string());
        let kind = match tlog::TileSource::tile(sidecar, *tile) {
            Ok(None) => crate::finding::Kind::Missing,
            _ => crate::finding::Kind::Edited,
        };
        let first = tile.first_leaf() + 1;
        findings.add(
            Finding::new(kind, name)
                .says(format!("a tile over line {first} and following ones; the log itself is whole")),
        );
    }
}
