//! Actions that are run while all is well.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::resident::Resident;
use crate::{Scratch, wait_until};

const REFRESH: &str = "[[watch]]\nname = \"bot\"\nmax_age = \"1h\"\n[action.refresh]\non_healthy = true\n\
    command = [\"/bin/sh\", \"-c\", \"echo $HOLDFAST_ACTION >> ran; test ! -e broken || { echo no such key, asked $(date +%N); exit 3; }\"]\n\
    [[channel]]\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"cat >> mail.txt\"]\n";

fn runs(scratch: &Scratch) -> usize {
    scratch.read("ran").lines().filter(|line| *line == "refresh").count()
}

fn actions(scratch: &Scratch) -> Vec<Value> {
    let journal = scratch.read("memory/journal.jsonl");
    let lines = journal.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    lines.filter(|line| line["kind"] == "action").collect()
}

#[test]
fn each_check_runs_it_while_everything_is_fresh_and_green_and_none_does_otherwise() {
    let scratch = Scratch::with(REFRESH);
    scratch.beat(0.0, "ok");
    for times in 1..=3 {
        assert_eq!(scratch.run(&["check"]).code, Some(0));
        assert_eq!(runs(&scratch), times);
    }
    let told = actions(&scratch);
    assert_eq!(told.len(), 1, "journalled when it changes: {told:?}");
    assert_eq!((&told[0]["on"], &told[0]["ended"]), (&"healthy".into(), &"exit 0".into()), "{told:?}");
    // Another watch that nobody can ask: not everything is known to be well.
    let unknown = "[[watch]]\nname = \"api\"\nkind = \"command\"\ncommand = [\"/nowhere/x\"]\non_fail = [\"alert\"]\nevery = \"1ms\"\n";
    scratch.put("holdfast.toml", &format!("{REFRESH}{unknown}"));
    assert_eq!(scratch.run(&["check"]).code, Some(1));
    assert_eq!(runs(&scratch), 3);
    // One failure of three is no failure yet, and no health either.
    scratch.put(
        "holdfast.toml",
        &format!("{REFRESH}{}failures = 3\n", unknown.replace("/nowhere/x", "/bin/false")),
    );
    assert_eq!(scratch.run(&["check"]).code, Some(0));
    assert_eq!(runs(&scratch), 3);
    scratch.put("holdfast.toml", REFRESH);
    scratch.run(&["check"]);
    assert_eq!(runs(&scratch), 4);
    // After a trip it lapses by not being run, also when the watch is well again.
    scratch.beat(0.0, "broken");
    scratch.run(&["check"]);
    scratch.beat(0.0, "ok");
    let ended = scratch.run(&["check", "--json"]);
    assert_eq!(ended.json()["circuit"], "paused");
    assert_eq!(ended.json()["watches"]["bot"]["verdict"], "fresh");
    assert_eq!(runs(&scratch), 4);
}

#[test]
fn one_that_fails_is_an_incident_until_it_works_again() {
    let scratch = Scratch::with(REFRESH);
    scratch.beat(0.0, "ok");
    scratch.put("broken", "");
    for times in 1..=3 {
        let found = scratch.run(&["check", "--json"]).json();
        let row = &found["watches"]["holdfast/actions"];
        assert_eq!((&row["verdict"], &found["exit"]), (&"failed".into(), &1.into()), "{found}");
        let detail = row["detail"].as_str().expect("text");
        assert!(detail.starts_with("[action.refresh] failed: exit 3: no such key, asked "), "{row}");
        assert_eq!(runs(&scratch), times, "its own failure does not keep it from being tried again");
    }
    assert!(
        scratch.read("mail.txt").contains("NEW: holdfast/actions is failed: [action.refresh] failed: exit 3")
    );
    assert_eq!(scratch.journal().iter().filter(|kind| *kind == "incident-opened").count(), 1);
    assert_eq!(actions(&scratch).len(), 1, "not each time: {:?}", actions(&scratch));
    std::fs::remove_file(scratch.path("broken")).expect("removed");
    assert_eq!(scratch.run(&["check"]).code, Some(0));
    assert!(scratch.read("mail.txt").contains("OVER: holdfast/actions"), "{}", scratch.read("mail.txt"));
    assert_eq!(actions(&scratch).len(), 2);
    assert_eq!(scratch.run(&["validate"]).code, Some(0));
}

#[test]
fn one_that_hangs_does_not_hold_up_a_check() {
    let scratch = Scratch::with(
        &REFRESH
            .replace("echo $HOLDFAST_ACTION >> ran;", "sleep 1000;")
            .replace("on_healthy = true", "on_healthy = true\ntimeout = \"1s\""),
    );
    scratch.beat(0.0, "ok");
    let found = scratch.run(&["check", "--json"]).json();
    let detail = found["watches"]["holdfast/actions"]["detail"].as_str().expect("text");
    assert!(detail.contains("timed out after 1.0s"), "{detail}");
}

#[test]
fn a_watchdog_that_stays_runs_it_every_15_seconds_and_trips_beside_it() {
    // All but the first hang.
    let slow = REFRESH
        .replace("test ! -e broken", "test $(grep -c refresh ran) = 1 || sleep 1000; test ! -e broken");
    let scratch = Scratch::with(&slow.replace("on_healthy = true", "on_healthy = true\ntimeout = \"10m\""));
    scratch.beat(0.0, "ok");
    let _resident = Resident::start(&scratch, "1h");
    wait_until("the first run", || runs(&scratch) == 1);
    let began = std::time::Instant::now();
    // Each beat is an evaluation.
    let early = AtomicBool::new(false);
    wait_until("the second run", || {
        scratch.beat(0.0, "ok");
        let again = runs(&scratch) == 2;
        early.fetch_or(again && began.elapsed().as_secs() < 14, Ordering::Relaxed);
        again
    });
    assert!(!early.load(Ordering::Relaxed));
    scratch.beat(0.0, "broken");
    wait_until("the trip", || scratch.paused());
    assert_eq!(runs(&scratch), 2);
}
