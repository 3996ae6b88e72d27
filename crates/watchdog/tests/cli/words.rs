//! What people read.

use std::fs::File;
use std::process::Stdio;

use insta::{Settings, assert_snapshot};

use crate::Scratch;

/// Times, ids and this host's name, which differ from run to run.
fn settled(body: impl FnOnce()) {
    let mut settings = Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "[id]");
    settings.add_filter(r"/tmp/\.tmp\w+", "[root]");
    settings.add_filter(r"\[[^\]\s]+\] (PAUSED|armed)", "[host] $1");
    settings.add_filter(r"on \S+ is", "on [host] is");
    settings.add_filter(r"\(\d+s ago\)", "([n] ago)");
    settings.bind(body);
}

#[test]
fn help_teaches() {
    let scratch = Scratch::new();
    for (name, args) in [("help", vec!["--help"]), ("help-run", vec!["run", "--help"])] {
        let ended = scratch.run(&args);
        assert_eq!(ended.code, Some(0));
        assert_snapshot!(name, ended.out);
    }
}

#[test]
fn what_makes_no_sense_is_a_usage_error_and_never_a_pause() {
    let scratch = Scratch::new();
    for args in
        [&["chekc"][..], &[], &["run", "--every", "0s"], &["run", "--every", "fast"], &["check", "--now"]]
    {
        let ended = scratch.run(args);
        assert_eq!(ended.code, Some(64), "{args:?}: {ended:?}");
        assert!(!ended.err.is_empty());
    }
}

#[test]
fn a_folder_that_is_no_root_is_refused_with_what_to_do() {
    let scratch = Scratch::new();
    let ended = scratch.run(&["check", "--root", "/"]);
    assert_eq!(ended.code, Some(78));
    assert_snapshot!("not-a-root", ended.err);
}

#[test]
fn a_check_shows_each_watch_and_the_circuit() {
    settled(|| {
        let scratch = Scratch::new();
        scratch.beat(2.0, "ok");
        let fresh = scratch.run(&["check"]);
        assert_eq!(fresh.code, Some(0), "{fresh:?}");
        scratch.beat(0.0, "no funds");
        let reported = scratch.run(&["check"]);
        assert_eq!(reported.code, Some(1), "{reported:?}");
        assert_snapshot!("check", format!("{}---\n{}---\n{}", fresh.out, reported.out, reported.err));
        let status = scratch.run(&["status"]);
        assert_eq!(status.code, Some(1), "an incident is open");
        assert_snapshot!("status", status.out);
    });
}

#[test]
fn json_says_the_same() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "no funds");
    let check = scratch.run(&["check", "--json"]).json();
    assert_eq!(check["watches"]["heartbeat"]["verdict"], "reported");
    assert_eq!(check["circuit"], "paused");
    assert_eq!(check["exit"], 1);
    let status = scratch.run(&["status", "--json"]).json();
    assert_eq!(status["incidents"][0]["watch"], "heartbeat");
    assert_eq!(status["incidents"][0]["id"], check["holds"][0]["id"], "hold and incident bear one id");
}

#[test]
fn status_without_a_watchdog_is_not_health() {
    let ended = Scratch::new().run(&["status"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("no watchdog has completed a check"), "{}", ended.err);
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "\\u001b[2Jok\\u202e");
    let ended = scratch.run(&["check"]);
    assert!(!ended.out.contains('\u{1b}') && !ended.out.contains('\u{202e}'), "{}", ended.out.escape_debug());
    assert!(scratch.paused());
}

/// **trip-first**: a print that panics would end the program before its trip.
#[test]
fn a_full_disk_behind_its_words_stops_no_trip() {
    let scratch = Scratch::new();
    scratch.beat(0.0, "no funds");
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("/dev/full"));
    let status = scratch.command(&["check"]).stdout(full()).stderr(full()).status().expect("watchdog starts");
    assert_eq!(status.code(), Some(74), "the answer could not be given");
    assert!(scratch.paused());
    assert!(scratch.journal().contains(&"trip".to_owned()));
}
