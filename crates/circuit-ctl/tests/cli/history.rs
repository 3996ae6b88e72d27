//! `history`: ledger and journal as one story.

use std::fs;

use super::Scratch;

fn journal(lines: &[&str]) -> String {
    lines.join("\n") + "\n"
}

#[test]
fn the_story_is_told_in_order_and_each_trip_once() {
    let scratch = Scratch::new();
    scratch.put(
        "data/trips.jsonl",
        journal(&[
            r#"{"v":1,"id":"a-1","mode":"halt","reason":"first","by":"watchdog","watch":"bot","host":"mini","since":100}"#,
            r#"{"v":1,"id":"a-2","mode":"reduce","reason":"second","by":"bob","host":"mini","since":300}"#,
        ]),
    );
    scratch.put(
        "memory/journal.jsonl",
        journal(&[
            r#"{"at":100.5,"kind":"trip","host":"mini","by":"watchdog","id":"a-1","reason":"first"}"#,
            r#"{"at":150,"kind":"checked","host":"mini","by":"watchdog"}"#,
            r#"{"at":160,"kind":"ack","host":"mini","by":"alice","incident":"a-1"}"#,
            r#"{"at":200,"kind":"resume","host":"mini","by":"alice","why":"mended","lifted":["a-1"],"standing":["a-0"],"overridden":["a-1"]}"#,
            r#"{"at":300.5,"kind":"trip","host":"mini","by":"bob","id":"a-2","reason":"second"}"#,
            r#"{"at":400,"kind":"manual-edit","host":"mini","by":"watchdog","paused":false,"owner_uid":1000,"lifted":["a-2"]}"#,
        ]),
    );
    insta::assert_snapshot!("story", scratch.says(0, &["history"]));
    insta::assert_snapshot!("story-json", scratch.says(0, &["history", "--json"]));
    let ended = scratch.run(&["history", "--last", "2"]);
    assert_eq!(ended.stdout.lines().count(), 2, "{ended}");
    assert!(ended.stdout.contains("second") && ended.stdout.contains("manual-edit"), "{ended}");
    assert!(ended.stderr.contains("earlier events are not shown"), "{ended}");
}

#[test]
fn torn_foreign_and_hostile_lines_are_shown_and_break_nothing() {
    let scratch = Scratch::new();
    let mut ledger = b"{\"id\":\"torn\nnull\n[1]\n{\"id\":7}\n\n\xff\xfe\n{\"kind\":1}\n".to_vec();
    ledger.extend_from_slice(
        b"{\"id\":\"a-1\",\"since\":1e308,\"reason\":\"\\u001b[2Jgone\\u202e\",\"mode\":[]}\n{\"id",
    );
    scratch.put("data/trips.jsonl", ledger);
    scratch.put("memory/journal.jsonl", "{\"kind\":\"resume\",\"lifted\":7,\"at\":\"noon\"}\n{}\nnot json\n");
    let said = scratch.says(0, &["history"]);
    assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said}");
    insta::assert_snapshot!("foreign", said);
    let json = scratch.says(0, &["history", "--json"]);
    assert!(json.lines().all(|line| line.starts_with("{\"kind\":\"") && line.ends_with('}')), "{json}");
}

#[test]
fn without_a_story_there_is_none() {
    let scratch = Scratch::new();
    let ended = scratch.run(&["history"]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("nothing has happened yet"), "{ended}");
    scratch.says(64, &["history", "--last", "0"]);
    scratch.says(64, &["history", "--last", "100000000"]);
}

#[test]
fn a_log_that_cannot_be_read_is_told_and_the_other_one_shown() {
    let scratch = Scratch::new();
    scratch.trip("in the ledger");
    fs::remove_file(scratch.path("memory/journal.jsonl")).expect("removed");
    fs::create_dir(scratch.path("memory/journal.jsonl")).expect("in the way");
    let ended = scratch.run(&["history"]);
    assert_eq!(ended.code(), Some(74), "{ended}");
    assert!(
        ended.stdout.contains("in the ledger") && ended.stderr.contains("memory/journal.jsonl"),
        "{ended}"
    );
}

/// The journal of years, in a bounded address space.
#[test]
fn a_very_long_log_takes_no_more_memory() {
    let scratch = Scratch::new();
    let noise = format!("{{\"at\":1,\"kind\":\"checked\",\"x\":\"{}\"}}\n", "x".repeat(200));
    let mut journal = String::from("{\"at\":5,\"kind\":\"drill\",\"by\":\"first\"}\n");
    while journal.len() < 100 << 20 {
        journal += &noise;
    }
    journal += "{\"at\":6,\"kind\":\"drill\",\"by\":\"last\"}\n";
    journal += &"y".repeat(1 << 20);
    scratch.put("memory/journal.jsonl", &journal);
    let bounded = "ulimit -v 65536; exec \"$0\" history --last 3";
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", bounded, env!("CARGO_BIN_EXE_circuit-ctl")]).current_dir(scratch.path(""));
    let ended = super::Ended::of(&mut command);
    assert_eq!(ended.code(), Some(0), "{ended}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{ended}");
    assert!(
        lines[0].contains("by first") && lines[1].contains("by last") && lines[2].contains("unreadable"),
        "{ended}"
    );
}
