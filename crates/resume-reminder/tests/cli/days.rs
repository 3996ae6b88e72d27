//! Once per local day.

use std::fs;

use holdfast_notify::standin::{Behaviour, Telegram};

use super::{PATIENCE, Scratch};

#[test]
fn green_is_silent_and_leaves_nothing_behind() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.run(&[]).expect(0).silent();
    assert_eq!(telegram.requests(), 0);
    assert_eq!(scratch.kinds(), [""; 0]);
}

#[test]
fn a_pause_is_told_once_a_day_however_often_it_runs() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    let hold = scratch.trip("trader-run: heartbeat stale");
    scratch.run(&[]).expect(0).says("sent through telegram");
    for _ in 0..3 {
        scratch.run(&[]).expect(0).says("told already on");
        scratch.run(&["--digest"]).expect(0).says("told already on");
    }
    let [message] = &telegram.received()[..] else { panic!("{:?}", telegram.received()) };
    for part in [
        "STILL PAUSED, for ",
        "trader-run: heartbeat stale",
        "circuit-ctl resume --root ",
        "NOBODY IS WATCHING",
    ] {
        assert!(message.text.contains(part), "{part}: {}", message.text);
    }
    let journal = scratch.journal();
    let root = scratch.path("").display().to_string();
    assert!(message.text.contains(root.trim_end_matches('/')), "no relative path: {}", message.text);
    assert_eq!(scratch.kinds(), ["reminder", "alert-accepted"]);
    assert_eq!(journal[0]["holds"], serde_json::json!([hold]));
    assert_eq!(journal[0]["alert"], journal[1]["alert"]);
    assert_eq!(scratch.outbox(), [""; 0]);
}

/// Yesterday's record, in the words of this program, is not today's.
#[test]
fn the_next_day_it_is_told_again() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    scratch.run(&[]).expect(0);
    let path = scratch.path("memory/journal.jsonl");
    let day = scratch.journal()[0]["day"].as_str().expect("a day").to_owned();
    fs::write(&path, fs::read_to_string(&path).expect("a journal").replace(&day, "2026-01-01"))
        .expect("written");
    scratch.run(&[]).expect(0).says("sent through telegram");
    assert_eq!(telegram.received().len(), 2);
}

/// The day is that of the reader, not of UTC: these zones are 26 hours apart.
#[test]
fn the_day_is_local_and_the_zone_is_named() {
    let scratch = Scratch::new();
    scratch.trip("broker down");
    let day = |zone: &str| {
        let ended = scratch.command(&["--dry-run", "--json"]).env("TZ", zone).output().expect("it starts");
        let answer: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        assert_eq!(answer["zone"], zone);
        assert!(answer["text"].as_str().expect("a text").contains(zone));
        answer["day"].as_str().expect("a day").to_owned()
    };
    assert_ne!(day("Pacific/Kiritimati"), day("Etc/GMT+12"));
}

#[test]
fn a_digest_is_sent_while_green_and_not_after_the_reminder_of_the_day() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.run(&["--digest"]).expect(0).says("daily digest: armed, but NOBODY IS WATCHING");
    scratch.run(&["--digest"]).expect(0).says("told already");
    assert_eq!(telegram.received().len(), 1);
    // Paused since: that is news, whatever the digest of the morning said.
    scratch.trip("broker down");
    scratch.run(&["--digest"]).expect(0).says("sent through telegram: ");
    assert!(telegram.received()[1].text.contains("STILL PAUSED"));

    let other = Scratch::with(&telegram);
    other.trip("broker down");
    other.run(&["--digest"]).expect(0).says("sent");
    other.resume();
    other.run(&["--digest"]).expect(0).says("told already");
    assert_eq!(telegram.received().len(), 3);
}

#[test]
fn a_dry_run_shows_everything_and_touches_nothing() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    let before = listing(&scratch);
    let ended = scratch.run(&["--dry-run"]).expect(0);
    assert!(ended.out.starts_with("dry run, nothing is sent; "), "{}", ended.out);
    assert!(
        ended.out.contains("would go to telegram") && ended.out.contains("STILL PAUSED"),
        "{}",
        ended.out
    );
    assert_eq!(listing(&scratch), before);
    assert_eq!(telegram.requests(), 0);
    scratch.run(&[]).expect(0);
    scratch.run(&["--dry-run"]).expect(0).says("told already");
}

fn listing(scratch: &Scratch) -> Vec<String> {
    let mut names: Vec<String> = ["", "data", "memory", "data/outbox"]
        .iter()
        .flat_map(|dir| fs::read_dir(scratch.path(dir)).into_iter().flatten().flatten())
        .map(|entry| entry.path().display().to_string())
        .collect();
    names.sort();
    names
}

/// Killed between the outbox and the journal: the alert is there, and goes out once.
#[test]
fn killed_before_its_record_it_sends_once_all_the_same() {
    let telegram = Telegram::start(Behaviour::ServerError);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    scratch.run(&[]).expect(69).says("stored in data/outbox, not accepted yet");
    assert_eq!(scratch.kinds()[0], "reminder");
    // As SIGKILL would leave it.
    fs::remove_file(scratch.path("memory/journal.jsonl")).expect("removed");
    forget_the_wait(&scratch);
    telegram.set(Behaviour::Ok);
    scratch.run(&[]).expect(0).says("sent through telegram");
    scratch.run(&[]).expect(0).says("told already");
    assert_eq!(telegram.wait_for(2, std::time::Duration::from_millis(50)).len(), 1);
}

/// Killed before its record, and the watchdog has sent the alert since.
#[test]
fn what_the_watchdog_has_sent_is_told() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    scratch.run(&[]).expect(0);
    let path = scratch.path("memory/journal.jsonl");
    let journal = fs::read_to_string(&path).expect("a journal");
    let accepted = journal.lines().find(|line| line.contains("alert-accepted")).expect("its end");
    fs::write(&path, format!("{accepted}\n")).expect("written");
    scratch.run(&[]).expect(0).says("told already");
    assert_eq!(telegram.received().len(), 1);
}

/// Two that start at the same moment, as a timer and a boot may have it.
#[test]
fn side_by_side_they_send_once() {
    let telegram = Telegram::start(Behaviour::Slow(std::time::Duration::from_millis(300)));
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    let children: Vec<_> = (0..6)
        .map(|_| scratch.command(&[]).stdout(std::process::Stdio::null()).spawn().expect("it starts"))
        .collect();
    let codes: Vec<_> = children.into_iter().map(|mut child| child.wait().expect("it ends").code()).collect();
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 75))), "{codes:?}");
    assert_eq!(telegram.wait_for(1, PATIENCE).len(), 1);
    let sent = scratch.kinds().iter().filter(|kind| *kind == "reminder").count();
    assert_eq!(sent, 1);
}

/// Makes what waits for its next try due at once.
fn forget_the_wait(scratch: &Scratch) {
    for name in scratch.outbox() {
        let path = scratch.path("data/outbox").join(name);
        let mut entry: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(&path).expect("an entry")).expect("JSON");
        entry["channels"]["telegram"] = serde_json::json!({ "state": "pending", "tries": 1 });
        fs::write(&path, entry.to_string()).expect("written");
    }
}
