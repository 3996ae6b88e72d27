//! The longest row of lines that both sides have, in the same order.

use std::collections::HashMap;

use tlog::Hash;

use super::{New, Old};

/// A line that both sides have: its places.
pub(super) type Pair = (u32, u32);

/// So many pairs are held at once.
const PAIRS_MAX: usize = 1 << 18;

/// The longest row of the lines that stand once on each side.
pub(super) fn of_unique(old: &[Old], new: &[New]) -> Vec<Pair> {
    let mut places: HashMap<Hash, (Place, Place)> = HashMap::new();
    for (place, line) in (0..).zip(old) {
        if let Some(hash) = line.0 {
            places.entry(hash).or_default().0.add(place);
        }
    }
    for (place, line) in (0..).zip(new) {
        // A line that was not sealed is no pair.
        if let Some((_, new)) = places.get_mut(&line.hash) {
            new.add(place);
        }
    }
    let mut pairs: Vec<Pair> =
        places.into_values().filter_map(|(old, new)| Some((old.once()?, new.once()?))).collect();
    pairs.sort_unstable();
    increasing(&pairs)
}

/// The longest row of all lines (Hunt and Szymanski), if `may` lets so many pairs be looked at.
pub(super) fn of_all(old: &[Old], new: &[New], may: impl FnOnce(usize) -> bool) -> Option<Vec<Pair>> {
    let mut places: HashMap<Hash, Vec<u32>> =
        old.iter().filter_map(|line| line.0).map(|hash| (hash, Vec::new())).collect();
    for (place, line) in (0..).zip(new) {
        if let Some(places) = places.get_mut(&line.hash) {
            places.push(place);
        }
    }
    let of = |line: &Old| line.0.and_then(|hash| places.get(&hash));
    let count: usize = old.iter().filter_map(of).map(Vec::len).sum();
    if count > PAIRS_MAX || !may(count) {
        return None;
    }
    // The later place first: no row takes two pairs of the same sealed line.
    let pairs = (0..).zip(old).flat_map(|(place, line)| {
        of(line).into_iter().flat_map(move |places| places.iter().rev().map(move |new| (place, *new)))
    });
    Some(increasing(&pairs.collect::<Vec<Pair>>()))
}

/// Where a line stands, if it stands once.
#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Nowhere,
    Once(u32),
    Often,
}

impl Place {
    fn add(&mut self, place: u32) {
        *self = if matches!(self, Self::Nowhere) { Self::Once(place) } else { Self::Often };
    }

    fn once(self) -> Option<u32> {
        if let Self::Once(place) = self { Some(place) } else { None }
    }
}

/// The longest row of pairs whose places increase on both sides (patience sorting).
fn increasing(pairs: &[Pair]) -> Vec<Pair> {
    let mut tops: Vec<u32> = Vec::new();
    let mut before: Vec<Option<u32>> = Vec::with_capacity(pairs.len());
    for (index, pair) in (0..).zip(pairs) {
        let pile = tops.partition_point(|top| pairs[*top as usize].1 < pair.1);
        before.push(pile.checked_sub(1).map(|left| tops[left]));
        if pile == tops.len() {
            tops.push(index);
        } else {
            tops[pile] = index;
        }
    }
    let mut row: Vec<Pair> = std::iter::successors(tops.last().copied(), |index| before[*index as usize])
        .map(|index| pairs[index as usize])
        .collect();
    row.reverse();
    row
}
