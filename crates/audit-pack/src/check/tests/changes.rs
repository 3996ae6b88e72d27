//! What an intruder, a bad disk or a bad script does to a sealed log, and what must be told of it.

use super::world::{LOG, Rng, World};
use crate::finding::{Findings, Kind};

/// A change that was made.
pub(super) struct Change {
    /// In words.
    pub(super) what: String,
    pub(super) expected: Expected,
}

/// What must be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// One finding of this kind at this line of the log.
    Line(Kind, u64),
    /// A finding of this kind at this line of SEALS.
    Seals(Kind, u64),
    /// A finding in this file.
    File(String),
    /// That there was more.
    OlderThanGuard,
}

impl Expected {
    pub(super) fn is_told(&self, findings: &Findings) -> bool {
        let listed = &findings.listed;
        match self {
            Self::Line(kind, line) => {
                findings.count == 1
                    && listed[0].file == LOG
                    && listed[0].kind == *kind
                    && listed[0].line == Some(*line)
                    && (listed[0].byte.is_some() && listed[0].interval.is_some())
            }
            Self::Seals(kind, line) => {
                let told = |finding: &crate::finding::Finding| {
                    finding.kind == *kind && finding.line.is_none_or(|found| found == *line)
                };
                listed.iter().any(|finding| finding.file.ends_with("SEALS") && told(finding))
            }
            Self::File(file) => listed.iter().any(|finding| finding.file.ends_with(file.as_str())),
            Self::OlderThanGuard => listed.iter().any(|finding| finding.kind == Kind::RolledBack),
        }
    }
}

/// Makes one change. Nothing where the dice fell on no change at all.
pub(super) fn change(world: &mut World, rng: &mut Rng) -> Option<Change> {
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
    let (what, kind, line) = match rng.below(8) {
        0 => {
            let place = rng.below(lines[i].len() as u64 - 1) as usize;
            lines[i][place] ^= 1 + rng.below(5) as u8;
            // Another line feed would be another number of lines.
            (lines[i][place] != b'\n').then_some(())?;
            ("edited", Kind::Edited, line)
        }
        1 => {
            lines[i] = format!("{{\"id\":{},\"longer\":true}}\n", rng.next()).into_bytes();
            ("rewritten", Kind::Edited, line)
        }
        2 => {
            lines.remove(i);
            ("deleted", if line == count { Kind::Truncated } else { Kind::Deleted }, line)
        }
        3 => {
            lines.insert(i, format!("{{\"id\":{}}}\n", rng.next()).into_bytes());
            ("inserted", Kind::Inserted, line)
        }
        4 => {
            (i != j).then_some(())?;
            lines.swap(i, j);
            ("swapped", Kind::Swapped, line.min(other + 1))
        }
        5 => {
            let copy = lines[j].clone();
            lines.insert(i, copy);
            // The copy in front of its line is the same as the copy behind it.
            ("duplicated", Kind::Duplicated, if i == j { line + 1 } else { line })
        }
        6 => {
            lines.truncate(i);
            ("truncated", Kind::Truncated, line)
        }
        _ => {
            let left = rng.below(lines[i].len() as u64 - 1) as usize;
            lines.truncate(i + 1);
            lines[i].truncate(left);
            ("torn", Kind::Truncated, line)
        }
    };
    world.set_lines(&lines);
    Some(Change {
        what: format!("{what} line {line} of {count} (other {})", other + 1),
        expected: Expected::Line(kind, line),
    })
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
