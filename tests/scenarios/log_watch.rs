//! The watch of a sealed log, with the real `audit-pack` beside the real `watchdog`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use holdfast::json::Value;
use holdfast_http::standin::{Answer, Server};
use holdfast_tests::harness::{Ended, Run, Scratch, copy_program, eventually, read};

use crate::alerts::script;

const LOG: &str = "memory/decisions.jsonl";

fn line(n: u32) -> String {
    format!("{{\"order_id\":{n}}}\n")
}

/// A root with a log of some lines that is sealed twice, a watch of it, and a channel that adds to `mail`.
fn watched(keys: &str) -> Scratch {
    let root = Scratch::new();
    fs::create_dir(root.path("memory")).expect("memory");
    root.any("/usr/bin/ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", "key"]).finish().expect(0);
    root.put(LOG, (1..=5).map(line).collect::<String>());
    root.ours("audit-pack", &["init", LOG, "--key", "key", "--origin", "desk/decisions"]).finish().expect(0);
    root.ours("audit-pack", &["seal", LOG]).finish().expect(0);
    append(&root, 6..=9);
    root.ours("audit-pack", &["seal", LOG]).finish().expect(0);
    let watch =
        format!("[[watch]]\nname = \"log\"\nkind = \"log\"\nlog = \"{LOG}\"\nevery = \"1ms\"\n{keys}\n");
    root.put("holdfast.toml", script("mail", "cat >> mail") + &watch);
    root
}

fn append(root: &Scratch, lines: std::ops::RangeInclusive<u32>) {
    root.put(LOG, root.text(LOG) + &lines.map(line).collect::<String>());
}

fn check(root: &Scratch) -> (Ended, Value) {
    let ended = root.watchdog(&["check", "--json"]).finish();
    let found: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{ended}"));
    let log = found["watches"]["log"].clone();
    (ended, log)
}

#[track_caller]
fn says(root: &Scratch, code: i32, verdict: &str, words: &str) {
    let (ended, log) = check(root);
    assert_eq!((ended.code, &log["verdict"]), (Some(code), &verdict.into()), "{log}\n{ended}");
    assert!(log["detail"].as_str().expect("text").contains(words), "{log}");
}

#[test]
fn a_log_is_looked_at_as_a_whole_first_and_then_in_a_moment() {
    let root = watched("");
    root.watchdog(&["validate"]).finish().expect(0);
    says(&root, 0, "fresh", "9 lines are sealed and unchanged, every line hashed again");
    says(&root, 0, "fresh", "the last seal hashed again");
    let memory = root.json("data/watchdog.json");
    assert!(memory["watches"]["log"]["probed"]["whole"].is_array(), "{memory}");
    // In the last seal, and so seen at once.
    root.put(LOG, root.text(LOG).replacen("\"order_id\":8", "\"order_id\":7", 1));
    says(&root, 1, "failed", "CHANGED: edited");
    root.paused("log: CHANGED: edited");
}

#[test]
fn a_change_far_back_trips_by_the_whole_check_and_stays_found() {
    let root = watched("whole_every = \"1ms\"");
    check(&root).0.expect(0);
    let good = root.text(LOG);
    root.put(LOG, good.replacen("\"order_id\":3", "\"order_id\":4", 1));
    says(&root, 1, "failed", "line 3, at byte 30");
    root.paused("CHANGED: edited");
    says(&root, 1, "failed", "line 3");
    let mail = String::from_utf8(read(&root.path("mail")).expect("mail")).expect("text");
    assert!(mail.contains("NEW: log is failed: CHANGED: edited"), "{mail}");
    root.ctl(&["resume"]).finish();
    // What was put back is well again; the circuit waits for a person.
    root.put(LOG, good);
    says(&root, 0, "fresh", "every line hashed again");
    root.paused("CHANGED: edited");
}

#[test]
fn a_whole_check_that_found_something_is_followed_by_whole_ones() {
    let root = watched("");
    let good = root.text(LOG);
    root.put(LOG, good.replacen("\"order_id\":3", "\"order_id\":4", 1));
    for _ in 0..3 {
        says(&root, 1, "failed", "line 3");
    }
}

#[test]
fn doubled_decisions_trip_and_seals_that_are_taken_away_do_too() {
    let root = watched("unique = \"/order_id\"");
    check(&root).0.expect(0);
    append(&root, 4..=4);
    says(&root, 1, "failed", "duplicated");
    root.paused("/order_id is 4, as in line 4");
    let root = watched("");
    check(&root).0.expect(0);
    root.any("/bin/rm").args(["-r", "memory/decisions.jsonl.audit"]).finish().expect(0);
    says(&root, 1, "failed", "are gone, and it was sealed when last looked at");
    root.paused("the seals of");
}

#[test]
fn a_log_that_is_not_sealed_in_time_is_told_and_trips_nothing() {
    let root = watched("max_unsealed_age = \"1ms\"");
    append(&root, 10..=12);
    says(&root, 1, "failed", "bytes of whole lines are unsealed");
    assert_eq!(root.check(), 0);
    root.ours("audit-pack", &["seal", LOG]).finish().expect(0);
    says(&root, 0, "fresh", "12 lines");
}

