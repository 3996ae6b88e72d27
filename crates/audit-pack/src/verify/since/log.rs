//! One log in two packs.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::io;

use holdfast::sys::ReadAt;
use tlog::proof::{consistency, first_difference, verify_consistency};
use tlog::seals::{OldHead, Record, Seal, State};
use tlog::tile::{HashReader, Node, TileReader};

use super::Side;
use crate::base::text_of;
use crate::finding::{Finding, Interval, Kind};
use crate::place::FileError;
use crate::prove::{covering, locate};
use crate::seals::SealsReader;
use crate::sidecar::Sidecar;

/// How much of a line is read to be shown, in bytes.
const TEXT: u64 = 400;

type Tiles<'a> = TileReader<&'a Sidecar<'a>>;

impl<'a> Side<'a> {
    /// Its tree, as it is under the root that was recomputed. Where the tiles are damaged that was told already.
    fn tiles(&'a self) -> Option<Tiles<'a>> {
        TileReader::verified(&self.sidecar, self.state.lines, self.state.root).ok()
    }

    fn seals(&self) -> Result<Box<dyn ReadAt + '_>, FileError> {
        let name = self.sidecar.name("SEALS");
        let missing = || self.sidecar.error(&name, io::Error::from(io::ErrorKind::NotFound));
        self.sidecar.open(&name)?.ok_or_else(missing)
    }

    fn failed(&self) -> impl Fn(io::Error) -> FileError + '_ {
        |error| self.sidecar.error(&self.sidecar.name("SEALS"), error)
    }

    /// The beginning of a line.
    fn text(&self, seals: &dyn ReadAt, tiles: &Tiles<'_>, line: u64) -> Option<String> {
        let leaf = tiles.node(Node { level: 0, index: line - 1 }).ok()?;
        let spot = locate(&self.sidecar, seals, line, leaf).ok()??;
        let file = self.sidecar.open(&spot.file).ok()??;
        let mut buf = vec![0; TEXT.min(spot.bytes.end - spot.bytes.start) as usize];
        let read = file.read_at(spot.bytes.start, &mut buf).ok()?;
        Some(text_of(&buf[..read]))
    }
}

/// Where a log of the same name does not go on from what it was; nothing if it does.
pub(super) fn rewritten(pack: &str, old: &Side<'_>, new: &Side<'_>) -> Result<Option<Finding>, FileError> {
    let (old_seals, new_seals) = (old.seals()?, new.seals()?);
    let differs = differing(&*old_seals, &*new_seals).map_err(new.failed())?;
    let (olds, news) = (old.tiles(), new.tiles());
    let Some(Differing { record, ended }) = differs else {
        let extends = news.as_ref().is_none_or(|tiles| extends(tiles, old.state, new.state));
        let says = format!("its first {} lines are not those of {pack}", old.state.lines);
        let finding = || Finding::new(Kind::Forked, &*new.sidecar.log).lines(1, old.state.lines).says(says);
        return Ok((!extends).then(finding));
    };
    let common = old.state.lines.min(new.state.lines);
    let both = olds.as_ref().zip(news.as_ref());
    let line = both.and_then(|(a, b)| first_difference(a, b, common).ok().flatten());
    let seals_name = new.sidecar.name("SEALS");
    let mut finding = if let (Some(index), Some((olds, news))) = (line, both) {
        let line = index + 1;
        let mut finding = Finding::new(Kind::Forked, &*new.sidecar.log).line(line);
        finding.interval = sealed_in(&*old_seals, line).map_err(old.failed())?;
        finding.was = old.text(&*old_seals, olds, line);
        finding.is = new.text(&*new_seals, news, line);
        finding.says(format!(
            "{pack} has another line here; from line {record} of SEALS on it is another history"
        ))
    } else if ended {
        let mut finding = Finding::new(Kind::RolledBack, &*new.sidecar.log);
        if old.state.lines > new.state.lines {
            finding = finding.lines(new.state.lines + 1, old.state.lines);
            finding.interval = sealed_in(&*old_seals, new.state.lines + 1).map_err(old.failed())?;
        }
        finding.says(format!(
            "{pack} knows {} lines of it, in {} lines of SEALS; here are {}, in {}",
            old.state.lines, old.state.records, new.state.lines, new.state.records
        ))
    } else {
        Finding::new(Kind::Forked, &*seals_name)
            .line(record)
            .says(format!("{pack} has another line here: the log was sealed anew from there on"))
    };
    if finding.interval.is_none() {
        finding.interval = seal_from(&*old_seals, record).map_err(old.failed())?;
    }
    Ok(Some(finding))
}

