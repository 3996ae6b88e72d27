//! What an intruder, a bad disk or a bad script does to a sealed log, and what must be told of it.

use super::world::{LOG, Rng, World};
use crate::finding::{Finding, Findings, Interval, Kind};

/// A change that was made.
pub(super) struct Change {
    /// In words.
    pub(super) what: String,
    pub(super) expected: Expected,
}

/// What must be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// One finding, which is this one of the log.
    Log(Place),
    /// A finding of this kind at this line of SEALS.
    Seals(Kind, u64),
    /// A finding in this file.
    File(String),
    /// That there was more.
    OlderThanGuard,
}

/// A finding of a log, without its words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    kind: Kind,
    line: Option<u64>,
    last_line: Option<u64>,
    byte: Option<u64>,
    interval: Option<Interval>,
}

impl Place {
    fn of(finding: &Finding) -> Self {
        let Finding { kind, line, last_line, byte, interval, .. } = finding.clone();
        Self { kind, line, last_line, byte, interval }
    }
}

impl Expected {
    pub(super) fn is_told(&self, findings: &Findings) -> bool {
        let listed = &findings.listed;
        match self {
            Self::Log(place) => {
                findings.count == 1 && listed[0].file == LOG && Place::of(&listed[0]) == *place
            }
            Self::Seals(kind, line) => {
                let told = |finding: &Finding| {
                    finding.kind == *kind && finding.line.is_none_or(|found| found == *line)
                };
                listed.iter().any(|finding| finding.file.ends_with("SEALS") && told(finding))
            }
            Self::File(file) => listed.iter().any(|finding| finding.file.ends_with(file.as_str())),
            Self::OlderThanGuard => listed.iter().any(|finding| finding.kind == Kind::RolledBack),
        }
    }
}

/// Makes one change. Dice that fall on no change at all are thrown again.
pub(super) fn change(clean: &World, rng: &mut Rng) -> (World, Change) {
    loop {
        let mut world = clean.clone();
        if let Some(change) = throw(&mut world, rng) {
            return (world, change);
        }
    }
}

fn throw(world: &mut World, rng: &mut Rng) -> Option<Change> {
    match rng.below(20) {
        0..=11 => log(world, rng),
        12..=14 => seals(world, rng),
        15 | 16 => flip_in(world, rng, "tile/"),
        17 => flip_in(world, rng, "checkpoint"),
        18 => flip_in(world, rng, "chain"),
        _ => {
            world.files = world.earlier.clone();
            let expected = Expected::OlderThanGuard;
            Some(Change { what: "rolled-back".to_owned(), expected })
        }
    }
}

fn log(world: &mut World, rng: &mut Rng) -> Option<Change> {
    let mut lines = world.lines();
    let count = lines.len() as u64;
    let (at, other) = (rng.below(count), rng.below(count));
    let (i, j) = (at as usize, other as usize);
    let line = at + 1;
    // What was done, the kind of the finding, its first and last line, and at which sealed line it stands.
    let (what, kind, line, last, sealed) = match rng.below(8) {
        0 => {
            let place = rng.below(lines[i].len() as u64 - 1) as usize;
            lines[i][place] ^= 1 + rng.below(5) as u8;
            // Another line feed would be another number of lines.
            (lines[i][place] != b'\n').then_some(())?;
            ("edited", Kind::Edited, line, line, line)
        }
        1 => {
            lines[i] = format!("{{\"id\":{},\"longer\":true}}\n", rng.next()).into_bytes();
            ("rewritten", Kind::Edited, line, line, line)
        }
        2 => {
            lines.remove(i);
            ("deleted", if line == count { Kind::Truncated } else { Kind::Deleted }, line, line, line)
        }
        3 => {
            lines.insert(i, format!("{{\"id\":{}}}\n", rng.next()).into_bytes());
            ("inserted", Kind::Inserted, line, line, line)
        }
        4 => {
            (i != j).then_some(())?;
            lines.swap(i, j);
            let first = line.min(other + 1);
            ("swapped", Kind::Swapped, first, line.max(other + 1), first)
        }
        5 => {
            let copy = lines[j].clone();
            lines.insert(i, copy);
            // The copy in front of its line is the same as the copy behind it.
            let line = if i == j { line + 1 } else { line };
            ("duplicated", Kind::Duplicated, line, line, line.min(count))
        }
        6 => {
            lines.truncate(i);
            ("truncated", Kind::Truncated, line, count, line)
        }
        _ => {
            let left = rng.below(lines[i].len() as u64 - 1) as usize;
            lines.truncate(i + 1);
            lines[i].truncate(left);
            ("torn", Kind::Truncated, line, count, line)
        }
    };
    // What ends too early is told at its end, everything else where its line begins now.
    let before = if kind == Kind::Truncated { lines.len() } else { line as usize - 1 };
    let byte: usize = lines[..before].iter().map(Vec::len).sum();
    let interval = interval(world, sealed);
    world.set_lines(&lines);
    Some(Change {
        what: format!("{what} line {line} of {count} (other {})", other + 1),
        expected: Expected::Log(Place {
            kind,
            line: Some(line),
            last_line: (last > line).then_some(last),
            byte: Some(byte as u64),
            interval: Some(interval),
        }),
    })
}

