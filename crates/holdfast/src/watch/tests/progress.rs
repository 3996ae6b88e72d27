//! `advance` and `limit`.

use super::*;
use crate::config::{Bounds, Limit};
use crate::watch::Judged;
use crate::watch::verdict::{Act, Verdict};

fn advancing() -> Bench {
    let mut bench = Bench::new();
    bench.watch.advance = vec!["/candle".parse().expect("a pointer")];
    bench
}

#[test]
fn what_should_advance_and_does_not_trips_although_beats_come() {
    let mut bench = advancing();
    for minute in 0..=15 {
        let beat = bench.beat(r#""candle":7"#);
        assert_eq!(bench.look(&beat).act, Act::None, "minute {minute}");
        bench.clock.advance(60.0);
    }
    let beat = bench.beat(r#""candle":7"#);
    let judged = bench.look(&beat);
    assert_eq!((judged.verdict, judged.act), (Verdict::NotAdvancing, Act::Trip));
    assert_eq!(judged.detail, "beats come, but /candle has been 7 for 16m, allowed 15m");
    bench.clock.advance(1.0);
    let beat = bench.beat(r#""candle":8"#);
    assert_eq!(bench.look(&beat).verdict, Verdict::Fresh);
}

#[test]
fn a_field_that_is_not_there_does_not_advance() {
    let mut bench = advancing();
    let beat = bench.beat("");
    bench.look(&beat);
    bench.clock.advance(MAX_AGE + 1.0);
    let beat = bench.beat("");
    let judged = bench.look(&beat);
    assert_eq!(judged.verdict, Verdict::NotAdvancing);
    assert_eq!(judged.detail, "beats come, but /candle is not in the beat: for 15m 1s, allowed 15m");
}

#[test]
fn a_cycle_that_has_only_begun_says_what_stood_still_before() {
    let mut bench = advancing();
    let beat = bench.beat(r#""candle":7"#);
    bench.look(&beat);
    bench.clock.advance(MAX_AGE + 1.0);
    let begun = bench.now().wall;
    let beat = bench.beat(&format!(r#""begun":{begun}"#));
    assert!(bench.look(&beat).detail.contains("/candle has been 7 for"));
}

#[test]
fn a_held_pipeline_need_not_advance() {
    let mut bench = advancing();
    let beat = bench.beat(r#""candle":7"#);
    bench.look(&beat);
    bench.clock.advance(MAX_AGE + 1.0);
    let held = bench.beat(r#""candle":7,"status":"held""#);
    let judged = bench.look(&held);
    assert_eq!(judged.verdict, Verdict::Fresh);
    assert_eq!(judged.next, Some(MAX_AGE), "the field is past its bound and waited for no more");
}

#[test]
fn the_slower_of_two_fields_counts() {
    let mut bench = advancing();
    bench.watch.advance.push("/book".parse().expect("a pointer"));
    let beat = bench.beat(r#""candle":1,"book":1"#);
    bench.look(&beat);
    bench.clock.advance(MAX_AGE + 1.0);
    let beat = bench.beat(r#""candle":1,"book":2"#);
    assert!(bench.look(&beat).detail.contains("/candle"));
}

fn limited(max: Option<f64>, min: Option<f64>, max_rise_per_hour: Option<f64>) -> Bench {
    let mut bench = Bench::new();
    let field = "/usd".parse().expect("a pointer");
    bench.watch.limit = vec![Limit { field, bounds: Bounds { min, max }, max_rise_per_hour }];
    bench
}

fn spent(bench: &mut Bench, usd: &str) -> Judged {
    let beat = bench.beat(&format!(r#""usd":{usd}"#));
    bench.look(&beat)
}

#[test]
fn a_value_at_its_limit_is_fine_and_over_it_trips() {
    for (usd, verdict) in [
        ("20.0", Verdict::Fresh),
        ("20.01", Verdict::Limit),
        ("-5", Verdict::Fresh),
        ("-5.01", Verdict::Limit),
    ] {
        let judged = spent(&mut limited(Some(20.0), Some(-5.0), None), usd);
        assert_eq!(judged.verdict, verdict, "{usd}");
    }
}

#[test]
fn a_field_that_is_missing_or_no_number_is_a_limit_crossed() {
    for usd in ["null", "\"3\"", "[]"] {
        let judged = spent(&mut limited(Some(20.0), None, None), usd);
        assert_eq!((judged.verdict, judged.act), (Verdict::Limit, Act::Trip), "{usd}");
    }
    let mut bench = limited(Some(20.0), None, None);
    let running = bench.beat(&format!(r#""begun":{}"#, bench.now().wall));
    assert_eq!(bench.look(&running).verdict, Verdict::Fresh, "nothing measured yet");
    let held = bench.beat(r#""status":"held""#);
    assert_eq!(bench.look(&held).verdict, Verdict::Fresh);
}

#[test]
fn a_rise_within_an_hour_has_a_limit() {
    let mut bench = limited(None, None, Some(8.0));
    for (minutes, usd, verdict) in [
        (0.0, "0", Verdict::Fresh),
        (20.0, "4", Verdict::Fresh),
        (20.0, "8", Verdict::Fresh),
        (10.0, "8.5", Verdict::Limit),
    ] {
        bench.clock.advance(minutes * 60.0);
        assert_eq!(spent(&mut bench, usd).verdict, verdict, "{usd}");
    }
}

#[test]
fn a_steady_rise_below_the_limit_never_trips() {
    let mut bench = limited(None, None, Some(8.0));
    for step in 0..500 {
        bench.clock.advance(300.0);
        let judged = spent(&mut bench, &format!("{}", f64::from(step) * 0.5));
        assert_eq!(judged.verdict, Verdict::Fresh, "{step}: {}", judged.detail);
    }
    let samples = bench.memory.expect("looked at").rise["/usd"].len();
    assert!(samples <= 62, "{samples}");
}

#[test]
fn a_rise_over_a_gap_counts_for_the_hours_that_it_took() {
    let mut bench = limited(None, None, Some(8.0));
    spent(&mut bench, "0");
    bench.clock.advance(5.0 * 3600.0);
    assert_eq!(spent(&mut bench, "30").verdict, Verdict::Fresh, "6 an hour");
    bench.clock.advance(600.0);
    assert_eq!(spent(&mut bench, "44").verdict, Verdict::Limit);
}

#[test]
fn a_fall_resets_the_rise() {
    let mut bench = limited(None, None, Some(8.0));
    spent(&mut bench, "7");
    bench.clock.advance(60.0);
    assert_eq!(spent(&mut bench, "0").verdict, Verdict::Fresh);
    bench.clock.advance(60.0);
    assert_eq!(spent(&mut bench, "7.9").verdict, Verdict::Fresh);
    bench.clock.advance(60.0);
    let judged = spent(&mut bench, "8.1");
    assert_eq!(judged.detail, "/usd rose by 8.1 in 2m, limit 8 an hour");
}
