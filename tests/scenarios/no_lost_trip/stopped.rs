//! Processes that stand still in the middle, at each of their system calls in turn.

use std::time::Duration;

use holdfast_tests::harness::{Call, Ended, Fault, Person, Pty, Run, Scratch, Traced, calls, each};
use rustix::process::Signal;

/// Calls between which the files or the lock are in different states.
const CALLS: &str = "openat,write,fsync,rename,flock,mkdir";
/// A second for the lock, and time for a busy machine.
const TRIP_MAX: Duration = Duration::from_secs(15);

/// Trips while somebody else stands still, which must not take longer than the wait for the lock.
fn trips_meanwhile(root: &Scratch) -> String {
    let trip = ["trip", "--json", "--by", "test", "--reason", "meanwhile"];
    let ended = root.ctl(&trip).start().ended_within(TRIP_MAX).expect(0);
    assert_eq!(root.check(), 2, "just tripped\n{ended}");
    let answer: holdfast::json::Value = serde_json::from_str(&ended.stdout).expect("an answer");
    answer["id"].as_str().expect("an id").to_owned()
}

fn resumable() -> Scratch {
    let root = Scratch::new();
    root.trip("in the beginning");
    root
}

#[test]
fn a_trip_that_stands_still_anywhere_loses_none_and_delays_none() {
    for tripped_before in [false, true] {
        let fresh = || if tripped_before { resumable() } else { Scratch::new() };
        let command = |root: &Scratch| root.ctl(&["trip", "--reason", "the stopped one"]);
        let example = fresh();
        let (calls, ended) = calls(&example, &command(&example), CALLS);
        ended.expect(0);
        each(calls, |call| {
            let root = fresh();
            let mut stopping = Traced::with(&root, &command(&root), call, Fault::Stop);
            let stopped = stopping.command.start();
            stopping.wait_until_stopped();
            trips_meanwhile(&root);
            stopped.send(Signal::CONT);
            stopped.ended().expect(0);
            root.paused("meanwhile");
            root.paused("the stopped one");
            Person::named("alice").resumes(&root).expect(0);
            assert_eq!(root.check(), 0);
        });
    }
}

#[test]
fn a_resume_that_stands_still_anywhere_lifts_no_trip_that_came_meanwhile() {
    let example = resumable();
    let traced = Traced::listing(&example, &example.ctl(&["resume"]), CALLS);
    let pty = Pty::start(&example, &traced.command);
    Person::named("alice").answer(&pty);
    pty.ended().expect(0);
    let calls = traced.calls();
    assert!(calls.iter().any(|call| call.name == "rename"), "a resume writes the face: {calls:#?}");

    each(calls, |call| {
        let root = resumable();
        let (meanwhile, ended) = stopped_resume(&root, call);
        let lifted =
            root.journal("resume").iter().any(|entry| entry["lifted"].to_string().contains(&meanwhile));
        match root.check() {
            0 => assert!(lifted, "green, and nobody lifted {meanwhile}\n{ended}"),
            _ => root.paused("meanwhile"),
        }
    });
}

/// A resume that stands still at `call` while somebody trips.
fn stopped_resume(root: &Scratch, call: &Call) -> (String, Ended) {
    let stopping = Traced::with(root, &root.ctl(&["resume"]), call, Fault::Stop);
    let pty = Pty::start(root, &stopping.command);
    let meanwhile = std::thread::scope(|scope| {
        scope.spawn(|| Person::named("alice").answer(&pty));
        stopping.wait_until_stopped();
        let meanwhile = trips_meanwhile(root);
        pty.running().send(Signal::CONT);
        meanwhile
    });
    (meanwhile, pty.ended())
}

#[test]
fn what_anybody_does_while_a_person_decides_ends_the_resume() {
    let meanwhile = [
        "circuit-ctl trip --reason meanwhile",
        "echo '{\"paused\": true, \"reason\": \"meanwhile\"}' > data/circuit.json",
        "echo '{\"v\":1,\"id\":\"x-1\",\"reason\":\"meanwhile\"}' >> data/trips.jsonl",
        "sed -i 's/in the beginning/meanwhile/g' data/circuit.json",
    ];
    each(meanwhile, |what| {
        let root = resumable();
        let pty = Pty::start(&root, &root.ctl(&["resume"]));
        pty.expect(&["The watches say now"]).expect("the listing");
        let ours = holdfast_tests::harness::program("circuit-ctl");
        let what = what.replace("circuit-ctl", ours.to_str().expect("an UTF-8 path"));
        root.sh(&what).finish().expect(0);
        Person::named("alice").answer(&pty);
        pty.ended().expect(2).says("othing was resumed");
        root.paused("meanwhile");
    });
}

#[test]
fn a_lock_that_is_never_let_go_stops_no_trip_and_no_edit_but_tells_who_resumes() {
    let root = resumable();
    let holder =
        root.any("/usr/bin/flock").args(["--no-fork", "data/.circuit.lock", "sleep", "1000"]).start();
    holdfast_tests::harness::eventually("somebody holds the lock", || {
        root.any("/usr/bin/flock").args(["-n", "data/.circuit.lock", "true"]).finish().code == Some(1)
    });
    assert!(holder.stop());
    trips_meanwhile(&root);
    Person::named("alice").resumes(&root).expect(75).says("fuser");
    assert_eq!(root.check(), 2);
    root.python("resume.py", &[]).finish().expect(0);
    assert_eq!(root.check(), 0);
    trips_meanwhile(&root);
}