/// The first line of SEALS that is another one than before.
struct Differing {
    record: u64,
    /// There are no more lines.
    ended: bool,
}

fn differing(old: &dyn ReadAt, new: &dyn ReadAt) -> io::Result<Option<Differing>> {
    let (mut olds, mut news) = (SealsReader::new(old, 0), SealsReader::new(new, 0));
    let mut record = 1;
    while let Some(was) = olds.line()? {
        match news.line()? {
            Some(is) if is == was => record += 1,
            is => return Ok(Some(Differing { record, ended: is.is_none() })),
        }
    }
    Ok(None)
}

/// The tree of the new log begins with that of the old one.
fn extends(tiles: &Tiles<'_>, old: &State, new: &State) -> bool {
    let proof = if old.lines <= new.lines { consistency(tiles, old.lines, new.lines).ok() } else { None };
    proof.is_some_and(|proof| verify_consistency(&proof, old.lines, old.root, new.lines, new.root).is_ok())
}

/// Which seal covers a line.
fn sealed_in(seals: &dyn ReadAt, line: u64) -> io::Result<Option<Interval>> {
    let covering = covering(seals, line)?;
    Ok(covering.map(|covering| interval(&covering.seal, covering.before.as_ref())))
}

/// The first seal in a line of SEALS or behind it.
fn seal_from(seals: &dyn ReadAt, record: u64) -> io::Result<Option<Interval>> {
    let mut reader = SealsReader::new(seals, 0);
    let (mut number, mut before) = (0, None);
    while let Some(line) = reader.line()? {
        number += 1;
        let Ok(Record::Seal(seal)) = Record::parse(&line) else { continue };
        if number >= record {
            return Ok(Some(interval(&seal, before.as_ref())));
        }
        before = Some(seal);
    }
    Ok(None)
}

fn interval(seal: &Seal, before: Option<&Seal>) -> Interval {
    Interval { seal: seal.n, sealed_ms: seal.time_ms, after_ms: before.map(|seal| seal.time_ms) }
}

/// A log that is not in the new pack, and that none there names as its past.
pub(super) fn gone(pack: &str, old: &Side<'_>, news: &[Side<'_>]) -> Finding {
    let mut says = format!("{pack} has {} with {} lines, and it is gone", old.origin(), old.state.lines);
    if let Some(other) = news.iter().find(|new| new.sidecar.log == old.sidecar.log) {
        let _ = write!(says, "; in its place stands {}, which does not name it as its past", other.origin());
    }
    all_lines(Finding::new(Kind::Missing, &*old.sidecar.log), old.state.lines).says(says)
}

/// A log that another one goes on from, but not from its whole head.
pub(super) fn broken_restart(pack: &str, old: &Side<'_>, new: &Side<'_>, head: &OldHead) -> Finding {
    let (by, size, lines) = (new.origin(), head.size, old.state.lines);
    let finding = |kind| Finding::new(kind, &*new.sidecar.log);
    let begun = format!("{by} goes on behind line {size} of {}", old.origin());
    match size.cmp(&lines) {
        Ordering::Less => {
            let says = format!("{begun}, and {pack} has {lines} lines of it");
            finding(Kind::RolledBack).lines(size + 1, lines).says(says)
        }
        Ordering::Greater => {
            let says = format!("{begun}, and the lines behind {lines}, where {pack} ends, are not there");
            finding(Kind::Missing).lines(lines + 1, size).says(says)
        }
        Ordering::Equal if head.root != old.state.root => {
            let says = format!("{begun}, but its first {size} lines are not those of {pack}");
            all_lines(finding(Kind::Forked), size).says(says)
        }
        Ordering::Equal => finding(Kind::Forked).says(format!("{begun}, and another log does, too")),
    }
}

fn all_lines(finding: Finding, lines: u64) -> Finding {
    if lines > 0 { finding.lines(1, lines) } else { finding }
}
