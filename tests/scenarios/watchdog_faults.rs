//! `watchdog check` while each of its calls fails in turn, or is its last: a trip pauses all the same, and no alert is
//! lost (**no-silent-alert**).

use std::process::Command;
use std::time::Duration;

use holdfast_tests::harness::{Call, Ended, Fault, Run, Scratch, calls, each, eventually, read, with_fault};

use crate::alerts::{script, to_file};

pub(crate) const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EDQUOT", "EROFS"];
pub(crate) const CALLS: &str = "openat,write,fsync,fdatasync,rename,unlink,mkdir";

fn check(root: &Scratch) -> Command {
    root.watchdog(&["check"])
}

/// A watchdog that has been at work, and a channel that adds to `mail`.
fn watched() -> Scratch {
    let root = Scratch::new();
    root.put("holdfast.toml", script("mail", "cat >> mail"));
    root.hb(&[]).finish().expect(0);
    check(&root).finish().expect(0);
    root
}

/// The same, and something has happened that it must trip for.
pub(crate) fn on_fire() -> Scratch {
    let root = watched();
    root.hb(&["--status", "on fire"]).finish().expect(0);
    root
}

fn every_call(prepared: &Scratch) -> Vec<Call> {
    let example = prepared.copy();
    let (calls, ended) = calls(&example, &check(&example), CALLS);
    assert!(ended.signal.is_none(), "{ended}");
    for name in ["openat", "write", "fsync", "rename"] {
        assert!(calls.iter().any(|call| call.name == name), "no {name} in {calls:#?}");
    }
    calls
}

fn every_fault(prepared: &Scratch) -> Vec<(Call, Fault)> {
    let with = |call: &Call| ERRORS.map(|error| (call.clone(), Fault::Error(error)));
    every_call(prepared).iter().flat_map(with).collect()
}

/// The hold of the heartbeat's watch.
pub(crate) fn hold(root: &Scratch) -> String {
    let holds = root.json("data/circuit.json")["holds"].clone();
    let hold = holds.as_array().into_iter().flatten().find(|hold| hold["watch"] == "heartbeat");
    hold.unwrap_or_else(|| panic!("no hold of the watch in {holds}"))["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

/// What came through the channel speaks of this incident, if not yet then after more checks on a sound disk.
fn told_of(root: &Scratch, ended: &Ended) {
    let mut last = None;
    let told = || {
        let mail = read(&root.path("mail")).unwrap_or_default();
        let mail = String::from_utf8_lossy(&mail).into_owned();
        // Why: that it is on fire, or that it could not be read just then.
        let why = mail.contains("on fire") || mail.contains("the heartbeat cannot be read");
        let told = why && mail.contains(&format!("incident {}", hold(root)));
        if !told {
            last = Some(check(root).finish());
            std::thread::sleep(Duration::from_millis(200));
        }
        told
    };
    eventually(&format!("people are told\n{ended}"), told);
    if let Some(last) = last {
        assert_eq!(last.code, Some(1), "an alarm and nothing else\n{last}");
    }
}

#[test]
fn a_fault_of_any_call_stops_neither_the_trip_nor_the_alert() {
    let prepared = on_fire();
    each(every_fault(&prepared), |(call, fault)| {
        let root = prepared.copy();
        let ended = with_fault(&root, &check(&root), call, *fault);
        assert_eq!(root.check(), 2, "{call:?} failed, and it is green\n{ended}");
        assert!(matches!(ended.code, Some(1 | 69 | 74 | 78)), "{call:?}\n{ended}");
        told_of(&root, &ended);
    });
}

#[test]
fn a_check_killed_at_any_call_loses_no_alert_and_doubles_no_incident() {
    let prepared = on_fire();
    each(every_call(&prepared), |call| {
        let root = prepared.copy();
        let ended = with_fault(&root, &check(&root), call, Fault::Kill);
        let next = check(&root).finish();
        assert_eq!(root.check(), 2, "{call:?}\n{next}");
        told_of(&root, &next);
        let holds = root.json("data/circuit.json")["holds"].clone();
        assert_eq!(holds.as_array().map(Vec::len), Some(1), "{call:?}: {holds}\n{ended}\n{next}");
        let hold = hold(&root);
        for kind in ["incident-opened", "incident-closed"] {
            let others = root.journal(kind).into_iter().filter(|entry| entry["watch"] == "heartbeat");
            assert!(
                others.clone().all(|entry| entry["incident"] == *hold),
                "{call:?}: {:?}",
                others.collect::<Vec<_>>()
            );
        }
    });
}

#[test]
fn a_fault_of_any_call_on_a_good_day_trips_nothing_and_is_told_by_the_exit_code() {
    let prepared = watched();
    prepared.hb(&[]).finish().expect(0);
    each(every_fault(&prepared), |(call, fault)| {
        let root = prepared.copy();
        let ended = with_fault(&root, &check(&root), call, *fault);
        // A heartbeat that cannot be read is not one that is well.
        if !call.line.contains("/heartbeat.json") {
            assert_eq!(root.check(), 0, "{call:?} failed, and it tripped\n{ended}");
        }
        let seen = |root: &Scratch| root.json("data/watchdog.json")["at"].as_f64();
        let is_complete = seen(&root) > seen(&prepared);
        assert!(ended.code != Some(0) || is_complete, "{call:?} failed, and it looks well\n{ended}");
        let unsaid = ended.code == Some(0) && call.changes();
        assert!(
            !unsaid,
            "{call:?} failed, and the exit code does not say so
{ended}"
        );
    });
}

#[test]
fn an_alert_that_cannot_be_stored_is_sent_all_the_same() {
    let root = on_fire();
    let mail = tempfile::NamedTempFile::new().expect("a file elsewhere");
    root.put("holdfast.toml", to_file(mail.path()));
    std::fs::create_dir_all(root.path("data")).expect("data");
    // A file where the folder of the outbox should be.
    std::fs::remove_dir_all(root.path("data/outbox")).ok();
    root.put("data/outbox", "in the way");
    let ended = check(&root).finish().expect(74);
    let mail = std::fs::read_to_string(mail.path()).expect("mail");
    assert!(mail.contains("on fire") && mail.contains(&hold(&root)), "{mail}\n{ended}");
}
