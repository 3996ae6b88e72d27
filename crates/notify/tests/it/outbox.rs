//! What is on disk, and what survives.

use std::time::{Duration, SystemTime};

use holdfast::config::Channel;
use holdfast_notify::standin::{Behaviour, Telegram};
use holdfast_notify::{Alert, Direct, Outbox, Put, States, mute, test_alert};

use crate::{BUDGET, Later, World, command, error_of, kinds, shell, telegram};

#[test]
fn an_alert_survives_the_process_that_put_it_and_goes_out_with_the_same_id() {
    let world = World::new();
    let server = Telegram::start(Behaviour::ServerError);
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    assert_eq!(world.outbox(), ["a.json"]);
    server.set(Behaviour::Ok);
    assert_eq!(world.deliver(&channels).events[0].fields["alert"], "a");
    assert_eq!(server.received().len(), 1);
    assert_eq!(world.outbox(), Vec::<String>::new());
    assert!(world.deliver(&channels).events.is_empty());
    assert_eq!(server.received().len(), 1);
}

#[test]
fn a_crash_between_send_and_mark_sends_again_with_the_same_id() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Ok);
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let before = std::fs::read(world.file("data/outbox/a.json")).expect("stored");
    world.deliver(&channels);
    std::fs::write(world.file("data/outbox/a.json"), before).expect("as if never marked");
    world.deliver(&channels);
    let texts: Vec<String> = server.received().into_iter().map(|message| message.text).collect();
    assert_eq!(texts.len(), 2);
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("20261121T080000Z-7f3a"));
}

#[test]
fn what_one_channel_accepted_is_not_sent_to_it_again_while_another_is_down() {
    let mut world = World::new();
    let up = Telegram::start(Behaviour::Ok);
    let channels = [telegram(up.base_url()), shell("pager", "test -e up")];
    world.put(&world.alert("a"), &channels);
    for minutes in 0..3 {
        world.later(f64::from(minutes) * 900.0);
        let delivery = world.deliver(&channels);
        assert!(delivery.all_heard());
        assert_eq!(delivery.channels["pager"].pending, 1);
    }
    assert_eq!(up.received().len(), 1);
    let mended = [channels[0].clone(), shell("pager", "exit 0")];
    world.later(4.0 * 600.0);
    assert_eq!(kinds(&world.deliver(&mended)), ["alert-accepted"]);
    assert_eq!(world.outbox(), Vec::<String>::new());
}

#[test]
fn an_expired_alert_that_nobody_accepted_is_loud_and_gone() {
    let mut world = World::new();
    let channels = [command("pager", &["/nowhere"]), shell("other", "echo busy; exit 1")];
    world.put(&world.alert("a"), &channels);
    assert_eq!(world.deliver(&channels).unheard, ["a"]);
    world.later(3601.0);
    let delivery = world.deliver(&channels);
    assert_eq!(delivery.expired_unheard, ["a"]);
    assert!(!delivery.all_heard());
    assert_eq!(kinds(&delivery), ["alert-expired"]);
    let fields = &delivery.events[0].fields;
    assert_eq!(fields["heard"], false);
    assert_eq!(fields["unsent"]["other"], "/bin/sh ended with 1: busy");
    assert!(fields["unsent"]["pager"].as_str().is_some_and(|why| why.contains("was not found")));
    assert_eq!(world.outbox(), Vec::<String>::new());
}

/// An alert that expires while it is being sent is not dropped without a word.
#[test]
fn an_alert_that_expires_during_a_run_is_reported_by_the_next() {
    let world = World::new();
    let channels = [shell("pager", "sleep 0.3; exit 1")];
    let alert = world.alert("a");
    world.put(&Alert { expires_at: alert.at + 0.2, ..alert }, &channels);
    assert_eq!(world.deliver(&channels).unheard, ["a"]);
    assert_eq!(world.deliver(&channels).expired_unheard, ["a"]);
}

