//! What the changes of single lines mean together: lines that were swapped, lines that stand there twice.

use std::collections::{HashMap, HashSet};

use tlog::Hash;

use super::differ::Change;
use crate::finding::{Finding, Kind};

/// So many changes are looked at together; further ones are told one by one.
const TOGETHER: usize = 20_000;

/// A finding, and the sealed line (from 1) at which it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) finding: Finding,
    pub(crate) line: u64,
}

/// So many edited lines in a row, of which nothing was found again, are no edits.
const REPLACED_MIN: u64 = 64;

impl Placed {
    /// Whether the next finding only goes on with this one, line by line. Then this one covers both.
    fn takes_in(&mut self, next: &Self) -> bool {
        let (mine, theirs) = (&mut self.finding, &next.finding);
        let joins = matches!(mine.kind, Kind::Edited | Kind::Deleted | Kind::Inserted | Kind::Duplicated);
        let last = mine.last_line.or(mine.line);
        let follows = joins && mine.kind == theirs.kind && last.map(|last| last + 1) == theirs.line;
        if follows {
            mine.last_line = theirs.line;
        }
        follows
    }

    fn judge_run(&mut self) {
        let finding = &mut self.finding;
        if let (Kind::Edited, Some(first), Some(last)) = (finding.kind, finding.line, finding.last_line)
            && last - first >= REPLACED_MIN
        {
            finding.kind = Kind::Replaced;
            "nothing of what was sealed there is found again".clone_into(&mut finding.detail);
        }
    }
}

/// Collects changes.
#[derive(Default)]
pub(crate) struct Classifier {
    changes: Vec<Change>,
    /// Changes beyond those that are looked at together.
    pub(crate) more: u64,
}

impl Classifier {
    pub(crate) fn add(&mut self, change: Change) {
        if self.changes.len() < TOGETHER {
            self.changes.push(change);
        } else {
            self.more += 1;
        }
    }

    /// The inserted lines, of which somebody may find that they were sealed elsewhere.
    pub(crate) fn inserted(&self) -> HashSet<Hash> {
        let inserted = self.changes.iter().filter_map(|change| match change {
            Change::Inserted { new, .. } => Some(new.hash),
            _ => None,
        });
        inserted.collect()
    }

    /// The findings. `sealed` says where (from 0) a line that was inserted had been sealed before; `end` is where the
    /// file ends, and `lines` how many were sealed.
    pub(crate) fn findings(
        self,
        file: &str,
        sealed: &HashMap<Hash, u64>,
        lines: u64,
        end: u64,
    ) -> Vec<Placed> {
        let swaps = Swaps::of(&self.changes);
        let mut told: Vec<Placed> = Vec::new();
        for (index, change) in self.changes.iter().enumerate() {
            if let Some((a, b, byte)) = swaps.told_at.get(&index) {
                let says = format!("lines {} and {} have changed places", a + 1, b + 1);
                let finding = Finding::new(Kind::Swapped, file).lines(a + 1, b + 1).byte(*byte).says(says);
                told.push(Placed { finding, line: a + 1 });
            }
            if !swaps.members.contains(&index) {
                let next = single(change, file, sealed, lines, end);
                if !told.last_mut().is_some_and(|before| before.takes_in(&next)) {
                    told.push(next);
                }
            }
        }
        told.iter_mut().for_each(Placed::judge_run);
        told.sort_by_key(|placed| placed.line);
        told
    }
}

fn single(change: &Change, file: &str, sealed: &HashMap<Hash, u64>, lines: u64, end: u64) -> Placed {
    let (line, finding) = match change {
        Change::Edited { line, new, now, old } => {
            let finding = Finding::new(Kind::Edited, file).line(line + 1).byte(new.byte);
            let says = match old {
                None => "or it was another line: its tile is damaged, too".to_owned(),
                Some(_) if line == now => String::new(),
                Some(_) => format!("now line {}", now + 1),
            };
            (*line, finding.says(says))
        }
        Change::Deleted { line, byte, .. } => {
            (*line, Finding::new(Kind::Deleted, file).line(line + 1).byte(*byte))
        }
        Change::Inserted { line, now, new } => {
            let finding = Finding::new(Kind::Inserted, file).line(now + 1).byte(new.byte);
            let finding = match sealed.get(&new.hash) {
                Some(first) => Finding { kind: Kind::Duplicated, ..finding }
                    .says(format!("sealed line {} stands here once more", first + 1)),
                None if *line == 0 => finding.says("before the first sealed line"),
                None => finding.says(format!("behind sealed line {line}")),
            };
            (*line, finding)
        }
        Change::Ended { line } => {
            let says = format!("it ends {} lines too early", lines - line);
            (*line, Finding::new(Kind::Truncated, file).lines(line + 1, lines).byte(end).says(says))
        }
        Change::Lost { line, byte } => {
            let says = "nothing of what was sealed from here on is found again";
            (*line, Finding::new(Kind::Replaced, file).lines(line + 1, lines).byte(*byte).says(says))
        }
        Change::Entangled { line, byte } => {
            let says = "so much is out of order that nothing from here on was compared line by line";
            (*line, Finding::new(Kind::Replaced, file).lines(line + 1, lines).byte(*byte).says(says))
        }
    };
    Placed { finding, line: (line + 1).min(lines.max(1)) }
}

/// Pairs of changes that are one: two lines that took each other's place.
#[derive(Default)]
struct Swaps {
    /// At which change a pair is told: its two sealed lines, from 0, and where the first of the places is.
    told_at: HashMap<usize, (u64, u64, u64)>,
    members: HashSet<usize>,
}

impl Swaps {
    fn of(changes: &[Change]) -> Self {
        let mut swaps = Self::default();
        let mut edits: HashMap<(Hash, Hash), Vec<usize>> = HashMap::new();
        let mut deletes: HashMap<Hash, Vec<usize>> = HashMap::new();
        let mut inserts: HashMap<Hash, Vec<usize>> = HashMap::new();
        for (index, change) in changes.iter().enumerate() {
            match change {
                Change::Edited { line, old: Some(old), new, .. } => {
                    let partner = edits.get_mut(&(new.hash, *old)).and_then(Vec::pop);
                    match partner.map(|partner| (partner, &changes[partner])) {
                        Some((partner, Change::Edited { line: first, new, .. })) => {
                            swaps.pair(partner, index, (*first, *line, new.byte));
                        }
                        _ => edits.entry((*old, new.hash)).or_default().push(index),
                    }
                }
                Change::Deleted { line, old: Some(old), .. } => {
                    match inserts.get_mut(old).and_then(Vec::pop).map(|partner| (partner, &changes[partner]))
                    {
                        Some((partner, Change::Inserted { line: behind, new, .. })) => {
                            swaps.pair(partner, index, (*behind, *line, new.byte));
                        }
                        _ => deletes.entry(*old).or_default().push(index),
                    }
                }
                Change::Inserted { line: behind, new, .. } => {
                    let partner = deletes.get_mut(&new.hash).and_then(Vec::pop);
                    match partner.map(|partner| (partner, &changes[partner])) {
                        Some((partner, Change::Deleted { line, byte, .. })) => {
                            swaps.pair(partner, index, (*line, behind.saturating_sub(1), *byte));
                        }
                        _ => inserts.entry(new.hash).or_default().push(index),
                    }
                }
                _ => {}
            }
        }
        swaps
    }

    fn pair(&mut self, first: usize, second: usize, lines: (u64, u64, u64)) {
        self.told_at.insert(first, lines);
        self.members.extend([first, second]);
    }
}
