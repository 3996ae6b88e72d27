//! Times as a person reads them: UTC, and local with the zone named.

use chrono::{NaiveDate, NaiveDateTime, Timelike as _};

use crate::calendar::Zone;
use crate::time::{age, possible, utc};

/// `2026-11-21 08:00:00 UTC (09:00:00 CET, Europe/Berlin)`.
pub fn both(wall: f64) -> String {
    in_zone(wall, &zone())
}

/// The same for a zone that is known already.
pub fn in_zone(wall: f64, zone: &Zone) -> String {
    if !possible(wall) {
        return "an impossible time".to_owned();
    }
    // Not by a pattern: what interprets patterns is large, and circuit-ctl is to stay small.
    let utc = to_the_second(utc(wall).naive_utc());
    let text = format!("{utc} UTC");
    let (local, abbreviation) = zone.local(wall);
    if abbreviation == "UTC" {
        return text;
    }
    let local = to_the_second(local);
    let same_day = local.date() == utc.date();
    let local = if same_day { local.time().to_string() } else { local.to_string() };
    format!("{text} ({local} {abbreviation}, {zone})")
}

fn to_the_second(time: NaiveDateTime) -> NaiveDateTime {
    time.with_nanosecond(0).unwrap_or(time)
}

/// `since 2026-11-21 08:00:00 UTC (09:00:00 CET, Europe/Berlin), 3d 2h ago`. Clocks are set back: what is ahead of
/// now has no age.
pub fn since(wall: f64, now: f64, zone: &Zone) -> String {
    const SLACK: f64 = 1.0;
    if !possible(wall) {
        return "at an impossible time".to_owned();
    }
    let ago =
        if wall > now + SLACK { "ahead of the clock".to_owned() } else { format!("{} ago", age(now - wall)) };
    format!("since {}, {ago}", in_zone(wall, zone))
}

/// The day on which people in `zone` live through `wall`.
pub fn day(wall: f64, zone: &Zone) -> NaiveDate {
    zone.local(wall).0.date()
}

/// The zone of `TZ`, else of the system, else UTC.
pub fn zone() -> Zone {
    Zone::here()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONES: [&str; 5] =
        ["UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Honolulu"];

    fn named(name: &str) -> Zone {
        Zone::named(name).expect(name)
    }

    #[test]
    fn local_time_names_its_zone_and_its_day_where_it_differs() {
        for (name, text) in ZONES.into_iter().zip([
            "2025-11-21 08:00:00 UTC",
            "2025-11-21 08:00:00 UTC (09:00:00 CET, Europe/Berlin)",
            "2025-11-21 08:00:00 UTC (00:00:00 PST, America/Los_Angeles)",
            "2025-11-21 08:00:00 UTC (22:00:00 +14, Pacific/Kiritimati)",
            "2025-11-21 08:00:00 UTC (2025-11-20 22:00:00 HST, Pacific/Honolulu)",
        ]) {
            assert_eq!(in_zone(1_763_712_000.0, &named(name)), text);
        }
    }

    #[test]
    fn since_when_is_told_in_both_and_what_cannot_be_is_called_so() {
        let since = |wall| since(wall, 1_763_712_000.0, &named("Europe/Berlin"));
        assert_eq!(
            since(1_763_708_400.25),
            "since 2025-11-21 07:00:00 UTC (08:00:00 CET, Europe/Berlin), 59m 59s ago"
        );
        assert!(since(1_763_712_002.0).ends_with(", ahead of the clock"));
        for wall in [1e300, -1e300, 3e11, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(since(wall), "at an impossible time");
        }
    }

    #[test]
    fn a_day_is_that_of_the_zone() {
        for (name, expected) in
            [("UTC", "2025-11-21"), ("Pacific/Kiritimati", "2025-11-21"), ("Pacific/Honolulu", "2025-11-20")]
        {
            assert_eq!(day(1_763_712_000.0, &named(name)).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn times_beyond_the_calendar_do_not_panic() {
        for wall in [f64::MAX, f64::MIN, f64::NAN, 253_402_300_799.0] {
            for name in ZONES {
                assert!(!in_zone(wall, &named(name)).is_empty());
                day(wall, &named(name));
            }
        }
    }
}
