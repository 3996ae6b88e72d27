//! `data/` gone, replaced, put back from a backup: nothing of it turns a pause green (**fail-closed**, **no-lost-trip**).

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use holdfast_tests::harness::{Person, Run, Scratch, eventually, read};

use crate::alerts::script;

fn watched() -> Scratch {
    let root = Scratch::new();
    root.put(
        "holdfast.toml",
        script("mail", "cat >> mail") + "[[watch]]\nname = \"bot\"\nkind = \"heartbeat\"\nmax_age = \"1h\"\n",
    );
    root.hb(&[]).finish().expect(0);
    root
}

fn mail(root: &Scratch) -> String {
    String::from_utf8(read(&root.path("mail")).unwrap_or_default()).expect("text")
}

fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").args([from, to]).status().expect("cp");
    assert!(done.success());
}

/// What a backup of yesterday would put back.
fn put_back(root: &Scratch, backup: &str) {
    fs::remove_dir_all(root.path("data")).expect("removed");
    copy(&root.path(backup), &root.path("data"));
}

#[test]
fn without_its_data_folder_a_root_is_paused_and_it_comes_back_paused() {
    let root = watched();
    root.watchdog(&["check"]).finish().expect(0);
    root.trip("legal review");
    let watchdog = root.watchdog(&["run", "--every", "1s"]).start();
    eventually("the trip is seen", || root.text("data/watchdog.json").contains("legal review"));

    fs::rename(root.path("data"), root.path("elsewhere")).expect("moved");
    eventually("people hear of it", || mail(&root).contains("the folder data/ is gone"));
    root.ctl(&["check"]).finish().expect(78);
    assert!(!root.path("data").exists(), "nobody but a person makes it");

    fs::create_dir(root.path("data")).expect("made");
    eventually("it is paused again", || root.check() == 2);
    root.paused("shrank");
    eventually("the second watchdog is told that one is at work", || {
        root.watchdog(&["check"]).finish().code == Some(75)
    });
    assert!(!watchdog.is_over());

    Person::named("alice").resumes(&root).expect(0);
    assert_eq!(root.check(), 0);
}

#[test]
fn with_the_whole_root_gone_people_are_told_all_the_same() {
    let place = Scratch::new();
    let root = Scratch::at(&place.path("bot"));
    let mail = place.path("mail");
    root.put(
        "holdfast.toml",
        format!(
            "[[channel]]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n",
            mail.display()
        ),
    );
    root.hb(&[]).finish().expect(0);
    let named = root.dir().display().to_string();
    let _watchdog = place.watchdog(&["--root", &named, "run", "--every", "1s"]).start();
    eventually("the watchdog is at work", || root.path("data/watchdog.json").exists());
    fs::rename(root.dir(), place.path("elsewhere")).expect("moved");
    eventually("people hear of it", || {
        read(&mail).is_some_and(|mail| String::from_utf8_lossy(&mail).contains("the folder data/ is gone"))
    });
    assert!(!root.dir().exists(), "nobody but a person makes it");
}

#[test]
fn a_backup_of_the_whole_folder_that_knows_nothing_of_a_trip_is_no_resume() {
    let root = watched();
    root.watchdog(&["check"]).finish().expect(0);
    copy(&root.path("data"), &root.path("backup"));
    let trip = root.trip("legal review");

    put_back(&root, "backup");
    root.watchdog(&["check"]).finish().expect(1);
    root.paused(&trip);
    assert!(mail(&root).contains("older copy of data/"), "{}", mail(&root));
    // The same copy once more, while its own trip stands only in the journal.
    put_back(&root, "backup");
    root.watchdog(&["check"]).finish().expect(1);
    assert_eq!(root.check(), 2);

    Person::named("alice").resumes(&root).expect(0);
    root.watchdog(&["check"]).finish().expect(0);
    assert_eq!(root.check(), 0, "a person has looked at it");
}

#[test]
fn an_emptied_folder_is_no_resume_either() {
    let root = watched();
    root.watchdog(&["check"]).finish().expect(0);
    root.trip("legal review");
    fs::remove_dir_all(root.path("data")).expect("removed");
    fs::create_dir(root.path("data")).expect("made");
    root.hb(&[]).finish().expect(0);
    root.watchdog(&["check"]).finish().expect(1);
    assert_eq!(root.check(), 2);
}

#[test]
fn a_pause_that_a_hand_lifted_while_no_watchdog_ran_stays_lifted() {
    let root = watched();
    root.watchdog(&["check"]).finish().expect(0);
    root.trip("legal review");
    root.python("resume.py", &[]).finish().expect(0);
    root.watchdog(&["check"]).finish().expect(0);
    assert_eq!(root.check(), 0);
}

#[test]
fn a_lock_that_stands_still_delays_sixty_trips_no_more_than_one() {
    let root = Scratch::new();
    let mut config = script("mail", "cat >> mail");
    for number in 0..60 {
        let name = format!("\"bot-{number}\"");
        let _ = writeln!(config, "[[watch]]\nname = {name}\nkind = \"heartbeat\"\nheartbeat = {name}");
    }
    root.put("holdfast.toml", config);
    fs::create_dir(root.path("data/heartbeats")).expect("made");
    for number in 0..60 {
        root.put(&format!("data/heartbeats/bot-{number}.json"), "{\"at\": 1, \"status\": \"bad\"}");
    }
    root.put("data/.circuit.lock", "");
    let stuck = root.sh("exec 9<> data/.circuit.lock; flock -x 9; echo locked; exec sleep 1000").start();
    eventually("the lock is held", || root.sh("flock -n data/.circuit.lock true").finish().code == Some(1));
    let began = Instant::now();
    root.watchdog(&["check"]).finish().expect(1);
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(!stuck.is_over());
    assert_eq!(root.lines("data/trips.jsonl").len(), 60);
    assert_eq!(root.journal("incident-opened").len(), 60);
    assert!(mail(&root).contains("bot-59"));
    assert_eq!(root.check(), 2);
}
