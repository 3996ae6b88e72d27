//! `trip` pauses, and then tells.

use std::fs;

use super::{Ended, Scratch};
use crate::broken::chmod;

#[test]
fn a_trip_is_in_face_ledger_and_journal() {
    let scratch = Scratch::new();
    let said = scratch.says(0, &["trip", "--reason", "bad close", "--by", "bob"]);
    assert!(said.starts_with("PAUSED (halt) by hold ") && said.contains("circuit-ctl resume"), "{said}");
    for file in ["data/circuit.json", "data/trips.jsonl", "memory/journal.jsonl"] {
        let text = scratch.text(file);
        assert!(text.contains("bad close") && text.contains("\"bob\""), "{file}: {text}");
    }
    assert!(scratch.text("memory/journal.jsonl").contains("\"kind\":\"trip\""));
    scratch.says(2, &["check"]);
}

#[test]
fn who_trips_is_the_login_user_unless_told() {
    let scratch = Scratch::new();
    scratch.trip("one");
    assert!(scratch.text("data/trips.jsonl").contains("\"by\":\"alice\""));
    let mut sudo = scratch.command(&["trip", "--reason", "two", "--by", ""]);
    Ended::of(sudo.env("SUDO_USER", "carol").env("USER", "root"));
    assert!(scratch.text("data/trips.jsonl").contains("\"by\":\"carol\""));
    Ended::of(scratch.command(&["trip", "--reason", "three"]).env_remove("USER"));
    let uid = rustix::process::getuid();
    assert!(scratch.text("data/trips.jsonl").contains(&format!("\"by\":\"uid {uid}\"")));
    let mut ack = scratch.command(&["ack", &scratch.trip("four")]);
    assert_eq!(Ended::of(ack.env_remove("USER")).code(), Some(0));
    let journal = scratch.text("memory/journal.jsonl");
    let ack = journal.lines().find(|line| line.contains("\"kind\":\"ack\"")).expect("journalled");
    assert!(ack.contains(&format!("\"by\":\"uid {uid}\"")), "{ack}");
}

#[test]
fn a_trip_does_not_fail_for_want_of_words() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::new();
    scratch.says(0, &["trip", "--reason", ""]);
    assert!(scratch.text("data/circuit.json").contains("no reason given"));
    let bytes = std::ffi::OsStr::from_bytes(b"half \xff text");
    let ended = Ended::of(scratch.command(&["trip", "--reason"]).arg(bytes));
    assert_eq!(ended.code(), Some(0), "{ended}");
    scratch.says(0, &["trip", "--reason", &"very long ".repeat(5000)]);
    assert_eq!(scratch.text("data/trips.jsonl").lines().count(), 3);
    assert!(scratch.text("data/trips.jsonl").len() < 10_000);
}

#[test]
fn usage_errors_are_64_and_trip_nothing() {
    let scratch = Scratch::new();
    for args in
        [&["trip"][..], &["trip", "--reason"], &["trip", "--reason", "x", "--mode", "stop"], &["pause"], &[]]
    {
        let ended = scratch.run(args);
        assert_eq!(ended.code(), Some(64), "{args:?}: {ended}");
    }
    assert!(!scratch.path("data/trips.jsonl").exists());
}

#[test]
fn without_a_root_it_says_that_nothing_was_paused() {
    let scratch = Scratch::new();
    let ended = scratch.run(&["--root", "nowhere", "trip", "--reason", "x"]);
    assert_eq!(ended.code(), Some(78), "{ended}");
    assert!(ended.stderr.contains("NOTHING WAS PAUSED"), "{ended}");
}

#[test]
fn a_journal_that_cannot_be_written_undoes_no_trip_and_is_told() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("memory/journal.jsonl")).expect("in the way");
    let ended = scratch.run(&["trip", "--reason", "x"]);
    assert_eq!(ended.code(), Some(74), "{ended}");
    assert!(ended.stdout.starts_with("PAUSED (halt)") && ended.stderr.contains("IT IS PAUSED"), "{ended}");
    assert!(ended.stderr.contains("journal.jsonl"), "{ended}");
    scratch.says(2, &["check"]);
}

#[test]
fn a_trip_that_could_not_be_recorded_is_74_and_says_whether_it_is_paused() {
    let ledger = Scratch::new();
    fs::create_dir(ledger.path("data/trips.jsonl")).expect("in the way");
    let ended = ledger.run(&["trip", "--reason", "x"]);
    assert_eq!(ended.code(), Some(74), "{ended}");
    assert!(ended.stderr.contains("IT IS PAUSED, but not everything"), "{ended}");
    ledger.says(2, &["check"]);
}

/// As nobody, because root may write everywhere.
#[test]
fn a_trip_that_may_write_nothing_says_that_nothing_is_paused() {
    let scratch = Scratch::new();
    chmod(&scratch.path(""), 0o755);
    chmod(&scratch.path("data"), 0o555);
    let (_dir, program) = crate::refuse::scratch_program();
    let mut command = crate::refuse::as_nobody(&program);
    let ended = Ended::of(command.arg("--root").arg(scratch.path("")).args(["trip", "--reason", "x"]));
    assert_eq!(ended.code(), Some(74), "{ended}");
    assert!(ended.stderr.contains("THE CIRCUIT IS NOT PAUSED"), "{ended}");
    assert_eq!(ended.stdout, "");
    chmod(&scratch.path("data"), 0o755);
}

#[test]
fn json_says_the_same() {
    let scratch = Scratch::new();
    let said = scratch.says(0, &["trip", "--reason", "a\u{1b}[31m\"b", "--mode", "reduce", "--json"]);
    assert!(said.starts_with("{\"paused\":true,\"id\":\"") && said.ends_with("}\n"), "{said}");
    assert!(said.contains("\"mode\":\"reduce\",\"reason\":\"a\\u001b[31m\\\"b\",\"by\":\"alice\""), "{said}");
}
