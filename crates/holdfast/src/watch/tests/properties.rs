//! What holds for any beat and any clock.

use proptest::prelude::*;

use super::*;
use crate::watch::verdict::{Act, Verdict};

/// Something that happens to a host.
#[derive(Clone, Debug)]
enum Event {
    Pass(f64),
    Sleep(f64),
    Step(f64),
    Beat { plain: bool },
    Look,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0.0..400.0).prop_map(Event::Pass),
        (0.0..40_000.0).prop_map(Event::Sleep),
        (-90_000.0..90_000.0).prop_map(Event::Step),
        any::<bool>().prop_map(|plain| Event::Beat { plain }),
        Just(Event::Look),
        Just(Event::Look),
    ];
    prop::collection::vec(event, 1..60)
}

proptest! {
    /// Whatever the wall clock does, a beat that nobody renews trips when the host was awake for `max_age`.
    #[test]
    fn a_beat_that_stays_trips_in_time(
        events in events(), plain in any::<bool>(), left in 0.001..10.0_f64,
    ) {
        let mut bench = Bench::new();
        let beat = if plain { bench.plain("") } else { bench.beat("") };
        bench.look(&beat);
        let mut awake = 0.0;
        for event in events {
            match event {
                Event::Pass(seconds) => {
                    bench.clock.advance(seconds);
                    awake += seconds;
                }
                Event::Sleep(seconds) => bench.clock.suspend(seconds),
                Event::Step(seconds) => bench.clock.step_wall(seconds),
                Event::Beat { .. } | Event::Look => drop(bench.look(&beat)),
            }
        }
        bench.clock.advance((MAX_AGE - awake).max(0.0) + left);
        let judged = bench.look(&beat);
        prop_assert_eq!(judged.act, Act::Trip, "{:?}", judged);
    }

    /// Whatever the wall clock does, a pipeline that beats when the host is awake is not tripped.
    #[test]
    fn a_pipeline_that_beats_is_never_tripped(events in events()) {
        let mut bench = Bench::new();
        let mut beat = bench.beat("");
        bench.look(&beat);
        let (mut unbeaten, mut unseen) = (0.0, 0.0);
        for event in events {
            match event {
                Event::Pass(seconds) => {
                    bench.clock.advance(seconds);
                    unbeaten += seconds;
                    unseen += seconds;
                }
                Event::Sleep(seconds) => bench.clock.suspend(seconds),
                Event::Step(seconds) => bench.clock.step_wall(seconds),
                Event::Look => {
                    let judged = bench.look(&beat);
                    prop_assert!(judged.act < Act::Trip, "{:?}", judged);
                    unseen = 0.0;
                }
                Event::Beat { plain } => {
                    beat = if plain { bench.plain("") } else { bench.beat("") };
                    unbeaten = 0.0;
                }
            }
            if unbeaten > MAX_AGE - 400.0 {
                beat = bench.beat("");
                unbeaten = 0.0;
            }
            // When a plain beat that nobody has seen was written, a clock that was stepped does not tell; and
            // steps below a minute are not known as such.
            if unseen > MAX_AGE - 400.0 - 60.0 {
                let judged = bench.look(&beat);
                prop_assert!(judged.act < Act::Trip, "{:?}", judged);
                unseen = 0.0;
            }
        }
    }

    /// The verdict does not change before the time that was said, without new evidence.
    #[test]
    fn nothing_changes_before_the_time_that_was_told(age in 0.0..2000.0_f64, share in 0.0..0.999_f64) {
        let mut bench = Bench::new();
        let first = bench.beat("");
        bench.look(&first);
        bench.clock.advance(5000.0);
        let beat = bench.beat("");
        bench.look(&beat);
        let judged = bench.look_after(age, &beat);
        if let Some(next) = judged.next {
            let later = bench.look_after(next * share, &beat);
            prop_assert_eq!((later.verdict, later.act), (judged.verdict, judged.act));
        } else {
            prop_assert_eq!(judged.verdict, Verdict::Stale);
        }
    }
}
