//! Time under a pause: staleness that began under it neither trips nor blocks a resume, and after a resume
//! every watch has one full `max_age`.

use super::*;
use crate::circuit::Mode;
use crate::watch::Seen;
use crate::watch::verdict::{Act, Verdict};

fn alive_then_paused(mode: Mode) -> (Bench, Seen) {
    let mut bench = Bench::new();
    let beat = bench.beat("");
    bench.look(&beat);
    bench.clock.advance(100.0);
    bench.pause(mode);
    (bench, beat)
}

#[test]
fn staleness_that_began_under_a_pause_does_not_trip() {
    for (mode, act) in [(Mode::Halt, Act::None), (Mode::Reduce, Act::Alert)] {
        let (mut bench, beat) = alive_then_paused(mode);
        let judged = bench.look_after(5.0 * MAX_AGE, &beat);
        assert_eq!((judged.verdict, judged.act), (Verdict::Stale, act), "{mode}");
    }
}

#[test]
fn staleness_that_began_before_the_pause_trips_also_under_it() {
    let mut bench = Bench::new();
    let beat = bench.beat("");
    bench.look(&beat);
    bench.clock.advance(MAX_AGE + 10.0);
    bench.pause(Mode::Halt);
    assert_eq!(bench.look_after(5.0, &beat).act, Act::Trip);
}

#[test]
fn the_same_holds_for_a_missing_a_running_a_stuck_and_a_future_beat() {
    let cases: [(fn(&Bench) -> Seen, Verdict); 4] = [
        (|_| Seen::Missing, Verdict::Missing),
        (|bench| bench.beat(&format!(r#""begun":{}"#, bench.now().wall)), Verdict::Overrun),
        (|bench| bench.beat(r#""at":9e9"#), Verdict::ClockAhead),
        (|bench| bench.beat(r#""candle":1"#), Verdict::Stale),
    ];
    for (make, verdict) in cases {
        let mut bench = Bench::new();
        bench.watch.advance = vec!["/candle".parse().expect("a pointer")];
        let seen = make(&bench);
        bench.look(&seen);
        bench.clock.advance(100.0);
        bench.pause(Mode::Halt);
        let judged = bench.look_after(5.0 * MAX_AGE, &seen);
        assert_eq!(judged.verdict, verdict);
        assert!(judged.act < Act::Trip, "{judged:?}");
    }
}

#[test]
fn after_a_resume_there_is_one_full_max_age() {
    for make in [|bench: &Bench| bench.beat(""), |bench: &Bench| bench.plain(""), |_: &Bench| Seen::Missing] {
        let mut bench = Bench::new();
        let seen = make(&bench);
        bench.look(&seen);
        bench.pause(Mode::Halt);
        bench.look_after(50_000.0, &seen);
        bench.resume();
        let judged = bench.look(&seen);
        assert!(judged.act < Act::Trip, "{judged:?}");
        let judged = bench.look_after(MAX_AGE, &seen);
        assert!(judged.act < Act::Trip, "{judged:?}");
        assert_eq!(bench.look_after(0.01, &seen).act, Act::Trip);
    }
}

#[test]
fn patience_after_a_resume_is_not_called_health() {
    let mut bench = Bench::new();
    let beat = bench.beat("");
    bench.look(&beat);
    bench.pause(Mode::Halt);
    bench.clock.advance(7200.0);
    bench.resume();
    let judged = bench.look_after(60.0, &beat);
    assert_eq!((judged.verdict, judged.act, judged.next), (Verdict::Stale, Act::None, Some(MAX_AGE - 60.0)));
    assert_eq!(
        judged.detail,
        "heartbeat stale: last beat 2h 1m ago, allowed 15m; resumed 1m ago, trips in 14m"
    );
    assert!(!judged.verdict.stands_in_the_file(), "it blocks no resume");
}

#[test]
fn a_bad_status_known_at_the_resume_does_not_trip_at_once_and_a_new_one_does() {
    for make in [
        |bench: &Bench| bench.beat(r#""status":"failed""#),
        |bench: &Bench| bench.plain(r#""status":"failed""#),
    ] {
        let mut bench = Bench::new();
        let bad = make(&bench);
        assert_eq!(bench.look(&bad).act, Act::Trip);
        bench.pause(Mode::Halt);
        bench.clock.advance(5000.0);
        bench.resume();
        let judged = bench.look_after(1.0, &bad);
        assert_eq!((judged.verdict, judged.act), (Verdict::Reported, Act::Alert), "{judged:?}");
        assert!(judged.detail.contains("known at the resume"), "{judged:?}");
        let new = make(&bench);
        assert_eq!(bench.look_after(1.0, &new).act, Act::Trip, "a new bad beat");
    }
}

#[test]
fn a_bad_status_that_stays_trips_a_max_age_after_the_resume() {
    let mut bench = Bench::new();
    let bad = bench.beat(r#""status":"failed""#);
    bench.look(&bad);
    bench.clock.advance(100.0);
    bench.resume();
    assert_eq!(bench.look_after(MAX_AGE, &bad).act, Act::Alert);
    assert_eq!(bench.look_after(0.01, &bad).act, Act::Trip);
}

#[test]
fn a_malformed_file_known_at_the_resume_is_excused_and_another_one_is_not() {
    let mut bench = Bench::new();
    let torn = Seen::Malformed("is empty".to_owned());
    bench.look(&torn);
    bench.clock.advance(100.0);
    bench.resume();
    assert_eq!(bench.look_after(1.0, &torn).act, Act::Alert);
    assert_eq!(bench.look_after(1.0, &Seen::Malformed("is a list".to_owned())).act, Act::Trip);
}

#[test]
fn a_cycle_that_began_under_the_pause_is_not_an_overrun_of_before() {
    let (mut bench, _) = alive_then_paused(Mode::Halt);
    let running = bench.beat(&format!(r#""begun":{},"status":"held""#, bench.now().wall));
    bench.look(&running);
    let judged = bench.look_after(700.0, &running);
    assert_eq!((judged.verdict, judged.act), (Verdict::Overrun, Act::None));
    bench.resume();
    assert_eq!(bench.look_after(600.0, &running).act, Act::None);
    // One full `max_age` for whoever resumed, also where `max_run` is shorter.
    assert_eq!(bench.look_after(0.01, &running).act, Act::Alert);
    assert_eq!(bench.look_after(300.0, &running).act, Act::Trip);
}
