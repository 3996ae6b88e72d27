use chrono::{DateTime, NaiveDate, NaiveTime, Timelike};
use proptest::prelude::*;

use super::{Calendar, Hours, Session, TimeOfDay, Weekdays, date, zone};

/// A calendar as the configuration writes it: `half_days` as `2026-11-27=13:00`.
fn calendar(zone_name: &str, days: &str, hours: &[&str], holidays: &[&str], half_days: &[&str]) -> Calendar {
    let half = |text: &&str| {
        let (day, time) = text.split_once('=').expect("date=time");
        (date(day).expect(day), time.parse().expect(time))
    };
    Calendar::new(
        zone(zone_name).expect(zone_name),
        days.parse().expect(days),
        hours.iter().map(|hours| hours.parse().expect(hours)).collect(),
        holidays.iter().map(|day| date(day).expect(day)).collect(),
        half_days.iter().map(half).collect(),
    )
}

fn wall(iso: &str) -> f64 {
    DateTime::parse_from_rfc3339(&format!("{iso}:00Z")).expect(iso).timestamp() as f64
}

fn open(since: &str, until: &str) -> Session {
    Session::Open { since: wall(since), until: wall(until) }
}

fn closed(next: &str) -> Session {
    Session::Closed { next: Some(wall(next)) }
}

/// Each row: a moment in UTC to the minute, and what holds then.
fn check(calendar: &Calendar, rows: &[(&str, Session)]) {
    for (at, session) in rows {
        assert_eq!(calendar.session(wall(at)), *session, "{} at {at}Z", calendar.zone_name());
    }
}

#[test]
fn new_york_with_holidays_half_days_both_dst_changes_and_the_year_end() {
    let calendar = calendar(
        "America/New_York",
        "Mon-Fri",
        &["09:30-16:00"],
        &["2026-11-26", "2026-12-25", "2027-01-01"],
        &["2026-11-27=13:00", "2026-12-24=13:00"],
    );
    check(
        &calendar,
        &[
            ("2026-11-25T14:29", closed("2026-11-25T14:30")),
            ("2026-11-25T14:30", open("2026-11-25T14:30", "2026-11-25T21:00")),
            ("2026-11-25T20:59", open("2026-11-25T14:30", "2026-11-25T21:00")),
            ("2026-11-25T21:00", closed("2026-11-27T14:30")),
            ("2026-11-26T16:00", closed("2026-11-27T14:30")),
            ("2026-11-27T17:59", open("2026-11-27T14:30", "2026-11-27T18:00")),
            ("2026-11-27T18:00", closed("2026-11-30T14:30")),
            ("2026-03-06T20:00", open("2026-03-06T14:30", "2026-03-06T21:00")),
            ("2026-03-06T21:00", closed("2026-03-09T13:30")),
            ("2026-10-30T19:00", open("2026-10-30T13:30", "2026-10-30T20:00")),
            ("2026-10-30T20:00", closed("2026-11-02T14:30")),
            ("2026-12-24T18:00", closed("2026-12-28T14:30")),
            ("2026-12-31T21:00", closed("2027-01-04T14:30")),
            ("2027-03-12T21:00", closed("2027-03-15T13:30")),
        ],
    );
}

#[test]
fn frankfurt_with_the_turn_of_the_year() {
    let calendar = calendar(
        "Europe/Berlin",
        "Mon-Fri",
        &["09:00-17:30"],
        &["2026-12-24", "2026-12-25", "2026-12-31", "2027-01-01", "2027-03-26", "2027-03-29"],
        &["2026-12-30=14:00"],
    );
    check(
        &calendar,
        &[
            ("2026-03-27T16:29", open("2026-03-27T08:00", "2026-03-27T16:30")),
            ("2026-03-27T16:30", closed("2026-03-30T07:00")),
            ("2026-10-23T15:30", closed("2026-10-26T08:00")),
            ("2026-12-30T12:59", open("2026-12-30T08:00", "2026-12-30T13:00")),
            ("2026-12-30T13:00", closed("2027-01-04T08:00")),
            ("2027-03-25T16:30", closed("2027-03-30T07:00")),
        ],
    );
}

