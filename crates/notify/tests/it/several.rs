//! A message about several incidents, to services that keep incidents of their own.

use std::sync::Mutex;
use std::time::Duration;

use holdfast_http::standin::Answer;
use holdfast_notify::{Alert, AlertKind};
use serde_json::Value;

use crate::webhook::Receiver;
use crate::{World, webhook};
use holdfast::config::ChannelKind;

/// What a service was told of which incident, by its key.
fn told(receiver: &Receiver) -> Vec<(String, String)> {
    let text = |body: &Value, key: &str| body[key].as_str().unwrap_or_default().to_owned();
    let bodies = receiver.asked().into_iter().map(|asked| serde_json::from_slice(&asked.body).expect("JSON"));
    bodies.map(|body: Value| (text(&body, "dedup_key"), text(&body, "event_action"))).collect()
}

fn of(name: &str, receiver: &Receiver) -> holdfast::config::Channel {
    let mut channel = webhook(receiver.server.url());
    let template = format!("{}/../../examples/webhooks/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if let ChannelKind::Webhook { body_file, .. } = &mut channel.kind {
        *body_file = Some(template.into());
    }
    channel
}

/// One incident is over in the check in which another begins.
fn mixed(world: &World) -> Alert {
    let others = vec![("over".to_owned(), AlertKind::Closed), ("worse".to_owned(), AlertKind::Worse)];
    Alert { incident: Some("new".to_owned()), others, ..world.alert("mixed") }
}

#[test]
fn each_incident_is_one_for_a_service_that_keeps_them_and_people_get_one_message() {
    let world = World::new();
    let pager = Receiver::start(|_| Answer::new(202, ""));
    let chat = Receiver::start(|_| Answer::new(200, ""));
    let mut channels = [of("pagerduty", &pager), of("slack", &chat)];
    channels[1].name = "chat".to_owned();
    world.put(&mixed(&world), &channels);
    assert!(world.deliver(&channels).all_heard());
    let pair = |key: &str, action: &str| (key.to_owned(), action.to_owned());
    assert_eq!(told(&pager), [pair("new", "trigger"), pair("over", "resolve"), pair("worse", "trigger")]);
    assert_eq!(chat.asked().len(), 1);
}

#[test]
fn what_is_no_incident_hides_the_end_of_none() {
    let world = World::new();
    let pager = Receiver::start(|_| Answer::new(202, ""));
    let channels = [of("pagerduty", &pager)];
    let notice = Alert { incident: None, kind: AlertKind::Notice, ..mixed(&world) };
    world.put(&notice, &channels);
    assert!(world.deliver(&channels).all_heard());
    assert_eq!(told(&pager).iter().filter(|(key, action)| key == "over" && action == "resolve").count(), 1);
}

#[test]
fn if_one_of_them_is_not_taken_all_are_sent_again() {
    let world = World::new();
    let down = Mutex::new(true);
    let pager = Receiver::start(move |asked| {
        let fails = String::from_utf8_lossy(&asked.body).contains("\"resolve\"")
            && std::mem::take(&mut *down.lock().expect("unpoisoned"));
        Answer::new(if fails { 503 } else { 202 }, "")
    });
    let channels = [of("pagerduty", &pager)];
    world.put(&mixed(&world), &channels);
    assert!(world.deliver(&channels).all_heard(), "it is tried again at once");
    let keys: Vec<String> = told(&pager).into_iter().map(|(key, _)| key).collect();
    // After a failure nothing more is sent to a service that has trouble.
    assert_eq!(keys, ["new", "over", "new", "over", "worse"]);
}

#[test]
fn of_very_many_twenty_are_told_by_themselves() {
    let world = World::new();
    let pager = Receiver::start(|_| Answer::new(202, ""));
    let channels = [of("pagerduty", &pager)];
    let others = (0..1000).map(|n| (format!("i{n}"), AlertKind::Opened)).collect();
    world.put(&Alert { others, ..mixed(&world) }, &channels);
    assert!(world.deliver(&channels).all_heard());
    assert_eq!(pager.asked().len(), 21);
}

#[test]
fn one_slow_answer_may_take_what_the_others_leave() {
    let world = World::new();
    let slow = Mutex::new(Some(Duration::from_millis(1500)));
    let pager = Receiver::start(move |_| {
        if let Some(slow) = slow.lock().expect("unpoisoned").take() {
            std::thread::sleep(slow);
        }
        Answer::new(202, "")
    });
    let channels = [of("pagerduty", &pager)];
    world.put(&mixed(&world), &channels);
    assert!(world.deliver_within(&channels, Duration::from_millis(2900)).all_heard());
    assert_eq!(told(&pager).len(), 3, "none is told twice");
}
