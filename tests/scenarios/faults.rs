//! Every call on a file that a program makes fails in turn, with each error that a disk has: it ends with an error,
//! the old content stays whole, and a trip pauses all the same.

use std::process::Command;

use holdfast::heartbeat::Beat;
use holdfast_tests::harness::{
    Call, Ended, Fault, Person, Pty, Run, Scratch, Traced, calls, each, read, with_fault,
};

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EDQUOT", "EROFS"];
const CALLS: &str = "openat,read,write,fsync,fdatasync,ftruncate,rename,renameat2,unlink,mkdir,statx,newfstatat,lseek,fchmod,fchown,getdents64,flock";
const OK: Option<i32> = Some(0);
const IO: Option<i32> = Some(74);
const NO_ROOT: Option<i32> = Some(78);

/// Every call of a program with every error.
fn every_fault(prepared: impl Fn() -> Scratch, command: impl Fn(&Scratch) -> Command) -> Vec<(Call, Fault)> {
    let example = prepared();
    let (calls, ended) = calls(&example, &command(&example), CALLS);
    assert!(ended.signal.is_none(), "{ended}");
    let is = |known: &[&str]| command(&example).get_args().any(|arg| known.iter().any(|known| arg == *known));
    let names = match () {
        () if is(&["check", "guard"]) => &[][..],
        // What is new is not renamed into its place, and a line is appended.
        () if is(&["ack", "silence", "--begin"]) => &["openat", "write", "fsync"],
        () => &["openat", "write", "fsync", "rename"],
    };
    for name in names {
        assert!(calls.iter().any(|call| call.name == *name), "no {name} in {calls:#?}");
    }
    let with = |call: &Call| ERRORS.map(|error| (call.clone(), Fault::Error(error)));
    calls.iter().flat_map(with).collect()
}

fn beaten() -> Scratch {
    let root = Scratch::new();
    root.hb(&["--set", "cycle=1"]).finish().expect(0);
    root
}

/// A circuit with a history, green.
fn resumed() -> Scratch {
    let root = Scratch::new();
    root.trip("in the beginning");
    Person::named("alice").resumes(&root).expect(0);
    root
}

fn beat(root: &Scratch) -> Beat {
    let bytes = read(&root.path("data/heartbeat.json")).expect("the old or the new, never nothing");
    Beat::parse(&bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)))
}

/// The call is about the root itself, without which nothing can be done.
fn looks_for_root(call: &Call) -> bool {
    call.name == "newfstatat" && call.line.contains("\"./data\"")
}

#[test]
fn a_beat_that_cannot_be_written_is_an_error_and_the_old_one_stays_whole() {
    let command = |root: &Scratch| root.hb(&["--set", "cycle=2"]);
    each(every_fault(beaten, command), |(call, fault)| {
        let root = beaten();
        let old = read(&root.path("data/heartbeat.json"));
        let ended = with_fault(&root, &command(&root), call, *fault);
        let left = beat(&root);
        let is_new = left.fields["cycle"] == 2;
        assert!(is_new || read(&root.path("data/heartbeat.json")) == old, "neither old nor new\n{ended}");
        match ended.code {
            OK => assert!(is_new && !call.changes(), "{call:?} failed, and it looks well\n{ended}"),
            IO | NO_ROOT => assert!(ended.stderr.contains("hb-write: "), "no word about it\n{ended}"),
            _ => panic!("{ended}"),
        }
        // What it could not know of the circuit it must not call green.
        if is_new && call.line.contains("circuit.json") {
            assert_eq!(left.fields["circuit"], "paused", "{call:?}\n{ended}");
        }
    });
}

/// In a folder that is made for it.
#[test]
fn the_first_beat_of_a_name_that_cannot_be_written_is_an_error() {
    let command = |root: &Scratch| root.hb(&["--begin", "--name", "second"]);
    each(every_fault(Scratch::new, command), |(call, fault)| {
        let root = Scratch::new();
        let ended = with_fault(&root, &command(&root), call, *fault);
        let left = read(&root.path("data/heartbeats/second.json"));
        let is_there = left.is_some_and(|bytes| Beat::parse(&bytes).is_ok_and(|beat| beat.begun.is_some()));
        assert!(
            is_there || !root.path("data/heartbeats/second.json").exists(),
            "neither old nor new\n{ended}"
        );
        match ended.code {
            OK => assert!(is_there && !call.changes(), "{call:?} failed, and it looks well\n{ended}"),
            IO | NO_ROOT => assert!(ended.stderr.contains("hb-write: "), "no word about it\n{ended}"),
            _ => panic!("{ended}"),
        }
    });
}

/// A root with an incident that is told of.
fn alarmed() -> Scratch {
    let root = Scratch::new();
    root.hb(&["--status", "flooded"]).finish().expect(0);
    root.watchdog(&["check"]).finish().expect(1);
    root
}

#[test]
fn what_a_person_asks_of_the_watchdog_is_in_the_journal_or_an_error() {
    type Ask = fn(&Scratch) -> Command;
    let ack: Ask = |root| {
        let incident = root.json("data/watchdog.json")["incidents"][0]["id"].as_str().unwrap().to_owned();
        root.ctl(&["ack", &incident, "--by", "ann"])
    };
    let silence: Ask = |root| {
        root.watchdog(&["silence", "heartbeat", "--for", "2h", "--reason", "a new disk", "--by", "ann"])
    };
    for (kind, command) in [("ack", ack), ("silence", silence)] {
        each(every_fault(alarmed, command), |(call, fault)| {
            let root = alarmed();
            let before = root.text("memory/journal.jsonl");
            let ended = with_fault(&root, &command(&root), call, *fault);
            let after = root.text("memory/journal.jsonl");
            assert!(after.starts_with(&before), "{call:?}\n{ended}");
            let is_there = root.journal(kind).into_iter().any(|entry| entry["by"] == "ann");
            match ended.code {
                OK => assert!(is_there && !call.changes(), "{call:?} failed, and it looks well\n{ended}"),
                Some(64..) => assert!(!ended.stderr.is_empty(), "no word about it\n{ended}"),
                _ => panic!("{call:?}\n{ended}"),
            }
        });
    }
}

