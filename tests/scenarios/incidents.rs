//! What people are told, and when: every change of holds, each incident once, repeats until somebody acknowledges.

use std::fs;
use std::time::{Duration, Instant};

use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Person, Run, Scratch, eventually, read, until};

use crate::alerts::script;

/// A root with a channel that adds to `mail`, and one healthy heartbeat.
fn watched(watch: &str) -> Scratch {
    let root = Scratch::new();
    let watch = format!("[[watch]]\nname = \"bot\"\nkind = \"heartbeat\"\nmax_age = \"1h\"\n{watch}\n");
    root.put("holdfast.toml", script("mail", "cat >> mail") + &watch);
    beat(&root, "ok");
    check(&root).expect(0);
    root
}

fn beat(root: &Scratch, status: &str) {
    root.hb(&["--status", status, "--set", "cost=1"]).finish().expect(0);
}

fn check(root: &Scratch) -> Ended {
    root.watchdog(&["check"]).finish()
}

/// What came since the last call.
fn mail(root: &Scratch) -> String {
    let mail = read(&root.path("mail")).unwrap_or_default();
    fs::write(root.path("mail"), "").expect("mail");
    String::from_utf8(mail).expect("text")
}

#[track_caller]
fn told(root: &Scratch, words: &[&str]) {
    let mail = mail(root);
    for word in words {
        assert!(mail.contains(word), "nobody was told {word:?}:\n{mail}");
    }
    if words.is_empty() {
        assert_eq!(mail, "", "people were told something that is not new");
    }
}

#[test]
fn an_incident_is_told_once_ends_with_a_message_and_its_pause_stays() {
    let root = watched("");
    beat(&root, "no quotes");
    check(&root).expect(1);
    told(&root, &["PAUSED", "NEW: bot", "no quotes", "circuit-ctl resume", "circuit-ctl ack"]);
    check(&root).expect(1);
    told(&root, &[]);
    beat(&root, "ok");
    check(&root);
    told(&root, &["OVER: bot"]);
    assert_eq!(root.check(), 2, "a heartbeat that recovers resumes nothing");
    check(&root);
    told(&root, &[]);
}

#[test]
fn every_change_of_the_circuit_by_a_person_is_told_and_journalled() {
    let root = watched("");
    root.trip("legal review");
    check(&root);
    told(&root, &["PAUSED", "legal review"]);

    Person::named("alice").resumes(&root).expect(0);
    check(&root).expect(0);
    told(&root, &["alice"]);

    let bad_close = root.trip("bad close");
    check(&root);
    told(&root, &["bad close"]);
    root.python("resume.py", &[]).finish().expect(0);
    check(&root).expect(0);
    told(&root, &["EDITED BY HAND", "bad close"]);
    let edit = &root.journal("manual-edit")[0];
    for key in ["owner_uid", "modified"] {
        assert!(!edit[key].is_null(), "{key}: {edit}");
    }
    assert_eq!(edit["lifted"], Value::from(vec![bad_close]));

    root.put("data/circuit.json", "{\"paused\": true, \"reason\": \"sponsor dispute\"}");
    check(&root);
    told(&root, &["PAUSED", "sponsor dispute"]);

    fs::remove_file(root.path("data/circuit.json")).expect("removed");
    check(&root);
    root.paused("is missing");
}

#[test]
fn an_acknowledgement_stops_the_repeats_and_resumes_nothing() {
    let root = watched("remind_every = \"1s\"");
    beat(&root, "no quotes");
    check(&root).expect(1);
    let first = mail(&root);
    let incident = root.journal("incident-opened")[0]["incident"].as_str().expect("an id").to_owned();
    assert!(first.contains(&incident), "{first}");
    eventually("it is repeated", || {
        check(&root).expect(1);
        mail(&root).contains(&incident)
    });
    root.ctl(&["ack", &incident, "--by", "alice"]).finish().expect(0);
    check(&root).expect(1);
    mail(&root);
    let began = Instant::now();
    let mut after = String::new();
    eventually("two repeats could have come", || {
        check(&root).expect(1);
        after += &mail(&root);
        began.elapsed().as_secs() >= 3
    });
    assert!(!after.contains("no quotes"), "{after}");
    assert_eq!(root.check(), 2);
    assert_eq!(
        root.journal("ack").len() + root.journal("alert-acknowledged").len(),
        1,
        "{}",
        root.text("memory/journal.jsonl")
    );
}

#[test]
fn after_a_resume_the_next_check_does_not_trip_again_while_the_old_beat_stands() {
    let root = watched("");
    beat(&root, "no quotes");
    check(&root).expect(1);
    Person::named("alice").resumes(&root);
    assert_eq!(root.check(), 2, "its cause still fails: a resume is refused without --override");
    beat(&root, "ok");
    Person::named("alice").resumes(&root).expect(0);
    check(&root).expect(0);
    assert_eq!(root.check(), 0);
}

#[test]
fn one_watchdog_at_a_time_and_a_stopped_one_is_not_a_working_one() {
    let root = watched("");
    let resident = root.watchdog(&["run", "--every", "1s"]).start();
    eventually("it works", || root.journal("watchdog-started").len() == 1);
    check(&root).expect(75).says("another watchdog");
    root.ctl(&["check", "--require-watchdog", "1h"]).finish().expect(0);
    assert!(resident.stop());
    eventually("guard misses it", || {
        root.ctl(&["check", "--require-watchdog", "1s"]).finish().code == Some(2)
    });
    drop(resident);
    check(&root).expect(0);
    root.ctl(&["check", "--require-watchdog", "1h"]).finish().expect(0);
}

/// No file event tells of the journal, and without news a whole evaluation is 30 s away.
#[test]
fn what_a_person_asks_of_a_resident_watchdog_is_heard_in_seconds() {
    let root = watched("");
    let resident = root.watchdog(&["run", "--every", "1s"]).start();
    let memory = || root.text("data/watchdog.json");
    eventually("it has begun", || root.journal("watchdog-started").len() == 1);
    // What was written a moment ago it looks at again anyway.
    let begun = Instant::now();
    eventually("it rests", || begun.elapsed() > Duration::from_millis(2500));
    root.watchdog(&["silence", "bot", "--for", "2h", "--reason", "a new disk", "--by", "ann"])
        .finish()
        .expect(0);
    let heard = until(Duration::from_secs(15), || memory().contains("a new disk").then_some(()));
    assert!(heard.is_some(), "{}", memory());
    drop(resident);
}

#[test]
fn a_configuration_that_became_invalid_leaves_the_watch_as_it_was_and_is_told() {
    let root = watched("limit = [{ field = \"/cost\", max = 20.0 }]");
    let good = root.text("holdfast.toml");
    root.put("holdfast.toml", good.replace("max_age", "max_aeg"));
    check(&root).says("max_aeg");
    told(&root, &["max_aeg", "holdfast.toml"]);
    root.hb(&["--set", "cost=21"]).finish().expect(0);
    check(&root);
    root.paused("cost");
    told(&root, &["cost"]);
    root.put("holdfast.toml", good);
    check(&root).expect(1);
    told(&root, &["OVER: "]);
}
