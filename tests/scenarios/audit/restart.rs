//! A log that takes the place of another one, with and without its past.

use holdfast_tests::harness::{Ended, Run, Scratch};

use super::logs::{LOG, SIDECAR, audit, line, lines, seal, sealed, write};

const PAST: &str = "memory/lost.jsonl";
const NAME: &str = "example.com/bot/decisions-2";

fn init(root: &Scratch, origin: &str, after: &str) -> Ended {
    audit(root, &["init", LOG, "--key", "key/audit", "--origin", origin, "--after", after]).finish()
}

fn check(root: &Scratch, more: &[&str]) -> Ended {
    let args = [&["check", LOG, "--key", "key/audit", "--deep"], more].concat();
    audit(root, &args).finish()
}

/// The log was put back from an older backup, so it cannot go on. What was there is kept beside it.
fn restarted() -> Scratch {
    let root = sealed(10);
    root.sh(&format!("mv {LOG} {PAST} && mv {SIDECAR} {PAST}.audit && head -n 4 {PAST} > {LOG}"))
        .finish()
        .expect(0);
    init(&root, NAME, &format!("{PAST}.audit/checkpoint")).expect(0).says("4 new lines");
    write(&root, &lines(20..22));
    seal(&root).finish().expect(0).says("2 new lines");
    root
}

#[test]
fn without_its_past_it_is_a_finding_and_with_it_none() {
    let root = restarted();
    check(&root, &[]).expect(1).says("restarted").says("example.com/bot/decisions at 10 lines");
    check(&root, &["--past", PAST]).expect(0);
    // The other log goes on being what it was.
    audit(&root, &["check", PAST, "--key", "key/audit"]).finish().expect(0);
}

#[test]
fn a_past_that_is_another_one_is_none() {
    let changes = [
        format!("sed -i s/because/why/ {PAST}"),
        format!("sed -i '$d' {PAST}"),
        format!("rm {PAST}"),
        format!("rm -r {PAST}.audit"),
    ];
    for change in changes {
        let root = restarted();
        root.sh(&change).finish().expect(0);
        let told = check(&root, &["--past", PAST]);
        assert!(told.stdout.contains("restarted"), "{change}\n{told}");
        assert_ne!(told.code, Some(0), "{change}\n{told}");
    }
}

#[test]
fn a_past_that_never_had_this_head_is_none() {
    let root = sealed(10);
    let note = root.text(&format!("{SIDECAR}/checkpoint"));
    root.put("forged", note.replacen("\n10\n", "\n9\n", 1));
    root.put("beyond", note.replacen("\n10\n", "\n11\n", 1));
    root.sh(&format!("mv {LOG} {PAST} && mv {SIDECAR} {PAST}.audit && head -n 4 {PAST} > {LOG}"))
        .finish()
        .expect(0);
    for (after, says) in [("forged", "forked"), ("beyond", "rolled back")] {
        let root = root.copy();
        init(&root, NAME, after).expect(0);
        check(&root, &["--past", PAST]).expect(1).says("restarted").says(says);
    }
}

#[test]
fn it_is_packed_with_its_past_or_found_out() {
    let root = restarted();
    for (past, code) in [("", 1), (PAST, 5)] {
        let past = if past.is_empty() { String::new() } else { format!("past = [\"{past}\"]\n") };
        root.put("holdfast.toml", format!("[audit]\nlogs = [\"{LOG}\"]\nkey = \"key/audit\"\n{past}"));
        audit(&root, &["pack", "-o", "out.tar"]).finish().expect(0);
        let judged = audit(&root, &["verify", "out.tar"]).finish().expect(code);
        assert_eq!(judged.stdout.contains("restarted"), code == 1, "{judged}");
        audit(&root, &["check"]).finish().expect(i32::from(code == 1));
        audit(&root, &["seal"]).finish().expect(0);
    }
}

#[test]
fn what_is_no_restart_is_refused() {
    let root = sealed(3);
    root.sh(&format!("mv {LOG} {PAST} && mv {SIDECAR} {PAST}.audit")).finish().expect(0);
    write(&root, &line(0));
    let note = format!("{PAST}.audit/checkpoint");
    init(&root, "example.com/bot/decisions", &note).expect(64).says("another --origin");
    init(&root, NAME, PAST).expect(65).says("no checkpoint");
    init(&root, NAME, "gone").expect(64).says("gone");
    audit(&root, &["init", LOG, "--key", "key/audit", "--after", &note]).finish().expect(64).says("--origin");
}
