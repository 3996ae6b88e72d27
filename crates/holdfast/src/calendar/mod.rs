//! When a market is open: sessions in an IANA zone, with holidays and half days.
//!
//! Everything is said in local time of the zone:
//!
//! * A session belongs to the date on which it **opens**: `days`, `holidays` and `half_days` name that date.
//!   A session over midnight (`18:00-17:00`) goes on into the next day, whatever day that is.
//! * On a holiday no session opens.
//! * On a half day a session that is under way ends at the closing time, also one that opened the day
//!   before; no session opens at or after it on that date.
//! * When clocks go forward, a time that does not exist is the end of the gap. When they go back, an opening
//!   in the doubled hour is the first of the two, a closing the last.
//! * Sessions that meet or overlap are one.

mod words;
mod zone;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate};

pub use words::{Hours, NotInACalendar, TimeOfDay, Weekdays, date, zone};
use zone::Side;
pub use zone::Zone;

/// A week in which every session meets the next repeats for ever; two weeks see past a DST change.
const PATTERN_DAYS: i64 = 16;
/// A session is at most a day long: one under way opened on this date or the one before. One more, and the
/// next, for clocks that change around midnight.
const REACH_DAYS: i64 = 2;
/// The years for which sessions are reckoned, 1970 to about 2128: times beyond are taken for these.
const WALL_MAX: f64 = 5e9;

/// When a market is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    zone: Zone,
    days: Weekdays,
    hours: Vec<Hours>,
    holidays: BTreeSet<NaiveDate>,
    half_days: BTreeMap<NaiveDate, TimeOfDay>,
}

/// What a calendar says of a moment. Times are Unix seconds of the wall clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Session {
    /// A session is under way: `since <= wall < until`.
    Open {
        /// Its opening; minus infinity where the calendar never closed.
        since: f64,
        /// Its end; infinity where the calendar never closes.
        until: f64,
    },
    /// No session is under way.
    Closed {
        /// The next opening, if there is one.
        next: Option<f64>,
    },
}

impl Calendar {
    /// A calendar of sessions of these `hours` on these `days`.
    pub fn new(
        zone: Zone,
        days: Weekdays,
        hours: Vec<Hours>,
        holidays: BTreeSet<NaiveDate>,
        half_days: BTreeMap<NaiveDate, TimeOfDay>,
    ) -> Self {
        Self { zone, days, hours, holidays, half_days }
    }

    /// Its IANA zone, such as `America/New_York`.
    pub fn zone_name(&self) -> &str {
        self.zone.name().unwrap_or("UTC")
    }

    /// What the calendar says of `wall`, in Unix seconds.
    pub fn session(&self, wall: f64) -> Session {
        let wall = if wall.is_nan() { 0.0 } else { wall.clamp(0.0, WALL_MAX) };
        let under_way = self.around(wall).find(|span| span.holds(wall));
        match under_way {
            Some(span) => Session::Open { since: self.grow_back(span.open), until: self.grow_on(span.close) },
            None => Session::Closed { next: self.next_opening(wall) },
        }
    }

    /// The opening of the unbroken session that holds `open`.
    fn grow_back(&self, mut open: f64) -> f64 {
        let first = self.exceptions().fold(self.date(open), NaiveDate::min);
        let pattern = shift(first, -PATTERN_DAYS);
        while let Some(earlier) = self
            .around(open)
            .filter(|span| span.open < open && open <= span.close)
            .map(|span| span.open)
            .reduce(f64::min)
        {
            if self.date(earlier) < pattern {
                return f64::NEG_INFINITY;
            }
            open = earlier;
        }
        open
    }

    /// The end of the unbroken session that ends at `close` or later.
    fn grow_on(&self, mut close: f64) -> f64 {
        let last = self.exceptions().fold(self.date(close), NaiveDate::max);
        let pattern = shift(last, PATTERN_DAYS);
        while let Some(later) =
            self.around(close).filter(|span| span.holds(close)).map(|span| span.close).reduce(f64::max)
        {
            if self.date(later) > pattern {
                return f64::INFINITY;
            }
            close = later;
        }
        close
    }

    fn next_opening(&self, wall: f64) -> Option<f64> {
        let today = self.date(wall);
        let last = shift(self.exceptions().fold(today, NaiveDate::max), PATTERN_DAYS);
        shift(today, -1).iter_days().take_while(|date| *date <= last).find_map(|date| {
            self.opening(date).map(|span| span.open).filter(|open| *open > wall).reduce(f64::min)
        })
    }

    /// The dates on which the week is not like other weeks.
    fn exceptions(&self) -> impl Iterator<Item = NaiveDate> {
        self.holidays.iter().chain(self.half_days.keys()).copied()
    }

    /// The sessions that can hold `wall` or begin or end at it.
    fn around(&self, wall: f64) -> impl Iterator<Item = Span> {
        let today = self.date(wall);
        (-REACH_DAYS..=1).flat_map(move |days| self.opening(shift(today, days)))
    }

    /// The sessions that open on `date`.
    fn opening(&self, date: NaiveDate) -> impl Iterator<Item = Span> {
        let takes_place = self.days.has(date.weekday()) && !self.holidays.contains(&date);
        let hours = if takes_place { self.hours.as_slice() } else { &[] };
        hours.iter().filter_map(move |hours| self.span(date, *hours))
    }

    fn span(&self, date: NaiveDate, hours: Hours) -> Option<Span> {
        let opens = hours.opens().on(date);
        let mut closes = hours.closes().on(if hours.over_midnight() { shift(date, 1) } else { date });
        for day in [date, shift(date, 1)] {
            let early = self.half_days.get(&day).map(|closing| closing.on(day));
            closes = early.map_or(closes, |early| early.min(closes));
        }
        if closes <= opens {
            return None;
        }
        let span =
            Span { open: self.zone.wall(opens, Side::Opening), close: self.zone.wall(closes, Side::Closing) };
        (span.open < span.close).then_some(span)
    }

    fn date(&self, wall: f64) -> NaiveDate {
        self.zone.local(wall).0.date()
    }
}

#[derive(Clone, Copy)]
struct Span {
    open: f64,
    close: f64,
}

impl Span {
    fn holds(&self, wall: f64) -> bool {
        self.open <= wall && wall < self.close
    }
}

/// `date` moved by `days`; within the years that `Calendar::session` admits it cannot fall off the end.
fn shift(date: NaiveDate, days: i64) -> NaiveDate {
    let by = Days::new(days.unsigned_abs());
    let moved = if days < 0 { date.checked_sub_days(by) } else { date.checked_add_days(by) };
    moved.unwrap_or(date)
}
