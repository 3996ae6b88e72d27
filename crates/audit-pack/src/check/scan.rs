//! Every byte of a log hashed again, against the tiles and the root, as fast as the machine can.

use std::collections::VecDeque;

use holdfast::sys::ReadAt;
use rayon::prelude::*;
use tlog::seals::{Record, Seal};
use tlog::tile::Builder;
use tlog::{Hash, Hasher, Tile};

use super::claims::{Claims, Extent};
use super::{Options, Pin};
use crate::finding::{Finding, Findings, Kind};
use crate::pieces::{Leaves, Piece, Pieces};
use crate::place::FileError;
use crate::seals::SealsReader;
use crate::sidecar::Sidecar;

/// How much of a log is read at once for each thread, in bytes: as much as stays near the processor.
const PIECE: usize = 1 << 20;

/// Where a scan stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Lines before it.
    pub(crate) line: u64,
    /// Which of the log's files.
    pub(crate) extent: usize,
    /// Where in that file.
    pub(crate) byte: u64,
}

/// What a scan found.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// Lines and root of what is there, up to where the seals end.
    pub(crate) lines: u64,
    pub(crate) root: Hash,
    /// Where the first tile is made that is not the stored one.
    pub(crate) differs: Option<Spot>,
    /// Stored tiles that are not those of the log that is there.
    pub(crate) tiles: Vec<Tile>,
    /// Files that are missing or too short, or too long although they are closed.
    pub(crate) findings: Findings,
    /// Segments and roots that are not those of their seals.
    pub(crate) segments: Findings,
    /// Bytes behind the last sealed one, and how many of them are behind the last LF.
    pub(crate) unsealed: u64,
    pub(crate) tail: u64,
}

/// At most so many damaged tiles are named.
const TILES_MAX: usize = 1000;

/// One pass over a log.
pub(crate) struct Scan<'a> {
    sidecar: &'a Sidecar<'a>,
    claims: &'a Claims,
    options: &'a Options<'a>,
    builder: Builder,
    /// Sizes at which the root must be a certain one, smallest first.
    stops: VecDeque<&'a Pin>,
    seals: Option<SegmentCheck<'a>>,
    /// Before the first line of the tile that is not full yet.
    edge: Spot,
    out: Scanned,
}

impl<'a> Scan<'a> {
    pub(crate) fn run(
        sidecar: &'a Sidecar<'a>,
        claims: &'a Claims,
        options: &'a Options<'a>,
        seals: Option<&'a dyn ReadAt>,
    ) -> Result<Scanned, FileError> {
        let mut stops: Vec<&Pin> = options.pins.iter().filter(|pin| pin.size <= claims.state.lines).collect();
        stops.sort_by_key(|pin| pin.size);
        let mut scan = Self {
            sidecar,
            claims,
            options,
            builder: Builder::new(),
            stops: stops.into(),
            seals: seals.map(SegmentCheck::new),
            edge: Spot { line: 0, extent: 0, byte: 0 },
            out: Scanned {
                lines: 0,
                root: Hash::EMPTY,
                differs: None,
                tiles: Vec::new(),
                findings: Findings::default(),
                segments: Findings::default(),
                unsealed: 0,
                tail: 0,
            },
        };
        scan.at_stops();
        for (index, extent) in claims.extents.iter().enumerate() {
            if !scan.extent(index, extent)? {
                break;
            }
        }
        Ok(scan.finish())
    }

