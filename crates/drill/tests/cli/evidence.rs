//! What a drill leaves: its own evidence, signed, packed and verified.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Ended, Scratch, built};

const FILES: [&str; 5] = [
    "drill-evidence.allowed_signers",
    "drill-evidence.tar",
    "drill-evidence.tar.sig",
    "drill-report.json",
    "drill-report.txt",
];

/// One short row.
const ROW: &str = "circuit-deleted";

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn run(program: &str, args: &[&str]) -> Ended {
    Command::new(program).args(args).output().expect("it starts").into()
}

/// Runs what a person is told to paste.
fn pasted(answer: &str) -> Ended {
    let (_, rest) = answer.split_once("  verify   ").expect("a command");
    let (command, _) = rest.split_once("\n  verdict").expect("a verdict");
    run("sh", &["-c", command])
}

/// As a person runs it who names no folder.
#[test]
fn the_evidence_lies_in_the_current_folder_and_is_verified_by_what_is_pasted() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("tmp")).expect("a folder");
    let mut command = scratch.command(&["--only", ROW]);
    let ended: Ended = command.env("TMPDIR", scratch.path("tmp")).output().expect("it starts").into();
    let ended = ended.expect(0);
    let dir = scratch.path("drill-evidence");
    assert_eq!(names(&dir), FILES);
    assert_eq!(names(&scratch.path("tmp")), [""; 0]);
    let last = ended.out.lines().last().expect("a line");
    assert_eq!(last, "  verdict  UNCHANGED since it was packed, and signed by drill");
    let tar = dir.join("drill-evidence.tar");
    assert!(ended.out.contains(&format!("  tarball  {}\n", tar.display())), "{}", ended.out);
    assert!(pasted(&ended.out).expect(0).out.contains("UNCHANGED"));
    // The same by stock tools.
    let (tar, signers) = (tar.display().to_string(), dir.join(FILES[0]).display().to_string());
    let stock =
        format!("ssh-keygen -Y verify -f '{signers}' -I drill -n pack@holdfast -s '{tar}.sig' < '{tar}'");
    run("sh", &["-c", &stock]).expect(0);
    let mut bytes = fs::read(&tar).expect("the tarball");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&tar, bytes).expect("the tarball");
    assert!(pasted(&ended.out).expect(1).out.contains("CHANGED"));
}

#[test]
fn the_report_is_in_it_and_all_that_an_auditor_asks_for() {
    let scratch = Scratch::new();
    let ended = scratch.plays(&[ROW], &[]).expect(0);
    let report = ended.report();
    let evidence = &report["evidence"];
    assert_eq!((&evidence["result"], &evidence["verdict"]), (&"verified".into(), &"unchanged".into()));
    let tar = evidence["tar"].as_str().expect("a path");
    let listed = run("tar", &["-tf", tar]).expect(0).out;
    for member in [
        "log/memory/decisions.jsonl",
        "log/memory/decisions.jsonl.audit/SEALS",
        "log/memory/journal.jsonl",
        "log/data/trips.jsonl",
        "state/heartbeat.json",
        "state/circuit.json",
        "state/watchdog.json",
        "state/holdfast.toml",
        "units/shipped/systemd/holdfast-watchdog.service",
        "source/watchdog/Cargo.lock",
        "host/facts.json",
        "drill/drill-report.txt",
        "drill/drill-report.json",
    ] {
        let path = format!("drill-evidence/data/{member}\n");
        assert!(listed.contains(&path), "{member} is not among:\n{listed}");
    }
    let member =
        |name: &str| run("tar", &["-xOf", tar, &format!("drill-evidence/data/{name}")]).expect(0).out;
    let packed: Value = serde_json::from_str(&member("drill/drill-report.json")).expect("JSON");
    assert_eq!(packed["rows"], report["rows"]);
    assert!(packed["evidence"].is_null(), "it cannot tell what comes after it");
    let journal = member("log/memory/journal.jsonl");
    assert!(journal.lines().any(|line| line.contains("\"kind\":\"drill\"")), "{journal}");
    let circuit: Value = serde_json::from_str(&member("state/circuit.json")).expect("JSON");
    assert_eq!(circuit["paused"], true);
    let logs = evidence["logs"].as_array().expect("logs");
    let decisions = logs.iter().find(|log| log["log"] == "memory/decisions.jsonl").expect("decisions");
    assert!(decisions["lines"].as_u64() >= Some(5) && decisions["seals"].as_u64() >= Some(2), "{evidence}");
}

