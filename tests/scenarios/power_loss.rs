//! What was acknowledged is there after the power went: the disk is an ext4 image that writes nothing by itself, and
//! a loss of power is a copy of it, mounted.

use std::process::Command;

use holdfast::heartbeat::Beat;
use holdfast_tests::harness::{
    Fault, Image, Mounted, Person, Run, Scratch, Traced, calls, each, privileged, read,
};

use crate::alerts::{beat, script};

type Writer = fn(&Scratch) -> Command;
type Before = fn(&Scratch);

/// A root on a disk of its own.
struct Disk {
    image: Image,
    mounted: Mounted,
    root: Scratch,
}

impl Disk {
    fn new() -> Self {
        let disk = Self::of(Image::new());
        disk.sync();
        disk
    }

    fn of(image: Image) -> Self {
        let mounted = image.mount();
        let root = Scratch::at(&mounted.path().join("root"));
        Self { image, mounted, root }
    }

    /// Not a field, so that nobody keeps the root of a disk that is gone.
    fn root(&self) -> &Scratch {
        &self.root
    }

    fn sync(&self) {
        privileged("sync", &["-f", self.mounted.path().to_str().expect("an UTF-8 path")]);
    }

    /// The disk as it is when it is mounted again after the power went now.
    fn after_power_loss(&self) -> Self {
        Self::of(self.image.without_power())
    }
}

#[test]
fn what_nobody_made_durable_is_gone() {
    let disk = Disk::new();
    disk.root().hb(&["--name", "durable"]).finish().expect(0);
    beat(disk.root(), "ok", 0);
    disk.root().sh("echo '{\"paused\": true}' > data/circuit.json").finish().expect(0);
    assert_eq!(disk.root().check(), 2);
    let after = disk.after_power_loss();
    assert!(after.root().path("data/heartbeats/durable.json").exists(), "the disk itself is there");
    for file in ["data/heartbeat.json", "data/circuit.json"] {
        assert_eq!(
            read(&after.root().path(file)).unwrap_or_default(),
            b"",
            "this test could not fail: {file} is there"
        );
    }
}

#[test]
fn an_acknowledged_trip_is_there() {
    // Each with what stood before.
    let resumed = |root: &Scratch| {
        root.trip("the one before");
        Person::named("alice").resumes(root).expect(0);
    };
    let by_hand = |root: &Scratch| root.put("data/circuit.json", "{\"paused\": false}");
    let nothing = |_: &Scratch| {};
    let cases: [(&str, Before); 3] =
        [("the first trip", nothing), ("after a resume", resumed), ("after a resume by hand", by_hand)];
    each(cases, |(what, before)| {
        let disk = Disk::new();
        before(disk.root());
        let id = disk.root().trip("flood");
        let after = disk.after_power_loss();
        after.root().paused("flood");
        assert_eq!(
            after.root().json("data/circuit.json")["paused"],
            true,
            "{what}: simple readers see it, too"
        );
        assert!(after.root().text("data/trips.jsonl").contains(&id), "{what}");
        assert!(after.root().journal("trip").iter().any(|entry| entry["id"] == *id), "{what}");
    });
}

#[test]
fn an_acknowledged_resume_is_there_with_who_and_why() {
    let disk = Disk::new();
    disk.root().trip("flood");
    Person::named("alice").resumes(disk.root()).expect(0);
    let after = disk.after_power_loss();
    assert_eq!(after.root().check(), 0);
    assert_eq!(after.root().journal("resume")[0]["by"], "alice");
}

#[test]
fn an_acknowledged_beat_is_there() {
    each([None, Some("bot")], |name| {
        let disk = Disk::new();
        let named: Vec<&str> = name.iter().flat_map(|name| ["--name", name]).collect();
        let file =
            name.map_or("data/heartbeat.json".to_owned(), |name| format!("data/heartbeats/{name}.json"));
        for cycle in 1..=3 {
            let cycle = format!("cycle={cycle}");
            disk.root().hb(&[&named[..], &["--set", &cycle]].concat()).finish().expect(0);
            let after = disk.after_power_loss();
            let beat = Beat::parse(&read(&after.root().path(&file)).expect("a beat")).expect("a whole beat");
            assert_eq!(format!("cycle={}", beat.fields["cycle"]), cycle);
        }
    });
}

#[test]
fn a_trip_of_the_watchdog_and_its_alert_are_there() {
    let disk = Disk::new();
    disk.root().put("holdfast.toml", script("mail", "test -e up && cat >> mail"));
    beat(disk.root(), "on fire", 0);
    disk.sync();
    disk.root().watchdog(&["check"]).finish().expect(69);
    let after = disk.after_power_loss();
    after.root().paused("on fire");
    let hold = after.root().json("data/circuit.json")["holds"][0]["id"].as_str().expect("an id").to_owned();
    after.root().put("up", "");
    // What waits is due some seconds after the try that failed.
    holdfast_tests::harness::eventually("the alert is sent", || {
        after.root().watchdog(&["check"]).finish();
        read(&after.root().path("mail")).is_some_and(|mail| String::from_utf8_lossy(&mail).contains(&hold))
    });
}

#[test]
fn power_that_goes_at_any_call_leaves_the_old_or_the_new() {
    let trip = |root: &Scratch| root.ctl(&["trip", "--reason", "second"]);
    let hb = |root: &Scratch| root.hb(&["--set", "cycle=2"]);
    let programs: [(&str, Writer); 2] = [("trip", trip), ("beat", hb)];
    let prepared = || {
        let disk = Disk::new();
        disk.root().trip("first");
        disk.root().hb(&["--set", "cycle=1"]).finish().expect(0);
        disk
    };
    for (what, command) in programs {
        let example = prepared();
        let (calls, _) = calls(example.root(), &command(example.root()), "openat,write,fsync,rename");
        each(calls, |call| {
            let disk = prepared();
            let mut stopping = Traced::with(disk.root(), &command(disk.root()), call, Fault::Stop);
            let stopped = stopping.command.start();
            stopping.wait_until_stopped();
            let after = disk.after_power_loss();
            drop(stopped);
            after.root().paused("first");
            let beat = Beat::parse(&read(&after.root().path("data/heartbeat.json")).expect("a beat"));
            let cycle =
                beat.unwrap_or_else(|error| panic!("{what}: {call:?}: {error}")).fields["cycle"].clone();
            assert!(cycle == 1 || (what == "beat" && cycle == 2), "{what}: {call:?}: {cycle}");
            // The next one finds nothing in its way.
            command(after.root()).finish().expect(0);
        });
    }
}
