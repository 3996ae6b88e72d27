//! Each way in which a Telegram-shaped server answers or fails.

use std::time::Duration;

use holdfast_notify::standin::{Behaviour, CHAT, TOKEN, Telegram};
use holdfast_notify::{Alert, ChannelState, Direct, Note, Outbox, States};

use crate::{BUDGET, World, error_of, is_failing, kinds, shell, telegram};

#[test]
fn an_alert_is_sent_with_the_id_of_its_incident_and_is_gone_when_accepted() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Ok);
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let delivery = world.deliver(&channels);
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!((received[0].token.as_str(), received[0].chat.as_str()), (TOKEN, CHAT));
    assert_eq!(
        received[0].text,
        "trader-run: heartbeat stale\n\n1260s > 900s\n\nincident 20261121T080000Z-7f3a"
    );
    assert_eq!(kinds(&delivery), ["alert-accepted"]);
    assert!(matches!(delivery.channels["telegram"].state, ChannelState::Ok { .. }));
    assert!(delivery.all_heard() && delivery.faults.is_empty(), "{delivery:?}");
    assert_eq!(world.outbox(), Vec::<String>::new());
}

#[test]
fn every_failure_leaves_the_alert_pending_and_names_itself() {
    // Behaviour, whether the channel is broken then, and what the error must say.
    let cases = [
        (Behaviour::ChatNotFound, true, "400 Bad Request: chat not found; name another chat"),
        (Behaviour::Unauthorized, true, "401 Unauthorized; the token is not valid"),
        (Behaviour::NotFound, true, "404 Not Found; the token is not valid"),
        (Behaviour::Blocked, true, "403 Forbidden: bot was blocked by the user; let the bot back"),
        (Behaviour::TooManyRequests(120), false, "429 Too Many Requests: retry after 120"),
        (Behaviour::ServerError, false, "500 Internal Server Error"),
        (Behaviour::NeverAnswers, false, "gave no answer within 2.0s"),
        (Behaviour::DripHead, false, "gave no answer within 2.0s"),
        (Behaviour::DripBody, false, "gave no answer within 2.0s"),
        (Behaviour::ResetMidAnswer, false, "http://127.0.0.1:"),
        (Behaviour::Garbage, false, "http://127.0.0.1:"),
        (Behaviour::Says("<html>Welcome to the hotel</html>"), false, "answers 200, but not as a Telegram"),
        (Behaviour::Says("{\"welcome\":true}"), false, "answers 200, but not as a Telegram"),
        (Behaviour::Says("{\"ok\":\"true\"}"), false, "answers 200, but not as a Telegram"),
        (Behaviour::Says(""), false, "answers 200, but not as a Telegram"),
        (Behaviour::Huge, false, "answers 200 with more than 65536 bytes"),
        (Behaviour::Redirect("http://127.0.0.1:1/".to_owned()), false, "redirects are not followed"),
    ];
    std::thread::scope(|scope| {
        for (behaviour, broken, says) in cases {
            scope.spawn(move || fails(&behaviour, broken, says));
        }
    });
}

fn fails(behaviour: &Behaviour, broken: bool, says: &str) {
    let world = World::new();
    let server = Telegram::start(behaviour.clone());
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let delivery = world.deliver_within(&channels, Duration::from_millis(2900));
    let error = error_of(&delivery, "telegram");
    assert!(error.contains(says), "{behaviour:?}: {error}");
    assert_eq!(delivery.channels["telegram"].state.is_broken(), broken, "{behaviour:?}");
    assert_eq!(is_failing(&delivery, "telegram"), !broken, "{behaviour:?}");
    assert_eq!(delivery.unheard, ["a"], "{behaviour:?}");
    assert_eq!(delivery.channels["telegram"].pending, 1, "{behaviour:?}");
    assert_eq!(kinds(&delivery), ["alert-failed"], "{behaviour:?}");
    assert_eq!(delivery.notes.len(), usize::from(broken), "{behaviour:?}");
    assert!(world.outbox().contains(&"a.json".to_owned()), "{behaviour:?}");
    assert!(server.received().is_empty(), "{behaviour:?}");
}

#[test]
fn nobody_listening_is_a_failure_that_is_tried_again() {
    let world = World::new();
    let gone = Telegram::start(Behaviour::Ok).base_url();
    let channels = [telegram(gone)];
    world.put(&world.alert("a"), &channels);
    let delivery = world.deliver(&channels);
    assert!(is_failing(&delivery, "telegram"), "{delivery:?}");
    assert_eq!(delivery.unheard, ["a"]);
}

#[test]
fn a_passing_failure_is_tried_again_in_the_same_run() {
    let world = World::new();
    let server = Telegram::script([Behaviour::ServerError, Behaviour::Garbage, Behaviour::Ok]);
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let delivery = world.deliver(&channels);
    assert_eq!((server.requests(), server.received().len()), (3, 1));
    assert_eq!(kinds(&delivery), ["alert-accepted"]);
    assert_eq!(delivery.events[0].fields["tries"], 3);
}

