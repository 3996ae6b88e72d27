//! `audit-pack prove` beside a sealer, on disks that fail, and across everything that may happen to a log.

use std::fs;
use std::process::Command;

use holdfast::json::Value;
use holdfast_tests::harness::{Fault, Run, Scratch, calls, eventually, with_fault};

use super::logs::{
    KEY, LOG, ORIGIN, SIDECAR, audit, init, key_maker, line, lines, root, seal, sealed, write,
};

const CALLS: &str = "openat,pread64,read,statx,write,fsync,linkat,renameat,renameat2,rename";

fn prove(root: &Scratch, number: u64) -> Command {
    audit(
        root,
        &["prove", LOG, "--line", &number.to_string(), "-o", "a.tlog-proof", "--line-file", "a.jsonl"],
    )
}

/// The proof in `a.tlog-proof` shows the line in `a.jsonl`, which is this one.
#[track_caller]
fn shows(root: &Scratch, number: u64) -> Value {
    assert_eq!(fs::read_to_string(root.path("a.jsonl")).expect("the line"), line(number - 1));
    let public = fs::read_to_string(root.path("key/audit.pub")).expect("a key");
    let other = fs::read_to_string(key_maker("other").join("other.pub")).expect("a key");
    root.put("allowed", format!("desk {public}desk {other}"));
    let known = ["--line-file", "a.jsonl", "--allowed-signers", "allowed", "--signer", "desk", "--json"];
    let ended = audit(root, &["verify-proof", "a.tlog-proof"]).args(known).finish().expect(0);
    for gone in ["a.tlog-proof", "a.jsonl"] {
        fs::remove_file(root.path(gone)).expect("written");
    }
    let answer: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{ended}"));
    assert_eq!((&answer["line"], &answer["origin"]), (&number.into(), &ORIGIN.into()), "{answer}");
    answer
}

#[test]
fn whoever_proves_beside_a_sealer_gets_a_proof_each_time() {
    let root = sealed(300);
    let mut sealer = root.sh(&format!(
        "set -e; n=300; until [ -e stop ]; do for i in 1 2 3 4 5 6 7; do printf '%s\\n' \"$n\" >> {LOG}; n=$((n+1)); done; \
         {} seal {LOG} --key {KEY} > /dev/null; done",
        holdfast_tests::harness::program("audit-pack").display()
    ));
    let sealer = sealer.start();
    let grown = |beyond: u64| {
        let checkpoint = fs::read_to_string(root.path(SIDECAR).join("checkpoint")).expect("a checkpoint");
        let lines: u64 = checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size");
        lines > beyond
    };
    let mut last = 300;
    for round in 0..40 {
        prove(&root, 1 + round * 7).finish().expect(0);
        let answer = shows(&root, 1 + round * 7);
        let size = answer["lines"].as_u64().expect("a number");
        assert!(size >= last, "{size} after {last}");
        last = size;
        eventually("the sealer goes on", || grown(last));
    }
    root.put("stop", "");
    sealer.ended().expect(0);
}

#[test]
fn a_handful_of_tiles_is_read_and_not_the_log() {
    let root = root();
    write(&root, &lines(0..200_000));
    init(&root).finish().expect(0);
    for number in [1, 65_537, 123_456, 200_000] {
        let (calls, ended) = calls(&root, &prove(&root, number), "openat,pread64,read");
        ended.expect(0);
        shows(&root, number);
        let opened = |what: &str| {
            calls.iter().filter(|call| call.name == "openat" && call.line.contains(what)).count()
        };
        assert!((3..=9).contains(&opened("/tile/")), "{} tiles", opened("/tile/"));
        let log = format!("{LOG}>");
        let read = calls.iter().filter(|call| call.name != "openat" && call.line.contains(&log));
        let bytes: u64 =
            read.map(|call| call.line.rsplit_once(" = ").map_or(0, |(_, n)| n.parse().unwrap_or(0))).sum();
        let segment = 2 * (256 << 10);
        assert!((1..segment).contains(&bytes), "{bytes} bytes of the log were read for line {number}");
    }
}

