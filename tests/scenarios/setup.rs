//! From nothing to a pipeline that beats: what `holdfast-setup` makes, with the real programs.

use std::process::{Command, Output};

use holdfast_tests::harness::program;
use serde_json::Value;
use tempfile::TempDir;

/// A folder in which somebody sets up a root, with letters and spaces in its name.
struct Newcomer {
    folder: TempDir,
}

impl Newcomer {
    fn new() -> Self {
        let newcomer = Self { folder: tempfile::tempdir().unwrap() };
        newcomer.does(0, "holdfast-setup", &["init"]);
        newcomer
    }

    fn root(&self) -> String {
        self.folder.path().join("größe 取引").to_str().unwrap().to_owned()
    }

    /// One of our programs about this root.
    fn does(&self, code: i32, name: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program(name));
        command.args(args).args(["--root", &self.root()]);
        ends(code, &mut command)
    }

    fn text(&self, relative: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("größe 取引").join(relative)).unwrap_or_default()
    }
}

/// Runs it with nothing of our own environment but where programs are.
fn ends(code: i32, command: &mut Command) -> Output {
    command.env_clear().env("PATH", "/usr/bin:/bin").env("USER", "alice");
    let output = command.output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{command:?}: {}{}",
        said(&output.stdout),
        said(&output.stderr)
    );
    output
}

#[test]
fn a_root_that_was_made_is_valid_and_is_sealed() {
    let newcomer = Newcomer::new();
    newcomer.does(0, "watchdog", &["validate"]);
    newcomer.does(0, "audit-pack", &["seal"]);
    newcomer.does(0, "audit-pack", &["check"]);
    newcomer.does(0, "circuit-ctl", &["check"]);
}

#[test]
fn a_starter_beats_keeps_its_decisions_and_stops_at_a_pause() {
    for (lang, file, interpreter) in [("python", "cycle.py", "python3"), ("sh", "cycle.sh", "sh")] {
        let newcomer = Newcomer::new();
        newcomer.does(0, "holdfast-setup", &["scaffold", "--lang", lang]);
        let starter = format!("{}/{file}", newcomer.root());
        ends(0, &mut Command::new(&starter));
        ends(0, Command::new(interpreter).arg(&starter));

        let beat: Value = serde_json::from_str(&newcomer.text("data/heartbeats/pipeline.json")).unwrap();
        assert_eq!((&beat["status"], &beat["name"]), (&"ok".into(), &"pipeline".into()), "{lang}: {beat}");
        let log = newcomer.text("memory/decisions.jsonl");
        let acts: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(acts.iter().map(|line| line["act"].as_str()).collect::<Vec<_>>(), [Some("hold"); 2]);
        assert!(log.ends_with('\n') && acts[0]["id"] != acts[1]["id"], "{lang}: {log}");
        newcomer.does(0, "watchdog", &["check"]);
        newcomer.does(0, "audit-pack", &["seal"]);

        newcomer.does(0, "circuit-ctl", &["trip", "--reason", "a test"]);
        ends(2, &mut Command::new(&starter));
        assert_eq!(newcomer.text("memory/decisions.jsonl"), log, "{lang}: it went on while paused");
        newcomer.does(
            0,
            "audit-pack",
            &["check", "--unique", "/id", &format!("{}/memory/decisions.jsonl", newcomer.root())],
        );
    }
}

#[test]
fn a_starter_that_fails_says_so_in_its_beat() {
    let newcomer = Newcomer::new();
    newcomer.does(0, "holdfast-setup", &["scaffold", "--lang", "python"]);
    // Where its decisions go there is a folder.
    std::fs::create_dir(format!("{}/memory/decisions.jsonl", newcomer.root())).unwrap();
    ends(1, &mut Command::new(format!("{}/cycle.py", newcomer.root())));
    let beat: Value = serde_json::from_str(&newcomer.text("data/heartbeats/pipeline.json")).unwrap();
    assert_eq!((&beat["status"], &beat["exit"]), (&"failed".into(), &1.into()), "{beat}");
}

#[test]
fn the_doctor_knows_what_the_programs_say() {
    let newcomer = Newcomer::new();
    let look = || {
        let mut command = Command::new(program("holdfast-setup"));
        command.args([
            "doctor",
            "--json",
            "--scheduler",
            "systemd",
            "--unit-dir",
            "/nowhere",
            "--root",
            &newcomer.root(),
        ]);
        let said: Value = serde_json::from_slice(&ends(1, &mut command).stdout).unwrap();
        let findings = said["findings"].as_array().unwrap().clone();
        move |check: &str, fact: &str| {
            let is_it =
                |found: &&Value| found["check"] == check && found["fact"].as_str().unwrap().contains(fact);
            let found = findings.iter().find(is_it);
            found.unwrap_or_else(|| panic!("no {check} with {fact}: {findings:?}"))["level"]
                .as_str()
                .unwrap()
                .to_owned()
        }
    };
    let first = look();
    assert_eq!(first("programs", "all 5 are of version"), "ok");
    assert_eq!(first("watchdog", "no watchdog has run here"), "bad");
    assert_eq!(first("config", "valid"), "ok");
    assert_eq!(first("channels", "none is configured"), "bad");
    assert_eq!(first("key", "its owner's alone"), "ok");
    assert_eq!(first("log", "is not sealed yet"), "warn");

    let told = format!("{}/told", newcomer.folder.path().display());
    let channel =
        format!("[[channel]]\nkind = \"command\"\nname = \"file\"\ncommand = [\"tee\", \"-a\", {told:?}]\n");
    let config = format!("{}\n{channel}", newcomer.text("holdfast.toml"));
    std::fs::write(format!("{}/holdfast.toml", newcomer.root()), config).unwrap();
    newcomer.does(0, "holdfast-setup", &["scaffold", "--lang", "sh"]);
    ends(0, &mut Command::new(format!("{}/cycle.sh", newcomer.root())));
    newcomer.does(0, "audit-pack", &["seal"]);
    newcomer.does(0, "watchdog", &["check"]);
    assert_eq!(look()("channels", "file was never tested"), "warn");
    newcomer.does(0, "watchdog", &["test-alert"]);
    let then = look();
    assert_eq!(then("watchdog", "last completed a check"), "ok");
    assert_eq!(then("channels", "file took a message"), "ok");
    assert_eq!(then("log", "decisions.jsonl is unchanged: 1 sealed lines"), "ok");
    assert_eq!(then("disk", "data/reserve is there"), "ok");

    let log = newcomer.text("memory/decisions.jsonl").replace("hold", "sell");
    std::fs::write(format!("{}/memory/decisions.jsonl", newcomer.root()), log).unwrap();
    assert_eq!(look()("log", "decisions.jsonl is CHANGED: edited, line 1"), "bad");
}
