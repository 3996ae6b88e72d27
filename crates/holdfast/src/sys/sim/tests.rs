//! The double does what it says, so that the simulation means something.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::sys::{Clock, Secrecy, Store};

/// One fault for the first writing step.
struct Once(Fault, AtomicUsize);

impl Director for Once {
    fn before(&self, step: &Step) -> Fault {
        let first = step.verb.writes() && self.1.fetch_add(1, Ordering::Relaxed) == 0;
        if first { self.0 } else { Fault::None }
    }

    fn changed(&self, _: &Step) {}
}

fn host() -> SimHost {
    let host = SimHost::new("mini", 1e9);
    host.process("setup").make_dir(Path::new("/r")).expect("no fault yet");
    host
}

fn fail_once(host: &SimHost, fault: Fault) {
    host.direct(Some(Arc::new(Once(fault, AtomicUsize::new(0)))));
}

const FILE: &str = "/r/f";

fn put(process: &SimProcess, text: &str) -> io::Result<()> {
    process.replace(Path::new(FILE), text.as_bytes(), Secrecy::Shared)
}

fn text(host: &SimHost) -> Option<String> {
    host.peek(Path::new(FILE)).map(|bytes| String::from_utf8(bytes).expect("text"))
}

#[test]
fn a_replace_is_whole_or_nothing_whatever_goes_wrong() {
    const EIO: io::ErrorKind = io::ErrorKind::Other;
    for (fault, returns, left) in [
        (Fault::None, Some(true), "new"),
        (Fault::NotApplied(EIO), Some(false), "old"),
        (Fault::Applied(EIO), Some(false), "new"),
        (Fault::Torn(EIO), Some(false), "old"),
        (Fault::KilledBefore, None, "old"),
        (Fault::KilledWithin, None, "old"),
        (Fault::KilledAfter, None, "new"),
    ] {
        let host = host();
        put(&host.process("p"), "old").expect("no fault yet");
        fail_once(&host, fault);
        assert_eq!(host.run("p", |process| put(process, "new").is_ok()), returns, "{fault:?}");
        assert_eq!(text(&host).as_deref(), Some(left), "{fault:?}");
    }
}

#[test]
fn an_append_can_be_torn_and_the_next_one_closes_it() {
    let host = host();
    fail_once(&host, Fault::KilledWithin);
    assert!(host.run("p", |process| process.append(Path::new(FILE), "abcdef")).is_none());
    assert_eq!(text(&host).as_deref(), Some("abc"));
    let appended = host.process("p").append(Path::new(FILE), "xy").expect("no fault");
    assert_eq!((appended.offset, appended.end, appended.closed_torn_line), (4, 7, true));
    assert_eq!(text(&host).as_deref(), Some("abc\nxy\n"));
}

#[test]
fn an_overwrite_is_seen_empty_in_the_middle() {
    struct Reader(Mutex<Vec<u64>>);
    impl Director for Arc<Reader> {
        fn before(&self, _: &Step) -> Fault {
            Fault::None
        }
        fn changed(&self, _: &Step) {
            lock(&self.0).push(1);
        }
    }
    let host = host();
    let reader = Arc::new(Reader(Mutex::default()));
    host.direct(Some(Arc::new(Arc::clone(&reader))));
    host.process("p").overwrite(Path::new(FILE), b"x").expect("no fault");
    assert_eq!(lock(&reader.0).len(), 2);
}

#[test]
fn what_was_acknowledged_survives_a_power_loss_and_the_rest_may_not() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let host = host();
        put(&host.process("p"), "old").expect("no fault yet");
        fail_once(&host, Fault::Applied(io::ErrorKind::Other));
        assert!(put(&host.process("p"), "new").is_err());
        assert_eq!(host.durable(Path::new(FILE)).as_deref(), Some(&b"old"[..]));
        host.reboot(&mut Rng::new(seed), 60.0);
        seen.insert(text(&host));
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[test]
fn a_full_disk_takes_nothing_until_something_is_freed() {
    let host = host();
    let process = host.process("p");
    process.reserve(Path::new("/r/reserve"), 1000).expect("room");
    host.set_room(Some(10));
    let error = process.append(Path::new(FILE), &"x".repeat(100)).expect_err("full");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    process.remove(Path::new("/r/reserve")).expect("removing needs no room");
    process.append(Path::new(FILE), &"x".repeat(100)).expect("room again");
}

#[test]
fn a_lock_ends_with_its_holder_a_kill_or_the_power() {
    let host = host();
    let path = Path::new("/r/.lock");
    let (one, two) = (host.process("one"), host.process("two"));
    let held = one.try_lock(path).expect("no fault");
    assert!(held.is_some());
    assert!(two.try_lock(path).expect("no fault").is_none());
    assert!(two.sys().lock_within(path, Duration::from_secs(1)).expect("no fault").is_none());
    drop(held);
    assert!(two.try_lock(path).expect("no fault").is_some());
    host.run("one", |one| {
        let _held = one.try_lock(path).expect("no fault").expect("free");
        fail_once(&host, Fault::KilledBefore);
        put(one, "never")
    });
    let old = two.try_lock(path).expect("no fault").expect("the killed one holds nothing");
    host.reboot(&mut Rng::new(1), 1.0);
    let new = one.try_lock(path).expect("no fault").expect("nobody is left");
    drop(old);
    assert!(two.try_lock(path).expect("no fault").is_none(), "an old holder frees nothing");
    drop(new);
}

#[test]
fn the_clocks_move_as_they_do() {
    let clock = SimClock::new(1e9);
    let start = clock.now();
    clock.drift(100.0);
    clock.advance(1e4);
    clock.suspend(1000.0);
    clock.step_wall(-500.0);
    let now = clock.now();
    assert!((now.up - start.up - 11_000.0).abs() < 1e-6);
    assert!((now.awake - start.awake - 10_000.0).abs() < 1e-6);
    assert!((now.wall - start.wall - 10_501.0).abs() < 1e-6);
    assert_eq!(now.boot, start.boot);
    clock.reboot(100.0);
    assert_ne!(clock.now().boot, now.boot);
    assert!(clock.now().up < now.up);
    clock.hide_boot_id();
    assert_eq!(clock.now().boot, None);
}

#[test]
fn a_folder_is_made_only_in_one_that_is_there() {
    let host = host();
    let process = host.process("p");
    let error = process.make_dir(Path::new("/r/data/outbox")).expect_err("no data");
    assert_eq!(error.to_string(), "the folder /r/data is missing, and is not made on the way");
    process.make_dir(Path::new("/r/data")).expect("its folder is there");
    process.make_dir(Path::new("/r/data/outbox")).expect("its folder is there");
}

#[test]
fn a_seed_says_everything() {
    let numbers = |seed| {
        let mut rng = Rng::new(seed);
        (0..20).map(|_| rng.below(1000)).collect::<Vec<_>>()
    };
    assert_eq!(numbers(7), numbers(7));
    assert_ne!(numbers(7), numbers(8));
}
