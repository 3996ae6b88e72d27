//! The channel `webhook` against a server of HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdfast::config::{Auth, Channel, ChannelKind, Secret};
use holdfast::time::iso;
use holdfast_http::standin::{Answer, Asked, Server};
use holdfast_notify::standin::{Behaviour, Telegram};
use holdfast_notify::{AlertKind, Delivery, fault};
use serde_json::{Value, json};

use crate::{World, channel, error_of, secret, webhook};

/// A server that keeps what it was asked.
pub(crate) struct Receiver {
    pub(crate) server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Receiver {
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&asked);
        let server = Server::start(move |request| {
            keep.lock().expect("unpoisoned").push(request.clone());
            answer(request)
        });
        Self { server, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("unpoisoned").clone()
    }
}

/// Parts of a webhook beside its address.
struct Parts {
    secret_file: bool,
    body: Option<&'static str>,
    headers: &'static [(&'static str, &'static str)],
    auth: Option<Auth>,
}

const NONE: Parts = Parts { secret_file: false, body: None, headers: &[], auth: None };

fn hook(world: &World, url: String, parts: Parts) -> Channel {
    let body_file = parts.body.map(|body| {
        std::fs::write(world.file("body"), body).expect("written");
        "body".into()
    });
    let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let kind = ChannelKind::Webhook {
        url: Secret::Plain(url),
        secret_file: parts.secret_file.then(|| secret(world, "hmac", "a key that both know")),
        body_file,
        headers: parts.headers.iter().map(header).collect::<BTreeMap<_, _>>(),
        auth: parts.auth,
    };
    channel("webhook", kind)
}

fn deliver(world: &World, channel: &Channel) -> Delivery {
    let channels = [channel.clone()];
    world.put(&world.alert("a"), &channels);
    world.deliver_within(&channels, Duration::from_millis(2900))
}

#[test]
fn the_alert_goes_as_json_and_is_signed() {
    let world = World::new();
    let receiver = Receiver::start(|_| Answer::new(204, ""));
    let auth = Some(Auth::Basic { user: "me".to_owned(), password_file: secret(&world, "pw", "pass word") });
    let parts = Parts { secret_file: true, headers: &[("X-Source", "mini")], auth, ..NONE };
    let channel = hook(&world, receiver.server.url() + "/alerts?x=1", parts);
    let delivery = deliver(&world, &channel);
    assert!(delivery.all_heard(), "{delivery:?}");
    let asked = &receiver.asked()[0];
    assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/alerts?x=1"));
    assert_eq!(asked.header("x-source"), Some("mini"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("authorization"), Some("Basic bWU6cGFzcyB3b3Jk"));
    let body: Value = serde_json::from_slice(&asked.body).expect("JSON");
    let at = body["at"].as_str().expect("a time").to_owned();
    assert_eq!(
        body,
        json!({
            "v": 1, "id": "a", "incident": "20261121T080000Z-7f3a", "kind": "opened", "level": 1,
            "subject": "trader-run: heartbeat stale", "text": "1260s > 900s", "host": world.sys.host, "at": at,
        })
    );
    assert_eq!(at, iso(holdfast::time::parse_utc(&at).expect("a time")));

    // Held against another implementation.
    let timestamp = asked.header("x-holdfast-timestamp").expect("a timestamp").to_owned();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(now - timestamp.parse::<u64>().expect("seconds") < 60, "{timestamp}");
    let signed = [timestamp.as_bytes(), b".", &asked.body].concat();
    std::fs::write(world.file("signed"), signed).expect("written");
    let openssl = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-r", "-hmac", "a key that both know"])
        .arg(world.file("signed"))
        .output()
        .expect("openssl; scripts/install-test-tools.sh has it");
    let digest = String::from_utf8(openssl.stdout).expect("text");
    let digest = digest.split_whitespace().next().expect("a digest");
    assert_eq!(asked.header("x-holdfast-signature"), Some(format!("v1={digest}").as_str()));
}

#[test]
fn each_status_is_what_it_says() {
    // By the server's own clock in 200 s.
    const UNTIL: &[(&str, &str)] =
        &[("date", "Mon, 12 Jan 1970 13:46:40 GMT"), ("retry-after", "Mon, 12 Jan 1970 13:50:00 GMT")];
    let cases: [Case; 13] = [
        (400, &[], true, "says 400 no; it does not take this body: hold body_file against", None),
        (401, &[], true, "says 401 no; it does not let us in: check auth", None),
        (403, &[], true, "says 403 no; it does not let us in: check auth", None),
        (404, &[], true, "says 404 no; nobody takes messages at this address any more", None),
        (410, &[], true, "says 410 no; nobody takes messages at this address any more", None),
        (413, &[], true, "says 413 no; the body is too long: bound it in body_file", None),
        (415, &[], true, "says 415 no; it wants another kind of body", None),
        (408, &[], false, "says 408 no", None),
        (500, &[], false, "says 500 no", None),
        (429, &[("retry-after", "120")], false, "says 429 no", Some(120.0)),
        (503, UNTIL, false, "says 503 no", Some(200.0)),
        (429, &[("retry-after", "soon")], false, "says 429 no", None),
        (302, &[("location", "http://127.0.0.1:1/")], false, "redirects are not followed", None),
    ];
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || status_is(case));
        }
    });
}

