//! **clock-honest**: no single clock makes a beat fresh or stale.

use super::*;
use crate::Root;
use crate::circuit::view;
use crate::config::{Config, Watch};
use crate::heartbeat::Name;
use crate::sys::sim::{SimClock, SimHost};
use crate::sys::{Clock, Secrecy};
use crate::watch::age::rebooted;
use crate::watch::verdict::{Act, Verdict};
use crate::watch::{Judged, Memory, Observed, Seen, Sight, WatchMemory, judge_all, observe};

const HOUR: f64 = 3600.0;

/// By `hb-write`, and by five lines of Python.
fn both(test: impl Fn(&mut Bench, fn(&Bench) -> Seen)) {
    test(&mut Bench::new(), |bench| bench.beat(""));
    test(&mut Bench::new(), |bench| bench.plain(""));
}

#[test]
fn a_dead_pipeline_trips_in_time_however_the_wall_clock_is_stepped() {
    for step in [-30.0 * HOUR, -HOUR, -61.0, 61.0, HOUR, 30.0 * HOUR] {
        both(|bench, beat| {
            let last = beat(bench);
            bench.look(&last);
            bench.clock.advance(10.0);
            bench.clock.step_wall(step);
            let judged = bench.look_after(MAX_AGE - 10.0, &last);
            assert!(judged.act < Act::Trip, "{step}: {judged:?}");
            let judged = bench.look_after(0.001, &last);
            assert_eq!(judged.act, Act::Trip, "{step}: {judged:?}");
        });
    }
}

#[test]
fn a_live_pipeline_never_trips_however_the_wall_clock_is_stepped() {
    for step in [-30.0 * HOUR, -HOUR, -61.0, 61.0, HOUR, 30.0 * HOUR] {
        both(|bench, beat| {
            let before = beat(bench);
            bench.look(&before);
            // A beat that nobody has seen before the step.
            bench.clock.advance(300.0);
            let unseen = beat(bench);
            bench.clock.advance(100.0);
            bench.clock.step_wall(step);
            let judged = bench.look_after(100.0, &unseen);
            assert!(judged.act < Act::Trip, "{step}: {judged:?}");
            bench.clock.advance(100.0);
            let after = beat(bench);
            let judged = bench.look(&after);
            assert_eq!(judged.act, Act::None, "{step}: {judged:?}");
        });
    }
}

#[test]
fn a_step_is_told_once_and_without_a_trip() {
    for (step, told) in [(HOUR, "forward by 1h"), (-HOUR, "back by 1h")] {
        let mut bench = Bench::new();
        let beat = bench.beat("");
        bench.look(&beat);
        bench.clock.step_wall(step);
        bench.clock.advance(1.0);
        let beat = bench.beat("");
        let judged = bench.look(&beat);
        assert_eq!((judged.verdict, judged.act), (Verdict::ClockStepped, Act::Alert));
        assert!(judged.detail.contains(told), "{}", judged.detail);
        assert_eq!(bench.look_after(1.0, &beat).verdict, Verdict::Fresh);
    }
    let mut bench = Bench::new();
    let beat = bench.beat("");
    bench.look(&beat);
    bench.clock.step_wall(60.0);
    assert_eq!(bench.look(&beat).verdict, Verdict::Fresh, "a minute is what NTP mends");
}

#[test]
fn a_host_that_slept_gets_one_awake_max_age() {
    both(|bench, beat| {
        let last = beat(bench);
        bench.look(&last);
        bench.clock.suspend(8.0 * HOUR);
        let judged = bench.look_after(5.0, &last);
        assert_eq!((judged.verdict, judged.act), (Verdict::Slept, Act::None));
        assert!(judged.next.is_some_and(|next| (next - (MAX_AGE - 5.0)).abs() < 0.01), "{judged:?}");
        let judged = bench.look_after(MAX_AGE - 5.0, &last);
        assert_eq!((judged.verdict, judged.act), (Verdict::Slept, Act::None));
        let judged = bench.look_after(0.01, &last);
        assert_eq!((judged.verdict, judged.act), (Verdict::Stale, Act::Trip));
        let woken = beat(bench);
        assert_eq!(bench.look(&woken).verdict, Verdict::Fresh);
    });
}

