//! **never-rewritten**: nothing is signed that does not extend what was signed last, whatever somebody without the key
//! does to log and sidecar. What only was damaged, and can be made anew from the log, is.

use std::fs;

use holdfast_tests::harness::{Ended, Run, Scratch, each, read};

use super::intruder::{
    forge, key_change, remake, remove, rewrite, rotation, seals, sign_with_another_key, state,
};
use super::logs::{
    KEY, LOG, ORIGIN, SIDECAR, all_sealed, audit, guard, init, key_maker, line, lines, seal, sealed,
    signatures, write,
};

/// 263 lines in three seals, and one more that is to be sealed.
fn prepared() -> Scratch {
    let root = sealed(100);
    for numbers in [100..255, 255..263] {
        write(&root, &lines(numbers));
        seal(&root).finish().expect(0);
    }
    root
}

/// Something that is done to a log, and what the sealer says to it.
struct Case {
    name: &'static str,
    does: fn(&Scratch),
    /// Exit code of `seal`, and words.
    code: i32,
    says: &'static str,
}

const fn case(name: &'static str, does: fn(&Scratch), code: i32, says: &'static str) -> Case {
    Case { name, does, code, says }
}

fn tile(name: &str) -> String {
    format!("{SIDECAR}/tile/{name}")
}

/// Changes one byte of a file.
fn flip(root: &Scratch, file: &str, at: usize) {
    let mut bytes = read(&root.path(file)).unwrap_or_else(|| panic!("no {file}"));
    bytes[at] ^= 1;
    root.put(file, bytes);
}

fn replace_log(root: &Scratch, shell: &str) {
    root.sh(&format!("cd memory && mv decisions.jsonl real && {shell}")).finish().expect(0);
}

fn forged_seal(root: &Scratch) {
    let state = state(root);
    let bytes = fs::metadata(root.path(LOG)).expect("the log").len();
    let seal = state.seal(1_795_000_120_000, state.lines + 1, bytes, state.root, state.root);
    forge(root, &seal);
}

const LAUNDERED: [Case; 8] = [
    case(
        "a rewritten log and a sidecar that fits it",
        |root| {
            rewrite(root, 40);
            remake(root, ORIGIN);
        },
        1,
        "SEALS",
    ),
    case(
        "the same, without the old notes",
        |root| {
            rewrite(root, 40);
            remake(root, ORIGIN);
            remove(&root.path(SIDECAR).join("chain"));
            remove(&root.path(SIDECAR).join("checkpoint"));
        },
        1,
        "SEALS",
    ),
    case(
        "the same, signed with another key",
        |root| {
            rewrite(root, 40);
            remake(root, ORIGIN);
            sign_with_another_key(root);
        },
        1,
        "SEALS",
    ),
    case(
        "the same, and what is remembered is gone, too",
        |root| {
            remove(&guard(root));
            rewrite(root, 40);
            remake(root, ORIGIN);
        },
        1,
        "signed",
    ),
    case(
        "a beginning under another name, which this key has signed nothing of",
        |root| {
            rewrite(root, 0);
            remake(root, "example.com/bot/decisions2");
            remove(&root.path(SIDECAR).join("chain"));
            let first = root.text(&seals()).split_inclusive('\n').next().expect("a line").to_owned();
            root.put(&seals(), first);
        },
        1,
        "nothing shows that",
    ),
    case("a key that takes over", |root| forge(root, &key_change(root)), 1, "by which the old one agrees"),
    case(
        "another file to go on in",
        |root| {
            forge(root, &rotation(root));
            root.put("memory/mine.jsonl", lines(7..9));
        },
        1,
        "never signed",
    ),
    case("a seal of what is not there", forged_seal, 1, "never signed"),
];