    /// One file; false where it ends too early.
    fn extent(&mut self, index: usize, extent: &Extent) -> Result<bool, FileError> {
        let error = |error| self.sidecar.error(&extent.file, error);
        let wanted = extent.end - extent.begin;
        let is_last = index + 1 == self.claims.extents.len();
        let found = self.sidecar.open_log(&extent.file, wanted, &mut self.out.findings)?;
        let Some(file) = found else { return Ok(wanted == 0) };
        let size = file.size().map_err(error)?;
        let threads = self.options.threads;
        let mut pieces = Pieces::new(&*file, 0, wanted.min(size), PIECE * threads).on_threads(threads);
        let mut leaves = Leaves::default();
        loop {
            let spot = Spot { line: self.builder.size(), extent: index, byte: pieces.offset() };
            let Some(piece) = pieces.next().map_err(|error| self.sidecar.error(&extent.file, error))? else {
                break;
            };
            self.piece(&piece, &mut leaves, spot)?;
            self.options.progress.add(piece.bytes().len() as u64);
        }
        if is_last {
            let more = self.claims.moved.as_ref().map_or(0, |(_, more)| *more);
            self.out.unsealed = size.saturating_sub(wanted) + more;
            self.out.tail = tail(&*file, wanted.min(size), size)
                .map_err(|error| self.sidecar.error(&extent.file, error))?;
        } else if size > wanted {
            let finding = Finding::new(Kind::Inserted, self.sidecar.place.shown(&extent.file)).byte(wanted);
            self.out
                .findings
                .add(finding.says(format!("{} bytes were added to a closed file", size - wanted)));
        }
        Ok(size >= wanted)
    }

    fn piece(&mut self, piece: &Piece<'_>, leaves: &mut Leaves, spot: Spot) -> Result<(), FileError> {
        let threads = self.options.threads;
        let new = match &mut self.seals {
            None => leaves.of(piece, threads),
            Some(seals) => {
                let (new, error) = seals.with_leaves(piece, leaves, threads);
                error.map_err(|error| self.sidecar.error(&self.sidecar.name("SEALS"), error))?;
                new
            }
        };
        let mut rest = &new[..];
        let mut full: Vec<(Tile, Vec<Hash>)> = Vec::new();
        while !rest.is_empty() {
            let stop = self.next_stop().map_or(u64::MAX, |stop| stop.saturating_sub(self.builder.size()));
            let (now, later) = rest.split_at(rest.len().min(usize::try_from(stop).unwrap_or(usize::MAX)));
            let grown: Result<(), std::convert::Infallible> =
                self.builder.extend(now, threads, |tile, hashes| {
                    full.push((tile, hashes.to_vec()));
                    Ok(())
                });
            match grown {
                Ok(()) => {}
                Err(never) => match never {},
            }
            rest = later;
            self.at_stops();
        }
        self.compare(&full);
        if !full.is_empty() {
            self.edge = spot;
        }
        Ok(())
    }

    fn next_stop(&self) -> Option<u64> {
        let pin = self.stops.front().map(|pin| pin.size);
        let seal = self.seals.as_ref().and_then(SegmentCheck::next_root);
        [pin, seal].into_iter().flatten().min()
    }

    /// Compares roots where somebody has named one for this size.
    fn at_stops(&mut self) {
        let size = self.builder.size();
        while let Some(pin) = self.stops.pop_front_if(|pin| pin.size == size) {
            // Who knows what the seals say knows no other history: that the log is another one is told line by line.
            let as_sealed = (pin.size, pin.root) == (self.claims.state.lines, self.claims.state.root);
            if pin.root != self.builder.root() && !as_sealed {
                let finding = Finding::new(Kind::Forked, self.sidecar.place.shown(&self.sidecar.log));
                let says = format!("its first {size} lines are not those that {} knows", pin.label);
                self.out.findings.add(finding.lines(1, size).says(says));
            }
        }
        // Of shorter lines there may be more in the bytes of a seal than it says.
        if let Some(seals) = &mut self.seals
            && seals.next_root().is_some_and(|lines| lines <= size)
        {
            seals.root(size, self.builder.root());
        }
    }

    /// Compares full tiles with the stored ones, on all threads.
    fn compare(&mut self, full: &[(Tile, Vec<Hash>)]) {
        let sidecar = self.sidecar;
        let wrong = full.par_iter().with_min_len(4).filter(|(tile, hashes)| !sidecar.has_tile(*tile, hashes));
        let mut wrong: Vec<Tile> = wrong.map(|(tile, _)| *tile).collect();
        wrong.sort_unstable();
        self.differ(wrong);
    }

    fn differ(&mut self, wrong: Vec<Tile>) {
        if !wrong.is_empty() {
            self.out.differs.get_or_insert(self.edge);
        }
        self.out.tiles.extend(wrong.into_iter().take(TILES_MAX.saturating_sub(self.out.tiles.len())));
    }

