//! How the parts of a calendar are written.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Weekday};

use super::zone::Zone;

const DAY_MINUTES: u16 = 24 * 60;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Not a part of a calendar: the text, what it is not, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}: {advice}")]
pub struct NotInACalendar {
    /// What was written.
    pub text: String,
    /// What it should be.
    pub what: &'static str,
    /// What to write.
    pub advice: &'static str,
}

fn not(text: &str, what: &'static str, advice: &'static str) -> NotInACalendar {
    NotInACalendar { text: text.to_owned(), what, advice }
}

/// A time of a day in minutes, `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    pub(super) fn on(self, date: NaiveDate) -> NaiveDateTime {
        let minutes = self.0 % DAY_MINUTES;
        let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minutes) * 60, 0);
        let date = if self.0 == DAY_MINUTES { date.checked_add_days(Days::new(1)) } else { Some(date) };
        date.unwrap_or(NaiveDate::MAX).and_time(time.unwrap_or_default())
    }
}

impl std::str::FromStr for TimeOfDay {
    type Err = NotInACalendar;

    fn from_str(text: &str) -> Result<Self, NotInACalendar> {
        let two_digits = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| digits)
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Some((two_digits(hour)?, two_digits(minute)?)))
            .filter(|(_, minute)| *minute < 60)
            .map(|(hour, minute)| hour * 60 + minute)
            .filter(|minutes| *minutes <= DAY_MINUTES)
            .map(Self)
            .ok_or_else(|| not(text, "a time of day", "write HH:MM, 00:00 to 24:00"))
    }
}

/// From when to when a session lasts; over midnight where it ends no later than it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    opens: TimeOfDay,
    closes: TimeOfDay,
}

impl Hours {
    pub(super) fn opens(self) -> TimeOfDay {
        self.opens
    }

    pub(super) fn closes(self) -> TimeOfDay {
        self.closes
    }

    pub(super) fn over_midnight(self) -> bool {
        self.closes <= self.opens
    }
}

impl std::str::FromStr for Hours {
    type Err = NotInACalendar;

    fn from_str(text: &str) -> Result<Self, NotInACalendar> {
        text.split_once('-')
            .and_then(|(opens, closes)| {
                Some(Self { opens: opens.parse().ok()?, closes: closes.parse().ok()? })
            })
            .filter(|hours| hours.opens.0 < DAY_MINUTES)
            .ok_or_else(|| {
                not(
                    text,
                    "a session's hours",
                    "write \"09:30-16:00\", \"18:00-17:00\" over midnight, \"00:00-24:00\" for a whole day",
                )
            })
    }
}

/// Days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays([bool; 7]);

impl Weekdays {
    /// Is it one of them?
    pub fn has(self, day: Weekday) -> bool {
        self.0[day.num_days_from_monday() as usize]
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (mine, others) in self.0.iter_mut().zip(other.0) {
            *mine |= others;
        }
        self
    }
}

/// One day, `Sun`, or a range that may go over the week's end, `Mon-Fri`, `Sun-Thu`.
impl std::str::FromStr for Weekdays {
    type Err = NotInACalendar;

    fn from_str(text: &str) -> Result<Self, NotInACalendar> {
        let number = |name: &str| DAYS.iter().position(|day| *day == name);
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            let advice =
                "write \"Mon-Fri\", or a list such as [\"Sun\", \"Mon-Thu\"], of Mon Tue Wed Thu Fri Sat Sun";
            return Err(not(text, "a day or a range of days", advice));
        };
        let mut days = Self::default();
        for step in 0..=(last + 7 - first) % 7 {
            days.0[(first + step) % 7] = true;
        }
        Ok(days)
    }
}

/// A date, `2026-11-26`.
pub fn date(text: &str) -> Result<NaiveDate, NotInACalendar> {
    // Not by a pattern: what interprets patterns is large, and circuit-ctl is to stay small.
    DateTime::parse_from_rfc3339(&format!("{text}T00:00:00Z"))
        .ok()
        .map(|time| time.date_naive())
        .filter(|date| date.to_string() == text)
        .ok_or_else(|| not(text, "a date", "write YYYY-MM-DD, such as \"2026-11-26\""))
}

/// An IANA zone, `America/New_York`. Abbreviations such as `EST` are none: they know no summer time.
pub fn zone(text: &str) -> Result<Zone, NotInACalendar> {
    Zone::named(text).filter(|_| text.contains('/') || text == "UTC").ok_or_else(|| {
        let advice = if Zone::named("America/New_York").is_some() {
            "write an IANA name, such as \"America/New_York\" or \"UTC\""
        } else {
            "this system knows no zones at all: install the package tzdata"
        };
        not(text, "a time zone", advice)
    })
}