/// Status, headers, whether the channel is broken then, what the error says, and for how long all alerts wait.
type Case = (u16, &'static [(&'static str, &'static str)], bool, &'static str, Option<f64>);

fn status_is((status, headers, broken, says, waits): Case) {
    let mut world = World::new();
    let receiver = Receiver::start(move |_| {
        let add = |answer: Answer, (name, value): &(&str, &str)| answer.header(name, value);
        headers.iter().fold(Answer::new(status, "no\n"), add)
    });
    let channel = webhook(receiver.server.url());
    let delivery = deliver(&world, &channel);
    let error = error_of(&delivery, "webhook");
    assert!(error.contains(says), "{status}: {error}");
    assert_eq!(delivery.channels["webhook"].state.is_broken(), broken, "{status}: {error}");
    assert_eq!(delivery.unheard, ["a"], "{status}");
    let asked = receiver.asked().len();
    if let Some(seconds) = waits {
        for (later, more) in [(seconds - 10.0, 0), (seconds + 5.0, 1)] {
            world.later(later);
            world.deliver_within(std::slice::from_ref(&channel), Duration::from_millis(500));
            assert_eq!(receiver.asked().len() - asked, more, "{status}: {seconds}s");
        }
    }
}

#[test]
fn no_failure_shows_a_secret() {
    for (status, broken) in [(403, true), (500, false)] {
        let world = World::new();
        let receiver = Receiver::start(move |request| {
            let said = format!(
                "{} {:?} {}",
                request.path,
                request.header("authorization"),
                String::from_utf8_lossy(&request.body)
            );
            Answer::new(status, said)
        });
        let url = receiver.server.url() + "/services/T0/SECRET-SECRET-1";
        let file = secret(&world, "url", &url);
        let auth = Some(Auth::Bearer { token_file: secret(&world, "token", "SECRET-SECRET-2") });
        let mut channel = hook(
            &world,
            String::new(),
            Parts { auth, body: Some("{\"routing_key\":\"SECRET-SECRET-SECRET-3\"}"), ..NONE },
        );
        if let ChannelKind::Webhook { url, .. } = &mut channel.kind {
            *url = Secret::File(file);
        }
        let delivery = deliver(&world, &channel);
        assert_eq!(delivery.channels["webhook"].state.is_broken(), broken, "{delivery:?}");
        assert_eq!(receiver.asked()[0].path, "/services/T0/SECRET-SECRET-1");
        assert_eq!(receiver.asked()[0].header("authorization"), Some("Bearer SECRET-SECRET-2"));
        let stored = std::fs::read_to_string(world.file("data/outbox/a.json")).expect("still there");
        for text in [format!("{delivery:?}"), stored] {
            assert!(text.contains("***") && !text.contains("SECRET"), "{text}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_without_sending() {
    let world = World::new();
    let good = || "https://alerts.example.com/x".to_owned();
    let bearer = |file: &str| Some(Auth::Bearer { token_file: file.into() });
    secret(&world, "two words", "two words");
    let cases = [
        (hook(&world, "https://".to_owned(), NONE), "url: the address is no URL of a server"),
        (
            hook(&world, good(), Parts { auth: bearer("gone"), ..NONE }),
            "gone is missing: put the token into it",
        ),
        (
            hook(&world, good(), Parts { auth: bearer("two words"), ..NONE }),
            "holds no token: it should be one word",
        ),
        (
            hook(&world, good(), Parts { headers: &[("X-Holdfast-Timestamp", "1")], ..NONE }),
            "headers has X-Holdfast-Timestamp, which is ours to send",
        ),
        (
            hook(&world, good(), Parts { headers: &[("authorization", "x")], auth: bearer("hmac"), ..NONE }),
            "headers has Authorization, and auth says the same",
        ),
    ];
    for (channel, says) in &cases {
        let error = fault(world.sys.store, world.path(), channel).unwrap_or_default();
        assert!(error.contains(says), "{error}");
    }
    for (body, headers, says) in [
        ("{\"text\": {{subject}}}", &[][..], "body is no JSON: key must be a string"),
        ("{\"text\": \"{{sbject}}\"}", &[], "body asks for {{sbject}}, which is not known: use one of id,"),
        ("{{sbject}}", &[("content-type", "text/plain")], "body asks for {{sbject}}"),
        ("{}", &[("content-type", "application/json; charset=utf-8")], ""),
        ("{{subject}}", &[("content-type", "text/plain")], ""),
    ] {
        let channel = hook(&world, good(), Parts { body: Some(body), headers, ..NONE });
        let error = fault(world.sys.store, world.path(), &channel).unwrap_or_default();
        assert!(error.contains(says) && says.is_empty() == error.is_empty(), "{body}: {error}");
    }
}

#[test]
fn text_goes_as_it_is_where_the_type_is_not_json() {
    let world = World::new();
    let receiver = Receiver::start(|_| Answer::new(200, ""));
    let parts =
        Parts { body: Some("{{kind}} {{subject}}\n"), headers: &[("Content-Type", "text/plain")], ..NONE };
    assert!(deliver(&world, &hook(&world, receiver.server.url(), parts)).all_heard());
    assert_eq!(receiver.asked()[0].body, b"opened trader-run: heartbeat stale\n");
    assert_eq!(receiver.asked()[0].header("content-type"), Some("text/plain"));
}

/// What is wrong with a body, as the service documents it.
type Rule = fn(&Value) -> Result<(), String>;

fn text_within(value: &Value, place: &str, most: usize) -> Result<(), String> {
    let text = value.pointer(place).and_then(Value::as_str).ok_or(format!("{place} is no text"))?;
    let length = text.chars().count();
    if (1..=most).contains(&length) { Ok(()) } else { Err(format!("{place} has {length} characters")) }
}

fn slack(body: &Value) -> Result<(), String> {
    text_within(body, "/text", 40_000)?;
    text_within(body, "/blocks/0/text/text", 3000)?;
    let block = &body["blocks"][0];
    if block["type"] == "section" && block["text"]["type"] == "plain_text" {
        return Ok(());
    }
    Err(format!("no section of plain text: {block}"))
}

fn discord(body: &Value) -> Result<(), String> {
    text_within(body, "/content", 2000)?;
    if body["allowed_mentions"] == json!({ "parse": [] }) {
        Ok(())
    } else {
        Err("it rings everyone".to_owned())
    }
}

fn pagerduty(body: &Value) -> Result<(), String> {
    text_within(body, "/payload/summary", 1024)?;
    text_within(body, "/payload/source", 255)?;
    text_within(body, "/dedup_key", 255)?;
    let one_of = |place: &str, known: &[&str]| {
        let value = body.pointer(place).and_then(Value::as_str).unwrap_or_default();
        if known.contains(&value) { Ok(()) } else { Err(format!("{place} is {value:?}")) }
    };
    one_of("/event_action", &["trigger", "acknowledge", "resolve"])?;
    one_of("/payload/severity", &["critical", "error", "warning", "info"])?;
    let timestamp = body["payload"]["timestamp"].as_str().unwrap_or_default();
    holdfast::time::parse_utc(timestamp).ok_or(format!("no time: {timestamp:?}"))?;
    let key = body["routing_key"].as_str().unwrap_or_default();
    if key.len() == 32 {
        Ok(())
    } else {
        Err("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned())
    }
}

#[test]
fn the_shipped_templates_are_what_their_services_take() {
    let services: [(&str, u16, Rule); 3] =
        [("slack", 200, slack), ("discord", 204, discord), ("pagerduty", 202, pagerduty)];
    for (name, status, rule) in services {
        let world = World::new();
        let receiver = Receiver::start(move |request| {
            let body = serde_json::from_slice(&request.body).map_err(|error| error.to_string());
            match body.and_then(|body| rule(&body)) {
                Ok(()) => Answer::new(status, ""),
                Err(why) => Answer::new(400, why),
            }
        });
        let template = format!("{}/../../examples/webhooks/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut channel = webhook(receiver.server.url());
        if let ChannelKind::Webhook { body_file, .. } = &mut channel.kind {
            *body_file = Some(template.into());
        }
        assert_eq!(fault(world.sys.store, world.path(), &channel), None, "{name}");
        let long = "\"𝄞\\\n<!channel> @everyone ".repeat(4000);
        let kinds =
            [AlertKind::Opened, AlertKind::Repeat, AlertKind::Worse, AlertKind::Closed, AlertKind::Notice]
                .into_iter()
                .chain([AlertKind::Reminder, AlertKind::Test]);
        for (number, kind) in kinds.enumerate() {
            for (size, text) in [("short", "t"), ("long", long.as_str()), ("none", "")] {
                let mut alert = world.alert(&format!("{number}-{size}"));
                alert.kind = kind;
                text.clone_into(&mut alert.text);
                alert.subject += text;
                world.put(&alert, std::slice::from_ref(&channel));
            }
        }
        let delivery = world.deliver(std::slice::from_ref(&channel));
        assert!(delivery.all_heard(), "{name}: {}", error_of(&delivery, "webhook"));
        assert_eq!(receiver.asked().len(), 21, "{name}");
        if name == "pagerduty" {
            one_incident_is_one_for_pagerduty(&world, &channel, &receiver);
        }
    }
}

fn one_incident_is_one_for_pagerduty(world: &World, channel: &Channel, receiver: &Receiver) {
    let before = receiver.asked().len();
    for (id, kind) in [("x-1", AlertKind::Opened), ("x-2", AlertKind::Closed)] {
        let alert = holdfast_notify::Alert { kind, ..world.alert(id) };
        world.put(&alert, std::slice::from_ref(channel));
        assert!(world.deliver(std::slice::from_ref(channel)).all_heard());
    }
    let told: Vec<(Value, Value)> = receiver.asked()[before..]
        .iter()
        .map(|asked| serde_json::from_slice::<Value>(&asked.body).expect("JSON"))
        .map(|body| (body["event_action"].clone(), body["dedup_key"].clone()))
        .collect();
    let key = json!("20261121T080000Z-7f3a");
    assert_eq!(told, [(json!("trigger"), key.clone()), (json!("resolve"), key)]);
}

#[test]
fn a_status_counts_whatever_comes_behind_it() {
    for (status, heard) in [(200, true), (400, false)] {
        let world = World::new();
        let receiver = Receiver::start(move |_| Answer::new(status, vec![b'x'; (64 << 10) + 1]));
        let delivery = deliver(&world, &webhook(receiver.server.url()));
        assert_eq!((delivery.all_heard(), receiver.asked().len()), (heard, 1), "{delivery:?}");
        assert_eq!(delivery.channels["webhook"].state.is_broken(), !heard, "{delivery:?}");
    }
    // A body that never ends is not worth another message, either.
    let (world, dripping) = (World::new(), Telegram::start(Behaviour::DripBody));
    let delivery = deliver(&world, &webhook(dripping.base_url()));
    assert!(delivery.all_heard() && dripping.requests() == 1, "{delivery:?}");
}

#[test]
fn a_cut_leaves_no_part_of_a_secret() {
    // Wherever the cut is, it goes through one of them.
    for before in (0..400).step_by(5) {
        let world = World::new();
        let key = "KEYKEYKEYKEYKEYKEYKEY";
        let receiver = Receiver::start(move |_| Answer::new(400, "x".repeat(before) + key));
        let delivery = deliver(&world, &webhook(format!("{}/{key}", receiver.server.url())));
        assert!(!error_of(&delivery, "webhook").is_empty());
        assert!(!format!("{delivery:?}").contains("KEY"), "{delivery:?}");
    }
}

#[test]
fn a_content_type_is_what_it_is_in_any_case() {
    let world = World::new();
    for (kind, says) in [
        ("Application/JSON", "is no JSON"),
        ("Application/X-WWW-Form-Urlencoded; charset=utf-8", "in which a text could add fields: use JSON"),
    ] {
        let headers = vec![("content-type", kind)].leak();
        let parts = Parts { body: Some("text={{text}}"), headers, ..NONE };
        let error =
            fault(world.sys.store, world.path(), &hook(&world, "http://127.0.0.1:1".to_owned(), parts));
        assert!(error.as_ref().is_some_and(|error| error.contains(says)), "{kind}: {error:?}");
    }
}
