//! The channel `ntfy` against a server that answers as ntfy does.

use std::time::Duration;

use holdfast::config::{Channel, ChannelKind, Secret};
use holdfast_http::standin::{Answer, Asked};
use holdfast_notify::{Alert, AlertKind, Delivery, fault};
use serde_json::{Value, json};

use crate::webhook::Receiver;
use crate::{World, channel, error_of, ntfy, secret};

fn took(request: &Asked) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    let answer = json!({ "id": "x7Bf", "time": 1, "event": "message", "topic": body["topic"], "message": body["message"] });
    Answer::new(200, answer.to_string())
}

fn send(world: &World, channel: &Channel, alert: &Alert) -> Delivery {
    let channels = [channel.clone()];
    world.put(alert, &channels);
    world.deliver_within(&channels, Duration::from_millis(2900))
}

#[test]
fn a_message_goes_to_the_topic_with_its_urgency() {
    let world = World::new();
    let receiver = Receiver::start(took);
    let token_file = Some(secret(&world, "token", "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"));
    let topic = Secret::File(secret(&world, "topic", "desk-7Jf2"));
    let channel = channel("ntfy", ChannelKind::Ntfy { topic, token_file, base_url: receiver.server.url() });
    let kinds = [
        (AlertKind::Opened, 5, "rotating_light"),
        (AlertKind::Worse, 5, "rotating_light"),
        (AlertKind::Repeat, 4, "rotating_light"),
        (AlertKind::Closed, 3, "white_check_mark"),
        (AlertKind::Reminder, 3, "warning"),
    ];
    for (number, (kind, priority, tag)) in kinds.into_iter().enumerate() {
        let alert = Alert { kind, ..world.alert(&format!("a{number}")) };
        assert!(send(&world, &channel, &alert).all_heard());
        let asked = &receiver.asked()[number];
        assert_eq!((asked.path.as_str(), asked.method.as_str()), ("/", "POST"));
        assert_eq!(asked.header("authorization"), Some("Bearer tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"));
        let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
        let message = "1260s > 900s\n\nincident 20261121T080000Z-7f3a";
        let (title, topic) = ("trader-run: heartbeat stale", "desk-7Jf2");
        assert_eq!(
            body,
            json!({ "topic": topic, "title": title, "message": message, "priority": priority, "tags": [tag] })
        );
    }
}

#[test]
fn a_long_message_is_cut_honestly_to_what_ntfy_shows() {
    let world = World::new();
    let receiver = Receiver::start(took);
    let alert = Alert { text: "𝄞".repeat(4000), ..world.alert("a") };
    assert!(send(&world, &ntfy(receiver.server.url()), &alert).all_heard());
    let body: Value = serde_json::from_slice(&receiver.asked()[0].body).expect("JSON");
    let message = body["message"].as_str().expect("text");
    assert!((4090..=4096).contains(&message.len()), "{}", message.len());
    assert!(message.ends_with("… (cut)\n\nincident 20261121T080000Z-7f3a"), "{message}");
}

#[test]
fn each_refusal_is_what_it_says_and_does_not_show_the_topic() {
    // Status, ntfy's own words, whether the channel is broken then, and what the error says.
    let cases = [
        (400, "invalid request: topic invalid", true, "check topic and base_url"),
        (401, "unauthorized", true, "put a token that may into token_file"),
        (403, "forbidden", true, "put a token that may into token_file"),
        (404, "page not found", true, "this is no ntfy server: check base_url"),
        (413, "JSON body too large", true, "check topic and base_url"),
        (429, "limit reached: too many requests, please be nice", false, "says 429"),
        (500, "internal server error", false, "says 500"),
        (507, "insufficient storage", false, "says 507"),
        (200, "", false, "answers 200, but not as an ntfy server does: check base_url and the network"),
    ];
    for (status, said, broken, says) in cases {
        let world = World::new();
        let receiver = Receiver::start(move |request| {
            let body = String::from_utf8_lossy(&request.body);
            Answer::new(status, format!("{{\"http\":{status},\"error\":\"{said}\"}} {body}"))
        });
        let channel = ntfy(receiver.server.url());
        let delivery = send(&world, &channel, &world.alert("a"));
        let error = error_of(&delivery, "ntfy");
        assert!(error.contains(says) && (status == 200 || error.contains(said)), "{status}: {error}");
        assert_eq!(delivery.channels["ntfy"].state.is_broken(), broken, "{status}: {error}");
        assert!(!format!("{delivery:?}").contains("desk-secret"), "{delivery:?}");
    }
}

#[test]
fn what_is_wrong_is_said_without_sending() {
    let world = World::new();
    let long = "x".repeat(65);
    for (topic, base_url, says) in [
        ("desk", "https://ntfy.sh", ""),
        ("a/b", "https://ntfy.sh", "the topic is no name of one: at most 64 of"),
        (&long, "https://ntfy.sh", "the topic is no name of one"),
        ("desk", "ntfy.sh", "base_url is no URL of a server"),
    ] {
        let (topic, base_url) = (Secret::Plain(topic.to_owned()), base_url.to_owned());
        let channel = channel("ntfy", ChannelKind::Ntfy { topic, token_file: None, base_url });
        let error = fault(world.sys.store, world.path(), &channel).unwrap_or_default();
        assert!(error.contains(says) && says.is_empty() == error.is_empty(), "{error}");
    }
}