#[test]
fn a_command_runs_though_its_beats_cannot_be_written_and_the_exit_code_tells() {
    let command = |root: &Scratch| root.hb(&["exec", "--", "/bin/echo", "worked"]);
    each(every_fault(beaten, command), |(call, fault)| {
        let root = beaten();
        let ended = with_fault(&root, &command(&root), call, *fault);
        beat(&root);
        match ended.code {
            NO_ROOT => return,
            OK => assert!(!call.changes(), "{call:?} failed, and it looks well\n{ended}"),
            IO => {}
            _ => panic!("{ended}"),
        }
        assert_eq!(ended.stdout, "worked\n", "{ended}");
    });
}

#[test]
fn a_check_that_cannot_read_never_says_green() {
    for told in [&["check"][..], &["guard", "--", "/bin/echo", "traded"]] {
        let command = |root: &Scratch| root.ctl(told);
        each(every_fault(resumed, command), |(call, fault)| {
            let root = resumed();
            let ended = with_fault(&root, &command(&root), call, *fault);
            let about_circuit = call.line.contains("circuit.json") || call.line.contains("trips.jsonl");
            match ended.code {
                Some(2) | NO_ROOT => assert!(!ended.stdout.contains("traded"), "{ended}"),
                _ => assert!(!about_circuit, "{call:?} failed, and it is green\n{ended}"),
            }
        });
    }
}

/// What must be true after a trip on a disk that failed once: paused; and fully recorded if it says so.
fn judge_trip(root: &Scratch, call: &Call, ended: &Ended) {
    if ended.code == NO_ROOT {
        assert!(looks_for_root(call) && ended.stderr.contains("NOTHING WAS PAUSED"), "{call:?}\n{ended}");
        return;
    }
    assert_eq!(root.check(), 2, "{call:?} failed, and it is green\n{ended}");
    let is_complete = ["data/trips.jsonl", "data/circuit.json", "memory/journal.jsonl"].iter().all(|file| {
        read(&root.path(file)).is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains("flood"))
    });
    match ended.code {
        OK => assert!(is_complete, "{call:?} failed, and it looks well\n{ended}"),
        IO => assert!(ended.stderr.contains("IT IS PAUSED"), "{call:?}\n{ended}"),
        _ => panic!("{ended}"),
    }
}

#[test]
fn a_trip_pauses_whichever_call_fails() {
    for prepared in [Scratch::new, resumed] {
        let command = |root: &Scratch| root.ctl(&["trip", "--reason", "flood"]);
        each(every_fault(prepared, command), |(call, fault)| {
            let root = prepared();
            let ended = with_fault(&root, &command(&root), call, *fault);
            judge_trip(&root, call, &ended);
        });
    }
}

#[test]
fn a_trip_pauses_or_cries_that_it_does_not_when_a_call_fails_for_ever() {
    let command = |root: &Scratch| root.ctl(&["trip", "--reason", "flood"]);
    let faults = every_fault(resumed, command).into_iter().filter(|(call, fault)| {
        ["openat", "write", "fsync", "rename"].contains(&call.name.as_str()) && *fault == Fault::Error("EIO")
    });
    each(faults, |(call, _)| {
        let root = resumed();
        let ended = with_fault(&root, &command(&root), call, Fault::ErrorsFrom("EIO"));
        match (root.check(), ended.code) {
            (0, IO) => {
                // Nothing can be opened any more, so nothing can be written: the only case.
                assert!(call.name == "openat" && ended.stderr.contains("NOT PAUSED"), "{call:?}\n{ended}");
            }
            // The words go the way of every write.
            (2, IO) => {
                assert!(call.name == "write" || ended.stderr.contains("IT IS PAUSED"), "{call:?}\n{ended}");
            }
            _ => panic!("{call:?}\n{ended}"),
        }
    });
}

/// A resume under strace, answered by a person.
fn answered(root: &Scratch, traced: &Traced) -> Ended {
    let pty = Pty::start(root, &traced.command);
    Person::named("alice").answer(&pty);
    pty.ended()
}

#[test]
fn a_resume_that_fails_anywhere_leaves_it_paused_and_one_that_does_not_is_in_the_journal() {
    let tripped = || {
        let root = Scratch::new();
        root.trip("flood");
        root
    };
    let resume = |root: &Scratch| root.ctl(&["resume"]);
    let example = tripped();
    let listing = Traced::listing(&example, &resume(&example), CALLS);
    answered(&example, &listing).expect(0);
    let with = |call: &Call| ERRORS.map(|error| (call.clone(), Fault::Error(error)));
    let faults: Vec<_> = listing.calls().iter().flat_map(with).collect();
    each(faults, |(call, fault)| {
        let root = tripped();
        let ended = answered(&root, &Traced::with(&root, &resume(&root), call, *fault));
        let alice = |entry: &holdfast::json::Value| entry["by"] == "alice";
        let journalled = root.journal("resume").iter().any(alice) && root.journal("resume-failed").is_empty();
        match ended.code {
            OK => assert!(journalled && root.check() == 0, "{call:?}\n{ended}"),
            // Done, and then nobody could see that it was.
            Some(2) if !call.changes() && root.check() == 0 => assert!(journalled, "{call:?}\n{ended}"),
            _ => assert_eq!(root.check(), 2, "{call:?} failed, and it is green\n{ended}"),
        }
    });
}