/// The seal that covers a line, as SEALS has it: `s1 N TIME LINES ...`.
fn interval(world: &mut World, line: u64) -> Interval {
    let seals = String::from_utf8(world.sidecar_file("SEALS").clone()).expect("text");
    let numbers = |seal: &str| -> Vec<u64> {
        seal.split(' ').skip(1).take(3).map(|number| number.parse().expect("a number")).collect()
    };
    let mut after_ms = None;
    for seal in seals.lines().filter(|record| record.starts_with("s1 ")).map(numbers) {
        if seal[2] >= line {
            return Interval { seal: seal[0], sealed_ms: seal[1], after_ms };
        }
        after_ms = Some(seal[1]);
    }
    unreachable!("line {line} is sealed")
}

fn seals(world: &mut World, rng: &mut Rng) -> Option<Change> {
    let seals = world.sidecar_file("SEALS");
    let mut lines: Vec<Vec<u8>> = seals.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let count = lines.len() as u64;
    // The genesis is the first line, and whose log it is.
    let at = 1 + rng.below(count - 1);
    let (i, line) = (at as usize, at + 1);
    let (what, expected) = match rng.below(5) {
        0 => {
            let place = rng.below(lines[i].len() as u64 - 1) as usize;
            lines[i][place] ^= 1 + rng.below(15) as u8;
            (lines[i][place] != b'\n').then_some(())?;
            ("edited-seal", Expected::Seals(Kind::Edited, line))
        }
        1 => {
            lines.remove(i);
            let kind = if line == count { Kind::Truncated } else { Kind::Deleted };
            ("deleted-seal", Expected::Seals(kind, line))
        }
        2 => {
            (line < count).then_some(())?;
            lines.swap(i, i + 1);
            ("swapped-seals", Expected::Seals(Kind::Swapped, line))
        }
        3 => {
            let copy = lines[i].clone();
            lines.insert(i, copy);
            ("doubled-seal", Expected::Seals(Kind::Inserted, line + 1))
        }
        _ => {
            lines.truncate(i);
            ("truncated-seals", Expected::Seals(Kind::Truncated, line))
        }
    };
    *seals = lines.concat();
    Some(Change { what: format!("{what} {line} of {count}"), expected })
}

/// A bit of some file of the sidecar, or the whole file gone.
fn flip_in(world: &mut World, rng: &mut Rng, within: &str) -> Option<Change> {
    let prefix = format!("{LOG}.audit/{within}");
    let names: Vec<String> = world.files.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
    let name = names.get(rng.below(names.len() as u64) as usize)?.clone();
    let what = if rng.below(6) == 0 {
        world.files.remove(&name);
        "removed"
    } else {
        let bytes = world.files.get_mut(&name)?;
        let place = rng.below(bytes.len() as u64) as usize;
        bytes[place] ^= 1 << rng.below(8);
        "flipped"
    };
    let file = name.rsplit_once(".audit/").map(|(_, file)| file.to_owned())?;
    Some(Change {
        what: format!("{what}-{} {name}", within.trim_end_matches('/')),
        expected: Expected::File(file),
    })
}
