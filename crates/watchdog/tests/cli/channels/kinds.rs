//! `validate` and `test-alert` with each kind of channel.

use std::fs;
use std::sync::{Arc, Mutex};

use holdfast_http::standin::{Answer, Server};
use holdfast_notify::standin::{Behaviour, Telegram};

use serde_json::Value;

use super::peers::Sink;
use super::{secret, telegram, to_file};
use crate::Scratch;

#[test]
fn test_alert_tries_each_kind_and_says_which_works() {
    let scratch = Scratch::new();
    let bot = Telegram::start(Behaviour::Ok);
    let mail = Sink::start(&["--refuse", "gone@example.com=550 5.1.1 no such user"]);
    // Says yes to whatever it is asked, and is no ntfy.
    let other = Telegram::start(Behaviour::Says("ok"));
    let (port, url) = (mail.port, other.base_url());
    let config = format!(
        "{}{}[[channel]]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n\
         from = \"watchdog@example.com\"\nto = [\"me@example.com\", \"gone@example.com\"]\n\
         [[channel]]\nkind = \"webhook\"\nurl = \"{url}/hook\"\n\
         [[channel]]\nkind = \"ntfy\"\ntopic = \"desk\"\nbase_url = \"{url}\"\n",
        telegram(&bot, &scratch),
        to_file("pager"),
    );
    scratch.put("holdfast.toml", &config);
    assert_eq!(scratch.run(&["validate"]).code, Some(0));
    for _ in 0..2 {
        let ended = scratch.run(&["test-alert"]);
        assert_eq!(ended.code, Some(69), "{ended:?}");
        insta::assert_snapshot!("tried", ended.out.replace(&url, "http://HOST"));
        assert_eq!(mail.next()["receivers"], serde_json::json!(["me@example.com"]));
    }
    let json = scratch.run(&["test-alert", "--json"]);
    let row = json.out.lines().find(|line| line.contains("\"smtp\"")).expect("a line for it");
    assert!(row.contains("\"works\":true") && row.contains("its server refuses gone@example.com"), "{row}");
}

#[test]
fn what_is_wrong_with_a_channel_is_said_by_validate() {
    let scratch = Scratch::new();
    secret(&scratch, "empty", "");
    secret(&scratch, "open", "https://hooks.example/T0/SECRET-SECRET");
    let open = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
    fs::set_permissions(scratch.path("secrets/open"), open).expect("chmod");
    secret(&scratch, "no-url", "SECRET-SECRET");
    secret(&scratch, "no-topic", "SECRET SECRET");
    scratch.put("no.json", "{\"text\": {{subject}}}");
    scratch.put("typo.json", "{\"text\": \"{{sbject}}\"}");
    scratch.put(
        "holdfast.toml",
        "[[channel]]\nkind = \"smtp\"\nhost = \"mail\"\nfrom = \"a@b\"\nto = [\"a b@c\"]\n\
         [[channel]]\nkind = \"smtp\"\nhost = \"mail\"\nuser = \"me\"\npassword_file = \"secrets/empty\"\nfrom = \"a@b\"\nto = [\"a@b\"]\n\
         [[channel]]\nkind = \"webhook\"\nurl_file = \"secrets/gone\"\n\
         [[channel]]\nkind = \"webhook\"\nurl_file = \"secrets/open\"\n\
         [[channel]]\nkind = \"webhook\"\nurl_file = \"secrets/no-url\"\n\
         [[channel]]\nkind = \"webhook\"\nurl = \"https://h/x\"\nbody_file = \"no.json\"\n\
         [[channel]]\nkind = \"webhook\"\nurl = \"https://h/x\"\nbody_file = \"typo.json\"\n\
         [[channel]]\nkind = \"webhook\"\nurl = \"https://h/x\"\nsecret_file = \"secrets/gone\"\n\
         [[channel]]\nkind = \"ntfy\"\ntopic_file = \"secrets/no-topic\"\n\
         [[channel]]\nkind = \"ntfy\"\ntopic = \"a/b\"\n",
    );
    let refused = scratch.run(&["validate"]);
    assert_eq!(refused.code, Some(78), "{refused:?}");
    let root = fs::canonicalize(scratch.path("")).expect("the root");
    let plain = refused
        .err
        .replace(&format!("{}/", root.display()), "")
        .replace(&format!("{}/", scratch.path("").display()), "");
    assert!(!plain.contains("SECRET"), "{plain}");
    insta::assert_snapshot!("wrong", plain);
}

#[test]
fn a_receiver_that_is_refused_is_told_through_the_channels() {
    let scratch = Scratch::new();
    let mail = Sink::start(&["--refuse", "gone@example.com=550 5.1.1 no such user"]);
    let config = format!(
        "[[channel]]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\n\
         from = \"watchdog@example.com\"\nto = [\"gone@example.com\", \"me@example.com\"]\n",
        mail.port
    );
    scratch.put("holdfast.toml", &config);
    scratch.beat(0.0, "broken");
    assert_eq!(scratch.run(&["check"]).code, Some(1));
    let subject = |mail: &Value| mail["headers"]["subject"].as_str().unwrap_or_default().to_owned();
    assert!(subject(&mail.next()).contains("heartbeat is reported"));
    let told = mail.next();
    assert!(subject(&told).contains("alert channel smtp: its server refuses gone@"), "{told}");
    assert_eq!(scratch.run(&["check"]).code, Some(1));
    assert!(mail.is_empty(), "told once");
}

#[test]
fn a_pager_hears_of_the_end_of_one_incident_and_of_another_in_the_same_check() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keeps = Arc::clone(&heard);
    let server = Server::start(move |asked| {
        let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
        let text = |key: &str| body[key].as_str().expect("text").to_owned();
        keeps.lock().expect("unpoisoned").push((text("event_action"), text("dedup_key")));
        Answer::new(202, "")
    });
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/webhooks/pagerduty.json");
    let scratch = Scratch::with(&format!(
        "[[watch]]\nname = \"one\"\non_fail = [\"alert\"]\n\
         [[watch]]\nname = \"two\"\nheartbeat = \"two\"\non_fail = [\"alert\"]\n\
         [[channel]]\nkind = \"webhook\"\nurl = \"{}\"\nbody_file = \"{template}\"\n",
        server.url()
    ));
    fs::create_dir(scratch.path("data/heartbeats")).expect("a folder");
    let beats = |one: &str, two: &str| {
        scratch.beat(0.0, two);
        fs::rename(scratch.path("data/heartbeat.json"), scratch.path("data/heartbeats/two.json"))
            .expect("moved");
        scratch.beat(0.0, one);
        assert_eq!(scratch.run(&["check"]).code, Some(1));
        scratch.json("data/watchdog.json")["incidents"][0]["id"].as_str().expect("an incident").to_owned()
    };
    let one = beats("broken", "ok");
    let two = beats("ok", "broken");
    let pair = |action: &str, key: &str| (action.to_owned(), key.to_owned());
    let expected = [pair("trigger", &one), pair("trigger", &two), pair("resolve", &one)];
    assert_eq!(*heard.lock().expect("unpoisoned"), expected);
}
