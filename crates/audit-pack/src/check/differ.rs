//! Which lines differ between what was sealed and what is there: the leaves of both, side by side.
//!
//! Memory and time are bounded whatever the damage: of both sides one window is held at a time. Small damage is passed
//! by looking a few lines ahead; larger and closer damage by lines that stand once in both windows, half a window at a
//! time. Where nothing of a whole window is found again the rest counts as replaced.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use tlog::Hash;

/// Lines that are looked at together.
const WINDOW: usize = 1 << 16;
/// So far ahead, on both sides together, small damage is passed.
const NEAR: usize = 128;
/// So many lines must agree behind small damage.
const AGREE: usize = 32;
/// So many sealed lines at the end are compared at once.
const LAST: usize = 1024;
/// A gap is compared line by line if the product of its two lengths is at most this.
const FINE_MAX: usize = 1 << 20;

/// A sealed line. Without a hash nobody knows what it was: its tile is damaged, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Old(pub(crate) Option<Hash>);

/// A line that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct New {
    pub(crate) hash: Hash,
    /// Where it begins.
    pub(crate) byte: u64,
}

/// What is different. Lines count from 0: `line` among the sealed ones, `now` among those that are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Edited {
        line: u64,
        now: u64,
        old: Option<Hash>,
        new: New,
    },
    Deleted {
        line: u64,
        now: u64,
        old: Option<Hash>,
        byte: u64,
    },
    Inserted {
        line: u64,
        now: u64,
        new: New,
    },
    /// The file ends before this line.
    Ended {
        line: u64,
    },
    /// From here to the end nothing was found again.
    Lost {
        line: u64,
        byte: u64,
    },
}

/// One side, of which a window is held.
struct Side<T, I> {
    lines: I,
    window: VecDeque<T>,
    ended: bool,
    /// The number of the first line in the window.
    at: u64,
}

impl<T, I: Iterator<Item = io::Result<T>>> Side<T, I> {
    fn fill(&mut self) -> io::Result<()> {
        while self.window.len() < WINDOW && !self.ended {
            match self.lines.next() {
                Some(line) => self.window.push_back(line?),
                None => self.ended = true,
            }
        }
        self.window.make_contiguous();
        Ok(())
    }

    fn pass(&mut self, count: usize) {
        self.window.drain(..count);
        self.at += count as u64;
    }

    fn slice(&self) -> &[T] {
        self.window.as_slices().0
    }
}

/// Compares line by line. `end` is where the file that is there ends. What follows the last sealed line is not sealed,
/// and no change.
pub(crate) fn differ(
    old: impl Iterator<Item = io::Result<Old>>,
    new: impl Iterator<Item = io::Result<New>>,
    first: (u64, u64),
    end: u64,
    mut found: impl FnMut(Change),
) -> io::Result<()> {
    let mut old = Side { lines: old, window: VecDeque::new(), ended: false, at: first.0 };
    let mut new = Side { lines: new, window: VecDeque::new(), ended: false, at: first.1 };
    loop {
        old.fill()?;
        new.fill()?;
        let same = old.slice().iter().zip(new.slice()).take_while(|(old, new)| agree(old, new)).count();
        old.pass(same);
        new.pass(same);
        if old.slice().is_empty() && old.ended {
            return Ok(());
        }
        if same > 0 {
            continue;
        }
        if new.slice().is_empty() && new.ended {
            found(Change::Ended { line: old.at });
            return Ok(());
        }
        if old.ended && old.slice().len() <= LAST {
            let news = new.slice().len().min(FINE_MAX / old.slice().len());
            last((old.at, old.slice()), (new.at, &new.slice()[..news]), end, &mut found);
            return Ok(());
        }
        let near = near(old.slice(), new.slice(), new.ended);
        let ends = near.map_or_else(|| far(&old, &new), |gap| vec![gap]);
        let Some((olds, news)) = ends.last().copied() else {
            found(Change::Lost { line: old.at, byte: new.slice().first().map_or(end, |new| new.byte) });
            return Ok(());
        };
        let mut begin = (0, 0);
        for gap in ends {
            let byte = new.slice().get(gap.1).map_or(end, |new| new.byte);
            let (olds, news) = (&old.slice()[begin.0..gap.0], &new.slice()[begin.1..gap.1]);
            refine((old.at + begin.0 as u64, olds), (new.at + begin.1 as u64, news), byte, &mut found);
            // The line behind a gap is the same on both sides.
            begin = (gap.0 + 1, gap.1 + 1);
        }
        old.pass(olds);
        new.pass(news);
    }
}

fn agree(old: &Old, new: &New) -> bool {
    old.0 == Some(new.hash)
}

/// The smallest gap, few lines on each side, behind which both go on alike.
fn near(old: &[Old], new: &[New], new_ended: bool) -> Option<(usize, usize)> {
    for sum in 1..=NEAR {
        // Of gaps of one size that with as many lines on both sides first: an edit is likelier than anything else.
        let mut splits: Vec<usize> =
            (0..=sum).filter(|olds| *olds <= old.len() && sum - olds <= new.len()).collect();
        splits.sort_by_key(|olds| olds.abs_diff(sum - olds));
        for olds in splits {
            let news = sum - olds;
            let (rest_old, rest_new) = (&old[olds..], &new[news..]);
            let pairs = rest_old.iter().zip(rest_new).take(AGREE);
            let alike = pairs.take_while(|(old, new)| agree(old, new)).count();
            // What is there may end before so many lines can agree.
            if alike == AGREE || (new_ended && alike > 0 && alike == rest_new.len()) {
                return Some((olds, news));
            }
        }
    }
    None
}

