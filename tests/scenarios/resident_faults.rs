//! `watchdog run` while each call of its first evaluation fails, or is its last: it goes on, or ends so that the service
//! manager starts it anew; trading is paused and people are told (**no-silent-alert**).

use std::process::Command;

use holdfast_tests::harness::{Call, Fault, Run, Running, Scratch, Traced, each, eventually, read};

use crate::watchdog_faults::{CALLS, ERRORS, hold, on_fire};

fn run(root: &Scratch) -> Command {
    root.watchdog(&["run", "--every", "1s"])
}

/// People know of what stands on disk.
fn is_told(root: &Scratch) -> bool {
    let mail = read(&root.path("mail")).unwrap_or_default();
    let mail = String::from_utf8_lossy(&mail);
    let why = mail.contains("on fire") || mail.contains("the heartbeat cannot be read");
    root.check() == 2 && why && mail.contains(&format!("incident {}", hold(root)))
}

/// Its calls until it has paused and told.
fn every_call(prepared: &Scratch) -> Vec<Call> {
    let root = prepared.copy();
    let mut traced = Traced::listing_resident(&root, &run(&root), CALLS);
    let resident = traced.command.start();
    eventually("people are told", || is_told(&root));
    drop(resident);
    eventually("strace ends", || traced.log().contains("killed by SIGKILL"));
    let calls = traced.calls();
    for name in ["openat", "write", "fsync", "rename"] {
        assert!(calls.iter().any(|call| call.name == name), "no {name} in {calls:#?}");
    }
    calls
}

/// It goes on, and sees what comes next; or it has ended, and says that not all is well.
fn goes_on_or_ends(root: &Scratch, resident: Running) -> Option<Running> {
    if resident.is_over() {
        let ended = resident.ended();
        assert!(matches!(ended.code, Some(69 | 74 | 78)), "{ended}");
        return None;
    }
    root.hb(&[]).finish().expect(0);
    let closed = || root.journal("incident-closed").iter().any(|entry| entry["watch"] == "heartbeat");
    eventually("it sees that the heartbeat is well again", closed);
    assert!(!resident.is_over(), "{}", resident.ended());
    Some(resident)
}

#[test]
fn a_fault_of_any_call_of_a_resident_watchdog_stops_neither_the_trip_nor_the_alert() {
    let prepared = on_fire();
    let with = |call: Call| ERRORS.map(|error| (call.clone(), error));
    each(every_call(&prepared).into_iter().flat_map(with), |(call, error)| {
        let root = prepared.copy();
        let mut traced = Traced::resident(&root, &run(&root), call, Fault::Error(error));
        let resident = traced.command.start();
        eventually("it is over, or people are told", || resident.is_over() || is_told(&root));
        assert!(traced.was_hit(), "{call:?}: {}", traced.log());
        let resident = goes_on_or_ends(&root, resident);
        if resident.is_none() {
            let _again = run(&root).start();
            eventually("people are told by the next one", || is_told(&root));
        }
    });
}

#[test]
fn a_resident_watchdog_killed_at_any_call_is_followed_by_one_that_knows_what_it_did() {
    let prepared = on_fire();
    each(every_call(&prepared), |call| {
        let root = prepared.copy();
        let mut traced = Traced::resident(&root, &run(&root), call, Fault::Kill);
        // To the end of all of its threads, of which any may hold the lock.
        let killed = traced.command.finish();
        assert!(traced.was_hit(), "{call:?}: {}\n{killed}", traced.log());
        let _next = run(&root).start();
        eventually("people are told", || is_told(&root));
        let holds = root.json("data/circuit.json")["holds"].clone();
        assert_eq!(holds.as_array().map(Vec::len), Some(1), "{call:?}: {holds}");
        let opened = root.journal("incident-opened");
        let ours: Vec<_> = opened.iter().filter(|entry| entry["watch"] == "heartbeat").collect();
        assert!(ours.iter().all(|entry| entry["incident"] == hold(&root)), "{call:?}: {ours:?}");
    });
}