#[test]
fn tokyo_closes_over_lunch() {
    let hours = ["09:00-11:30", "12:30-15:30"];
    let calendar =
        calendar("Asia/Tokyo", "Mon-Fri", &hours, &["2026-12-31", "2027-01-01"], &["2026-12-30=11:30"]);
    check(
        &calendar,
        &[
            ("2026-11-24T02:29", open("2026-11-24T00:00", "2026-11-24T02:30")),
            ("2026-11-24T02:30", closed("2026-11-24T03:30")),
            ("2026-11-24T05:00", open("2026-11-24T03:30", "2026-11-24T06:30")),
            ("2026-12-30T02:30", closed("2027-01-04T00:00")),
        ],
    );
}

#[test]
fn lord_howe_changes_its_clocks_by_half_an_hour() {
    let fold = calendar("Australia/Lord_Howe", "Sun", &["01:45-03:00"], &[], &[]);
    check(&fold, &[("2026-04-04T14:44", closed("2026-04-04T14:45"))]);
    check(&fold, &[("2026-04-04T15:00", open("2026-04-04T14:45", "2026-04-04T16:30"))]);
    let closing = calendar("Australia/Lord_Howe", "Sun", &["00:00-01:45"], &[], &[]);
    check(&closing, &[("2026-04-04T15:14", open("2026-04-04T13:00", "2026-04-04T15:15"))]);
    let gap = calendar("Australia/Lord_Howe", "Sun", &["02:15-04:00"], &[], &[]);
    check(&gap, &[("2026-10-03T15:29", closed("2026-10-03T15:30"))]);
    check(&gap, &[("2026-10-03T15:30", open("2026-10-03T15:30", "2026-10-03T17:00"))]);
}

#[test]
fn times_that_are_missing_or_doubled() {
    let opening = calendar("America/New_York", "Sun", &["02:15-05:00"], &[], &[]);
    check(&opening, &[("2026-03-08T06:59", closed("2026-03-08T07:00"))]);
    check(&opening, &[("2026-03-08T07:00", open("2026-03-08T07:00", "2026-03-08T09:00"))]);
    let within = calendar("America/New_York", "Sun", &["02:15-02:45"], &[], &[]);
    check(&within, &[("2026-03-08T06:59", closed("2026-03-15T06:15"))]);
    let doubled = calendar("America/New_York", "Sun", &["01:30-02:00"], &[], &[]);
    check(&doubled, &[("2026-11-01T06:00", open("2026-11-01T05:30", "2026-11-01T07:00"))]);
    let closing = calendar("America/New_York", "Sun", &["00:00-01:30"], &[], &[]);
    check(&closing, &[("2026-11-01T06:29", open("2026-11-01T04:00", "2026-11-01T06:30"))]);
    check(&closing, &[("2026-11-01T06:30", closed("2026-11-08T05:00"))]);
}

#[test]
fn sessions_over_midnight_end_early_on_the_half_day_they_run_into() {
    let calendar = calendar(
        "America/New_York",
        "Sun-Thu",
        &["18:00-17:00"],
        &["2026-12-31"],
        &["2026-12-24=13:15", "2026-11-27=13:00"],
    );
    check(
        &calendar,
        &[
            ("2026-11-24T22:30", closed("2026-11-24T23:00")),
            ("2026-11-25T12:00", open("2026-11-24T23:00", "2026-11-25T22:00")),
            ("2026-11-27T12:00", open("2026-11-26T23:00", "2026-11-27T18:00")),
            ("2026-11-27T18:00", closed("2026-11-29T23:00")),
            ("2026-12-24T18:00", open("2026-12-23T23:00", "2026-12-24T18:15")),
            // Nothing opens on a half day after its closing.
            ("2026-12-24T18:15", closed("2026-12-27T23:00")),
            // The holiday keeps the session from opening; the one from the eve before it goes on.
            ("2026-12-31T12:00", open("2026-12-30T23:00", "2026-12-31T22:00")),
            ("2026-12-31T22:00", closed("2027-01-03T23:00")),
        ],
    );
}

