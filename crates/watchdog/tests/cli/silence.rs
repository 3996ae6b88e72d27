//! `watchdog silence`, as a person uses it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::Scratch;

const CONFIG: &str = "
[[watch]]
name = \"bot\"
[[watch]]
name = \"hedge\"
heartbeat = \"hedge\"
[[channel]]
kind = \"command\"
command = [\"./hear\"]
";

/// A root whose only channel writes down what it is told.
fn heard() -> Scratch {
    let scratch = Scratch::with(CONFIG);
    scratch.put("hear", "#!/bin/sh\ncat >> heard; echo >> heard\n");
    fs::set_permissions(scratch.path("hear"), fs::Permissions::from_mode(0o755)).expect("executable");
    scratch
}

#[test]
fn nothing_is_told_of_it_and_it_trips_all_the_same() {
    let scratch = heard();
    fs::create_dir(scratch.path("data/heartbeats")).expect("a folder");
    scratch.beat(1.0, "ok");
    scratch.put("data/heartbeats/hedge.json", &scratch.read("data/heartbeat.json"));
    assert_eq!(scratch.run(&["check"]).code, Some(0));
    let silenced = scratch.run(&["silence", "bot", "--for", "2h", "--reason", "a new disk", "--by", "ann"]);
    assert_eq!(silenced.code, Some(0), "{silenced:?}");
    assert!(silenced.out.contains("what fails pauses trading all the same"), "{silenced:?}");
    scratch.beat(1.0, "failed");
    assert_eq!(scratch.run(&["check"]).code, Some(1));
    assert!(scratch.paused());
    let told = scratch.read("heard");
    assert!(
        told.contains("nothing is told of bot until ") && told.contains("says ann: a new disk"),
        "{told}"
    );
    assert!(!told.contains("NEW: bot"), "{told}");
    // Of others it is told as before.
    scratch.put("data/heartbeats/hedge.json", &scratch.read("data/heartbeat.json"));
    scratch.run(&["check"]);
    let told = scratch.read("heard");
    assert!(told.contains("NEW: hedge is reported") && !told.contains("NEW: bot"), "{told}");
    let status = scratch.run(&["status"]).out;
    assert!(status.contains("silent bot until ") && status.contains("says ann: a new disk"), "{status}");
    let json = scratch.run(&["status", "--json"]).json();
    assert_eq!(json["silences"]["bot"]["reason"], "a new disk");

    let over = scratch.run(&["silence", "bot", "--over", "--by", "bob"]);
    assert_eq!(over.code, Some(0), "{over:?}");
    scratch.run(&["check"]);
    let told = scratch.read("heard");
    assert!(
        told.contains("bot is told of again, says bob") && told.contains("NEW: bot is reported"),
        "{told}"
    );
    let journal = scratch.journal();
    for kind in ["silence", "unsilence"] {
        assert_eq!(journal.iter().filter(|line| *line == kind).count(), 1, "{journal:?}");
    }
}

#[test]
fn what_cannot_be_silenced_is_refused_with_what_can() {
    let scratch = heard();
    let reason = ["--for", "2h", "--reason", "x"];
    for (arguments, code, says) in [
        (["bott"].as_slice(), 1, "bott is not watched\n  these are: bot, hedge"),
        (
            &["bot", "holdfast/circuit"],
            1,
            "holdfast/circuit is what the watchdog says of itself\n  that cannot be silenced",
        ),
    ] {
        let ended = scratch.run(&[&["silence"], arguments, &reason].concat());
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.err.contains(says), "{ended:?}");
    }
    for (arguments, says) in [
        (["bot", "--for", "8d", "--reason", "x"].as_slice(), "longer than a week"),
        (&["bot", "--for", "2h"], "--reason"),
        (&["bot", "--reason", "x"], "--for"),
        (&["bot", "--for", "2h", "--reason", " "], "the reason is empty"),
        (&["bot", "--over", "--for", "2h"], "cannot be used with"),
        (&[], "<WATCH>"),
    ] {
        let ended = scratch.run(&[&["silence"], arguments].concat());
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(ended.err.contains(says), "{ended:?}");
    }
    let ended = scratch.run(&["silence", "bot", "--over"]);
    assert_eq!((ended.code, ended.err.contains("bot is not silenced")), (Some(1), true), "{ended:?}");
    assert!(scratch.read("memory/journal.jsonl").is_empty(), "nothing was asked for");

    let json = scratch.run(&[&["--json", "silence", "bot"], &reason[..]].concat()).json();
    assert!(json["silenced"] == serde_json::json!(["bot"]) && json["until"].is_f64(), "{json}");
    let line: Value = serde_json::from_str(scratch.read("memory/journal.jsonl").trim()).expect("a line");
    assert_eq!((&line["kind"], &line["for_s"]), (&"silence".into(), &7200.0.into()));
}

#[test]
fn a_line_that_never_ends_keeps_nobody_from_asking() {
    let scratch = heard();
    scratch.beat(1.0, "ok");
    scratch.run(&["check"]);
    let journal = scratch.read("memory/journal.jsonl");
    let asked = "{\"at\":1,\"kind\":\"silence\",\"by\":\"ann\",\"watch\":\"bot\",\"for_s\":7200}\n".replace(
        "\"at\":1,",
        &format!("\"at\":{},", std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs()),
    );
    scratch.put("memory/journal.jsonl", &format!("{journal}{}\n{asked}", "x".repeat(3 << 20)));
    for _ in 0..5 {
        scratch.run(&["check"]);
    }
    assert!(scratch.run(&["status"]).out.contains("silent bot until "));
}