const CHANGED: [Case; 15] = [
    case("a sealed line edited near the end", |root| flip(root, LOG, lines(0..260).len() + 8), 1, "edited"),
    case("cut off", |root| root.put(LOG, lines(0..200)), 1, "truncated"),
    case("cut off within a line", |root| root.put(LOG, &lines(0..263)[..20_000]), 1, "truncated"),
    case("copied away and cut to nothing", |root| root.put(LOG, ""), 1, "truncated"),
    // As long as before, line for line, so that a line ends where the last sealed one did.
    case("cut to nothing and grown beyond its size", rewritten_equally, 1, "edited"),
    case("missing", |root| remove(&root.path(LOG)), 1, "missing"),
    case("a FIFO", |root| replace_log(root, "mkfifo decisions.jsonl"), 1, "in its place stands a FIFO"),
    case("a link", |root| replace_log(root, "ln -s real decisions.jsonl"), 1, "in its place stands a link"),
    case("a folder", |root| replace_log(root, "mkdir decisions.jsonl"), 1, "in its place stands a folder"),
    case("SEALS missing", |root| remove(&root.path(&seals())), 1, "missing"),
    case("SEALS with another first line", |root| flip(root, &seals(), 0), 1, "edited"),
    case("SEALS cut off", cut_seals, 1, "rolled back"),
    case("SEALS with its last line edited", edit_last_seal, 1, "edited"),
    case(
        "a tile damaged, and the log edited",
        |root| {
            flip(root, &tile("0/001.p/7"), 3);
            flip(root, LOG, 500);
        },
        1,
        "tiles are damaged",
    ),
    case(
        "a tile far back damaged, and the log edited",
        |root| {
            flip(root, &tile("0/000"), 3);
            flip(root, LOG, 500);
        },
        1,
        "tiles are damaged",
    ),
];

const SOUND: [Case; 10] = [
    case("nothing", |_| (), 0, "1 new lines"),
    case("what is remembered is gone", |root| remove(&guard(root)), 0, "1 new lines"),
    case("a tile damaged", |root| flip(root, &tile("0/001.p/7"), 3), 0, "1 new lines"),
    case("a tile cut off", |root| root.put(&tile("1/000.p/1"), "short"), 0, "1 new lines"),
    case("a tile far back damaged", |root| flip(root, &tile("0/000"), 8000), 0, "1 new lines"),
    case("a tile far back missing", |root| remove(&root.path(&tile("0/000"))), 0, "1 damaged tiles"),
    case("a partial tile missing", |root| remove(&root.path(&tile("0/001.p/7"))), 0, "1 new lines"),
    case("all tiles missing", |root| remove(&root.path(&tile(""))), 0, "1 new lines"),
    case("notes missing", notes_gone, 0, "1 new lines"),
    case("SEALS with a torn tail", torn_seals, 0, "1 new lines"),
];

fn rewritten_equally(root: &Scratch) {
    root.put(LOG, root.text(LOG).replace("buy", "hod"));
}

fn cut_seals(root: &Scratch) {
    let text = root.text(&seals());
    root.put(&seals(), text.split_inclusive('\n').take(3).collect::<String>());
}

fn edit_last_seal(root: &Scratch) {
    let len = root.text(&seals()).len();
    flip(root, &seals(), len - 3);
}

fn torn_seals(root: &Scratch) {
    root.put(&seals(), root.text(&seals()) + "s1 4 1795");
}

fn notes_gone(root: &Scratch) {
    for name in ["chain", "checkpoint"] {
        remove(&root.path(SIDECAR).join(name));
    }
}

fn names(cases: &[Case]) -> impl Iterator<Item = &'static str> {
    cases.iter().map(|case| case.name)
}

/// Does it, and has a line sealed behind it.
fn done(template: &Scratch, case: &Case) -> (Scratch, Ended) {
    let root = template.copy();
    (case.does)(&root);
    if case.code == 0 {
        write(&root, &line(263));
    }
    let ended = seal(&root).finish().expect(case.code).says(case.says);
    (root, ended)
}

#[test]
fn nothing_is_signed_that_does_not_extend_what_was_signed_last() {
    let template = prepared();
    for cases in [&LAUNDERED[..], &CHANGED[..]] {
        each(names(cases), |name| {
            let case = cases.iter().find(|case| case.name == *name).expect("a case");
            let (root, ended) = done(&template, case);
            let before = template.copy();
            (case.does)(&before);
            // The paths differ by the root alone.
            let signed = |root: &Scratch| -> Vec<_> {
                ["chain", "checkpoint"].map(|name| read(&root.path(SIDECAR).join(name))).into()
            };
            assert_eq!(signed(&root), signed(&before), "{name}: something was signed\n{ended}");
            let remembered = |root: &Scratch| root.names("key/audit.signed");
            assert_eq!(remembered(&root), remembered(&before), "{name}: something was signed\n{ended}");
            // Nor is it any better the next time, or by beginning anew.
            assert_ne!(seal(&root).finish().code, Some(0), "{name}");
            assert_ne!(init(&root).finish().code, Some(0), "{name}");
        });
    }
}

