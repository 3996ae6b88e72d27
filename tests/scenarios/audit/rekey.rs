//! Another key signs, with the old one's word for it, and with nobody else's.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_tests::harness::{Ended, Fault, Run, Scratch, Traced, calls, each};
use tlog::Note;
use tlog::note::MemoryKey;

use super::intruder::{forge, key_change, seals, state};
use super::logs::{LOG, ORIGIN, SIDECAR, audit, key_maker, line, lines, seal, sealed, write};

const NEW: &str = "key/other";

fn with_two_keys(count: u64) -> Scratch {
    let root = sealed(count);
    for name in ["other", "other.pub"] {
        std::fs::copy(key_maker("other").join(name), root.path("key").join(name)).expect("a key");
    }
    root
}

fn rekey(root: &Scratch) -> Command {
    audit(root, &["rekey", LOG, "--key", "key/audit", "--new-key", NEW])
}

fn check(root: &Scratch, key: &str) -> Ended {
    audit(root, &["check", LOG, "--key", key, "--deep"]).finish()
}

fn seal_with(root: &Scratch, key: &str) -> Ended {
    audit(root, &["seal", LOG, "--key", key]).finish()
}

#[test]
fn the_new_key_signs_and_the_old_one_does_not() {
    let root = with_two_keys(10);
    write(&root, &line(10));
    rekey(&root).finish().expect(0).says("1 new lines").says("signed by");
    check(&root, NEW).expect(0).says("known");
    check(&root, "key/audit").expect(1).says("unsigned");
    // The sidecar remembers it, and whoever still runs the timer with the old one is told.
    audit(&root, &["seal", LOG]).finish().expect(0);
    write(&root, &line(11));
    seal_with(&root, "key/audit").expect(78).says("sealed by another key");
    seal_with(&root, NEW).expect(0).says("1 new lines");
    check(&root, NEW).expect(0).says("12 lines");
    // Once more is no harm, and says who signs.
    rekey(&root).finish().expect(0);
    // Back again: a key may come back.
    audit(&root, &["rekey", LOG, "--key", NEW, "--new-key", "key/audit"]).finish().expect(0);
    check(&root, "key/audit").expect(0);
    root.put("holdfast.toml", format!("[audit]\nlogs = [\"{LOG}\"]\nkey = \"key/audit\"\n"));
    audit(&root, &["pack", "-o", "out.tar"]).finish().expect(0);
    audit(&root, &["verify", "out.tar"]).finish().expect(5).says("12 lines");
}

#[test]
fn what_was_put_back_from_before_the_change_is_signed_by_neither() {
    let root = with_two_keys(10);
    root.sh("cp -r memory before").finish().expect(0);
    rekey(&root).finish().expect(0);
    root.sh("rm -r memory && cp -r before memory").finish().expect(0);
    write(&root, &line(10));
    for key in ["key/audit", NEW] {
        let told = seal_with(&root, key);
        assert!(matches!(told.code, Some(1 | 78)), "{told}");
    }
    check(&root, NEW).expect(1).says("rolled back");
}

/// What is said of a forged change, and what was put where the old key's word should be.
type Forged = (&'static str, fn(&Scratch));

/// A key change that the old key did not agree to.
#[test]
fn a_forged_change_is_found_by_whoever_checks() {
    let forged: [Forged; 5] = [
        ("is missing", |_| ()),
        ("no blank line", |root| root.put(&note(root), "no note")),
        ("is over something else", |root| root.put(&note(root), signed(root, "something else\n"))),
        // The intruder's own key, and a key with the name of the old one.
        ("has no signature by", |root| root.put(&note(root), signed(root, &state(root).chain().to_string()))),
        ("is missing", |root| {
            root.put(&format!("{SIDECAR}/keys/00000000000000000002"), root.text(&format!("{SIDECAR}/chain")));
        }),
    ];
    for (says, does) in forged {
        let root = with_two_keys(10);
        forge(&root, &key_change(&root));
        std::fs::create_dir_all(root.path(SIDECAR).join("keys")).expect("a folder");
        does(&root);
        sign_as_new(&root);
        check(&root, "key/audit").expect(1).says("unsigned").says(says);
        seal(&root).finish().expect(1).says("new key");
    }
}

fn note(root: &Scratch) -> String {
    format!("{SIDECAR}/keys/{:020}", state(root).records)
}

fn signed(root: &Scratch, text: &str) -> String {
    assert!(root.path(LOG).is_file());
    let mut key = MemoryKey::new(ORIGIN, &[7; 32]).expect("a key");
    Note::sign(text, &mut [&mut key]).expect("a note").to_string()
}

/// The intruder has the key that SEALS names by now.
fn sign_as_new(root: &Scratch) {
    let state = state(root);
    for (file, text) in [("checkpoint", state.checkpoint().to_string()), ("chain", state.chain().to_string())]
    {
        root.put(&format!("{SIDECAR}/{file}"), signed(root, &text));
    }
    assert!(root.text(&seals()).lines().last().is_some_and(|line| line.starts_with("k1 ")));
}

const CALLS: &str =
    "openat,read,pread64,write,fsync,fdatasync,ftruncate,rename,renameat2,unlink,mkdir,statx,flock";

#[test]
fn a_change_that_is_interrupted_anywhere_is_made_when_it_is_run_again() {
    let template = with_two_keys(5);
    write(&template, &lines(5..7));
    let example = template.copy();
    let (calls, ended) = calls(&example, &rekey(&example), CALLS);
    ended.expect(0);
    let step = if std::env::var_os("HOLDFAST_ALL_CALLS").is_some() { 1 } else { 3 };
    let faults =
        calls.into_iter().enumerate().filter(|(index, _)| index % step == 0).flat_map(|(index, call)| {
            let error = ["ENOSPC", "EIO", "EROFS"][index % 3];
            [(call.clone(), Fault::Error(error)), (call, Fault::Kill)]
        });
    let faults: Vec<_> = faults.collect();
    let (count, met) = (faults.len(), AtomicUsize::new(0));
    each(faults, |(call, fault)| {
        let root = template.copy();
        let mut traced = Traced::with(&root, &rekey(&root), call, *fault);
        let ended = traced.command.finish();
        let log = traced.log();
        if log.contains("(INJECTED)") || log.contains("killed by SIGKILL") {
            met.fetch_add(1, Ordering::Relaxed);
        }
        // Whoever of the two is asked to seal does so, or says why not; and nobody finds anything changed.
        for key in ["key/audit", NEW] {
            let told = seal_with(&root, key);
            assert!(matches!(told.code, Some(0 | 78)), "{call:?} {fault:?}: {ended}\nthen {key}: {told}");
        }
        rekey(&root).finish().expect(0);
        seal_with(&root, "key/audit").expect(78);
        let done = check(&root, NEW).expect(0);
        assert!(done.stdout.contains("7 lines"), "{call:?} {fault:?}\n{done}");
    });
    assert!(met.into_inner() * 20 >= count * 19, "faults did not come to their calls");
}
