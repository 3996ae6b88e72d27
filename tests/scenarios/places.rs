//! Paths that are not what they seem: links into somebody else's files, and folders that are gone.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use holdfast_tests::harness::{Ended, Person, Run, Scratch, eventually, program, read};

use crate::alerts::to_file;

const PRECIOUS: &str = "precious\n";

/// Where the links of a test lead: to a file, and to nothing.
struct Targets(tempfile::TempDir);

impl Targets {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("file"), PRECIOUS).expect("written");
        Self(dir)
    }

    fn paths(&self) -> [PathBuf; 2] {
        ["file", "nothing"].map(|name| self.0.path().join(name))
    }

    #[track_caller]
    fn untouched(&self, ended: &Ended) {
        let [file, nothing] = self.paths();
        assert_eq!(read(&file).as_deref(), Some(PRECIOUS.as_bytes()), "{ended}");
        assert!(!nothing.exists(), "{ended}");
    }
}

#[test]
fn a_trip_writes_through_no_link_and_pauses_all_the_same() {
    let targets = Targets::new();
    for target in targets.paths() {
        for log in ["data/trips.jsonl", "memory/journal.jsonl"] {
            let root = Scratch::new();
            root.put("data/circuit.json", "{\"paused\": false}");
            fs::create_dir(root.path("memory")).expect("memory");
            symlink(&target, root.path(log)).expect("a link");
            let ended = root.ctl(&["trip", "--reason", "flood"]).finish().expect(74);
            targets.untouched(&ended);
            let said =
                format!("{log} cannot be written: is a symbolic link; Holdfast follows none when it writes");
            let ended = ended.says("IT IS PAUSED").says(&said);
            assert_eq!(root.check(), 2, "{ended}");
            let face = root.json("data/circuit.json");
            assert_eq!(face["paused"], true, "simple readers see it too\n{ended}");
            assert!(root.text("data/circuit.json").contains("flood"), "{ended}");
        }
    }
}

#[test]
fn a_face_that_is_a_link_becomes_a_file() {
    let targets = Targets::new();
    for target in targets.paths() {
        let root = Scratch::new();
        symlink(&target, root.path("data/circuit.json")).expect("a link");
        fs::write(targets.paths()[0].as_path(), PRECIOUS).expect("written");
        let ended = root.ctl(&["trip", "--reason", "flood"]).finish();
        targets.untouched(&ended);
        assert_eq!(root.check(), 2, "{ended}");
        let before = ended;
        Person::named("alice").resumes(&root).expect(0);
        targets.untouched(&before);
        assert!(!root.path("data/circuit.json").is_symlink());
        assert_eq!(root.check(), 0);
    }
}

#[test]
fn a_lock_that_is_a_link_makes_nothing_and_is_named() {
    let targets = Targets::new();
    for target in targets.paths() {
        let root = Scratch::new();
        for lock in ["data/.circuit.lock", "data/.watchdog.lock"] {
            symlink(&target, root.path(lock)).expect("a link");
        }
        root.hb(&[]).finish().expect(0);
        let ended = root.watchdog(&["check"]).finish().expect(74);
        let ended = ended.says("data/.watchdog.lock: is a symbolic link");
        targets.untouched(&ended);
        root.trip("flood");
        let ended = Person::named("alice").resumes(&root).expect(74);
        let ended = ended.says("data/.circuit.lock: is a symbolic link");
        targets.untouched(&ended);
        assert_eq!(root.check(), 2);
    }
}

/// A watched root, and a file outside of it into which its alerts go.
fn watched() -> (Scratch, tempfile::TempDir, PathBuf) {
    let (root, outside) = (Scratch::new(), tempfile::tempdir().expect("a folder"));
    let mail = outside.path().join("mail");
    let watch = "[[watch]]\nname = \"bot\"\nkind = \"heartbeat\"\nmax_age = \"1h\"\n\n";
    root.put("holdfast.toml", watch.to_owned() + &to_file(&mail));
    root.hb(&[]).finish().expect(0);
    (root, outside, mail)
}

