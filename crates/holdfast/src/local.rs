//! Times as a person reads them: UTC, and local with the zone named.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::time::utc;

/// `2026-11-21 08:00:00 UTC (09:00:00 CET, Europe/Berlin)`.
pub fn both(wall: f64) -> String {
    in_zone(wall, zone())
}

/// The same for a zone that is known already; without one, UTC alone.
pub fn in_zone(wall: f64, zone: Option<Tz>) -> String {
    let utc = utc(wall);
    let text = utc.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let Some(zone) = zone.filter(|zone| !matches!(*zone, Tz::UTC | Tz::Etc__UTC)) else { return text };
    let local = utc.with_timezone(&zone);
    let day = if local.date_naive() == utc.date_naive() { "" } else { "%Y-%m-%d " };
    format!("{text} ({}, {zone})", local.format(&format!("{day}%H:%M:%S %Z")))
}

/// The day on which people in `zone` live through `wall`.
pub fn day(wall: f64, zone: Option<Tz>) -> NaiveDate {
    utc(wall).with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive()
}

/// The zone of `TZ`, else of the system; `None` for one that has no name.
pub fn zone() -> Option<Tz> {
    match std::env::var("TZ") {
        Ok(name) if !name.is_empty() => name.trim_start_matches(':').parse().ok(),
        _ => iana_time_zone::get_timezone().ok()?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_names_its_zone_and_its_day_where_it_differs() {
        for (zone, text) in [
            (None, "2025-11-21 08:00:00 UTC"),
            (Some(Tz::UTC), "2025-11-21 08:00:00 UTC"),
            (Some(Tz::Europe__Berlin), "2025-11-21 08:00:00 UTC (09:00:00 CET, Europe/Berlin)"),
            (Some(Tz::America__Los_Angeles), "2025-11-21 08:00:00 UTC (00:00:00 PST, America/Los_Angeles)"),
            (Some(Tz::Pacific__Kiritimati), "2025-11-21 08:00:00 UTC (22:00:00 +14, Pacific/Kiritimati)"),
            (
                Some(Tz::Pacific__Honolulu),
                "2025-11-21 08:00:00 UTC (2025-11-20 22:00:00 HST, Pacific/Honolulu)",
            ),
        ] {
            assert_eq!(in_zone(1_763_712_000.0, zone), text);
        }
    }

    #[test]
    fn a_day_is_that_of_the_zone() {
        for (zone, expected) in [
            (None, "2025-11-21"),
            (Some(Tz::Pacific__Kiritimati), "2025-11-21"),
            (Some(Tz::Pacific__Honolulu), "2025-11-20"),
        ] {
            assert_eq!(day(1_763_712_000.0, zone).to_string(), expected, "{zone:?}");
        }
    }

    #[test]
    fn times_beyond_the_calendar_do_not_panic() {
        for wall in [f64::MAX, f64::MIN, f64::NAN] {
            for zone in [None, Some(Tz::Pacific__Kiritimati), Some(Tz::Pacific__Honolulu)] {
                assert!(!in_zone(wall, zone).is_empty());
                day(wall, zone);
            }
        }
    }
}
