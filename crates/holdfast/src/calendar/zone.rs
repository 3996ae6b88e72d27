//! Time zones.

use std::fmt;

use chrono::{Datelike, NaiveDateTime, TimeDelta, Timelike};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::time::utc;

/// A zone of the IANA database: the system's own, which its updates keep right; on Windows one that is built in.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

/// Which of two moments a local time means that the clock shows twice.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Opening,
    Closing,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of `TZ`, else of this system, else UTC.
    pub fn here() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// The zone that bears this very name.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self).filter(|zone| zone.name() == Some(name))
    }

    /// Its IANA name, such as `America/New_York`; a system may have a zone of its own without one.
    pub fn name(&self) -> Option<&str> {
        self.0.iana_name()
    }

    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = String> {
        jiff::tz::db().available().map(|name| name.as_str().to_owned())
    }

    /// The local time at `wall`, in Unix seconds, and what it is called there: `EST`.
    pub fn local(&self, wall: f64) -> (NaiveDateTime, String) {
        let utc = utc(wall);
        let known = Timestamp::from_second(utc.timestamp()).ok().and_then(|moment| {
            let info = self.0.to_offset_info(moment);
            let local =
                utc.naive_utc().checked_add_signed(TimeDelta::seconds(info.offset().seconds().into()))?;
            Some((local, info.abbreviation().to_owned()))
        });
        known.unwrap_or_else(|| (utc.naive_utc(), "UTC".to_owned()))
    }

    /// The moment of a local time, in Unix seconds. A time that does not exist is the end of the gap; of two
    /// moments an opening is the first, a closing the last.
    pub(super) fn wall(&self, local: NaiveDateTime, side: Side) -> f64 {
        let seconds = local.and_utc().timestamp();
        let at = |offset: Offset| seconds - i64::from(offset.seconds());
        let moment = match (self.offset(local), side) {
            (AmbiguousOffset::Unambiguous { offset }, _) => at(offset),
            (AmbiguousOffset::Fold { before, .. }, Side::Opening) => at(before),
            (AmbiguousOffset::Fold { after, .. }, Side::Closing) => at(after),
            (AmbiguousOffset::Gap { before, after }, _) => self.next_change(at(after)).unwrap_or(at(before)),
        };
        moment as f64
    }

    fn offset(&self, local: NaiveDateTime) -> AmbiguousOffset {
        let small = |number: u32| number as i8;
        let civil = civil::DateTime::new(
            local.year() as i16,
            small(local.month()),
            small(local.day()),
            small(local.hour()),
            small(local.minute()),
            small(local.second()),
            0,
        );
        // Beyond the years that this library knows there is no local time.
        civil.map_or(AmbiguousOffset::Unambiguous { offset: Offset::UTC }, |civil| {
            self.0.to_ambiguous_timestamp(civil).offset()
        })
    }

    /// When the clocks change next after `seconds`.
    fn next_change(&self, seconds: i64) -> Option<i64> {
        let after = Timestamp::from_second(seconds).ok()?;
        Some(self.0.following(after).next()?.timestamp().as_second())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().unwrap_or("a zone without a name"))
    }
}
