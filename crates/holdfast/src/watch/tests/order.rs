//! Where two rows match, the earlier one is the verdict.

use super::*;
use crate::calendar::Calendar;
use crate::circuit::Mode;
use crate::config::{Bounds, Limit, Pointer};
use crate::watch::verdict::Verdict;
use crate::watch::{Seen, Sight};

/// What a bench can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Evidence {
    Reported,
    Ahead,
    Overrun,
    Stale,
    Stuck,
    Limit,
    Ignored,
    Writers,
    Stepped,
    OutOfHours,
}

use Evidence::{Ahead, Ignored, OutOfHours, Overrun, Reported, Stale, Stepped, Stuck, Writers};

/// In the order of the table, with the verdict of each alone.
const ROWS: [(Evidence, Verdict); 10] = [
    (Reported, Verdict::Reported),
    (Ahead, Verdict::ClockAhead),
    (Overrun, Verdict::Overrun),
    (Stale, Verdict::Stale),
    (Stuck, Verdict::NotAdvancing),
    (Evidence::Limit, Verdict::Limit),
    (Ignored, Verdict::TripIgnored),
    (Writers, Verdict::TwoWriters),
    (Stepped, Verdict::ClockStepped),
    (OutOfHours, Verdict::OutOfHours),
];

fn never_open() -> Calendar {
    Calendar::new(
        crate::calendar::zone("UTC").expect("a zone"),
        "Mon-Fri".parse().expect("days"),
        vec!["03:00-03:01".parse().expect("hours")],
        std::collections::BTreeSet::new(),
        std::collections::BTreeMap::new(),
    )
}

/// A bench on which exactly this evidence is found, and the verdict.
fn verdict(evidence: &[Evidence]) -> Verdict {
    let there = |wanted| evidence.contains(&wanted);
    let mut bench = Bench::new();
    bench.watch.advance = vec!["/candle".parse::<Pointer>().expect("a pointer")];
    bench.watch.limit = vec![Limit {
        field: "/usd".parse().expect("a pointer"),
        bounds: Bounds { min: None, max: Some(20.0) },
        max_rise_per_hour: None,
    }];
    let earlier = |bench: &mut Bench, pid: u32, candle: u32| {
        let beat = bench.beat(&format!(r#""pid":{pid},"candle":{candle},"usd":1"#));
        bench.look(&beat);
        bench.clock.advance(10.0);
    };
    // A watch that has been looked at for long, with two writers or one.
    earlier(&mut bench, 2, 0);
    earlier(&mut bench, 1, 7);
    bench.clock.advance(3.0 * MAX_AGE);
    earlier(&mut bench, if there(Writers) { 2 } else { 1 }, 7);
    if there(Ignored) {
        let mut since = bench.now();
        since.up -= 2.0 * MAX_AGE;
        bench.paused = Some((Sight::now(&since), Mode::Halt));
    }
    let now = bench.now();
    let ago = if there(Stale) { MAX_AGE + 1.0 } else { 0.0 };
    let at = if there(Ahead) { now.wall + 1e6 } else { now.wall - ago };
    let begun = if there(Overrun) { at - 601.0 } else { at };
    let took = if there(Overrun) { "null" } else { "0" };
    let beat = bench.beat(&format!(
        r#""pid":1,"interval":300,"at":{at},"up":{},"awake":{},"begun":{begun},"took":{took},
            "status":"{}","candle":{},"usd":{}"#,
        now.up - ago,
        now.awake - ago,
        if there(Reported) { "failed" } else { "ok" },
        if there(Stuck) { 7 } else { 8 },
        if there(Evidence::Limit) { 21 } else { 2 },
    ));
    if there(Stepped) {
        // Forward, or the beat would be from the future too.
        bench.clock.step_wall(3600.0);
    }
    if there(OutOfHours) {
        bench.calendar = Some(never_open());
    }
    bench.look(&beat).verdict
}

#[test]
fn each_row_alone_is_its_verdict() {
    assert_eq!(verdict(&[]), Verdict::Fresh);
    for (evidence, expected) in ROWS {
        assert_eq!(verdict(&[evidence]), expected, "{evidence:?}");
    }
}

#[test]
fn of_any_two_rows_the_earlier_wins() {
    for (first, (one, expected)) in ROWS.iter().enumerate() {
        for (other, _) in &ROWS[first + 1..] {
            // Outside the sessions nobody is late; what is stuck is not asked either.
            if *other == OutOfHours && matches!(one, Stale | Stuck) {
                continue;
            }
            assert_eq!(verdict(&[*one, *other]), *expected, "{one:?} before {other:?}");
        }
    }
}

#[test]
fn missing_and_malformed_come_before_everything() {
    let mut bench = Bench::new();
    let beat = bench.beat(r#""status":"failed""#);
    bench.look(&beat);
    assert_eq!(bench.look(&Seen::Missing).verdict, Verdict::Missing);
    assert_eq!(bench.look(&Seen::Malformed("x".to_owned())).verdict, Verdict::Malformed);
}
