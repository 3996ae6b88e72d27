//! Which lines differ between what was sealed and what is there: the leaves of both, side by side.
//!
//! Memory and time are bounded whatever the damage: of both sides one window is held at a time, and the work for a window
//! is paid by the lines that were passed. Small damage is passed by looking a few lines ahead, larger damage by lines that
//! stand once in both windows. Where nothing of a whole window is found again the rest counts as replaced.

mod row;

use std::collections::VecDeque;
use std::io;
use std::ops::Range;

use tlog::Hash;

/// Lines that are looked at together.
const WINDOW: usize = 1 << 16;
/// So far ahead, on both sides together, small damage is passed.
const NEAR: usize = 128;
/// So many lines must agree behind small damage.
const AGREE: usize = 32;
/// So many sealed lines at the end are compared at once.
const LAST: usize = 1024;

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
    /// From here to the end nothing was compared: that would take too long.
    Entangled {
        line: u64,
        byte: u64,
    },
}

/// One side, of which a window is held.
struct Side<T, I> {
    lines: I,
    window: Vec<T>,
    /// How many lines of the window were passed.
    passed: usize,
    ended: bool,
    /// The number of the first line that was not passed.
    at: u64,
}

impl<T, I: Iterator<Item = io::Result<T>>> Side<T, I> {
    fn new(lines: I, first: u64) -> Self {
        Self { lines, window: Vec::new(), passed: 0, ended: false, at: first }
    }

    /// Fills the window if fewer lines than these are left in it.
    fn hold(&mut self, count: usize) -> io::Result<()> {
        if self.ended || self.slice().len() >= count {
            return Ok(());
        }
        self.window.drain(..std::mem::take(&mut self.passed));
        self.window.reserve_exact(WINDOW - self.window.len());
        while self.window.len() < WINDOW && !self.ended {
            match self.lines.next() {
                Some(line) => self.window.push(line?),
                None => self.ended = true,
            }
        }
        Ok(())
    }

    fn pass(&mut self, count: usize) {
        self.passed += count;
        self.at += count as u64;
    }

    fn slice(&self) -> &[T] {
        &self.window[self.passed..]
    }
}

/// Work that may be done: so much at once, and so much more for each line that was passed.
struct Budget {
    at_once: u64,
    each: u64,
    spent: u64,
}

impl Budget {
    const fn new(at_once: u64, each: u64) -> Self {
        Self { at_once, each, spent: 0 }
    }

    fn allows(&self, more: usize, passed: u64) -> bool {
        self.spent + more as u64 <= self.at_once + self.each * passed
    }
}

/// What was done so far, of each kind.
struct Work {
    /// Lines that were passed, on both sides.
    passed: u64,
    /// Lines compared by looking a few ahead. It serves where little is damaged; where much is, rows serve better.
    near: Budget,
    /// Lines hashed to find those that both windows have.
    far: Budget,
    /// Pairs of equal lines looked at within gaps.
    fine: Budget,
}

impl Work {
    const fn new() -> Self {
        let near = Budget::new(1 << 20, 32);
        let far = Budget::new(16 * WINDOW as u64, 8);
        Self { passed: 0, near, far, fine: Budget::new(1 << 18, 32) }
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
    let mut old = Side::new(old, first.0);
    let mut new = Side::new(new, first.1);
    let mut work = Work::new();
    let mut anchors = VecDeque::new();
    loop {
        old.hold(WINDOW / 2)?;
        new.hold(WINDOW / 2)?;
        work.passed = (old.at - first.0) + (new.at - first.1);
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
            last((old.at, old.slice()), (new.at, new.slice()), end, &mut work, &mut found);
            return Ok(());
        }
        let (line, byte) = (old.at, new.slice().first().map_or(end, |new| new.byte));
        let (olds, news) = match gap(&mut old, &mut new, &mut anchors, &mut work)? {
            Gap::Of(olds, news) => (olds, news),
            Gap::Endless => {
                found(Change::Lost { line, byte });
                return Ok(());
            }
            Gap::Entangled => {
                found(Change::Entangled { line, byte });
                return Ok(());
            }
        };
        let byte = new.slice().get(news).map_or(end, |new| new.byte);
        refine((old.at, &old.slice()[..olds]), (new.at, &new.slice()[..news]), byte, &mut work, &mut found);
        old.pass(olds);
        new.pass(news);
    }
}

fn agree(old: &Old, new: &New) -> bool {
    old.0 == Some(new.hash)
}

