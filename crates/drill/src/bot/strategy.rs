//! A strategy that is simple on purpose: a fast average of closes against a slow one.

use super::market::Day;

/// How many closes each average takes.
const FAST: usize = 10;
pub(super) const SLOW: usize = 50;

/// What to do about one ticker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decision {
    pub(super) ticker: &'static str,
    pub(super) close: f64,
    pub(super) fast: f64,
    pub(super) slow: f64,
}

impl Decision {
    /// Long while the fast average is above the slow one.
    pub(super) fn action(&self) -> &'static str {
        if self.fast > self.slow { "long" } else { "flat" }
    }
}

/// Decides on the last of `days`, for every ticker that has closes enough.
pub(super) fn decide(days: &[Day]) -> Vec<Decision> {
    let Some(today) = days.last() else { return Vec::new() };
    let decide = |(&ticker, &close): (&&'static str, &f64)| {
        let closes: Vec<f64> =
            days.iter().rev().filter_map(|day| day.closes.get(ticker).copied()).take(SLOW).collect();
        let mean = |closes: &[f64]| closes.iter().sum::<f64>() / closes.len() as f64;
        (closes.len() == SLOW).then(|| Decision {
            ticker,
            close,
            fast: mean(&closes[..FAST]),
            slow: mean(&closes),
        })
    };
    today.closes.iter().filter_map(decide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::market::days;

    #[test]
    fn it_is_long_in_a_rise_and_flat_in_a_fall_and_waits_for_enough_closes() {
        let days = days();
        assert_eq!(decide(&days[..SLOW - 1]), []);
        let on = |date: &str| {
            let end = days.iter().position(|day| day.date.to_string() == date).expect(date);
            decide(&days[..=end])
                .into_iter()
                .map(|decision| (decision.ticker, decision.action()))
                .collect::<Vec<_>>()
        };
        assert_eq!(on("2000-12-20"), [("AAPL", "flat"), ("IBM", "flat"), ("MSFT", "flat")]);
        assert_eq!(on("2012-03-20"), [("AAPL", "long"), ("IBM", "long"), ("MSFT", "long")]);
    }
}
