//! Sealing what was appended to a log.
//!
//! The order is the durability: tiles, then SEALS, then the memory of what is signed, then the signed notes. A crash
//! between any two leaves what the next run recognises and goes on from, by the same way on which it would have come.

mod error;
mod recover;
mod rekey;
mod rotate;
mod scrub;
mod sign;
mod tiles;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use holdfast::sys::{ReadAt, Sys};
use tlog::seals::{Record, State, Walk};
use tlog::tile::Builder;
use tlog::{FileName, Hash, Hasher, Tile, Vkey};

pub(crate) use error::SealError;
pub(crate) use rotate::Waits;
pub(crate) use sign::NoteSigner;

use crate::finding::{Finding, Findings, Kind};
use crate::guard::{self, Guard};
use crate::log::Log;
use crate::pieces::{Leaves, Piece, Pieces};
use crate::place::{FileError, Folder};
use crate::progress::Progress;
use crate::sidecar::Sidecar;
use tiles::TileWriter;

/// A seal covers at most so many bytes, or one line. Small enough that one can be hashed again with each seal, and that
/// what stands in it is told apart from its neighbours.
const SEGMENT_MAX: u64 = 256 << 10;
/// How much of a log is read at once, in bytes.
const PIECE: usize = 1 << 20;
/// Another sealer is waited for this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// A temporary file that is so old is no writer's any more.
const LEFT_MIN: Duration = Duration::from_hours(1);
/// At most so many bad lines are named.
const BAD_MAX: usize = 20;

/// What a run of the sealer did.
#[derive(Debug)]
pub(crate) struct Sealed {
    /// What SEALS says now.
    pub(crate) state: State,
    /// Lines that were sealed by this run.
    pub(crate) new_lines: u64,
    /// Bytes behind the last LF: no line yet.
    pub(crate) tail: u64,
    /// Sealed lines that are no JSON: how many, and which (from 1) are the first.
    pub(crate) bad_count: u64,
    pub(crate) bad: Vec<u64>,
    /// Damaged tiles that were made anew from the log.
    pub(crate) mended: u64,
    /// Files that were closed by this run.
    pub(crate) closed: Vec<FileName>,
    /// From which byte of the log's present file on this run has sealed, and how many lines of the log are before it.
    pub(crate) from: (u64, u64),
    /// Why what stands in the log's file is not sealed yet.
    pub(crate) waits: Option<Waits>,
    /// An old segment that was hashed again and is not what was sealed.
    pub(crate) findings: Findings,
}

impl Sealed {
    fn nothing(state: &State) -> Self {
        Self {
            state: state.clone(),
            new_lines: 0,
            tail: 0,
            bad_count: 0,
            bad: Vec::new(),
            mended: 0,
            closed: Vec::new(),
            from: (state.bytes - state.file_begin, state.lines),
            waits: None,
            findings: Findings::default(),
        }
    }
}

/// Seals one log.
pub(crate) struct Sealer<'a> {
    pub(crate) sys: &'a Sys<'a>,
    pub(crate) log: &'a Log,
    /// Where it is remembered what was signed last.
    pub(crate) guard: PathBuf,
    pub(crate) threads: usize,
    /// The names that somebody says the log's file was given since, oldest first.
    pub(crate) closed: &'a [FileName],
}

/// A log's tree on its way.
struct Growth {
    state: State,
    seals_len: u64,
    builder: Builder,
    /// The names that the log's file has been given, and that SEALS does not say yet, oldest first.
    closed: VecDeque<FileName>,
    /// The system's number of the file that stood under the log's own name when it was looked for those.
    id: Option<u64>,
    /// What was signed last, and so must be extended.
    signed: Guard,
    /// Damaged tiles that were made anew.
    mended: u64,
}