    fn finish(mut self) -> Scanned {
        // A right edge of another size is not the stored one.
        if self.builder.size() != self.claims.state.lines {
            self.out.differs.get_or_insert(self.edge);
        }
        if self.builder.size() == self.claims.state.lines {
            let edge: Vec<Tile> = self
                .builder
                .partials()
                .filter(|(tile, hashes)| !self.sidecar.has_tile(*tile, hashes))
                .map(|(tile, _)| tile)
                .collect();
            self.differ(edge);
        }
        if let Some(seals) = self.seals {
            self.out.segments = seals.findings;
        }
        self.out.lines = self.builder.size();
        self.out.root = self.builder.root();
        self.out
    }
}

/// How many bytes stand behind the last LF of what is not sealed.
pub(super) fn tail(file: &dyn ReadAt, begin: u64, size: u64) -> std::io::Result<u64> {
    const STEP: usize = 1 << 16;
    let mut end = size;
    let mut buf = vec![0; STEP];
    while end > begin {
        let len = STEP.min((end - begin) as usize);
        let read = file.read_at(end - len as u64, &mut buf[..len])?;
        if let Some(lf) = memchr::memrchr(b'\n', &buf[..read]) {
            return Ok(size - (end - len as u64 + lf as u64 + 1));
        }
        end -= len as u64;
    }
    Ok(size - begin)
}

/// Recomputes `seg` of each seal, and the root at each.
struct SegmentCheck<'a> {
    reader: SealsReader<'a>,
    /// The seal whose bytes come now, and those whose root is still to come.
    next: Option<Seal>,
    roots: VecDeque<Seal>,
    at: u64,
    hasher: Hasher,
    findings: Findings,
    lines_before: u64,
}

impl<'a> SegmentCheck<'a> {
    fn new(file: &'a dyn ReadAt) -> Self {
        Self {
            reader: SealsReader::new(file, 0),
            next: None,
            roots: VecDeque::new(),
            at: 0,
            hasher: Hasher::plain(),
            findings: Findings::default(),
            lines_before: 0,
        }
    }

    /// How many lines there are at the next seal whose bytes have been seen.
    fn next_root(&self) -> Option<u64> {
        self.roots.front().map(|seal| seal.lines)
    }

    fn root(&mut self, size: u64, root: Hash) {
        while let Some(seal) = self.roots.pop_front_if(|seal| seal.lines <= size) {
            if seal.lines < size || seal.root != root {
                let says = format!("seal {} names another root than its {} lines have", seal.n, seal.lines);
                self.findings.add(Finding::new(Kind::Forked, "SEALS").says(says));
            }
        }
    }

    fn advance(&mut self) -> std::io::Result<()> {
        while self.next.is_none() {
            let Some(line) = self.reader.line()? else { return Ok(()) };
            if let Ok(Record::Seal(seal)) = Record::parse(&line) {
                self.next = Some(seal);
            }
        }
        Ok(())
    }

    /// The leaves of a piece, and beside them the segments that it has.
    fn with_leaves(
        &mut self,
        piece: &Piece<'_>,
        leaves: &mut Leaves,
        threads: usize,
    ) -> (Vec<Hash>, std::io::Result<()>) {
        let (new, done) = rayon::join(|| leaves.of(piece, threads), || self.segments(piece.bytes()));
        (new, done)
    }

    fn segments(&mut self, mut bytes: &[u8]) -> std::io::Result<()> {
        loop {
            self.advance()?;
            let Some(seal) = &self.next else { return Ok(()) };
            let left = seal.bytes.saturating_sub(self.at);
            let take = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.hasher.update(&bytes[..take]);
            self.at += take as u64;
            bytes = &bytes[take..];
            if self.at < seal.bytes {
                return Ok(());
            }
            let found = std::mem::replace(&mut self.hasher, Hasher::plain()).finish();
            if found != seal.seg {
                let says = format!("the bytes of seal {} are not those that were sealed", seal.n);
                let finding = Finding::new(Kind::Edited, "SEALS").lines(self.lines_before + 1, seal.lines);
                self.findings.add(finding.says(says));
            }
            self.lines_before = seal.lines;
            self.roots.extend(self.next.take());
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }
}
