//! Every row of the table, and the bounds of those that have one.

use super::*;
use crate::circuit::Mode;
use crate::watch::Seen;
use crate::watch::verdict::{Act, Verdict};

fn judged(bench: &mut Bench, seconds: f64, seen: &Seen) -> (Verdict, Act) {
    let judged = bench.look_after(seconds, seen);
    (judged.verdict, judged.act)
}

#[test]
fn fresh_until_exactly_max_age_and_stale_just_over_it() {
    for plain in [false, true] {
        let mut bench = Bench::new();
        let beat = if plain { bench.plain("") } else { bench.beat("") };
        let first = bench.look(&beat);
        assert_eq!((first.verdict, first.act, first.next), (Verdict::Fresh, Act::None, Some(MAX_AGE)));
        assert_eq!(judged(&mut bench, MAX_AGE, &beat), (Verdict::Fresh, Act::None));
        assert_eq!(judged(&mut bench, 0.001, &beat), (Verdict::Stale, Act::Trip));
        let new = bench.beat("");
        assert_eq!(judged(&mut bench, 1.0, &new), (Verdict::Fresh, Act::None));
    }
}

#[test]
fn a_missing_file_alerts_at_once_and_trips_after_max_age_of_watching() {
    let mut bench = Bench::new();
    let first = bench.look(&Seen::Missing);
    assert_eq!((first.verdict, first.act, first.next), (Verdict::Missing, Act::Alert, Some(MAX_AGE)));
    assert_eq!(judged(&mut bench, MAX_AGE, &Seen::Missing), (Verdict::Missing, Act::Alert));
    let over = bench.look_after(0.001, &Seen::Missing);
    assert_eq!((over.verdict, over.act, over.next), (Verdict::Missing, Act::Trip, None));
}

#[test]
fn a_file_that_vanishes_trips_at_the_next_look_of_an_old_watch() {
    let mut bench = Bench::new();
    let beat = bench.beat("");
    bench.look(&beat);
    let beat = {
        bench.clock.advance(MAX_AGE);
        bench.beat("")
    };
    bench.look(&beat);
    assert_eq!(judged(&mut bench, 1.0, &Seen::Missing), (Verdict::Missing, Act::Trip));
}

#[test]
fn a_first_sight_of_an_old_beat_alerts_and_waits_one_max_age() {
    let mut bench = Bench::new();
    let beat = bench.beat("");
    bench.clock.advance(3.0 * MAX_AGE);
    assert_eq!(judged(&mut bench, 0.0, &beat), (Verdict::Stale, Act::Alert));
    assert_eq!(judged(&mut bench, MAX_AGE, &beat), (Verdict::Stale, Act::Alert));
    assert_eq!(judged(&mut bench, 0.001, &beat), (Verdict::Stale, Act::Trip));
}

#[test]
fn what_is_no_beat_trips_at_once() {
    let mut bench = Bench::new();
    let judged = bench.look(&Seen::Malformed("is empty".to_owned()));
    assert_eq!((judged.verdict, judged.act), (Verdict::Malformed, Act::Trip));
    assert_eq!(judged.detail, "the heartbeat is empty");
}