#[test]
fn a_second_drill_takes_the_place_of_the_first_and_a_failed_one_leaves_no_older_evidence() {
    let scratch = Scratch::sabotaged(
        "audit-pack",
        &instead("pack", "test -e ../../../broken && exit 74; exec 'REAL' \"$@\""),
    );
    let drill = |root, code| {
        scratch.run(&["--root", root, "--out", "first", "--out", "out", "--only", ROW]).expect(code)
    };
    drill("one", 0);
    let signers = || fs::read_to_string(scratch.path("out").join(FILES[0])).expect("a key");
    let first = signers();
    let second = drill("two", 0);
    assert_ne!(first, signers(), "each has a key of its own");
    pasted(&second.out).expect(0);
    assert_eq!(names(&scratch.path("out")), FILES);
    assert_eq!(names(&scratch.path("two")), [""; 0]);
    assert!(!scratch.path("first").exists(), "the last --out counts");
    fs::write(scratch.path("broken"), "").expect("a file");
    let third = drill("three", 1);
    assert!(third.out.contains("1 passed, 0 failed, 0 not run"), "{}", third.out);
    let failed =
        third.out.split_once("\nEvidence FAILED: audit-pack pack ended with Code(74), not 0").expect("why").1;
    assert!(failed.contains("files and logs: "), "{failed}");
    assert!(scratch.path("three/main/scratch/data/circuit.json").is_file(), "kept to look at");
    assert!(!scratch.path("out/drill-evidence.tar").exists());
}

/// A script that does this for one command of `audit-pack`, and all else as the real one.
pub(super) fn instead(command: &str, script: &str) -> String {
    let script = format!("if [ \"$1\" = {command} ]; then {script}; fi\nexec 'REAL' \"$@\"");
    script.replace("REAL", &built().join("audit-pack").display().to_string())
}

/// The rows pass, and still the drill has failed.
#[test]
fn evidence_that_is_not_verified_fails_the_drill() {
    for (command, script, says) in [
        ("verify", "exit 1", "audit-pack verify ended with Code(1), not 0"),
        (
            "verify",
            "'REAL' \"$@\" | sed 's/\"verdict\":\"unchanged\"/\"verdict\":\"changed\"/'; exit 0",
            "the verdict is changed",
        ),
        ("verify", "'REAL' \"$@\" | sed 's/\"identity\":\"drill\"/\"identity\":\"me\"/g'; exit 0", "by me"),
        (
            "verify",
            "'REAL' \"$@\" | sed 's/\"log\":\"memory.journal.jsonl\"/\"log\":\"x\"/'; exit 0",
            "the logs in the pack are: ",
        ),
        ("pack", "mv data/drill data/no; exec 'REAL' \"$@\"", "0 files of the report are in the pack"),
        ("seal", "exit 1", "audit-pack seal ended with Code(1), not 0"),
    ] {
        let scratch = Scratch::sabotaged("audit-pack", &instead(command, script));
        let report = scratch.plays(&[ROW], &[]).expect(1).report();
        assert_eq!((&report["passed"], &report["failed"]), (&1.into(), &0.into()), "{report:#}");
        let why = report["evidence"]["why"].as_str().expect("why");
        assert!(report["evidence"]["result"] == "failed" && why.contains(says), "{script}: {why}");
    }
}