impl Sealer<'_> {
    /// Seals every whole line that is there.
    pub(crate) fn seal(&self, key: &mut NoteSigner) -> Result<Sealed, SealError> {
        let lock = self.log.in_sidecar("lock");
        let held = self.sys.lock_within(&lock, PATIENCE).map_err(FileError::at(&lock))?;
        let Some(_held) = held else { return Err(SealError::Busy(lock.display().to_string())) };
        self.seal_locked(key)
    }

    /// The same for who holds the lock.
    pub(crate) fn seal_locked(&self, key: &mut NoteSigner) -> Result<Sealed, SealError> {
        self.again_if_renamed(|| self.seal_once(key))
    }

    /// A log that is renamed in the middle of it looks changed; so then it is looked at again.
    fn again_if_renamed<T>(&self, mut work: impl FnMut() -> Result<T, SealError>) -> Result<T, SealError> {
        let id = || guard::id_of(self.sys.store, &self.log.path());
        let before = id()?;
        match work() {
            Err(SealError::Renamed(_)) => work(),
            Err(SealError::Changed(_)) if id()? != before => work(),
            done => done,
        }
    }

    fn seal_once(&self, key: &mut NoteSigner) -> Result<Sealed, SealError> {
        let signed = self.last_signed(key.vkey())?;
        let before = signed.state.clone();
        let mut growth = self.resume(signed)?;
        same_key(&growth.state, key.vkey())?;
        self.affirm(&mut growth)?;
        let mut sealed = Sealed::nothing(&before);
        self.go_on(&mut growth, &mut sealed)?;
        // Before it is forgotten where they are.
        tiles::sweep_full(self.sys.store, &self.log.sidecar(), before.lines, growth.state.lines)?;
        self.sign(key, &mut growth)?;
        tiles::sweep_edge(self.sys.store, &self.log.sidecar(), growth.state.lines)?;
        self.sweep_old()?;
        self.scrub(&mut growth, &mut sealed.findings)?;
        self.looked()?;
        sealed.new_lines = growth.state.lines - before.lines;
        sealed.mended = growth.mended;
        sealed.state = growth.state;
        Ok(sealed)
    }

    /// What killed sealers left beside files that others may write at this moment: another log's sealer beside the key.
    fn sweep_old(&self) -> Result<(), SealError> {
        let sidecar = self.log.sidecar();
        for dir in [Some(sidecar.as_path()), self.guard.parent()].into_iter().flatten() {
            self.sys.store.sweep(dir, LEFT_MIN).map_err(FileError::at(dir))?;
        }
        Ok(())
    }

    /// Leaves the time of this look where a check sees it: lines that are younger are not late.
    fn looked(&self) -> Result<(), SealError> {
        let lock = self.log.in_sidecar("lock");
        let now = Duration::try_from_secs_f64(self.sys.clock.now().wall).unwrap_or_default();
        let now = std::time::UNIX_EPOCH + now;
        Ok(self.sys.store.set_modified(&lock, now).map_err(FileError::at(&lock))?)
    }

    fn folder(&self) -> Folder<'_> {
        Folder { store: self.sys.store, dir: self.log.dir.clone() }
    }

    /// The file that the log goes on in.
    fn current(&self, state: &State) -> String {
        state.file.as_ref().map_or_else(|| self.log.name.clone(), ToString::to_string)
    }

    /// The name that the file has now whose lines are sealed next.
    fn file(&self, growth: &Growth) -> String {
        growth.closed.front().map_or_else(|| self.current(&growth.state), ToString::to_string)
    }

    /// Unix milliseconds.
    fn now_ms(&self) -> u64 {
        (self.sys.clock.now().wall * 1e3) as u64
    }

    /// Seals the lines behind the last seal.
    fn add_new(&self, growth: &mut Growth, sealed: &mut Sealed) -> Result<(), SealError> {
        let name = self.file(growth);
        let path = self.log.dir.join(&name);
        // A file that was renamed has a name that stays.
        let id = if growth.closed.is_empty() { growth.id } else { guard::id_of(self.sys.store, &path)? };
        let Some((file, begin, size)) = self.unsealed(&growth.state, &name)? else { return Ok(()) };
        let (mut at, mut records, mut state) = (begin, Vec::new(), growth.state.clone());
        let old_lines = state.lines;
        let progress = Progress::bytes(size - begin, &path.display().to_string());
        let mut writer = TileWriter::new(self.sys.store, &self.log.sidecar());
        let io = |error| FileError::new(path.display().to_string(), error);
        while let Some(cut) = cut(&*file, at, size).map_err(io)? {
            let first_line = growth.builder.size() + 1;
            let lint = |bytes: &[u8], line| lint(bytes, line, &mut sealed.bad_count, &mut sealed.bad);
            let put = |tile, hashes: &[Hash]| writer.put(tile, hashes);
            let seg = self.grow(&mut growth.builder, &*file, at..cut, put, Lint(first_line, lint))?;
            let (lines, root) = (growth.builder.size(), growth.builder.root());
            let record = state.seal(self.now_ms(), lines, state.bytes + (cut - at), seg, root);
            state = after(&state, &record)?;
            records.push(record);
            progress.add(cut - at);
            at = cut;
        }
        drop(progress);
        sealed.tail = size - at;
        if records.is_empty() {
            return Ok(());
        }
        for (tile, hashes) in growth.builder.partials() {
            if Tile::at(tile.level(), tile.index(), old_lines) != Some(tile) {
                writer.put(tile, hashes)?;
            }
        }
        writer.flush()?;
        // Or a power loss takes lines away that a seal says are there, and it looks as if somebody had cut them off.
        self.sys.store.sync(&path).map_err(FileError::at(&path))?;
        if id.is_none() || guard::id_of(self.sys.store, &path)? != id {
            return Err(SealError::Renamed(name));
        }
        self.append(growth, &records)
    }

    /// Adds records to SEALS, durably and in one write.
    fn append(&self, growth: &mut Growth, records: &[Record]) -> Result<(), SealError> {
        let mut state = growth.state.clone();
        let mut text = String::new();
        for record in records {
            state = after(&state, record)?;
            text.push_str(&record.to_string());
        }
        let seals = self.log.in_sidecar("SEALS");
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let appended = self.sys.store.append(&seals, line).map_err(FileError::at(&seals))?;
        (growth.state, growth.seals_len) = (state, appended.end);
        Ok(())
    }

    /// The log's file. Nothing where there is no log yet.
    fn unsealed(&self, state: &State, name: &str) -> Result<Option<Unsealed>, SealError> {
        let path = self.log.dir.join(name);
        let begin = state.bytes - state.file_begin;
        let file = match self.sys.store.open(&path) {
            Ok(file) => file,
            Err(holdfast::sys::ReadError::Missing) if begin == 0 => return Ok(None),
            Err(holdfast::sys::ReadError::Missing) => {
                let says = format!("{} sealed lines were in it", state.lines);
                return Err(SealError::changed(Finding::new(Kind::Missing, name).says(says)));
            }
            Err(error) => {
                return Err(match error.stands_instead() {
                    Some(what) => {
                        let says = format!("in its place stands {what}");
                        SealError::changed(Finding::new(Kind::Replaced, name).says(says))
                    }
                    None => FileError::new(path.display().to_string(), error).into(),
                });
            }
        };
        let size = file.size().map_err(FileError::at(&path))?;
        if size < begin {
            let says = format!("{begin} bytes are sealed and {size} are there");
            return Err(SealError::changed(Finding::new(Kind::Truncated, name).byte(size).says(says)));
        }
        let mut last = *b"\n";
        if begin > 0 {
            file.read_at(begin - 1, &mut last).map_err(FileError::at(&path))?;
        }
        if last != *b"\n" {
            let finding = Finding::new(Kind::Edited, name).line(state.lines).byte(begin - 1);
            return Err(SealError::changed(finding.says("the last sealed line does not end here any more")));
        }
        Ok(Some((file, begin, size)))
    }

    /// Adds the lines of some bytes of a file to the tree; their SHA-256. `full` gets each tile that becomes full.
    fn grow(
        &self,
        builder: &mut Builder,
        file: &dyn ReadAt,
        range: std::ops::Range<u64>,
        mut full: impl FnMut(Tile, &[Hash]) -> Result<(), FileError>,
        mut lint: Lint<impl FnMut(&[u8], u64)>,
    ) -> Result<Hash, SealError> {
        let mut pieces = Pieces::new(file, range.start, range.end, PIECE);
        let (mut leaves, mut seg) = (Leaves::default(), Hasher::plain());
        let mut left = range.end - range.start;
        let io = |error| FileError::new(self.log.path().display().to_string(), error);
        while let Some(piece) = pieces.next().map_err(io)? {
            seg.update(piece.bytes());
            left -= piece.bytes().len() as u64;
            let new = leaves.of(&piece, self.threads);
            if let Piece::Lines(bytes) = piece {
                lint.1(bytes, lint.0);
            }
            lint.0 += new.len() as u64;
            builder.extend(&new, self.threads, &mut full)?;
        }
        if left > 0 {
            let finding = Finding::new(Kind::Truncated, self.log.name.clone()).byte(range.end - left);
            return Err(SealError::changed(finding.says("it became shorter while it was sealed")));
        }
        Ok(seg.finish())
    }
}

