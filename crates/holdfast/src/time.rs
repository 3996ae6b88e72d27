//! How times and durations are written.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `wall` seconds since 1970 as UTC ISO-8601 with milliseconds and `Z`.
pub fn iso(wall: f64) -> String {
    utc(wall).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The same to the second, without punctuation, for ids and file names: `20261121T080000Z`.
pub fn compact(wall: f64) -> String {
    let seconds: String =
        iso(wall).chars().take_while(|c| *c != '.').filter(|c| !matches!(c, '-' | ':')).collect();
    seconds + "Z"
}

/// Longer than anything lasts that has a time in a file, in seconds.
const AGE_MAX: f64 = 1e12;

/// Whether `wall` seconds since 1970 can be the time of something: up to the year 9999.
pub fn possible(wall: f64) -> bool {
    const LAST: f64 = 253_402_300_799.0;
    (0.0..=LAST).contains(&wall)
}

/// `wall` seconds since 1970 as a date and time; times beyond what a calendar holds become its ends.
pub fn utc(wall: f64) -> DateTime<Utc> {
    let millis = (wall * 1e3).round();
    DateTime::from_timestamp_millis(millis as i64).unwrap_or(if millis < 0.0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

/// Seconds since 1970 of a time as [`iso`] writes it, or with another offset; nothing if it is no such time.
pub fn parse_utc(text: &str) -> Option<f64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(time.timestamp_millis() as f64 / 1e3)
}

/// A span of time as people write it in a configuration or an argument: `15m`, `90s`, `1h30m`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// From whole seconds.
    pub const fn secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// In seconds.
    pub const fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }
}

/// Not a span of time.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a duration: write 90s, 15m, 1h30m or 1d, greater than zero")]
pub struct NotASpan(String);

impl std::str::FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        match humantime::parse_duration(text) {
            Ok(duration) if !duration.is_zero() => Ok(Self(duration)),
            _ => Err(NotASpan(text.to_owned())),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = humantime::format_duration(self.0).to_string();
        f.write_str(&text.replace(' ', ""))
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `seconds` as a person reads an age, to its two greatest units: `45s`, `21m 3s`, `3d 2h`.
pub fn age(seconds: f64) -> String {
    if seconds > AGE_MAX {
        return "an impossible time".to_owned();
    }
    let total = seconds.max(0.0) as u64;
    let parts = [(total / 86_400, 'd'), (total / 3_600 % 24, 'h'), (total / 60 % 60, 'm'), (total % 60, 's')];
    match parts.iter().position(|(count, _)| *count > 0) {
        None => "0s".to_owned(),
        Some(first) => {
            let (count, unit) = parts[first];
            match parts.get(first + 1) {
                Some((rest @ 1.., smaller)) => format!("{count}{unit} {rest}{smaller}"),
                _ => format!("{count}{unit}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_they_are_written() {
        for (text, seconds) in [("15m", 900), ("90s", 90), ("1h30m", 5400), ("1d", 86_400), ("1h 30m", 5400)]
        {
            assert_eq!(text.parse::<Span>().expect(text).0.as_secs(), seconds, "{text}");
        }
        for text in ["", "0s", "15", "-5m", "m", "1y2", "15 minuten"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert_eq!(Span::secs(5400).to_string(), "1h30m");
    }

    #[test]
    fn ages_show_two_units() {
        for (seconds, text) in [
            (0.4, "0s"),
            (45.0, "45s"),
            (1263.0, "21m 3s"),
            (3600.0, "1h"),
            (266_400.0, "3d 2h"),
            (-3.0, "0s"),
            (1e300, "an impossible time"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }

    #[test]
    fn times_beyond_the_calendar_do_not_panic() {
        for wall in [f64::MAX, f64::MIN, f64::INFINITY, f64::NAN, 0.0, 1_763_712_000.123] {
            assert!(!iso(wall).is_empty());
        }
        assert_eq!(iso(1_763_712_000.123), "2025-11-21T08:00:00.123Z");
        assert_eq!(compact(1_763_712_000.123), "20251121T080000Z");
    }
}