/// A folder with the real watchdog, and in the place of audit-pack this.
fn beside(root: &Scratch, audit_pack: &str) -> std::path::PathBuf {
    let bin = root.path("bin");
    fs::create_dir_all(&bin).expect("bin");
    copy_program("watchdog", &bin);
    fs::write(bin.join("audit-pack"), audit_pack).expect("a script");
    fs::set_permissions(bin.join("audit-pack"), fs::Permissions::from_mode(0o755)).expect("its mode");
    bin.join("watchdog")
}

#[test]
fn an_audit_pack_that_hangs_or_fails_is_unknown_and_delays_no_trip() {
    let keys = "timeout = \"2s\"\n[[watch]]\nname = \"bot\"\nmax_age = \"1h\"";
    let root = watched(keys);
    root.hb(&["--status", "failed"]).finish().expect(0);
    // It sees whether the circuit is paused when it is asked, and never ends.
    let seen = "#!/bin/sh\ngrep -c paused data/circuit.json > seen\nsleep 1000\n";
    let watchdog = beside(&root, seen);
    let ended = root.any(&watchdog).args(["check", "--json"]).finish().expect(1);
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(found["watches"]["log"]["verdict"], "unknown", "{ended}");
    assert!(ended.stdout.contains("took longer than 2s"), "{ended}");
    assert_eq!(root.text("seen").trim(), "1", "tripped before anything was asked");
    beside(&root, "#!/bin/sh\necho no such option >&2\nexit 64\n");
    root.any(&watchdog)
        .args(["check", "--json"])
        .finish()
        .expect(1)
        .says("could not tell, exit 64: no such option");
}

#[test]
fn a_watchdog_that_stays_waits_for_no_answer() {
    let root = watched("timeout = \"10m\"\n[[watch]]\nname = \"bot\"\nmax_age = \"1h\"");
    let watchdog = beside(&root, "#!/bin/sh\necho > asked\nsleep 1000\n");
    root.hb(&[]).finish().expect(0);
    let running = root.any(&watchdog).args(["run", "--every", "1s"]).start();
    eventually("the question", || root.path("asked").exists());
    root.hb(&["--status", "failed"]).finish().expect(0);
    eventually("the trip", || root.check() == 2);
    drop(running);
    let root = watched("whole_every = \"1ms\"");
    let running = root.watchdog(&["run", "--every", "1s"]).start();
    root.put(LOG, root.text(LOG).replacen("\"order_id\":3", "\"order_id\":4", 1));
    eventually("the trip", || root.check() == 2);
    root.paused("log: CHANGED: edited");
    drop(running);
}

#[test]
fn messages_end_with_the_heads_of_the_sealed_logs() {
    let root = watched("");
    root.trip("by hand");
    check(&root);
    let checkpoint = root.text("memory/decisions.jsonl.audit/checkpoint");
    let head: Vec<&str> = checkpoint.lines().take(3).collect();
    let head = head.join(" ");
    assert!(head.starts_with("desk/decisions 9 "), "{head}");
    let mail = root.text("mail");
    assert!(mail.contains("prove them later:") && mail.contains(&head), "{mail}");
    let reminder = root.ours("resume-reminder", &["--dry-run", "--json"]).finish().says(&head);
    drop(reminder);
    // What is no checkpoint is left out, and that is said.
    root.put("memory/decisions.jsonl.audit/checkpoint", "nothing\n");
    root.trip("once more");
    let ended = root.watchdog(&["check"]).finish();
    let ended = ended.says("the checkpoint of memory/decisions.jsonl is malformed");
    assert_eq!(ended.stderr.matches("is malformed").count(), 1, "{ended}");
    assert!(!root.text("mail")[mail.len()..].contains("desk/decisions 9"));
}

/// A witness that nobody has to have.
const WITNESS: &str = "witness.example.com/w1+8122a5ab+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

#[test]
fn what_a_witness_says_against_a_log_trips() {
    let root = watched("");
    check(&root).0.expect(0);
    let server = Server::start(|_| Answer::new(409, "100\n").header("content-type", "text/x.tlog.size"));
    let anchor = format!(
        "[[anchor]]\nname = \"friend\"\nkind = \"witness\"\nurl = \"{}\"\nkey = \"{WITNESS}\"\n",
        server.url()
    );
    root.put("holdfast.toml", root.text("holdfast.toml") + &anchor);
    root.watchdog(&["validate"]).finish().expect(0);
    says(&root, 0, "fresh", "unchanged");
    let ended = root.ours("audit-pack", &["anchor"]).finish().expect(1);
    assert!(ended.stdout.contains("ROLLBACK"), "{ended}");
    says(&root, 1, "failed", "has cosigned 100 lines of it, and 9 are sealed; so said the anchor friend");
    root.paused("CHANGED: rolled-back");
    let mail = String::from_utf8(read(&root.path("mail")).expect("mail")).expect("text");
    assert!(mail.contains("NEW: log is failed: CHANGED: rolled-back"), "{mail}");
}

#[test]
fn a_log_without_an_anchor_for_too_long_is_told_and_trips_nothing() {
    let root = watched("");
    root.put("holdfast.toml", root.text("holdfast.toml") + "[audit]\nmax_anchor_age = \"1d\"\n");
    says(&root, 1, "failed", "no anchor counts, and one of the last 1day is asked for");
    assert_eq!(root.check(), 0, "told, and not paused");
    let mail = String::from_utf8(read(&root.path("mail")).expect("mail")).expect("text");
    assert!(mail.contains("log is failed"), "{mail}");
}
