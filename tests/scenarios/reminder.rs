//! `resume-reminder` while each of its calls fails in turn, or is its last: the day's reminder is not lost.

use std::process::Command;

use holdfast_tests::harness::{Call, Ended, Fault, Run, Scratch, calls, each, read, with_fault};

use crate::alerts::script;

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EDQUOT", "EROFS"];
const CALLS: &str = "openat,write,fsync,fdatasync,rename,unlink,mkdir";

fn remind(root: &Scratch) -> Command {
    root.ours("resume-reminder", &[])
}

/// Paused, with a channel that adds to `mail`, and a watchdog that has been at work.
fn paused() -> Scratch {
    let root = Scratch::new();
    root.put("holdfast.toml", script("mail", "cat >> mail"));
    root.hb(&[]).finish().expect(0);
    root.trip("legal review");
    root.watchdog(&["check"]).finish();
    root.put("mail", "");
    root
}

fn every_call(prepared: &Scratch) -> Vec<Call> {
    let example = prepared.copy();
    let (calls, ended) = calls(&example, &remind(&example), CALLS);
    ended.expect(0);
    calls
}

fn reminders(root: &Scratch) -> usize {
    let mail = read(&root.path("mail")).unwrap_or_default();
    // Once in the subject and more in the text; the id of an alert stands in each message once.
    String::from_utf8_lossy(&mail).lines().filter(|line| line.starts_with("alert ")).count()
}

fn told(root: &Scratch, ended: &Ended) {
    let mail = root.text("mail");
    assert!(mail.contains("legal review") && mail.contains("circuit-ctl"), "{mail}\n{ended}");
}

#[test]
fn a_reminder_tells_why_once_a_day_and_never_resumes() {
    let root = paused();
    let ended = remind(&root).finish().expect(0);
    told(&root, &ended);
    assert_eq!(reminders(&root), 1, "{}", root.text("mail"));
    let first = root.text("mail");
    remind(&root).finish().expect(0);
    assert_eq!(root.text("mail"), first, "once a day");
    assert_eq!(root.check(), 2);
}

#[test]
fn a_fault_of_any_call_does_not_lose_the_reminder_of_the_day() {
    let prepared = paused();
    let with = |call: &Call| ERRORS.map(|error| (call.clone(), Fault::Error(error)));
    let faults: Vec<_> = every_call(&prepared).iter().flat_map(with).collect();
    each(faults, |(call, fault)| {
        let root = prepared.copy();
        let ended = with_fault(&root, &remind(&root), call, *fault);
        if ended.code == Some(0) {
            // After it was told: what is left of it may be told twice, or lies about.
            let after =
                call.line.contains(".lock") || call.name == "fsync" && call.line.contains("/data/outbox>");
            assert!(
                !call.changes() || after,
                "{call:?} failed, and the exit code does not say so
{ended}"
            );
            told(&root, &ended);
        }
        let next = remind(&root).finish();
        told(&root, &next);
        assert!(reminders(&root) <= 2, "{call:?}: {}\n{ended}\n{next}", root.text("mail"));
        assert_eq!(root.check(), 2, "{call:?}\n{ended}");
    });
}

#[test]
fn a_reminder_killed_at_any_call_is_not_lost() {
    let prepared = paused();
    each(every_call(&prepared), |call| {
        let root = prepared.copy();
        let ended = with_fault(&root, &remind(&root), call, Fault::Kill);
        let next = remind(&root).finish();
        told(&root, &next);
        assert!(reminders(&root) <= 2, "{call:?}: {}\n{ended}\n{next}", root.text("mail"));
        assert_eq!(root.check(), 2, "{call:?}\n{next}");
    });
}