#[test]
fn a_step_of_the_wall_clock_neither_expires_an_alert_nor_stops_its_retries() {
    for step in [-1e8, 1e8] {
        let mut world = World::new();
        let server = Telegram::start(Behaviour::ServerError);
        let channels = [telegram(server.base_url())];
        world.put(&world.alert("a"), &channels);
        world.deliver(&channels);
        server.set(Behaviour::Ok);
        world.clock(Later { wall: step, up: 600.0 });
        assert_eq!(kinds(&world.deliver(&channels)), ["alert-accepted"], "{step}");
    }
}

#[test]
fn an_alert_that_cannot_be_stored_is_sent_anyway_and_only_once() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Ok);
    let channels = [telegram(server.base_url()), shell("pager", "exit 1")];
    // No folder can be made where a file stands, whoever we are.
    std::fs::write(world.file("data/outbox"), "").expect("written");
    let mut outbox = Outbox::open(&world.root);
    let error = outbox.put(&world.sys, &world.alert("a"), &channels).expect_err("cannot be stored");
    assert!(error.to_string().contains("data/outbox/a.json cannot be written"), "{error}");
    let direct = Direct::new(world.sys, &world.root);
    for _ in 0..3 {
        let delivery = outbox.deliver(&world.sys, &channels, &States::new(), BUDGET, &direct);
        assert!(delivery.all_heard() && !delivery.faults.is_empty(), "{delivery:?}");
    }
    assert_eq!(server.received().len(), 1);

    // As soon as the disk takes it, it is there for whoever comes after.
    std::fs::remove_file(world.file("data/outbox")).expect("was there");
    let delivery = outbox.deliver(&world.sys, &channels, &States::new(), BUDGET, &direct);
    assert!(delivery.faults.is_empty(), "{delivery:?}");
    assert!(world.outbox().contains(&"a.json".to_owned()));
    drop(outbox);
    world.deliver(&channels);
    assert_eq!(server.received().len(), 1);
}

#[test]
fn an_alert_that_is_in_memory_only_is_not_taken_for_stored() {
    let world = World::new();
    let channels = [shell("pager", "exit 1")];
    std::fs::write(world.file("data/outbox"), "").expect("written");
    let mut outbox = Outbox::open(&world.root);
    for _ in 0..2 {
        outbox.put(&world.sys, &world.alert("a"), &channels).expect_err("cannot be stored");
    }
    std::fs::remove_file(world.file("data/outbox")).expect("was there");
    outbox.put(&world.sys, &world.alert("a"), &channels).expect("stored now");
    drop(outbox);
    assert_eq!(world.outbox(), ["a.json"], "whoever comes after finds it");
}

#[test]
fn an_alert_with_a_name_that_is_no_file_is_sent_anyway() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Ok);
    let channels = [telegram(server.base_url())];
    let mut outbox = Outbox::open(&world.root);
    for id in ["../escape", "", ".hidden", "a/b", "ünï"] {
        let error = outbox.put(&world.sys, &world.alert(id), &channels).expect_err(id);
        assert!(error.to_string().contains("is no id of an alert"), "{error}");
    }
    let direct = Direct::new(world.sys, &world.root);
    assert!(outbox.deliver(&world.sys, &channels, &States::new(), BUDGET, &direct).all_heard());
    assert_eq!(server.received().len(), 5);
    assert!(outbox.pending(&world.sys).entries.is_empty());
}

#[test]
fn two_programs_never_send_the_same_alert_at_the_same_time() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Slow(Duration::from_millis(700)));
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| world.deliver(&channels));
        assert!(server.first_byte_at(BUDGET).is_some());
        let second = world.deliver(&channels);
        (first.join().expect("no panic"), second)
    });
    assert_eq!((first.events.len(), first.busy), (1, 0));
    assert_eq!((second.events.len(), second.busy), (0, 1));
    assert_eq!(server.received().len(), 1);
    assert_eq!(world.outbox(), Vec::<String>::new());
}