#[test]
fn a_short_retry_after_is_waited_for_and_a_long_one_is_scheduled_for_every_alert() {
    let mut world = World::new();
    let server = Telegram::script([Behaviour::TooManyRequests(1), Behaviour::Ok]);
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let before = world.sys.clock.now().up;
    assert_eq!(kinds(&world.deliver(&channels)), ["alert-accepted"]);
    assert!(world.sys.clock.now().up - before >= 1.0);

    server.set(Behaviour::TooManyRequests(300));
    world.put(&world.alert("b"), &channels);
    let before = world.sys.clock.now().up;
    assert_eq!(world.deliver(&channels).unheard, ["b"]);
    assert!(world.sys.clock.now().up - before < 5.0, "a long wait is not slept out");

    server.set(Behaviour::Ok);
    world.put(&world.alert("c"), &channels);
    let requests = server.requests();
    let held = world.deliver(&channels);
    assert_eq!(held.unheard, ["b", "c"]);
    assert_eq!(server.requests(), requests, "a new alert waits too");
    assert!(error_of(&held, "telegram").contains("asked us to wait 300s"), "{held:?}");

    world.later(301.0);
    assert_eq!(kinds(&world.deliver(&channels)), ["alert-accepted", "alert-accepted"]);
}

#[test]
fn a_garbled_retry_after_does_not_silence_a_channel_for_ever() {
    let mut world = World::new();
    let server = Telegram::script([Behaviour::TooManyRequests(u64::MAX), Behaviour::Ok]);
    let channels = [telegram(server.base_url())];
    let alert = Alert { expires_at: f64::MAX, ..world.alert("a") };
    world.put(&alert, &channels);
    assert_eq!(world.deliver(&channels).unheard, ["a"]);
    world.later(3601.0);
    assert!(world.deliver(&channels).all_heard());
}

#[test]
fn a_group_that_moved_is_followed_remembered_and_announced() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Migrated(-100_777));
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let delivery = world.deliver(&channels);
    assert!(delivery.all_heard());
    let (from, to) = (CHAT.to_owned(), "-100777".to_owned());
    assert_eq!(delivery.notes, [Note::Moved { channel: "telegram".to_owned(), from, to }]);

    // The old chat is not asked again.
    let requests = server.requests();
    world.put(&world.alert("b"), &channels);
    assert!(world.deliver(&channels).notes.is_empty());
    assert_eq!(server.requests(), requests + 1);
    assert!(server.received().iter().all(|message| message.chat == "-100777"));

    // A chat that was configured since is used as it is.
    server.set(Behaviour::Ok);
    let mut mended = channels.clone();
    if let holdfast::config::ChannelKind::Telegram { chat, .. } = &mut mended[0].kind {
        "-100888".clone_into(chat);
    }
    world.put(&world.alert("c"), &mended);
    assert!(world.deliver(&mended).all_heard());
    assert_eq!(server.received()[2].chat, "-100888");
}

#[test]
fn a_broken_channel_is_told_through_the_others_once_and_tried_with_each_new_alert() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Unauthorized);
    let channels = [telegram(server.base_url()), shell("pager", "exit 0")];
    let direct = Direct::new(world.sys, &world.root);
    let mut outbox = Outbox::open(&world.root);
    let mut send = |id: &str, states: &States| {
        outbox.put(&world.sys, &world.alert(id), &channels).expect("stored");
        outbox.deliver(&world.sys, &channels, states, BUDGET, &direct)
    };
    let first = send("a", &States::new());
    assert!(matches!(&first.notes[..], [Note::Broken { channel, .. }] if channel == "telegram"));
    assert!(first.all_heard(), "the other channel has it");
    assert_eq!(world.outbox(), Vec::<String>::new(), "settled: accepted by one, refused by the other");
    let second = send("b", &first.states());
    assert!(second.notes.is_empty());
    assert!(second.channels["telegram"].state.is_broken());
    server.set(Behaviour::Ok);
    let third = send("c", &second.states());
    assert!(matches!(third.channels["telegram"].state, ChannelState::Ok { .. }));
    assert_eq!(server.received().len(), 1);
}

#[test]
fn an_alert_that_only_broken_channels_could_take_waits_for_a_mended_token() {
    let mut world = World::new();
    let server = Telegram::start(Behaviour::Unauthorized);
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    assert_eq!(world.deliver(&channels).unheard, ["a"]);
    server.set(Behaviour::Ok);
    let again = world.deliver(&channels);
    assert_eq!((again.unheard, server.requests()), (vec!["a".to_owned()], 1));
    world.later(601.0);
    assert!(world.deliver(&channels).all_heard());
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_long_message_is_cut_honestly_to_what_telegram_takes() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Ok);
    let channels = [telegram(server.base_url())];
    let alert = Alert { text: "𝄞".repeat(4000), ..world.alert("a") };
    world.put(&alert, &channels);
    assert!(world.deliver(&channels).all_heard());
    let text = &server.received()[0].text;
    assert!((4090..=4096).contains(&text.encode_utf16().count()));
    assert!(text.ends_with("… (cut)\n\nincident 20261121T080000Z-7f3a"), "{text}");
}