/// The lines, on both sides, up to where both go on alike.
enum Gap {
    Of(usize, usize),
    /// Nothing is found again.
    Endless,
    /// To find out would take too long.
    Entangled,
}

/// The next gap. `anchors` are lines further on that both sides have, by their numbers; a window is hashed for many of them.
fn gap<A, B>(
    old: &mut Side<Old, A>,
    new: &mut Side<New, B>,
    anchors: &mut VecDeque<(u64, u64)>,
    work: &mut Work,
) -> io::Result<Gap>
where
    A: Iterator<Item = io::Result<Old>>,
    B: Iterator<Item = io::Result<New>>,
{
    if work.near.allows(0, work.passed)
        && let Some((olds, news)) = near(old.slice(), new.slice(), new.ended, &mut work.near.spent)
    {
        return Ok(Gap::Of(olds, news));
    }
    while anchors.pop_front_if(|(line, now)| *line < old.at || *now < new.at).is_some() {}
    if anchors.is_empty() {
        old.hold(WINDOW)?;
        new.hold(WINDOW)?;
        let lines = old.slice().len() + new.slice().len();
        if !work.far.allows(lines, work.passed) {
            return Ok(Gap::Entangled);
        }
        work.far.spent += lines as u64;
        let row = row::of_unique(old.slice(), new.slice());
        // What stands further behind may belong to lines that are not in the windows yet.
        let half = WINDOW as u32 / 2;
        let count = row.partition_point(|pair| pair.0.max(pair.1) < half).max(1);
        anchors.extend(
            row.iter().take(count).map(|pair| (old.at + u64::from(pair.0), new.at + u64::from(pair.1))),
        );
    }
    let anchor = anchors.front();
    Ok(anchor.map_or(Gap::Endless, |(line, now)| Gap::Of((line - old.at) as usize, (now - new.at) as usize)))
}

/// The smallest gap, few lines on each side, behind which both go on alike. `spent` counts the comparisons.
fn near(old: &[Old], new: &[New], new_ended: bool, spent: &mut u64) -> Option<(usize, usize)> {
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
            *spent += 1 + alike as u64;
            // What is there may end before so many lines can agree.
            if alike == AGREE || (new_ended && alike > 0 && alike == rest_new.len()) {
                return Some((olds, news));
            }
        }
    }
    None
}

/// The last few sealed lines. Lines behind them were appended since, unless they are sealed ones that were moved there.
fn last(old: (u64, &[Old]), new: (u64, &[New]), end: u64, work: &mut Work, found: &mut impl FnMut(Change)) {
    let mut changes = Vec::new();
    refine(old, new, end, work, &mut |change| changes.push(change));
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

/// Tells what happened in a gap. `byte` is where the first line behind it begins.
fn refine(
    old: (u64, &[Old]),
    new: (u64, &[New]),
    byte: u64,
    work: &mut Work,
    found: &mut impl FnMut(Change),
) {
    for (olds, news) in parts(old.1, new.1, work) {
        changed(old, olds, new, news, byte, found);
    }
}

type Part = (Range<usize>, Range<usize>);

/// The parts of a gap that differ: place by place or by the longest common row, whichever makes fewer changes.
fn parts(old: &[Old], new: &[New], work: &mut Work) -> Vec<Part> {
    let row = row::of_all(old, new, |pairs| {
        let allowed = work.fine.allows(pairs, work.passed);
        work.fine.spent += if allowed { pairs as u64 } else { 0 };
        allowed
    });
    let rows = row.map(|row| between(&row, old.len(), new.len()));
    let pairs = old.len().min(new.len());
    let differ = (0..pairs).filter(|place| !agree(&old[*place], &new[*place]));
    let mut places: Vec<Part> = differ.map(|place| (place..place + 1, place..place + 1)).collect();
    if old.len() != new.len() {
        places.push((pairs..old.len(), pairs..new.len()));
    }
    let count =
        |parts: &[Part]| -> usize { parts.iter().map(|(olds, news)| olds.len().max(news.len())).sum() };
    let wanted = |rows: &Vec<Part>| old.len() != new.len() || count(rows) < count(&places);
    rows.filter(wanted).unwrap_or(places)
}

/// What stands between the lines of a row.
fn between(row: &[row::Pair], olds: usize, news: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut old, mut new) = (0, 0);
    let pairs = row.iter().map(|pair| (pair.0 as usize, pair.1 as usize));
    for pair in pairs.chain([(olds, news)]) {
        if pair != (old, new) {
            parts.push((old..pair.0, new..pair.1));
        }
        (old, new) = (pair.0 + 1, pair.1 + 1);
    }
    parts
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