#[test]
fn what_can_be_made_anew_from_the_log_is_made_anew() {
    let template = prepared();
    each(names(&SOUND), |name| {
        let case = SOUND.iter().find(|case| case.name == *name).expect("a case");
        let (root, _) = done(&template, case);
        all_sealed(&root);
        assert!(read(&guard(&root)).is_some(), "it is remembered");
    });
}

#[test]
fn a_root_that_was_restored_from_an_older_copy_is_rolled_back() {
    let root = sealed(100);
    let older = root.path("older");
    let copy =
        |from: &str, to: &str| root.sh(&format!("rm -rf {to} && cp -a {from} {to}")).finish().expect(0);
    copy("memory", "older");
    write(&root, &lines(100..120));
    seal(&root).finish().expect(0);
    let signed = signatures(&root);
    assert!(older.is_dir());
    copy("older", "memory");
    seal(&root).finish().expect(1).says("rolled back");
    // It has grown another way since: still not what was signed.
    write(&root, &lines(500..530));
    seal(&root).finish().expect(1).says("rolled back");
    assert_eq!(signatures(&root).last(), signed.last(), "what is remembered");
    audit(&root, &["check", LOG, "--key", KEY]).finish().expect(1).says("rolled back");
}

#[test]
fn a_sidecar_that_was_deleted_is_not_made_anew() {
    let root = prepared();
    remove(&root.path(SIDECAR));
    // This log stands in the configuration without a word, and so the sealer itself would begin it.
    seal(&root).finish().expect(1).says("this key has signed 263 lines").says("backup");
    init(&root).finish().expect(1).says("this key has signed 263 lines").says("backup");
    // Under another name only where somebody says so.
    audit(&root, &["init", LOG, "--key", KEY]).finish().expect(1).says("this key has signed 263 lines");
    assert!(!root.path(&seals()).exists());
}

#[test]
fn what_is_remembered_is_ours_or_nothing_is_signed() {
    let template = prepared();
    for (bytes, code) in [("", 65), ("{\"v\":1}\n", 65), ("{", 65), ("{\"v\":2}", 65)] {
        let root = template.copy();
        let path = guard(&root);
        fs::write(&path, bytes).expect("the guard");
        write(&root, &line(263));
        let ended = seal(&root).finish().expect(code).says("put it back from a backup");
        assert!(ended.stderr.contains(path.to_str().expect("UTF-8")), "{ended}");
    }
}

#[test]
fn another_key_is_refused() {
    let root = prepared();
    let other = key_maker("other").join("other");
    write(&root, &line(263));
    let before = signatures(&root);
    let ended = audit(&root, &["seal", LOG, "--key", other.to_str().expect("UTF-8")]).finish();
    let ended =
        ended.expect(78).says("the log is sealed by another key").says("name the right one with --key");
    assert_eq!(signatures(&root), before, "{ended}");
    seal(&root).finish().expect(0);
    all_sealed(&root);
}

#[test]
fn a_sidecar_that_no_key_signed_is_not_signed_where_nobody_says_that_it_begins() {
    let root = prepared();
    // The log does not stand in the configuration, so that the sealer has no thought of beginning it.
    root.put("holdfast.toml", "[audit]\nlogs = [\"memory/another.jsonl\"]\n");
    rewrite(&root, 0);
    for origin in ["example.com/bot/decisions2", ORIGIN] {
        if origin == ORIGIN {
            remove(&guard(&root));
        }
        remake(&root, origin);
        for name in ["chain", "checkpoint"] {
            fs::remove_file(root.path(SIDECAR).join(name)).unwrap_or_default();
        }
        seal(&root).finish().expect(1).says("nothing shows that this key has ever signed it");
        assert!(!root.path(SIDECAR).join("chain").exists(), "{origin}: it was signed");
    }
}
