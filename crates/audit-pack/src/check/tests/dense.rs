//! Damage so close together that nothing between is long enough to be told by.

use holdfast::sys::{Clock as _, real::RealClock};
use tlog::Hash;

use crate::check::differ::{Change, New, Old, differ};

/// More than two windows.
const LINES: u64 = 140_000;
/// A moment for a cost that grows with the lines; for one that grows with damage times window, hours. In seconds.
const MOST: f64 = 60.0;

fn hash(line: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&line.to_be_bytes());
    Hash::from_bytes(bytes)
}

/// What is said of these lines in the place of 0, 1, 2, …; each is ten bytes long.
fn changes(now: &[u64]) -> Vec<Change> {
    let old = (0..LINES).map(|line| Ok(Old(Some(hash(line)))));
    let new = now.iter().zip(0..).map(|(line, at)| Ok(New { hash: hash(*line), byte: at * 10 }));
    let mut found = Vec::new();
    let began = RealClock.now().up;
    differ(old, new, (0, 0), now.len() as u64 * 10, |change| found.push(change)).unwrap();
    let took = RealClock.now().up - began;
    assert!(took < MOST, "{took} s for {} changes", found.len());
    found
}

fn is(found: &[Change], expected: impl Iterator<Item = Change>) {
    let expected: Vec<Change> = expected.collect();
    assert!(!expected.is_empty());
    let differs = found.iter().zip(&expected).find(|(one, other)| one != other);
    assert_eq!((differs, found.len()), (None, expected.len()));
}

/// None of those that are there.
const STRANGE: u64 = 1 << 40;

#[test]
fn every_line_is_named_however_close_they_are() {
    // The first and the last line stay.
    for every in [2, 31] {
        let hit = |line: &u64| line % every == 1 && line + 1 < LINES;
        let gone: Vec<u64> = (0..LINES).filter(|line| !hit(line)).collect();
        let deleted = (0..LINES).filter(hit).zip(0..).map(|(line, before)| {
            let now = line - before;
            Change::Deleted { line, now, old: Some(hash(line)), byte: now * 10 }
        });
        is(&changes(&gone), deleted);
        let other: Vec<u64> = (0..LINES).map(|line| if hit(&line) { line + STRANGE } else { line }).collect();
        let new = |line: u64| New { hash: hash(line + STRANGE), byte: line * 10 };
        let edited = (0..LINES).filter(hit);
        is(
            &changes(&other),
            edited.map(|line| Change::Edited { line, now: line, old: Some(hash(line)), new: new(line) }),
        );
        let more: Vec<u64> = (0..LINES)
            .flat_map(|line| if hit(&line) { vec![line + STRANGE, line] } else { vec![line] })
            .collect();
        let inserted = (0..LINES).filter(hit).zip(0..).map(|(line, before)| {
            let now = line + before;
            Change::Inserted { line, now, new: New { hash: hash(line + STRANGE), byte: now * 10 } }
        });
        is(&changes(&more), inserted);
    }
}