#[test]
fn a_disk_that_fails_leaves_no_proof_that_does_not_hold() {
    let example = sealed(600);
    let (calls, ended) = calls(&example, &prove(&example, 300), CALLS);
    ended.expect(0);
    assert!(calls.len() > 12, "{calls:#?}");
    let mut failed = 0;
    for call in calls {
        let root = sealed(600);
        let error = if call.changes() { "ENOSPC" } else { "EIO" };
        let ended = with_fault(&root, &prove(&root, 300), &call, Fault::Error(error));
        if ended.code == Some(0) {
            shows(&root, 300);
            continue;
        }
        failed += 1;
        if root.path("a.tlog-proof").exists() && root.path("a.jsonl").exists() {
            // They stand there whole, and nobody knows whether they would after a power loss.
            shows(&root, 300);
        }
        let names = ["memory/", "a.jsonl", "a.tlog-proof", "stdout"];
        let named = names.iter().any(|name| ended.stderr.contains(name));
        assert!(named && ended.stderr.contains("\n  "), "no word of the file or of what to do\n{ended}");
        // The same command again, once the disk is well. What it wrote before may stand there: nothing is overwritten.
        for left in ["a.jsonl", "a.tlog-proof"] {
            let _ = fs::remove_file(root.path(left));
        }
        prove(&root, 300).finish().expect(0);
        shows(&root, 300);
    }
    assert!(failed > 8, "only {failed} calls failed");
}

/// Renamed, rotated, with another key, packed in between: each line is proven, and each pack extends the one before.
#[test]
fn a_log_that_goes_on_elsewhere_is_proven_and_extends_its_past() {
    let root = sealed(50);
    root.put("holdfast.toml", format!("[audit]\nkey = \"{KEY}\"\nlogs = [\"{LOG}\"]\n"));
    let pack = |name: &str, key: &str| {
        audit(&root, &["pack", "-o", name, "--key", key]).finish().expect(0);
    };
    pack("1.tar", KEY);
    // Renamed, and not sealed since: it is found by what it holds.
    fs::rename(root.path(LOG), root.path("memory/decisions.jsonl-20261128")).expect("renamed");
    prove(&root, 7).finish().expect(0);
    shows(&root, 7);
    write(&root, &lines(50..80));
    let closed = ["rotate", LOG, "--closed", "memory/decisions.jsonl-20261128", "--key", KEY];
    audit(&root, &closed).finish().expect(0);
    seal(&root).finish().expect(0);
    pack("2.tar", KEY);
    for name in ["other", "other.pub"] {
        fs::copy(key_maker("other").join(name), root.path("key").join(name)).expect("a key");
    }
    audit(&root, &["rekey", LOG, "--key", KEY, "--new-key", "key/other"]).finish().expect(0);
    for number in [7, 50, 51, 80] {
        prove(&root, number).finish().expect(0);
        shows(&root, number);
    }
    write(&root, &lines(80..90));
    root.put("holdfast.toml", format!("[audit]\nkey = \"key/other\"\nlogs = [\"{LOG}\"]\n"));
    audit(&root, &["seal", LOG, "--key", "key/other"]).finish().expect(0);
    for number in [7, 60, 90] {
        prove(&root, number).finish().expect(0);
        shows(&root, number);
    }
    pack("3.tar", "key/other");
    let known = ["--allowed-signers", "allowed", "--signer", "desk", "--json"];
    shows_key_change(&root, &known);
    for (new, old, before, lines) in
        [("2.tar", "1.tar", 50, 80), ("3.tar", "2.tar", 80, 90), ("3.tar", "1.tar", 50, 90)]
    {
        let verify = audit(&root, &["verify", new, "--since", old]).args(known).finish().expect(0);
        let answer: Value = serde_json::from_str(&verify.stdout).expect("JSON");
        let log = &answer["since"]["logs"][0];
        assert_eq!(
            (&log["became"], &log["lines_before"], &log["lines"]),
            (&"extended".into(), &before.into(), &lines.into())
        );
    }
    let verify = audit(&root, &["verify", "1.tar", "--since", "3.tar"]).args(known).finish().expect(1);
    let answer: Value = serde_json::from_str(&verify.stdout).expect("JSON");
    let finding = &answer["findings"][0];
    assert_eq!((&finding["kind"], &finding["line"]), (&"rolled-back".into(), &51.into()), "{answer}");
}

/// Out of the pack, with a file that was closed.
#[track_caller]
fn shows_key_change(root: &Scratch, known: &[&str]) {
    let out = ["-o", "a.tlog-proof", "--line-file", "a.jsonl"];
    audit(root, &["prove", "3.tar", "--line", "33"]).args(out).finish().expect(0);
    shows(root, 33);
    audit(root, &["verify", "3.tar"]).args(known).finish().expect(0);
}
