//! How much there was when, in bounded memory whatever the times are.

use std::collections::BTreeMap;

/// Counts in spans of equal length. Where there would be too many of them, they become twice as long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The length of a span, in seconds.
    pub(crate) width: u64,
    most: usize,
    /// By number of the span, counted from 1970.
    counts: BTreeMap<u64, u64>,
}

impl Tally {
    /// Begins with spans of `width` seconds, and never has more than `most` that hold something.
    pub(crate) fn new(width: u64, most: usize) -> Self {
        Self { width, most, counts: BTreeMap::new() }
    }

    /// Counts `more` at a moment in Unix seconds.
    pub(crate) fn add(&mut self, at: f64, more: u64) {
        *self.counts.entry(at.max(0.0) as u64 / self.width).or_default() += more;
        while self.counts.len() > self.most {
            self.width *= 2;
            for (span, count) in std::mem::take(&mut self.counts) {
                *self.counts.entry(span / 2).or_default() += count;
            }
        }
    }

    /// Begin in Unix seconds and count of each span that holds something, oldest first.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (f64, u64)> {
        self.counts.iter().map(|(span, count)| ((span * self.width) as f64, *count))
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// From the begin of the first span to the end of the last.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.counts.keys().next()?, self.counts.keys().next_back()?);
        Some(((first * self.width) as f64, ((last + 1) * self.width) as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_grow_and_nothing_is_lost() {
        let mut tally = Tally::new(60, 4);
        (0..4).for_each(|minute| tally.add(f64::from(minute) * 60.0, 1));
        assert_eq!(tally.width, 60);
        assert_eq!(tally.spans().collect::<Vec<_>>(), [(0.0, 1), (60.0, 1), (120.0, 1), (180.0, 1)]);
        tally.add(299.0, 5);
        assert_eq!(tally.width, 120);
        assert_eq!(tally.spans().collect::<Vec<_>>(), [(0.0, 2), (120.0, 2), (240.0, 5)]);
        assert_eq!((tally.total(), tally.range()), (9, Some((0.0, 360.0))));
    }

    #[test]
    fn no_time_is_too_odd() {
        let mut tally = Tally::new(1, 10);
        for at in [f64::NAN, -1.0, f64::INFINITY, 0.0, 253_402_300_799.0, f64::MAX] {
            tally.add(at, 1);
        }
        (0..100_000).for_each(|n| tally.add(f64::from(n) * 1e6, 1));
        assert!(tally.spans().count() <= 10);
        assert_eq!(tally.total(), 100_006);
    }
}
