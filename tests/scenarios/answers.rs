//! `--json`: whoever asks a machine's question gets JSON on stdout, also where there is no answer but a refusal.

use std::fs;

use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Run, Scratch, eventually};

/// A program, its arguments, and the exit code of its refusal.
type Case = (&'static str, &'static [&'static str], i32);

/// What it said on stdout, one object a line.
#[track_caller]
fn answers(ended: &Ended) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{ended}"));
    ended.stdout.lines().map(read).collect()
}

/// It ends with this code, says so in JSON, and tells people the same.
#[track_caller]
fn refuses(root: &Scratch, (name, args, code): Case) {
    let ended = root.ours(name, args).finish().expect(code);
    let answers = answers(&ended);
    assert_eq!(answers.len(), 1, "{ended}");
    assert_eq!(answers[0]["exit"], code, "{ended}");
    let error = answers[0]["error"].as_str().unwrap_or_else(|| panic!("an error\n{ended}"));
    assert!(!error.is_empty() && ended.stderr.contains(error), "{ended}");
    let advice = answers[0]["advice"].as_array().unwrap_or_else(|| panic!("advice\n{ended}"));
    assert!(advice.iter().all(|line| ended.stderr.contains(line.as_str().expect("text"))), "{ended}");
    let without: Vec<&str> = args.iter().copied().filter(|arg| *arg != "--json").collect();
    let ended = root.ours(name, &without).finish().expect(code);
    assert_eq!(ended.stdout, "", "for people the story is enough\n{ended}");
}

#[test]
fn no_program_keeps_silent_at_a_place_that_is_no_root() {
    let root = Scratch::new();
    fs::remove_dir(root.path("data")).expect("removed");
    for args in [
        &["status", "--json"][..],
        &["check", "--json"],
        &["trip", "--json", "--reason", "flood"],
        &["history", "--json"],
        &["ack", "--json", "x"],
    ] {
        refuses(&root, ("circuit-ctl", args, 78));
    }
    for command in ["check", "run", "status", "validate", "test-alert"] {
        let ended = root.watchdog(&[command, "--json"]).finish().expect(78);
        assert_eq!(answers(&ended)[0]["exit"], 78, "{ended}");
    }
    refuses(&root, ("resume-reminder", &["--json"], 78));
    refuses(&root, ("drill", &["--json", "--journal-root", "."], 78));
    refuses(&root, ("drill", &["--json", "--bin-dir", "nowhere"], 78));
    refuses(&root, ("drill", &["--json", "--only", "nothing"], 64));
    root.put("file", "");
    refuses(&root, ("drill", &["--json", "--root", "."], 74));
}

#[test]
fn arguments_that_are_none_are_answered_too() {
    let root = Scratch::new();
    for case in [
        ("circuit-ctl", &["check", "--json", "--nope"][..], 64),
        ("circuit-ctl", &["--json", "nope"], 64),
        ("watchdog", &["run", "--json", "--every", "often"], 64),
        ("resume-reminder", &["--json", "--nope"], 64),
        ("audit-pack", &["verify", "--json"], 64),
        ("drill", &["--json", "--nope"], 64),
    ] {
        refuses(&root, case);
    }
    // What stands behind -- is somebody else's.
    let ended = root.ctl(&["guard", "--nope", "--", "bot", "--json"]).finish().expect(64);
    assert_eq!(ended.stdout, "", "{ended}");
}

#[test]
fn what_cannot_be_read_or_written_is_an_answer() {
    let root = Scratch::new();
    refuses(&root, ("watchdog", &["status", "--json"], 1));
    refuses(&root, ("watchdog", &["test-alert", "--json"], 78));
    refuses(&root, ("circuit-ctl", &["ack", "--json", "7f3a01"], 1));
    root.put("data/watchdog.json", "half of i");
    refuses(&root, ("watchdog", &["status", "--json"], 1));
    for thing in ["data/trips.jsonl", "data/circuit.json", "memory/journal.jsonl"] {
        fs::create_dir_all(root.path(thing)).expect("a folder in its place");
    }
    refuses(&root, ("circuit-ctl", &["trip", "--json", "--reason", "flood"], 74));
    for command in ["status", "check"] {
        let ended = root.ctl(&[command, "--json"]).finish().expect(2);
        assert_eq!(answers(&ended)[0]["exit"], 2, "{ended}");
    }
    let ended = root.ctl(&["history", "--json"]).finish().expect(74);
    let told: Vec<Value> = answers(&ended).iter().map(|line| line["error"].clone()).collect();
    assert_eq!(told.len(), 2, "{ended}");
    assert!(told.iter().all(|error| error.as_str().is_some_and(|error| error.contains("is not a regular"))));
}

#[test]
fn the_exit_code_in_an_answer_is_the_one_of_the_program() {
    let root = Scratch::new();
    root.put("holdfast.toml", "max_age = 15");
    for (name, args) in [
        ("watchdog", &["check", "--json"][..]),
        ("watchdog", &["validate", "--json"]),
        ("watchdog", &["test-alert", "--json"]),
        ("resume-reminder", &["--json"]),
    ] {
        let ended = root.ours(name, args).finish().expect(78);
        assert_eq!(answers(&ended)[0]["exit"], 78, "{ended}");
    }
    let ended = root.watchdog(&["status", "--json"]).finish().expect(1);
    assert_eq!(answers(&ended)[0]["exit"], 1, "{ended}");
    // An alert that nobody accepts is known only after everything was judged.
    let deaf = "[[channel]]\nkind = \"command\"\ncommand = [\"/bin/false\"]\n";
    let root = Scratch::new();
    root.put("holdfast.toml", deaf);
    root.put("data/heartbeat.json", "{\"at\": 1, \"status\": \"bad\"}");
    let ended = root.watchdog(&["check", "--json"]).finish();
    assert_eq!(answers(&ended)[0]["exit"].as_i64(), ended.code.map(i64::from), "{ended}");
    assert_eq!(ended.code, Some(69), "{ended}");
}

#[test]
fn who_finds_another_at_work_says_so() {
    let root = Scratch::new();
    for (lock, name, commands) in [
        ("data/.watchdog.lock", "watchdog", &[&["check", "--json"][..], &["run", "--json"]][..]),
        ("data/.reminder.lock", "resume-reminder", &[&["--json"]]),
    ] {
        root.put(lock, "");
        let _other = root.sh(&format!("exec 9<> {lock}; flock -x 9; exec sleep 1000")).start();
        eventually("the lock is held", || root.sh(&format!("flock -n {lock} true")).finish().code == Some(1));
        for args in commands {
            refuses(&root, (name, args, 75));
        }
    }
}
