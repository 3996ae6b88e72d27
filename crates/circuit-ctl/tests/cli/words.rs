//! What people read.

use super::{Scratch, wall};

#[test]
fn help_is_for_people_in_a_hurry() {
    let scratch = Scratch::new();
    insta::assert_snapshot!("help", scratch.says(0, &["--help"]));
    for command in ["status", "check", "guard", "trip", "resume", "history", "ack"] {
        insta::assert_snapshot!(format!("help-{command}"), scratch.says(0, &[command, "--help"]));
    }
    assert!(scratch.says(0, &["--version"]).starts_with("circuit-ctl "));
}

#[test]
fn status_while_green() {
    let scratch = Scratch::new();
    insta::assert_snapshot!("status-new", scratch.redacted(&scratch.says(0, &["status"])));
    let resumed =
        r#"{"at":1763712000.5,"up":1.0,"boot":null,"by":"alice","why":"the feed is back","lifted":["a-1"]}"#;
    scratch
        .put("data/circuit.json", format!("{{\"v\":1,\"paused\":false,\"trips\":0,\"resumed\":{resumed}}}"));
    scratch.put("data/watchdog.json", format!("{{\"at\":{},\"status\":\"ok\"}}", wall() - 40.0));
    let said = scratch.redacted(&scratch.says(0, &["status"]));
    let said = regex::Regex::new(r"\d+d( \d+h)? ago")
        .expect("a pattern")
        .replace_all(&said, "[age] ago")
        .into_owned();
    insta::assert_snapshot!("status-resumed", said);
    insta::assert_snapshot!("status-json", scratch.redacted(&scratch.says(0, &["status", "--json"])));
}

#[test]
fn status_while_paused() {
    let scratch = Scratch::new();
    scratch.trip("trader-run: heartbeat stale: 1260s > 900s");
    scratch.says(0, &["trip", "--reason", "legal review", "--by", "bob", "--mode", "reduce"]);
    let root = scratch.path("").display().to_string();
    let root = root.trim_end_matches('/');
    let said = scratch.says(2, &["--root", root, "status"]);
    insta::assert_snapshot!("status-paused", scratch.redacted(&said));
    insta::assert_snapshot!("status-paused-json", scratch.redacted(&scratch.says(2, &["status", "--json"])));
}

#[test]
fn status_shows_some_of_very_many_holds() {
    let scratch = Scratch::new();
    let ledger: Vec<String> =
        (0..30).map(|number| format!("{{\"id\":\"x-{number}\",\"reason\":\"r\"}}")).collect();
    scratch.put("data/trips.jsonl", ledger.join("\n"));
    let said = scratch.says(2, &["status"]);
    assert!(said.contains("30 holds, each lifted") && said.contains("and 10 more: --json"), "{said}");
    assert_eq!(scratch.says(2, &["status", "--json"]).matches("\"id\":").count(), 30);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let scratch = Scratch::new();
    let coloured = |key: &str, value: &str| {
        let mut command = scratch.command(&["status"]);
        command.env("TERM", "xterm-256color").env(key, value);
        let mut session = rexpect::session::spawn_command(command, Some(20_000)).expect("a terminal");
        session.exp_eof().expect("the end").contains("\u{1b}[")
    };
    assert!(coloured("X", "x"));
    assert!(!coloured("NO_COLOR", "1"));
    assert!(!scratch.says(0, &["status"]).contains('\u{1b}'));
}

#[test]
fn refusals_say_the_fact_and_what_to_do() {
    let told = |face: &str| {
        let scratch = Scratch::new();
        scratch.put("data/circuit.json", face);
        let ended = scratch.run(&["check"]);
        format!("{:?}\n{}", ended.code(), scratch.redacted(&ended.stderr))
    };
    let shown: Vec<String> = [
        "{\"paused\":true}",
        "{\"paused\":true,\"reason\":\"trader-run: heartbeat stale: 1260s > 900s\"}",
        "{\"paused\":true,\"mode\":\"reduce\",\"reason\":\"margin call\"}",
        "{\"paused\":true,\"holds\":[{\"id\":\"a\",\"reason\":\"two\",\"since\":2},{\"id\":\"b\",\"reason\":\"one\",\"since\":1}]}",
        "{\"paused\":\"no\"}",
        "{\"paused\":true,\"paused\":false}",
        "{\"paused\":false,\"trips\":100}",
        "",
    ]
    .map(|face| format!("{face}\n{}", told(face)))
    .into();
    insta::assert_snapshot!("refusals", shown.join("\n"));
    let scratch = Scratch::new();
    insta::assert_snapshot!(
        "no-root",
        scratch.redacted(&scratch.run(&["--root", "nowhere", "check"]).stderr)
    );
    let guarded = scratch.run(&["guard", "--require-watchdog", "35m", "--", "python", "bot.py"]);
    insta::assert_snapshot!("guard-no-watchdog", guarded.stderr);
}
