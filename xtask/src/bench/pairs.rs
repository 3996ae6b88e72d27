//! Two things by turns, so that what else the machine does hits both.

use anyhow::Result;

/// The middle of many measurements and how far they spread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) p10: f64,
    pub(crate) median: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) count: usize,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = values.len().saturating_sub(1);
            values.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
        };
        Self { p10: at(0.1), median: at(0.5), p90: at(0.9), p99: at(0.99), count: values.len() }
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        let Self { p10, median, p90, p99, count } = self;
        Self { p10: p10 * factor, median: median * factor, p90: p90 * factor, p99: p99 * factor, count }
    }
}

/// What it costs us and them, in seconds, and how many times ours theirs is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs {
    pub(crate) ours: Spread,
    pub(crate) theirs: Spread,
    /// Ours by theirs.
    pub(crate) cost: Spread,
    /// Theirs by ours.
    pub(crate) faster: Spread,
}

impl Pairs {
    pub(crate) fn of(pairs: &[(f64, f64)]) -> Self {
        Self {
            ours: Spread::of(pairs.iter().map(|(ours, _)| *ours)),
            theirs: Spread::of(pairs.iter().map(|(_, theirs)| *theirs)),
            cost: Spread::of(pairs.iter().map(|(ours, theirs)| ours / theirs)),
            faster: Spread::of(pairs.iter().map(|(ours, theirs)| theirs / ours)),
        }
    }

    /// Measures `count` pairs, after one that does not count. Who is first takes turns too.
    pub(crate) fn measure(
        count: usize,
        mut ours: impl FnMut() -> Result<f64>,
        mut theirs: impl FnMut() -> Result<f64>,
    ) -> Result<Self> {
        ours()?;
        theirs()?;
        let mut pairs = Vec::with_capacity(count);
        for number in 0..count {
            if number % 2 == 0 {
                let ours = ours()?;
                pairs.push((ours, theirs()?));
            } else {
                let theirs = theirs()?;
                pairs.push((ours()?, theirs));
            }
        }
        Ok(Self::of(&pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::{Pairs, Spread};

    #[test]
    fn a_spread_has_its_middle_and_its_ends() {
        let spread = Spread::of((0..=100).rev().map(f64::from));
        assert_eq!((spread.p10, spread.median, spread.p90, spread.p99), (10.0, 50.0, 90.0, 99.0));
        assert!((Spread::of([7.0]).p99 - 7.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_ratio_is_taken_of_each_pair() {
        let pairs = Pairs::of(&[(1.0, 10.0), (2.0, 40.0), (100.0, 3000.0)]);
        assert_eq!((pairs.faster.median, pairs.cost.median), (20.0, 0.05));
    }
}