#[test]
fn a_beat_that_is_first_seen_after_a_sleep_is_judged_by_the_time_awake() {
    for beat in [
        |bench: &Bench| bench.beat(""),
        |bench: &Bench| bench.beat(r#""awake":null"#),
        |bench: &Bench| bench.plain(""),
    ] {
        let mut bench = Bench::new();
        let old = beat(&bench);
        bench.look(&old);
        let unseen = {
            bench.clock.advance(300.0);
            beat(&bench)
        };
        bench.clock.suspend(8.0 * HOUR);
        let judged = bench.look_after(5.0, &unseen);
        assert_eq!((judged.verdict, judged.act), (Verdict::Slept, Act::None));
    }
}

#[test]
fn an_overrun_counts_time_awake_too() {
    let mut bench = Bench::new();
    let running = bench.beat(&format!(r#""begun":{}"#, bench.now().wall));
    bench.look(&running);
    bench.clock.suspend(HOUR);
    assert_eq!(bench.look_after(1.0, &running).verdict, Verdict::Slept);
    assert_eq!(bench.look_after(600.0, &running).verdict, Verdict::Overrun);
}

#[test]
fn after_a_reboot_the_wall_clock_judges() {
    both(|bench, beat| {
        let last = beat(bench);
        bench.look(&last);
        bench.clock.reboot(60.0);
        assert_eq!(bench.look(&last).verdict, Verdict::Fresh, "off for a minute");
        bench.clock.advance(MAX_AGE - 70.0);
        assert_eq!(bench.look(&last).verdict, Verdict::Fresh);
        assert_eq!(bench.look_after(0.01, &last).verdict, Verdict::Stale);
    });
    both(|bench, beat| {
        let last = beat(bench);
        bench.look(&last);
        bench.clock.reboot(HOUR);
        assert_eq!(bench.look(&last).verdict, Verdict::Stale, "off for an hour");
        let new = beat(bench);
        assert_eq!(bench.look(&new).verdict, Verdict::Fresh);
    });
}

#[test]
fn a_clock_that_lost_its_battery_delays_a_trip_by_no_more_than_a_max_age() {
    both(|bench, beat| {
        let last = beat(bench);
        bench.look(&last);
        bench.clock.reboot(60.0);
        bench.clock.step_wall(-1e9);
        let judged = bench.look(&last);
        assert_eq!((judged.verdict, judged.act), (Verdict::ClockAhead, Act::Alert));
        let judged = bench.look_after(MAX_AGE, &last);
        assert_eq!((judged.verdict, judged.act), (Verdict::ClockAhead, Act::Trip));
    });
}

#[test]
fn without_a_boot_id_up_going_back_is_another_boot() {
    let mut bench = Bench::new();
    bench.clock.hide_boot_id();
    let last = bench.beat("");
    bench.look(&last);
    bench.clock.reboot(HOUR);
    assert_eq!(bench.look(&last).verdict, Verdict::Stale);
    let new = bench.beat("");
    assert_eq!(bench.look(&new).verdict, Verdict::Fresh);
    bench.clock.step_wall(-HOUR);
    assert_eq!(bench.look_after(MAX_AGE + 0.01, &new).act, Act::Trip);
}

#[test]
fn without_a_boot_id_a_boot_clock_counts_where_the_wall_clock_agrees() {
    let mut bench = Bench::new();
    bench.clock.hide_boot_id();
    let old = bench.beat("");
    bench.look(&old);
    bench.clock.suspend(8.0 * HOUR);
    let unseen = bench.beat("");
    bench.clock.advance(600.0);
    assert_eq!(bench.look(&unseen).verdict, Verdict::Fresh);
    bench.clock.advance(MAX_AGE - 600.0);
    assert_eq!(bench.look_after(0.01, &unseen).act, Act::Trip, "it knows that it was awake all the time");
    let forged = bench.beat(r#""at":1763000000.0"#);
    assert_eq!(bench.look_after(1.0, &forged).verdict, Verdict::Stale, "the clocks disagree");
}

#[test]
fn without_a_boot_id_a_long_second_boot_is_not_taken_for_the_first() {
    for anchored in [true, false] {
        long_second_boot(anchored);
    }
}

/// Whether a watchdog has looked, and could keep what it saw, while the second boot was shorter than the first.
fn long_second_boot(anchored: bool) {
    let clock = SimClock::new(1e9);
    clock.hide_boot_id();
    clock.advance(50_000.0);
    let first = clock.now();
    let mut memory = Memory { last_check: Some(first.clone()), ..Memory::default() };
    memory.circuit.resumed = Some(Sight::now(&first));
    memory.watches.insert("bot".to_owned(), WatchMemory::new(&first));
    clock.reboot(60.0);
    assert!(rebooted(&first, &clock.now()));
    if anchored {
        memory.anchor(&clock.now());
    }
    // Mostly asleep: the awake clock is far behind what it was before.
    clock.suspend(60_000.0);
    clock.advance(500.0);
    let now = clock.now();
    for sight in [memory.circuit.resumed.as_ref().expect("kept"), &memory.watches["bot"].first] {
        assert!(sight.age(&now) > 60_000.0 && sight.awake_age(&now) > 500.0, "{sight:?}");
    }
}

#[test]
fn a_beat_of_another_host_is_judged_by_when_it_was_seen() {
    // Its clocks say nothing here, not even when its boot clock would fit.
    let mut bench = Bench::new();
    let seen =
        |bench: &Bench, at: f64| bench.beat(&format!(r#""at":{at},"boot":"theirs","up":1.0,"host":"other""#));
    bench.look(&Seen::Missing);
    bench.clock.advance(MAX_AGE);
    let at = bench.now().wall - 50.0;
    let other = seen(&bench, at);
    assert_eq!(bench.look(&other).verdict, Verdict::Fresh);
    bench.clock.step_wall(-HOUR);
    let judged = bench.look_after(MAX_AGE - 50.0, &other);
    assert_ne!(judged.act, Act::Trip, "{judged:?}");
    assert_eq!(bench.look_after(0.01, &other).act, Act::Trip);
}

#[test]
fn a_slow_clock_of_the_writer_is_a_stale_beat() {
    let mut bench = Bench::new();
    let fresh = bench.beat("");
    bench.look(&fresh);
    bench.clock.advance(2.0 * MAX_AGE);
    let at = bench.now().wall - MAX_AGE - 1.0;
    let slow = bench.plain(&format!(r#""at":{at}"#));
    let judged = bench.look(&slow);
    assert_eq!((judged.verdict, judged.act), (Verdict::Stale, Act::Trip));
}

#[test]
fn a_restart_of_the_watchdog_resets_nothing() {
    let mut bench = Bench::new();
    let last = bench.beat("");
    bench.look(&last);
    bench.clock.advance(MAX_AGE - 1.0);
    bench.look(&last);
    let kept = serde_json::to_string(bench.memory.as_ref().expect("looked at")).expect("JSON");
    bench.memory = Some(serde_json::from_str(&kept).expect("what was kept"));
    assert_eq!(bench.look_after(1.01, &last).verdict, Verdict::Stale);
}

/// A pipeline that writes `at` alone, on a host whose clocks are set.
struct Plain {
    host: SimHost,
    root: Root,
    memory: Memory,
}

impl Plain {
    fn new() -> Self {
        let host = SimHost::new("mini", 1_763_712_000.0);
        let process = host.process("watchdog");
        process.sys().store.make_dir("/r/data".as_ref()).expect("made");
        let root = Root::open(process.sys().store, "/r").expect("a root");
        Self { host, root, memory: Memory::default() }
    }

    fn beat(&self) {
        let process = self.host.process("pipeline");
        let sys = process.sys();
        let text = format!(r#"{{"at":{},"status":"ok"}}"#, sys.clock.now().wall);
        sys.store.replace(&self.root.heartbeat(None), text.as_bytes(), Secrecy::Shared).expect("written");
    }

    fn observe<'w>(&self, watches: &'w [Watch]) -> Observed<'w> {
        let process = self.host.process("watchdog");
        observe(&process.sys(), &self.root, watches)
    }

    fn judge(&mut self, observed: &Observed<'_>) -> Judged {
        let process = self.host.process("watchdog");
        let sys = process.sys();
        let view = view(&sys, &self.root);
        let judged = judge_all(&sys, &Config::default(), &mut self.memory, &view, observed);
        self.memory.last_check = Some(sys.clock.now());
        judged.into_iter().next().expect("the beat").1
    }

    fn look(&mut self) -> Judged {
        let watches = [Watch::heartbeat(Name::main(), None)];
        let observed = self.observe(&watches);
        self.judge(&observed)
    }
}

/// Nothing but `at` tells its age, and the wall clock is moved back before the next look.
#[test]
fn a_beat_that_came_while_a_look_was_held_up_is_no_younger_for_it() {
    let mut plain = Plain::new();
    plain.beat();
    plain.look();
    let watches = [Watch::heartbeat(Name::main(), None)];
    let held_up = plain.observe(&watches);
    plain.host.clock.advance(1.0);
    plain.beat();
    plain.host.clock.advance(100.0);
    plain.judge(&held_up);
    plain.host.clock.step_wall(-HOUR);
    plain.host.clock.advance(MAX_AGE - 50.0);
    let judged = plain.look();
    assert_eq!((judged.verdict, judged.act), (Verdict::ClockAhead, Act::Trip), "{judged:?}");
}

/// What was known by the last look stays known: the step of before is not taken for time that did not pass.
#[test]
fn a_step_back_before_a_reboot_gives_a_dead_pipeline_no_more_time() {
    let mut plain = Plain::new();
    plain.beat();
    plain.look();
    plain.host.clock.advance(100.0);
    plain.host.clock.step_wall(-24.0 * HOUR);
    plain.look();
    plain.host.clock.reboot(MAX_AGE);
    let judged = plain.look();
    assert_eq!(judged.act, Act::Trip, "{judged:?}");
}