#[test]
fn sessions_that_meet_are_one() {
    let week = calendar("America/New_York", "Sun-Thu", &["17:00-17:00"], &[], &[]);
    check(
        &week,
        &[
            ("2026-03-04T12:00", open("2026-03-01T22:00", "2026-03-06T22:00")),
            ("2026-03-07T12:00", closed("2026-03-08T21:00")),
            ("2026-11-04T12:00", open("2026-11-01T22:00", "2026-11-06T22:00")),
        ],
    );
    let always =
        calendar("America/New_York", "Mon-Sun", &["00:00-24:00"], &["2026-12-25"], &["2026-12-31=12:00"]);
    let for_ever = |since: f64, until: f64| Session::Open { since, until };
    check(
        &always,
        &[
            ("2026-06-01T00:00", for_ever(f64::NEG_INFINITY, wall("2026-12-25T05:00"))),
            ("2026-12-25T05:00", closed("2026-12-26T05:00")),
            ("2026-12-28T00:00", open("2026-12-26T05:00", "2026-12-31T17:00")),
            ("2027-08-01T00:00", for_ever(wall("2027-01-01T05:00"), f64::INFINITY)),
        ],
    );
    let overlapping = calendar("UTC", "Mon", &["09:00-12:00", "11:00-14:00"], &[], &[]);
    check(&overlapping, &[("2026-11-23T11:30", open("2026-11-23T09:00", "2026-11-23T14:00"))]);
}

#[test]
fn moments_beyond_all_years_are_answered() {
    let calendar = calendar("America/New_York", "Mon-Sun", &["00:00-24:00"], &["2026-12-25"], &[]);
    for wall in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1e13, 1e13] {
        assert!(matches!(calendar.session(wall), Session::Open { .. }), "{wall}");
    }
}

#[test]
fn parts_are_read_as_documented_and_nothing_else() {
    for good in ["09:30-16:00", "00:00-24:00", "18:00-17:00", "18:00-00:00"] {
        assert!(good.parse::<Hours>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "9:30-16:00",
        "24:00-01:00",
        "09:30",
        "09:60-10:00",
        "25:00-26:00",
        "+9:30-16:00",
        "09:30-16:00-17:00",
    ] {
        assert!(bad.parse::<Hours>().is_err(), "{bad}");
    }
    for bad in ["", "mon", "Mon-", "Monday", "Mon-Fri-Sat", "Mon,Tue"] {
        assert!(bad.parse::<Weekdays>().is_err(), "{bad}");
    }
    for bad in ["", "2026-2-3", "26-02-03", "2026-02-30", " 2026-02-03", "2026-02-03T00:00"] {
        assert!(date(bad).is_err(), "{bad}");
    }
    for bad in ["", "EST", "CET", "America/New York", "america/new_york", "Local"] {
        assert!(zone(bad).is_err(), "{bad}");
    }
    assert_eq!(
        "Sat-Mon".parse::<Weekdays>(),
        "Sat".parse().map(|day: Weekdays| day.and("Sun-Mon".parse().expect("days")))
    );
}

const FROM: f64 = 1_767_225_600.0; // 2026
const YEARS: f64 = 2.0 * 365.0 * 86_400.0;

fn any_time(last: u16) -> impl Strategy<Value = String> {
    // Quarters of an hour, so that sessions often meet.
    (0..=last / 15).prop_map(|quarters| format!("{:02}:{:02}", quarters / 4, quarters % 4 * 15))
}

fn any_hours() -> impl Strategy<Value = Vec<String>> {
    let session = (any_time(1425), any_time(1440)).prop_map(|(opens, closes)| format!("{opens}-{closes}"));
    proptest::collection::vec(session, 1..4)
}

fn any_days() -> impl Strategy<Value = String> {
    let days: &'static [&'static str] = &["Mon-Fri", "Sun-Thu", "Mon-Sun", "Sun", "Fri-Mon"];
    proptest::sample::select(days).prop_map(str::to_owned)
}

