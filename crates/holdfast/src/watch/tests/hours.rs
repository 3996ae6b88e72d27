//! Watches with a calendar: New York, 09:30 to 16:00, with a half day and a holiday.

use super::*;
use crate::calendar::{Calendar, date, zone};
use crate::time::utc;
use crate::watch::Seen;
use crate::watch::verdict::{Act, Verdict};

fn exchange() -> Calendar {
    Calendar::new(
        zone("America/New_York").expect("a zone"),
        "Mon-Fri".parse().expect("days"),
        vec!["09:30-16:00".parse().expect("hours")],
        [date("2026-11-26").expect("a date")].into(),
        [(date("2026-11-27").expect("a date"), "13:00".parse().expect("a time"))].into(),
    )
}

/// A bench whose wall clock shows this, UTC; New York is five hours behind in November.
fn at(when: &str) -> Bench {
    let mut bench = Bench::new();
    bench.calendar = Some(exchange());
    move_to(&bench, when);
    bench
}

/// Time passes until then.
fn move_to(bench: &Bench, when: &str) {
    let then = chrono::DateTime::parse_from_rfc3339(when).expect("a time").timestamp();
    let left = then as f64 - bench.now().wall;
    assert!(left >= 0.0, "{} is after {when}", utc(bench.now().wall));
    bench.clock.advance(left);
}

#[test]
fn nobody_is_late_outside_the_session() {
    let mut bench = at("2026-11-23T20:50:00Z");
    let last = bench.beat("");
    bench.look(&last);
    move_to(&bench, "2026-11-23T21:00:00Z");
    let judged = bench.look(&last);
    assert_eq!((judged.verdict, judged.act), (Verdict::OffHours, Act::None));
    assert_eq!(judged.next, Some(17.5 * 3600.0), "until 09:30");
    move_to(&bench, "2026-11-24T14:29:59Z");
    assert_eq!(bench.look(&last).verdict, Verdict::OffHours);
    assert_eq!(bench.look(&Seen::Missing).act, Act::None);
}

#[test]
fn age_counts_from_the_opening() {
    let mut bench = at("2026-11-23T20:59:00Z");
    let last = bench.beat("");
    bench.look(&last);
    move_to(&bench, "2026-11-24T14:31:00Z");
    let judged = bench.look(&last);
    assert_eq!((judged.verdict, judged.act), (Verdict::Fresh, Act::None));
    assert_eq!(judged.detail, "no beat yet in this session; due within 14m");
    move_to(&bench, "2026-11-24T14:45:00Z");
    assert_eq!(bench.look(&last).verdict, Verdict::Fresh);
    assert_eq!(bench.look_after(0.01, &last).act, Act::Trip);
}

#[test]
fn staleness_near_the_close_trips_only_within_the_session() {
    let mut bench = at("2026-11-23T20:40:00Z");
    let last = bench.beat("");
    bench.look(&last);
    move_to(&bench, "2026-11-23T20:59:59Z");
    assert_eq!(bench.look(&last).act, Act::Trip);
    let mut bench = at("2026-11-23T20:50:00Z");
    let last = bench.beat("");
    bench.look(&last);
    move_to(&bench, "2026-11-23T21:10:00Z");
    assert_eq!(bench.look(&last).act, Act::None);
}

#[test]
fn half_days_and_holidays_are_known() {
    let mut bench = at("2026-11-27T17:50:00Z");
    let last = bench.beat("");
    bench.look(&last);
    move_to(&bench, "2026-11-27T18:20:00Z");
    assert_eq!(bench.look(&last).verdict, Verdict::OffHours, "13:00 is the close of a half day");
    let mut bench = at("2026-11-26T15:00:00Z");
    assert_eq!(bench.look(&Seen::Missing).act, Act::None, "a holiday");
    move_to(&bench, "2026-11-27T14:45:01Z");
    assert_eq!(bench.look(&Seen::Missing).act, Act::Trip, "the day after it");
}

#[test]
fn a_beat_out_of_hours_is_told_but_not_the_end_of_a_cycle() {
    let mut bench = at("2026-11-23T20:55:00Z");
    let last = bench.beat("");
    bench.look(&last);
    move_to(&bench, "2026-11-23T21:05:00Z");
    let ending = bench.beat("");
    assert_eq!(bench.look(&ending).verdict, Verdict::OffHours, "a cycle that began in time");
    move_to(&bench, "2026-11-23T23:00:00Z");
    let strange = bench.beat("");
    let judged = bench.look(&strange);
    assert_eq!((judged.verdict, judged.act), (Verdict::OutOfHours, Act::Alert));
    assert_eq!(bench.look_after(MAX_AGE + 1.0, &strange).verdict, Verdict::OffHours, "told for a while");
}

#[test]
fn a_beat_from_before_the_opening_is_not_out_of_hours_for_ever() {
    let mut bench = at("2026-11-24T12:00:00Z");
    let early = bench.beat("");
    assert_eq!(bench.look(&early).verdict, Verdict::OutOfHours);
    move_to(&bench, "2026-11-24T14:31:00Z");
    let judged = bench.look(&early);
    assert_eq!(judged.verdict, Verdict::Fresh);
    assert_eq!(judged.next, Some(MAX_AGE - 60.0), "it sleeps until the beat is late");
}

#[test]
fn a_dead_clock_battery_outside_the_session_is_no_trip() {
    let mut bench = at("2026-11-23T22:00:00Z");
    let future = bench.beat(r#""at":9e9"#);
    bench.look(&future);
    assert_eq!(bench.look_after(5.0 * MAX_AGE, &future).act, Act::Alert);
}

#[test]
fn a_cycle_that_hangs_beyond_the_close_is_an_overrun() {
    let mut bench = at("2026-11-23T20:55:00Z");
    let running = bench.beat(&format!(r#""begun":{}"#, bench.now().wall));
    bench.look(&running);
    move_to(&bench, "2026-11-23T21:05:01Z");
    assert_eq!(bench.look(&running).act, Act::Trip);
}
