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

/// The commands are there to be pasted: a shell must find this very root in them.
#[test]
fn commands_name_the_root_as_a_shell_takes_it() {
    let scratch = Scratch::new();
    let odd = "a b'c";
    std::fs::create_dir_all(scratch.path(odd).join("data")).expect("a root");
    let root = scratch.path(odd).display().to_string();
    scratch.says(0, &["--root", &root, "trip", "--reason", "x"]);
    let quoted = format!("--root '{}'", root.replace('\'', r"'\''"));
    for args in [
        &["check"][..],
        &["guard", "--", "true"],
        &["check", "--require-watchdog", "35m"],
        &["status"],
        &["trip", "--reason", "y"],
    ] {
        let ended = scratch.run(&[&["--root", root.as_str()], args].concat());
        let told = ended.stdout + &ended.stderr;
        let commands = told.matches("circuit-ctl ").count() + told.matches("watchdog check").count();
        assert!(commands > 0 && told.matches(&quoted).count() == commands, "{args:?}: {told}");
    }
    let told = scratch.run(&["--root", &root, "check"]).stderr;
    let (_, command) = told.split_once("see it with: ").expect("a command");
    let (command, _) = command.split_once(';').expect("its end");
    let program = env!("CARGO_BIN_EXE_circuit-ctl");
    let pasted = std::process::Command::new("/bin/sh")
        .args(["-c", &command.replace("circuit-ctl", program)])
        .output()
        .expect("a shell");
    assert_eq!(pasted.status.code(), Some(2), "{command}: {pasted:?}");
    assert!(String::from_utf8_lossy(&pasted.stdout).contains("PAUSED"), "{pasted:?}");
}

#[test]
fn a_time_that_cannot_be_is_called_so() {
    let scratch = Scratch::new();
    for since in ["1e300", "-1e300", "253402300800"] {
        let hold = format!("{{\"id\":\"a-1\",\"reason\":\"x\",\"since\":{since}}}");
        scratch.put("data/circuit.json", format!("{{\"paused\":true,\"holds\":[{hold}]}}"));
        let said = scratch.says(2, &["status"]);
        assert_eq!(said.matches("  at an impossible time\n").count(), 2, "{said}");
    }
}

#[test]
fn help_is_a_command_too() {
    let scratch = Scratch::new();
    assert!(scratch.says(0, &["help"]).contains("Usage: circuit-ctl"));
    assert!(scratch.says(0, &["help", "trip"]).contains("empty reason"));
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