/// Every program at a root whose `data/` is gone: none takes it for a root.
#[track_caller]
fn no_root(root: &Scratch) {
    for (name, args) in [
        ("circuit-ctl", &["trip", "--reason", "flood"][..]),
        ("circuit-ctl", &["check"]),
        ("watchdog", &["check"]),
        ("watchdog", &["run"]),
        ("hb-write", &["--name", "bot"]),
        ("resume-reminder", &[]),
    ] {
        let mut command = root.ours(name, &["--root", root.dir().to_str().expect("an UTF-8 path")]);
        let ended = command.args(args).current_dir("/").finish().expect(78);
        let ended = ended.says("is not a Holdfast root");
        assert!(!root.path("data").exists(), "{ended}");
    }
}

#[test]
fn nothing_makes_a_root_or_its_data_anew() {
    for what in ["data", ""] {
        let (root, outside, mail) = watched();
        let story = outside.path().join("story");
        let (program, dir) = (program("watchdog"), root.dir());
        let run = format!(
            "exec {} --root {} run --every 1s 2> {}",
            program.display(),
            dir.display(),
            story.display()
        );
        let resident = root.sh(&run).current_dir("/").start();
        eventually("it works", || root.journal("watchdog-started").len() == 1);
        let gone = dir.join(what).components().collect::<PathBuf>();
        // As an unmounted disk does, or a restore that begins.
        fs::rename(&gone, outside.path().join("away")).expect("taken away");
        // From one own heartbeat to the next it has done everything else, too.
        eventually("it has looked at it and told what it wanted to tell", || {
            let story = read(&story).unwrap_or_default();
            let story = String::from_utf8_lossy(&story);
            story.lines().filter(|line| line.contains("own heartbeat") && line.contains("is missing")).count()
                > 1
        });
        assert!(!gone.exists(), "{what:?} is there again: {:?}", root.names("."));
        if what == "data" {
            eventually("people are told", || read(&mail).is_some_and(|mail| !mail.is_empty()));
        }
        no_root(&root);
        assert!(!gone.exists(), "{what:?} is there again: {:?}", root.names("."));
        drop(resident);
    }
}

#[test]
fn no_program_writes_where_a_folder_in_data_is_a_link() {
    let (root, outside, mail) = watched();
    let others = outside.path().join("others");
    fs::create_dir(&others).expect("a folder");
    fs::write(others.join(".left.tmp"), PRECIOUS).expect("written");
    for folder in ["data/heartbeats", "data/outbox"] {
        symlink(&others, root.path(folder)).expect("a link");
    }
    let beat = root.hb(&["--name", "trader"]).finish().expect(74);
    beat.says("data/heartbeats is a symbolic link; Holdfast follows none in data/").says("by a folder");
    root.put("data/heartbeat.json", "{\"at\": 1, \"status\": \"bad\"}");
    let check = root.watchdog(&["check"]).finish().expect(74);
    let check = check.says("data/outbox is a symbolic link");
    assert_eq!(root.check(), 2, "{check}");
    let mail = read(&mail).unwrap_or_default();
    assert!(String::from_utf8_lossy(&mail).contains("PAUSED"), "it is sent all the same\n{check}");
    root.ours("resume-reminder", &[]).finish().expect(74).says("data/outbox is a symbolic link");
    let left: Vec<_> = fs::read_dir(&others).expect("listed").map(|entry| entry.expect("an entry")).collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(read(&others.join(".left.tmp")).as_deref(), Some(PRECIOUS.as_bytes()));
}

#[test]
fn the_root_its_data_and_its_memory_may_stand_on_another_disk() {
    let (root, outside, mail) = watched();
    fs::create_dir(root.path("memory")).expect("memory");
    for folder in ["data", "memory"] {
        fs::rename(root.path(folder), outside.path().join(folder)).expect("moved");
        symlink(outside.path().join(folder), root.path(folder)).expect("a link");
    }
    symlink(root.dir(), outside.path().join("bot")).expect("a link");
    let linked = Scratch::at(&outside.path().join("bot"));
    linked.hb(&[]).finish().expect(0);
    linked.hb(&["--name", "trader"]).finish().expect(0);
    linked.watchdog(&["check"]).finish().expect(0);
    linked.trip("legal review");
    linked.watchdog(&["check"]).finish().expect(0);
    assert!(read(&mail).is_some_and(|mail| String::from_utf8_lossy(&mail).contains("legal review")));
    assert!(fs::read_dir(linked.path("data/outbox")).expect("an outbox").next().is_none(), "all are sent");
    Person::named("alice").resumes(&linked).expect(0);
    assert_eq!(root.check(), 0);
    assert!(root.path("data").is_symlink() && root.path("memory").is_symlink());
}
