//! A delivery returns within its budget, whatever hangs.

use std::net::TcpListener;
use std::sync::Mutex;
use std::time::Duration;

use holdfast::config::Channel;
use holdfast::time::Span;
use holdfast_notify::standin::{Behaviour, Telegram};
use holdfast_notify::{Outbox, Reply, Sending, States, Transport, Verdict};

use crate::{BUDGET, World, channel, kinds, shell, telegram};

#[test]
fn what_hangs_does_not_delay_what_works_nor_the_return() {
    let world = World::new();
    let works = Telegram::start(Behaviour::Ok);
    let hangs = [Behaviour::NeverAnswers, Behaviour::DripHead, Behaviour::DripBody].map(Telegram::start);
    // Connections are made, and nobody ever takes them up.
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut channels: Vec<Channel> = hangs
        .iter()
        .map(Telegram::base_url)
        .chain([format!("http://{}", deaf.local_addr().expect("an address"))])
        .map(telegram)
        .collect();
    channels.push(shell("stubborn", "trap '' TERM; while :; do sleep 1; done"));
    channels.push(telegram(works.base_url()));
    for (number, channel) in channels.iter_mut().enumerate() {
        channel.name = format!("channel-{number}");
        channel.timeout = Span::secs(60);
    }
    world.put(&world.alert("a"), &channels);
    let before = world.sys.clock.now().up;
    let delivery = world.deliver_within(&channels, Duration::from_secs(2));
    let took = world.sys.clock.now().up - before;
    assert!(took < 2.5, "{took}");
    assert_eq!(works.received().len(), 1);
    assert!(delivery.all_heard());
    assert_eq!(delivery.channels.values().filter(|report| report.pending == 1).count(), channels.len() - 1);
    assert!(
        works.received()[0].at < std::time::SystemTime::now() - Duration::from_secs(1),
        "it went out first"
    );
}

/// A transport that never answers, not even that it gave up.
struct Hangs;

impl Transport for Hangs {
    fn start(&self, _: Sending, reply: Reply) {
        std::mem::forget(reply);
    }
}

#[test]
fn a_send_that_outlives_the_budget_counts_as_a_failed_try_and_backs_off() {
    let world = World::new();
    let channels = [shell("pager", "exit 0")];
    world.put(&world.alert("a"), &channels);
    let mut outbox = Outbox::open(&world.root);
    let delivery = outbox.deliver(&world.sys, &channels, &States::new(), Duration::from_millis(200), &Hangs);
    assert_eq!(kinds(&delivery), ["alert-failed"]);
    assert_eq!(delivery.events[0].fields["why"], "gave no answer within the time of this run");
    assert_eq!(outbox.pending(&world.sys).entries[0].channels["pager"].tries(), 1);
    assert!(world.deliver(&channels).events.is_empty(), "not due yet");
}

/// Drops what it should answer.
struct Drops;

impl Transport for Drops {
    fn start(&self, _: Sending, _: Reply) {}
}

#[test]
fn a_transport_that_gives_up_silently_is_noticed_at_once() {
    let world = World::new();
    let channels = [shell("pager", "exit 0")];
    world.put(&world.alert("a"), &channels);
    let before = world.sys.clock.now().up;
    let mut outbox = Outbox::open(&world.root);
    let delivery = outbox.deliver(&world.sys, &channels, &States::new(), BUDGET, &Drops);
    assert!(world.sys.clock.now().up - before < 5.0);
    assert_eq!(delivery.unheard, ["a"]);
}

/// Accepts on the caller's own thread, as a simulation does.
struct Inline;

impl Transport for Inline {
    fn start(&self, sending: Sending, reply: Reply) {
        assert!(!sending.alert.id.is_empty());
        reply.give(Verdict::Accepted);
    }
}

#[test]
fn a_long_backlog_goes_out_in_order_one_after_the_other() {
    let world = World::new();
    let channels = [channel("x", holdfast::config::ChannelKind::Desktop), shell("y", "exit 0")];
    let mut ids: Vec<String> = (0..50).map(|number| format!("{:02}", (number * 7) % 50)).collect();
    for id in &ids {
        world.put(&world.alert(id), &channels);
    }
    let mut outbox = Outbox::open(&world.root);
    let delivery = outbox.deliver(&world.sys, &channels, &States::new(), BUDGET, &Inline);
    let told: Vec<&str> = delivery
        .events
        .iter()
        .filter(|event| event.fields["channel"] == "x")
        .filter_map(|event| event.fields["alert"].as_str())
        .collect();
    // Put one after the other, so their times rise.
    assert_eq!(told, ids.iter().map(String::as_str).collect::<Vec<_>>());
    ids.clear();
    assert_eq!(world.outbox(), ids);
}

#[test]
fn nothing_is_sent_without_time_for_it() {
    let world = World::new();
    let channels = [shell("pager", "exit 0")];
    world.put(&world.alert("a"), &channels);
    let mut outbox = Outbox::open(&world.root);
    let delivery = outbox.deliver(&world.sys, &channels, &States::new(), Duration::ZERO, &Inline);
    assert_eq!((delivery.unheard, delivery.events), (vec!["a".to_owned()], vec![]));
}

/// Notes how long each send may take, and never answers.
struct Asks(Mutex<Vec<Duration>>);

impl Transport for Asks {
    fn start(&self, sending: Sending, _: Reply) {
        self.0.lock().expect("not poisoned").push(sending.timeout);
    }
}

#[test]
fn a_send_may_take_its_channels_timeout_and_no_more_than_is_left_of_the_budget() {
    let world = World::new();
    let channels = [shell("pager", "exit 0")];
    world.put(&world.alert("a"), &channels);
    for (budget, most) in
        [(Duration::from_millis(900), Duration::from_millis(600)), (BUDGET, Duration::from_secs(2))]
    {
        let asks = Asks(Mutex::default());
        Outbox::open(&world.root).deliver(&world.sys, &channels, &States::new(), budget, &asks);
        let asked = asks.0.into_inner().expect("not poisoned");
        assert!(
            !asked.is_empty() && asked.iter().all(|asked| *asked <= most && !asked.is_zero()),
            "{asked:?}"
        );
        std::fs::remove_file(world.file("data/outbox/a.json")).expect("was there");
        world.put(&world.alert("a"), &channels);
    }
}

#[test]
fn no_try_is_cut_short_of_its_timeout_and_the_first_reason_stays() {
    let world = World::new();
    let mut channels = [shell("slow", "sleep 30")];
    channels[0].timeout = Span::secs(1);
    world.put(&world.alert("a"), &channels);
    world.put(&world.alert("b"), &channels);
    let delivery = world.deliver_within(&channels, Duration::from_secs(2));
    assert_eq!(crate::error_of(&delivery, "slow"), "/bin/sh did not end within 1.0s and was killed");
    let tries: Vec<u32> = Outbox::open(&world.root)
        .pending(&world.sys)
        .entries
        .iter()
        .map(|entry| entry.channels["slow"].tries())
        .collect();
    assert_eq!(tries, [1, 0], "what there is no whole try left for waits for the next run");
}

#[test]
fn a_try_that_the_run_cuts_short_says_so() {
    let world = World::new();
    let mut channels = [shell("slow", "sleep 30")];
    channels[0].timeout = Span::secs(30);
    world.put(&world.alert("a"), &channels);
    let delivery = world.deliver_within(&channels, Duration::from_secs(1));
    let error = crate::error_of(&delivery, "slow");
    assert_eq!(
        error,
        "/bin/sh did not end within 0.7s (all that this run has; its timeout is 30s) and was killed"
    );
}
