//! Disks that are full, that cannot be written, and limits of the process: a trip pauses wherever a single byte can
//! be changed; where it cannot, it says so loudly, and the alert goes out all the same.

use std::fs;

use holdfast_notify::standin::{Behaviour, Telegram};
use holdfast_tests::harness::{
    Ended, Mounted, Person, Run, Scratch, calls, each, full_disk, program, read_only,
};

use crate::alerts::{beat, telegram};

const MANY: u64 = 1000;

/// A root on a small disk.
fn small(bytes: u64, inodes: u64) -> (Mounted, Scratch) {
    let disk = full_disk(bytes, inodes);
    let root = Scratch::at(disk.path());
    (disk, root)
}

/// Fills the disk to the last byte.
fn fill(root: &Scratch) {
    let filling = root.sh("cat /dev/zero > filler").finish();
    assert!(filling.stderr.contains("No space left"), "{filling}");
}

/// Uses up the names that the disk has room for.
fn fill_names(root: &Scratch) {
    let filling = root.sh("n=0; while : > name.$n; do n=$((n+1)); done").finish();
    assert!(
        filling.stderr.contains("No space left") || filling.stderr.contains("cannot create"),
        "{filling}"
    );
}

fn trip(root: &Scratch) -> Ended {
    root.ctl(&["trip", "--reason", "flood"]).finish()
}

/// How a root looks before the disk is full.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Fresh,
    /// A face that a person wrote, and no ledger.
    GreenByHand,
    /// A face and a ledger, green.
    Resumed,
}

impl Before {
    fn prepare(self, root: &Scratch) {
        match self {
            Before::Fresh => {}
            Before::GreenByHand => root.put("data/circuit.json", "{\"paused\": false}"),
            Before::Resumed => {
                root.trip("the one before");
                Person::named("alice").resumes(root).expect(0);
            }
        }
        assert_eq!(root.check(), 0);
    }
}

#[test]
fn a_trip_on_a_full_disk_pauses() {
    for before in [Before::Fresh, Before::GreenByHand, Before::Resumed] {
        let (_disk, root) = small(64 << 10, MANY);
        before.prepare(&root);
        fill(&root);
        let ended = trip(&root).expect(74).says("IT IS PAUSED");
        assert_eq!(root.check(), 2, "{before:?}\n{ended}");
    }
}

#[test]
fn what_a_full_disk_leaves_of_the_face_is_durable() {
    let (_disk, root) = small(64 << 10, MANY);
    Before::GreenByHand.prepare(&root);
    fill(&root);
    let trip = root.ctl(&["trip", "--reason", "flood"]);
    let (calls, ended) = calls(&root, &trip, "write,fsync");
    let of_face = calls.iter().filter(|call| call.line.contains("/data/circuit.json>"));
    let of_face: Vec<&str> = of_face.map(|call| call.name.as_str()).collect();
    // The first try empties it, and the one behind the ledger finds that and makes sure of it.
    assert_eq!(of_face, ["write", "fsync", "fsync"], "{calls:#?}\n{ended}");
    ended.expect(74);
}

#[test]
fn a_trip_on_a_full_disk_with_a_reserve_is_recorded_as_on_any_other() {
    for before in [Before::Fresh, Before::GreenByHand, Before::Resumed] {
        let (_disk, root) = small(256 << 10, MANY);
        before.prepare(&root);
        root.hb(&[]).finish().expect(0);
        root.watchdog(&["check"]).finish().expect(0);
        assert!(root.path("data/reserve").exists(), "a watchdog keeps a reserve");
        fill(&root);
        root.hb(&[]).finish().expect(74).says("make room");
        trip(&root).expect(0);
        root.paused("flood");
        assert!(!root.path("data/reserve").exists());
        fs::remove_file(root.path("filler")).expect("room");
        Person::named("alice").resumes(&root).expect(0);
        assert_eq!(root.check(), 0);
    }
}

#[test]
fn a_trip_on_a_disk_without_room_for_one_more_name_pauses_if_there_is_anything_to_pause() {
    for before in [Before::Fresh, Before::GreenByHand, Before::Resumed] {
        let (_disk, root) = small(1 << 20, 12);
        before.prepare(&root);
        fill_names(&root);
        let ended = trip(&root).expect(74);
        let (code, words) = if before == Before::Fresh { (0, "NOT PAUSED") } else { (2, "IT IS PAUSED") };
        assert_eq!(root.check(), code, "{before:?}\n{ended}");
        ended.says(words);
    }
}

#[test]
fn on_a_read_only_disk_everything_fails_and_the_alert_goes_out_all_the_same() {
    let real = Scratch::new();
    let server = Telegram::start(Behaviour::Ok);
    real.put("holdfast.toml", telegram(&real, &server));
    real.put("data/circuit.json", "{\"paused\": false}");
    beat(&real, "on fire", 0);
    let mounted = read_only(real.dir());
    let root = Scratch::at(mounted.path());
    trip(&root).expect(74).says("NOT PAUSED");
    root.hb(&[]).finish().expect(74);
    root.hb(&["exec", "--", "/bin/echo", "worked"]).finish().expect(74).says("worked");
    assert_eq!(root.check(), 0, "it can still be read");
    let ended = root.watchdog(&["check"]).finish().expect(74);
    let texts: Vec<_> = server.received().into_iter().map(|message| message.text).collect();
    assert!(texts.iter().any(|text| text.contains("on fire")), "{texts:?}\n{ended}");
    assert!(
        texts.iter().any(|text| text.contains("NOT PAUSED")),
        "people must stop it themselves: {texts:?}"
    );
}

#[test]
fn on_a_full_disk_the_watchdog_trips_and_the_alert_goes_out_all_the_same() {
    for before in [Before::Fresh, Before::GreenByHand, Before::Resumed] {
        let (_disk, root) = small(64 << 10, MANY);
        let server = Telegram::start(Behaviour::Ok);
        root.put("holdfast.toml", telegram(&root, &server));
        before.prepare(&root);
        beat(&root, "on fire", 0);
        fill(&root);
        let ended = root.watchdog(&["check"]).finish().expect(74);
        assert_eq!(root.check(), 2, "{before:?}\n{ended}");
        let texts: Vec<_> = server.received().into_iter().map(|message| message.text).collect();
        assert!(texts.iter().any(|text| text.contains("on fire")), "{before:?}: {texts:?}\n{ended}");
    }
}

#[test]
fn under_limits_of_the_process_a_trip_pauses_or_cries() {
    // Without file descriptors not even a program starts: the shell's or the loader's error, never a success.
    let limits = (4..=12).map(|files| format!("-n {files}")).chain(["-f 0".to_owned()]);
    let cases: Vec<_> = limits
        .flat_map(|limit| [Before::Fresh, Before::Resumed].map(|before| (limit.clone(), before)))
        .collect();
    for program_name in ["circuit-ctl", "watchdog"] {
        let words = if program_name == "watchdog" { "check" } else { "trip --reason flood" };
        each(cases.clone(), |(limit, before)| {
            let root = Scratch::new();
            before.prepare(&root);
            beat(&root, "on fire", 0);
            let program = program(program_name);
            let ended = root.sh(&format!("ulimit {limit}; exec {} {words}", program.display())).finish();
            let paused = root.check() == 2;
            let cried = ended.stderr.contains("NOT PAUSED");
            assert!(paused || cried || ended.code == Some(127), "{limit}\n{ended}");
            assert!(ended.code != Some(0) || paused, "{limit}\n{ended}");
        });
    }
}