#[test]
fn a_program_that_hangs_with_the_lock_does_not_keep_an_alert_from_being_heard() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Ok);
    let channels = [telegram(server.base_url())];
    world.put(&world.alert("a"), &channels);
    let path = world.file("data/outbox/.a.lock");
    let lock = world.sys.store.try_lock(&path).expect("a lock").expect("free");
    assert_eq!(world.deliver(&channels).busy, 1);
    let long_ago = SystemTime::now() - Duration::from_secs(121);
    world.sys.store.set_modified(&path, long_ago).expect("set");
    let delivery = world.deliver(&channels);
    assert!(delivery.all_heard());
    assert!(delivery.faults[0].contains("is held by a process that hangs"), "{delivery:?}");
    drop(lock);
}

#[test]
fn putting_twice_changes_nothing_and_without_channels_nothing_is_stored() {
    let world = World::new();
    let channels = [shell("pager", "exit 1")];
    let mut outbox = Outbox::open(&world.root);
    let alert = world.alert("a");
    assert_eq!(outbox.put(&world.sys, &alert, &[]).expect("fine"), Put::NoChannel);
    assert_eq!(outbox.put(&world.sys, &alert, &channels).expect("fine"), Put::Stored);
    world.deliver(&channels);
    assert_eq!(outbox.put(&world.sys, &alert, &channels).expect("fine"), Put::Already);
    assert_eq!(outbox.pending(&world.sys).entries[0].channels["pager"].tries(), 3);
}

#[test]
fn an_alert_goes_to_the_channels_of_its_level_or_to_the_lowest_that_there_is() {
    let world = World::new();
    let [desk, mut boss, mut owner] = ["desk", "boss", "owner"].map(|name| shell(name, "exit 0"));
    (boss.level, owner.level) = (2, 2);
    let told = |level: u8, channels: &[Channel]| {
        world.put(&Alert { level, ..world.alert("a") }, channels);
        let delivery = world.deliver(channels);
        let told = delivery.channels.iter().filter(|(_, report)| report.accepted == 1);
        told.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let all = [desk, boss, owner];
    assert_eq!(told(1, &all), ["desk"]);
    assert_eq!(told(2, &all), ["boss", "desk", "owner"]);
    assert_eq!(told(1, &all[1..]), ["boss", "owner"]);
}

#[test]
fn a_file_that_holds_no_alert_is_reported_and_left_alone() {
    let world = World::new();
    let channels = [shell("pager", "exit 0")];
    world.put(&world.alert("good"), &channels);
    for (name, content) in
        [("torn", "{\"v\":1,"), ("empty", ""), ("later", "{\"v\":7}"), ("twice", "{\"v\":1,\"v\":1}")]
    {
        std::fs::write(world.file(&format!("data/outbox/{name}.json")), content).expect("written");
    }
    std::fs::create_dir(world.file("data/outbox/dir.json")).expect("made");
    let delivery = world.deliver(&channels);
    assert_eq!(kinds(&delivery), ["alert-accepted"]);
    assert_eq!(delivery.faults.len(), 5, "{:?}", delivery.faults);
    assert!(
        delivery
            .faults
            .iter()
            .all(|fault| fault.contains("an alert may be lost here\n  read it, then delete it"))
    );
    assert_eq!(world.outbox().len(), 5);
}

#[test]
fn what_killed_processes_left_behind_is_swept() {
    let world = World::new();
    let channels = [shell("pager", "exit 0")];
    world.put(&world.alert("a"), &channels);
    std::fs::write(world.file("data/outbox/.old.lock"), "").expect("written");
    let temp = world.file("data/outbox/.a.json.1-0.tmp");
    std::fs::write(&temp, "{").expect("written");
    world.sys.store.set_modified(&temp, SystemTime::now() - Duration::from_hours(2)).expect("set");
    world.deliver(&channels);
    assert_eq!(world.outbox(), Vec::<String>::new());
}

#[test]
fn a_test_says_which_channels_work_and_leaves_nothing() {
    let world = World::new();
    let server = Telegram::start(Behaviour::Ok);
    let mut boss = shell("boss", "exit 0");
    boss.level = 2;
    let channels = [telegram(server.base_url()), boss, command("gone", &["/nowhere"])];
    let direct = Direct::new(world.sys, &world.root);
    let alert = world.alert("test-1");
    let delivery = test_alert(&world.sys, &world.root, &channels, &States::new(), BUDGET, &alert, &direct);
    let worked: Vec<(&str, usize)> =
        delivery.channels.iter().map(|(name, report)| (name.as_str(), report.accepted)).collect();
    assert_eq!(worked, [("boss", 1), ("gone", 0), ("telegram", 1)]);
    assert!(error_of(&delivery, "gone").contains("was not found"));
    assert_eq!(world.outbox(), Vec::<String>::new());
    assert!(!mute(&channels, &delivery.states()));
    assert!(mute(&channels[2..], &delivery.states()));
    assert!(!mute(&[], &delivery.states()));
}

#[test]
fn an_alert_is_on_disk_before_its_first_byte_goes_out() {
    let world = World::new();
    let entry = world.file("data/outbox/a.json");
    let stored = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, path) = (stored.clone(), entry.clone());
    let server = Telegram::with_hook([Behaviour::Ok], move || {
        seen.lock().expect("not poisoned").push(path.exists());
    });
    let channels = [telegram(server.base_url())];
    let mut outbox = Outbox::open(&world.root);
    // What could not be stored at first is stored before it is sent, once the disk takes it.
    std::fs::write(world.file("data/outbox"), "").expect("written");
    outbox.put(&world.sys, &world.alert("a"), &channels).expect_err("cannot be stored");
    std::fs::remove_file(world.file("data/outbox")).expect("was there");
    let direct = Direct::new(world.sys, &world.root);
    assert!(outbox.deliver(&world.sys, &channels, &States::new(), BUDGET, &direct).all_heard());
    assert_eq!(*stored.lock().expect("not poisoned"), [true]);
    assert!(!entry.exists());
}