/// An open log, from where on it is unsealed, and its size.
type Unsealed = (Box<dyn ReadAt>, u64, u64);

/// From which line on, and what looks at the lines.
struct Lint<F>(u64, F);

/// Looks for lines that are no JSON. They are sealed all the same: they are evidence.
fn lint(bytes: &[u8], first_line: u64, count: &mut u64, named: &mut Vec<u64>) {
    for (number, line) in (first_line..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        if serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err() {
            *count += 1;
            if named.len() < BAD_MAX {
                named.push(number);
            }
        }
    }
}

/// Where the next segment ends: behind the last LF that it may have, else behind the first one. Nothing where no line
/// ends any more.
fn cut(file: &dyn ReadAt, begin: u64, size: u64) -> std::io::Result<Option<u64>> {
    let end = size.min(begin + SEGMENT_MAX);
    let mut buf = vec![0; PIECE.min((end - begin) as usize)];
    let mut at = begin;
    // Backwards it would be found sooner, but a segment is as long as the buffer.
    loop {
        let read = file.read_at(at, &mut buf)?;
        let wanted = (size - at).min(buf.len() as u64) as usize;
        let bytes = &buf[..read.min(wanted)];
        let lf = if at == begin { memchr::memrchr(b'\n', bytes) } else { memchr::memchr(b'\n', bytes) };
        if let Some(lf) = lf {
            return Ok(Some(at + lf as u64 + 1));
        }
        at += bytes.len() as u64;
        if bytes.is_empty() || at >= size {
            return Ok(None);
        }
    }
}

/// What SEALS says behind a record of ours.
fn after(state: &State, record: &Record) -> Result<State, SealError> {
    let mut walk = Walk::resume(state.clone());
    walk.step(record.to_string().as_bytes()).map_err(|error| SealError::Own(error.to_string()))?;
    walk.state().cloned().ok_or_else(|| SealError::Own("it has no state".to_owned()))
}

/// The sidecar of a log in its folder.
fn sidecar<'a>(folder: &'a Folder<'_>, log: &Log) -> Sidecar<'a> {
    Sidecar::new(folder, log.name.clone())
}

/// The key must be the one that the log is sealed by.
fn same_key(state: &State, vkey: &Vkey) -> Result<(), SealError> {
    if state.key == *vkey {
        Ok(())
    } else {
        Err(SealError::OtherKey { log: state.key.to_string(), given: vkey.to_string() })
    }
}
