//! Channels that work, fail, hang and are missing.

use std::fs;
use std::time::{Duration, Instant};

use holdfast_notify::standin::{Behaviour, Telegram};

use super::{Scratch, telegram_channel};

#[test]
fn without_a_channel_it_says_that_nobody_was_told_and_tries_again() {
    let scratch = Scratch::new();
    scratch.trip("broker down");
    for _ in 0..2 {
        scratch.run(&[]).expect(69).says("no alert channel is configured").says("told nobody");
    }
    assert_eq!(scratch.kinds(), [""; 0], "nothing is told already");
    let telegram = Telegram::start(Behaviour::Ok);
    Telegram::token_file(scratch.path("").as_path());
    scratch.configure(&telegram_channel(&telegram));
    scratch.run(&[]).expect(0).says("sent through telegram");
}

#[test]
fn what_nobody_has_accepted_stays_in_the_outbox_and_ends_with_69() {
    let telegram = Telegram::start(Behaviour::ServerError);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    scratch.run(&[]).expect(69).says("alert channel telegram").says("1 alert(s) that nobody has accepted");
    assert_eq!(scratch.outbox().len(), 1);
    assert_eq!(scratch.kinds(), ["reminder", "alert-failed"]);
    // Told already, but not heard: the exit code keeps saying so.
    scratch.run(&[]).expect(69).says("told already");
}

#[test]
fn a_broken_channel_is_told_through_the_others() {
    let (broken, works) = (Telegram::start(Behaviour::Unauthorized), Telegram::start(Behaviour::Ok));
    let scratch = Scratch::with(&broken);
    scratch.configure(&(telegram_channel(&broken) + &telegram_channel(&works)));
    scratch.trip("broker down");
    scratch.run(&[]).expect(0).says("sent through telegram-2");
    let texts: Vec<String> = works.received().into_iter().map(|message| message.text).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[1].contains("alert channel telegram is broken"), "{texts:?}");
}

#[test]
fn alerts_of_the_watchdog_that_wait_are_sent_on_the_way() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    let alert = serde_json::json!({
        "v": 1, "id": "from-the-watchdog", "kind": "opened", "level": 1, "subject": "trader-run is stale", "text": "",
        "at": 1.0, "expires_at": 1e9, "put": { "wall": 4e9, "up": 0.0, "boot": "another" }, "channels": {}
    });
    fs::create_dir(scratch.path("data/outbox")).expect("an outbox");
    fs::write(scratch.path("data/outbox/from-the-watchdog.json"), alert.to_string()).expect("written");
    scratch.run(&[]).expect(0);
    assert!(telegram.received()[0].text.starts_with("trader-run is stale"));
    assert_eq!(scratch.kinds(), ["alert-accepted"], "green: there is no reminder");
}

#[test]
fn it_ends_in_time_however_a_channel_hangs() {
    let telegram = Telegram::start(Behaviour::NeverAnswers);
    let scratch = Scratch::with(&telegram);
    scratch.configure(&telegram_channel(&telegram).replace("\"2s\"", "\"10s\""));
    scratch.trip("broker down");
    let began = Instant::now();
    scratch.run(&[]).expect(69);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(scratch.outbox().len(), 1);
}

#[test]
fn a_bad_configuration_is_told_and_the_last_good_one_used() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    fs::rename(scratch.path("holdfast.toml"), scratch.path("data/config-last-good.toml")).expect("moved");
    scratch.configure("[[watch]]\nnam = \"bot\"\n");
    scratch.run(&[]).expect(0).says("nam").says("sent through telegram");
    assert!(telegram.received()[0].text.contains("holdfast.toml is not in force"));
    fs::remove_file(scratch.path("data/config-last-good.toml")).expect("removed");
    scratch.run(&[]).expect(78);
}

#[test]
fn a_journal_that_cannot_be_read_or_written_stops_no_message() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    fs::create_dir_all(scratch.path("memory/journal.jsonl")).expect("a folder in its place");
    scratch.run(&[]).expect(74).says("memory/journal.jsonl");
    assert_eq!(telegram.received().len(), 1);
}

#[test]
fn an_outbox_that_cannot_be_written_stops_no_message() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    scratch.trip("broker down");
    fs::write(scratch.path("data/outbox"), "").expect("a file in its place");
    scratch.run(&[]).expect(74).says("sent all the same");
    assert_eq!(telegram.received().len(), 1);
}

#[test]
fn the_answer_in_json() {
    let telegram = Telegram::start(Behaviour::Ok);
    let scratch = Scratch::with(&telegram);
    let green: serde_json::Value =
        serde_json::from_str(&scratch.run(&["--json"]).expect(0).out).expect("JSON");
    assert_eq!((&green["circuit"], &green["did"]), (&"green".into(), &"nothing".into()));
    scratch.trip("broker down");
    let sent: serde_json::Value =
        serde_json::from_str(&scratch.run(&["--json"]).expect(0).out).expect("JSON");
    assert_eq!(
        (&sent["circuit"], &sent["did"], &sent["exit"]),
        (&"paused".into(), &"sent".into(), &0.into())
    );
    assert_eq!(sent["channels"], serde_json::json!(["telegram"]));
}