#[test]
fn the_next_try_is_what_a_channel_still_wants_and_when_it_may_have_it() {
    let mut world = World::new();
    let mut outbox = Outbox::open(&world.root);
    let deliver = |outbox: &mut Outbox, channels: &[Channel]| {
        outbox.deliver(&world.sys, channels, &States::new(), BUDGET, &Direct::new(world.sys, &world.root))
    };
    let next = |outbox: &Outbox, channels: &[Channel]| outbox.next_try(&world.sys, channels);
    let server = Telegram::start(Behaviour::TooManyRequests(300));
    let paused = [telegram(server.base_url())];
    assert_eq!(next(&outbox, &paused), None);
    world.put(&world.alert("a"), &paused);
    assert_eq!(next(&outbox, &paused), Some(0.0), "never tried");
    deliver(&mut outbox, &paused);
    // One that came since is due, and its channel is not to be used.
    world.put(&world.alert("b"), &paused);
    let waits = next(&outbox, &paused).expect("a try");
    assert!((200.0..=300.0).contains(&waits), "{waits}");
    // Its channel is gone: it is for the one that is there.
    let ok = shell("ok", "true");
    assert_eq!(next(&outbox, std::slice::from_ref(&ok)), Some(0.0));
    assert_eq!(next(&outbox, &[]), None);
    // Heard, refused by another, and asked to wait by the third: only that one is left to try.
    let refusing = Telegram::start(Behaviour::Unauthorized);
    let broken = Channel { name: "broken".to_owned(), ..telegram(refusing.base_url()) };
    let all = [broken, ok, paused[0].clone()];
    world.put(&world.alert("c"), &all);
    assert!(deliver(&mut outbox, &all).all_heard());
    assert_eq!(next(&outbox, &all), Some(0.0), "a channel that refuses is asked once in a delivery");
    deliver(&mut outbox, &all);
    assert!(next(&outbox, &all).is_some_and(|waits| waits > 200.0));
    world.later(700.0);
    assert_eq!(outbox.next_try(&world.sys, &all), Some(0.0));
    assert_eq!(outbox.next_try(&world.sys, &all[..2]), None);
}
