//! Real daily prices, replayed. Their origin is told in `data/README.md`.

use std::collections::BTreeMap;

use chrono::NaiveDate;

const PRICES: &str = include_str!("../../data/daily-prices.csv");

/// One trading day: the close of each ticker.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) closes: BTreeMap<&'static str, f64>,
}

impl Day {
    /// The time of the candle, in Unix seconds.
    pub(super) fn candle_at(&self) -> i64 {
        self.date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
    }
}

/// All days, oldest first. Lines that are none are left out.
pub(super) fn days() -> Vec<Day> {
    let mut days: BTreeMap<NaiveDate, BTreeMap<&'static str, f64>> = BTreeMap::new();
    for (ticker, date, close) in PRICES.lines().skip(1).filter_map(read) {
        days.entry(date).or_default().insert(ticker, close);
    }
    days.into_iter().map(|(date, closes)| Day { date, closes }).collect()
}

/// `Ticker,Date,Open,High,Low,Close,Volume`.
fn read(line: &'static str) -> Option<(&'static str, NaiveDate, f64)> {
    let mut cells = line.split(',');
    let (ticker, date) = (cells.next()?, cells.next()?.parse().ok()?);
    Some((ticker, date, cells.nth(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_prices_is_read() {
        let days = days();
        let cells: usize = days.iter().map(|day| day.closes.len()).sum();
        assert_eq!(cells, PRICES.lines().count() - 1);
        assert_eq!(days[0].date.to_string(), "2000-03-01");
        assert_eq!(days[0].closes["AAPL"].to_string(), "130.31");
        assert_eq!(days[0].candle_at(), 951_868_800);
        assert!(days.windows(2).all(|two| two[0].date < two[1].date));
    }
}
