//! Clocks that are set while a program runs.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use holdfast_tests::harness::{Host, Run, each, eventually};
use rustix::process::Signal;

use super::{AHEAD, Beat, Check, DAY, FORWARD, HOUR, OVER, Passes, Sleeps, Steps, Story};

#[test]
fn a_step_in_the_middle_of_a_cycle_is_no_overrun_and_no_trip() {
    let steps = [(2 * HOUR, "clock-stepped", &[FORWARD][..]), (-2 * HOUR, "clock-ahead", &[AHEAD, OVER])];
    each(steps, |(step, verdict, told)| {
        let mut story = Story::new(Host::new(), "UTC", "max_age = \"15m\"\nmax_run = \"10m\"\n");
        story.root.sh("mkfifo go").finish().expect(0);
        let cycle = story.root.hb(&["exec", "--", "/bin/sh", "-c", "read word < go"]);
        let cycle = story.on(&cycle).start();
        let heartbeat = story.root.path("data/heartbeat.json");
        eventually("the cycle begins", || heartbeat.exists());
        story.tell(Check("fresh"));
        story.tell(Steps(*step));
        story.tell(Check(verdict));
        assert!(!story.paused());
        fs::write(story.root.path("go"), "on\n").unwrap();
        cycle.ended().expect(0);
        let beat = story.root.json("data/heartbeat.json");
        let ran = beat["at"].as_f64().unwrap() - beat["begun"].as_f64().unwrap();
        assert!((ran - *step as f64).abs() < HOUR as f64, "the cycle saw the step: {beat}");
        story.tell(Check("fresh"));
        assert!(!story.paused());
        story.told(told);
    });
}

#[test]
fn a_port_that_is_closed_just_after_sleep_trips_when_it_still_is_a_minute_later() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let gate = format!(
        "[[watch]]\nname = \"gate\"\nkind = \"tcp\"\naddress = \"{}\"\nevery = \"1s\"\n",
        port.local_addr().unwrap()
    );
    let mut story = Story::new(Host::new(), "UTC", &format!("max_age = \"15m\"\n{gate}"));
    story.tell(Beat);
    story.tell(Check("fresh"));
    drop(port);
    story.tell(Sleeps(HOUR));
    story.tell(Check("slept"));
    story.tell(Beat);
    story.tell(Passes(30));
    story.tell(Check("fresh"));
    assert!(!story.paused());
    story.told(&[]);
    story.tell(Passes(31));
    story.tell(Check("fresh"));
    assert!(story.paused());
    story.told(&["PAUSED: NEW: gate is failed: no connection"]);
}

#[test]
fn a_resident_watchdog_lives_through_steps_and_trips_in_time_by_the_boot_clock() {
    const MAX_AGE: Duration = Duration::from_secs(10);
    let mut story = Story::new(Host::new(), "UTC", "max_age = \"10s\"\n");
    story.tell(Beat);
    let resident = story.on(&story.root.watchdog(&["run", "--every", "1s"])).start();
    let live = |story: &mut Story, what: &str, told: &dyn Fn(&[String]) -> bool| {
        eventually(what, || {
            story.tell(Beat);
            told(&story.subjects())
        });
        assert!(!story.paused(), "{what}");
    };
    let memory = story.root.path("data/watchdog.json");
    live(&mut story, "it has looked", &|_| memory.exists());
    story.tell(Steps(2 * HOUR));
    live(&mut story, "the step is told", &|told| told.iter().any(|told| told.contains(FORWARD)));
    let so_far = story.subjects();
    assert_eq!(so_far.len(), 1, "{so_far:#?}");

    // Now it dies, and at once the clock is set back to a day ago.
    let died = Instant::now();
    story.tell(Beat);
    story.tell(Steps(-DAY));
    eventually("it trips", || !story.root.lines("data/trips.jsonl").is_empty());
    assert!(died.elapsed() >= MAX_AGE, "after {:?}", died.elapsed());
    assert!(story.paused());
    assert!(!resident.is_over());
    resident.send(Signal::TERM);
}
