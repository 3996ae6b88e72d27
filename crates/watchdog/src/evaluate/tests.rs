//! The shell on a simulated host, where a single step goes wrong.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use holdfast::Root;
use holdfast::circuit::check;
use holdfast::heartbeat::{Draft, Status};
use holdfast::sys::sim::{Director, Fault, SimHost, Step, Verb};
use holdfast::sys::{Clock, Secrecy, Store};

use super::Watchdog;

/// Refuses to read this file while that is so; once, or until it is told otherwise.
struct Refuse {
    file: &'static str,
    now: AtomicBool,
    once: bool,
}

impl Director for Refuse {
    fn before(&self, step: &Step) -> Fault {
        let ours = step.verb == Verb::Read && step.path.ends_with(self.file);
        let refused = ours
            && if self.once {
                self.now.swap(false, Ordering::Relaxed)
            } else {
                self.now.load(Ordering::Relaxed)
            };
        if refused { Fault::NotApplied(io::ErrorKind::Other) } else { Fault::None }
    }

    fn changed(&self, _: &Step) {}
}

fn refuse(file: &'static str, once: bool) -> Refuse {
    Refuse { file, now: AtomicBool::new(true), once }
}

#[test]
fn a_moments_error_of_reading_does_not_cost_the_memory() {
    let host = SimHost::new("mini", 1_763_712_000.0);
    let process = host.process("watchdog");
    process.make_dir(Path::new("/bot/data")).expect("a folder");
    let root = Root::open(&process, "/bot").expect("a root");
    let mut first = Watchdog::open(process.sys(), root.clone());
    first.evaluate();
    assert!(first.has_news(), "a message that is in no outbox yet: there is no heartbeat");

    host.direct(Some(Arc::new(refuse("watchdog.json", true))));
    let second = Watchdog::open(process.sys(), root);
    assert!(second.has_news());
}

/// A root whose pipeline has failed and was paused for it, and whose face a hand has made green since.
fn failed_and_lifted_by_hand(host: &SimHost) -> Root {
    let process = host.process("watchdog");
    process.make_dir(Path::new("/bot/data")).expect("a folder");
    let root = Root::open(&process, "/bot").expect("a root");
    Draft::new(Status::from("failed")).write(&process.sys(), &root).expect("a beat");
    Watchdog::open(process.sys(), root.clone()).evaluate();
    assert!(!check(&process.sys(), &root).verdict.is_green());
    host.clock.advance(5000.0);
    process.replace(&root.circuit(), b"{\"paused\": false}", Secrecy::Shared).expect("written");
    process.remove(&root.watchdog()).expect("the watchdog has forgotten it");
    assert!(check(&process.sys(), &root).verdict.is_green());
    root
}

#[test]
fn a_hold_that_was_lifted_stands_in_for_no_trip_when_the_face_cannot_be_read_for_a_moment() {
    let host = SimHost::new("mini", 1_763_712_000.0);
    let root = failed_and_lifted_by_hand(&host);
    let process = host.process("watchdog");
    let mut watchdog = Watchdog::open(process.sys(), root.clone());
    host.direct(Some(Arc::new(refuse("circuit.json", true))));
    watchdog.evaluate();
    assert!(watchdog.has_news(), "people are about to be told");
    assert!(!check(&process.sys(), &root).verdict.is_green(), "told before the circuit was paused");
}

#[test]
fn while_the_face_cannot_be_read_a_watch_trips_once() {
    let host = SimHost::new("mini", 1_763_712_000.0);
    let root = failed_and_lifted_by_hand(&host);
    let process = host.process("watchdog");
    host.direct(Some(Arc::new(refuse("circuit.json", false))));
    let lines = || {
        let ledger = host.peek(&root.ledger()).expect("a ledger");
        ledger.split(|byte| *byte == b'\n').count()
    };
    let before = lines();
    for _ in 0..3 {
        host.clock.advance(60.0);
        Watchdog::open(process.sys(), root.clone()).evaluate();
    }
    assert_eq!(lines(), before + 1);
}

/// A pipeline in Python beats, and the host goes to sleep, just after the watchdog has looked at heartbeats.
struct BeatAndSleep(&'static SimHost, AtomicBool);

impl Director for BeatAndSleep {
    fn before(&self, step: &Step) -> Fault {
        if step.verb == Verb::Stat
            && step.path.ends_with("circuit.json")
            && self.1.swap(false, Ordering::Relaxed)
        {
            beat(self.0);
            self.0.clock.suspend(30_000.0);
        }
        Fault::None
    }

    fn changed(&self, _: &Step) {}
}

fn beat(host: &SimHost) {
    let text = format!("{{\"at\": {}, \"status\": \"ok\"}}", host.clock.now().wall);
    let python = host.process("python");
    python.overwrite(Path::new("/bot/data/heartbeat.json"), text.as_bytes()).expect("written");
}

#[test]
fn sleep_in_the_middle_of_an_evaluation_is_no_silence() {
    let host: &'static SimHost = Box::leak(Box::new(SimHost::new("mini", 1_763_712_000.0)));
    let process = host.process("watchdog");
    process.make_dir(Path::new("/bot/data")).expect("a folder");
    let root = Root::open(&process, "/bot").expect("a root");
    let mut watchdog = Watchdog::open(process.sys(), root);
    // Longer than it may be silent, so that the first sight of the watch excuses nothing.
    for _ in 0..3 {
        beat(host);
        watchdog.evaluate();
        host.clock.advance(600.0);
    }
    host.direct(Some(Arc::new(BeatAndSleep(host, AtomicBool::new(true)))));
    watchdog.evaluate();
    host.clock.advance(10.0);
    let evaluated = watchdog.evaluate();
    assert!(evaluated.view.verdict.is_green(), "{:?}", evaluated.judged);
}