fn any_dates() -> impl Strategy<Value = Vec<String>> {
    let date =
        (0..730_u64).prop_map(|day| (date("2026-01-01").expect("date") + chrono::Days::new(day)).to_string());
    proptest::collection::vec(date, 0..12)
}

fn any_calendar(zones: &'static [&'static str]) -> impl Strategy<Value = Calendar> {
    let half_days = (any_dates(), any_time(1440));
    (proptest::sample::select(zones), any_days(), any_hours(), any_dates(), half_days).prop_map(
        |(zone, days, hours, holidays, (half_days, closing))| {
            let hours: Vec<_> = hours.iter().map(String::as_str).collect();
            let holidays: Vec<_> = holidays.iter().map(String::as_str).collect();
            let half_days: Vec<_> = half_days.iter().map(|day| format!("{day}={closing}")).collect();
            let half_days: Vec<_> = half_days.iter().map(String::as_str).collect();
            calendar(zone, &days, &hours, &holidays, &half_days)
        },
    )
}

const ZONES: &[&str] =
    &["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Cairo", "UTC"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_session_is_the_same_from_all_of_its_moments(calendar in any_calendar(ZONES), part in 0.0..1.0_f64) {
        let wall = f64::floor(FROM + part * YEARS);
        match calendar.session(wall) {
            session @ Session::Open { since, until } => {
                prop_assert!(since <= wall && wall < until);
                if since.is_finite() {
                    prop_assert_eq!(calendar.session(since), session);
                    prop_assert_eq!(calendar.session(since - 1.0), Session::Closed { next: Some(since) });
                }
                if until.is_finite() {
                    prop_assert_eq!(calendar.session(until - 1.0), session);
                    prop_assert!(matches!(calendar.session(until), Session::Closed { .. }), "meets another at {until}");
                }
            }
            Session::Closed { next: Some(next) } => {
                prop_assert!(next > wall);
                let Session::Open { since, .. } = calendar.session(next) else { panic!("not an opening: {next}") };
                prop_assert_eq!(since.to_bits(), next.to_bits());
                let between = (wall + (next - wall) * part).floor();
                prop_assert_eq!(calendar.session(between), Session::Closed { next: Some(next) });
            }
            Session::Closed { next: None } => prop_assert!(false, "every week has a session"),
        }
    }

    /// Without clock changes, the same from local date and time alone.
    #[test]
    fn open_is_what_the_words_say(calendar in any_calendar(&["Asia/Tokyo"]), part in 0.0..1.0_f64) {
        let wall = f64::floor(FROM + part * YEARS);
        let local = DateTime::from_timestamp(wall as i64 + 9 * 3600, 0).expect("time").naive_utc();
        let (today, now) = (local.date(), minutes(local.time()));
        let yesterday = today.pred_opt().expect("date");
        let opens_on = |day: NaiveDate, hours: &Hours| {
            let early = calendar.half_days.get(&day).is_some_and(|closing| hours.opens() >= *closing);
            calendar.days.has(chrono::Datelike::weekday(&day)) && !calendar.holidays.contains(&day) && !early
        };
        let cut = |day: NaiveDate| calendar.half_days.get(&day).copied().unwrap_or_else(|| minutes_of("24:00"));
        let open = calendar.hours.iter().any(|hours| {
            let opened_today = opens_on(today, hours)
                && hours.opens() <= now
                && (now < hours.closes() || hours.over_midnight())
                && now < cut(today);
            let opened_yesterday = hours.over_midnight()
                && opens_on(yesterday, hours)
                && cut(yesterday) == minutes_of("24:00")
                && now < hours.closes()
                && now < cut(today);
            opened_today || opened_yesterday
        });
        prop_assert_eq!(matches!(calendar.session(wall), Session::Open { .. }), open, "{} {:?}", local, calendar);
    }
}

fn minutes(time: NaiveTime) -> TimeOfDay {
    minutes_of(&format!("{:02}:{:02}", time.hour(), time.minute()))
}

fn minutes_of(text: &str) -> TimeOfDay {
    text.parse().expect(text)
}