/// The last few sealed lines. Lines behind them were appended since, unless they are sealed ones that were moved there.
fn last(old: (u64, &[Old]), new: (u64, &[New]), end: u64, found: &mut impl FnMut(Change)) {
    let mut changes = Vec::new();
    refine(old, new, end, &mut |change| changes.push(change));
    let gone: Vec<Hash> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Deleted { old, .. } | Change::Edited { old, .. } => *old,
            _ => None,
        })
        .collect();
    let old_end = old.0 + old.1.len() as u64;
    for change in changes {
        match &change {
            Change::Inserted { line, new, .. } if *line == old_end && !gone.contains(&new.hash) => {}
            _ => found(change),
        }
    }
}

/// Where gaps end: at lines that stand once in both windows, in the same order. Of full windows the first half, or at
/// least the first of them: what is behind may have its like in what is not held yet.
fn far(
    old: &Side<Old, impl Iterator<Item = io::Result<Old>>>,
    new: &Side<New, impl Iterator<Item = io::Result<New>>>,
) -> Vec<(usize, usize)> {
    let row = anchors(old.slice(), new.slice());
    let half = if old.ended && new.ended { usize::MAX } else { WINDOW / 2 };
    let held = row.iter().take_while(|(old, new)| *old.max(new) < half).count();
    row.into_iter().take(held.max(1)).collect()
}

fn anchors(old: &[Old], new: &[New]) -> Vec<(usize, usize)> {
    let mut places: HashMap<Hash, (Place, Place)> = HashMap::new();
    for (place, line) in old.iter().enumerate() {
        if let Some(hash) = line.0 {
            places.entry(hash).or_default().0.add(place);
        }
    }
    for (place, line) in new.iter().enumerate() {
        places.entry(line.hash).or_default().1.add(place);
    }
    let mut anchors: Vec<(usize, usize)> =
        places.values().filter_map(|(old, new)| Some((old.once()?, new.once()?))).collect();
    anchors.sort_unstable();
    increasing(&anchors)
}

/// Where a line stands, if it stands once.
#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Nowhere,
    Once(usize),
    Often,
}

impl Place {
    fn add(&mut self, place: usize) {
        *self = if matches!(self, Self::Nowhere) { Self::Once(place) } else { Self::Often };
    }

    fn once(self) -> Option<usize> {
        if let Self::Once(place) = self { Some(place) } else { None }
    }
}

/// The longest row of anchors whose places increase on both sides (patience sorting).
fn increasing(anchors: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut tops: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(anchors.len());
    for (index, anchor) in anchors.iter().enumerate() {
        let pile = tops.partition_point(|top| anchors[*top].1 < anchor.1);
        before.push(pile.checked_sub(1).map(|left| tops[left]));
        if pile == tops.len() {
            tops.push(index);
        } else {
            tops[pile] = index;
        }
    }
    let mut row: Vec<(usize, usize)> = std::iter::successors(tops.last().copied(), |index| before[*index])
        .map(|index| anchors[index])
        .collect();
    row.reverse();
    row
}

/// Tells what happened in a gap. `byte` is where the first line behind it begins.
fn refine(old: (u64, &[Old]), new: (u64, &[New]), byte: u64, found: &mut impl FnMut(Change)) {
    for (olds, news) in parts(old.1, new.1) {
        changed(old, olds, new, news, byte, found);
    }
}

type Part = (Range<usize>, Range<usize>);

/// The parts of a gap that differ: place by place or by the longest common row, whichever makes fewer changes.
fn parts(old: &[Old], new: &[New]) -> Vec<Part> {
    if old.len().saturating_mul(new.len()) > FINE_MAX {
        return vec![(0..old.len(), 0..new.len())];
    }
    let news: Vec<Old> = new.iter().map(|new| Old(Some(new.hash))).collect();
    let ops = capture_diff_slices(Algorithm::Myers, &Unknown::number(old), &Unknown::number(&news));
    let rows: Vec<Part> = ops
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| (op.old_range(), op.new_range()))
        .collect();
    if old.len() != new.len() {
        return rows;
    }
    let places = (0..old.len()).filter(|place| !agree(&old[*place], &new[*place]));
    let places: Vec<Part> = places.map(|place| (place..place + 1, place..place + 1)).collect();
    let changes: usize = rows.iter().map(|(olds, news)| olds.len().max(news.len())).sum();
    if places.len() <= changes { places } else { rows }
}

/// What can be compared: a known line, or one that nobody knows, which is like no other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Unknown {
    Known(Hash),
    Nobody(usize),
}

impl Unknown {
    fn number(lines: &[Old]) -> Vec<Self> {
        lines.iter().enumerate().map(|(n, line)| line.0.map_or(Self::Nobody(n), Self::Known)).collect()
    }
}

fn changed(
    old: (u64, &[Old]),
    olds: Range<usize>,
    new: (u64, &[New]),
    news: Range<usize>,
    byte: u64,
    found: &mut impl FnMut(Change),
) {
    let pairs = olds.len().min(news.len());
    for (o, n) in olds.clone().zip(news.clone()) {
        let (line, now) = (old.0 + o as u64, new.0 + n as u64);
        found(Change::Edited { line, now, old: old.1[o].0, new: new.1[n] });
    }
    for o in olds.clone().skip(pairs) {
        let (line, now) = (old.0 + o as u64, new.0 + news.end as u64);
        let byte = new.1.get(news.end).map_or(byte, |new| new.byte);
        found(Change::Deleted { line, now, old: old.1[o].0, byte });
    }
    for n in news.clone().skip(pairs) {
        let (line, now) = (old.0 + olds.end as u64, new.0 + n as u64);
        found(Change::Inserted { line, now, new: new.1[n] });
    }
}