#[test]
fn only_ok_and_held_are_no_failures() {
    for (status, verdict, act) in [
        ("ok", Verdict::Fresh, Act::None),
        ("held", Verdict::Fresh, Act::None),
        ("failed", Verdict::Reported, Act::Trip),
        ("OK", Verdict::Reported, Act::Trip),
        ("", Verdict::Reported, Act::Trip),
    ] {
        let mut bench = Bench::new();
        let beat = bench.beat(&format!(r#""status":"{status}""#));
        assert_eq!(judged(&mut bench, 0.0, &beat), (verdict, act), "{status:?}");
    }
    let mut bench = Bench::new();
    let killed = bench.beat(r#""status":"failed","signal":9"#);
    assert_eq!(bench.look(&killed).detail, "the pipeline reports status \"failed\" (signal 9)");
}

#[test]
fn a_beat_from_the_future_alerts_and_trips_once_no_clock_says_fresh() {
    for (ahead, verdict, act) in [
        (59.9, Verdict::Fresh, Act::None),
        (60.0, Verdict::Fresh, Act::None),
        (60.1, Verdict::ClockAhead, Act::Alert),
    ] {
        let mut bench = Bench::new();
        let at = bench.now().wall + ahead;
        let beat = bench.plain(&format!(r#""at":{at}"#));
        assert_eq!(judged(&mut bench, 0.0, &beat), (verdict, act), "{ahead}");
    }
    let mut bench = Bench::new();
    let far = bench.plain(r#""at":9e9"#);
    assert_eq!(judged(&mut bench, 0.0, &far), (Verdict::ClockAhead, Act::Alert));
    assert_eq!(judged(&mut bench, MAX_AGE, &far), (Verdict::ClockAhead, Act::Alert));
    assert_eq!(judged(&mut bench, 0.001, &far), (Verdict::ClockAhead, Act::Trip));
}

#[test]
fn up_beyond_the_present_counts_only_on_the_same_boot() {
    let ahead = |bench: &Bench, boot: &str| {
        let up = bench.now().up + 1e6;
        bench.beat(&format!(r#""up":{up},"boot":{boot}"#))
    };
    let mut bench = Bench::new();
    let forged = ahead(&bench, r#""boot-0""#);
    assert_eq!(judged(&mut bench, 0.0, &forged), (Verdict::ClockAhead, Act::Alert));
    assert_eq!(judged(&mut bench, MAX_AGE + 1.0, &forged), (Verdict::ClockAhead, Act::Trip));
    for boot in [r#""another""#, "null"] {
        let mut bench = Bench::new();
        let beat = ahead(&bench, boot);
        assert_eq!(judged(&mut bench, 0.0, &beat), (Verdict::Fresh, Act::None), "{boot}");
    }
}

#[test]
fn a_cycle_that_does_not_end_is_an_overrun_and_one_that_ends_is_not() {
    let mut bench = Bench::new();
    let begun = bench.now().wall;
    let running = bench.beat(&format!(r#""begun":{begun}"#));
    bench.look(&running);
    assert_eq!(judged(&mut bench, 600.0, &running), (Verdict::Fresh, Act::None));
    assert_eq!(judged(&mut bench, 0.001, &running), (Verdict::Overrun, Act::Trip));
    let ended = bench.beat(&format!(r#""begun":{begun},"took":600.0"#));
    assert_eq!(judged(&mut bench, 1.0, &ended), (Verdict::Fresh, Act::None));
}

#[test]
fn an_ok_cycle_after_a_pause_is_a_trip_ignored_and_a_held_one_is_not() {
    let mut bench = Bench::new();
    let before = bench.beat(r#""interval":300"#);
    bench.look(&before);
    bench.pause(Mode::Halt);
    // The cycle that was under way ends, the next one may begin before the pipeline looks.
    bench.clock.advance(300.0);
    let next = bench.beat(r#""interval":300"#);
    assert_eq!(judged(&mut bench, 0.0, &next), (Verdict::Fresh, Act::None));
    bench.clock.advance(1.0);
    let ignoring = bench.beat(r#""interval":300"#);
    assert_eq!(judged(&mut bench, 0.0, &ignoring), (Verdict::TripIgnored, Act::Alert));
    let held = bench.beat(r#""interval":300,"status":"held""#);
    assert_eq!(judged(&mut bench, 1.0, &held), (Verdict::Fresh, Act::None));
    // What began before the pause may end after it.
    bench.clock.advance(1.0);
    let begun = bench.now().wall - 302.0;
    let late = bench.beat(&format!(r#""interval":300,"begun":{begun},"took":302.0"#));
    assert_eq!(judged(&mut bench, 0.0, &late), (Verdict::Fresh, Act::None));
}

#[test]
fn under_a_milder_pause_an_ok_cycle_is_as_it_should_be() {
    let mut bench = Bench::new();
    bench.pause(Mode::Reduce);
    bench.clock.advance(2.0 * MAX_AGE);
    let beat = bench.beat("");
    assert_eq!(judged(&mut bench, 0.0, &beat), (Verdict::Fresh, Act::None));
}

#[test]
fn words_of_the_pipeline_are_shown_safely_and_not_at_length() {
    let mut bench = Bench::new();
    let beat = bench.beat(&format!(r#""status":"\u001b[2J\n{}""#, "x".repeat(5000)));
    let detail = bench.look(&beat).detail;
    assert!(detail.len() < 500 && !detail.contains(['\n', '\u{1b}']), "{detail}");
    let detail = bench.look(&Seen::Malformed("y".repeat(1 << 20))).detail;
    assert!(detail.chars().count() < 500, "{}", detail.len());
}
