//! On a simulated host: disks that refuse, are full or lose power, and hands that come in between.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::{Arc, Mutex};

use super::super::face::Face;
use super::*;
use crate::sys::sim::{Director, Fault, SimHost, Step, Verb};
use crate::sys::{Secrecy, Store as _};

/// A root on a simulated host, for ever: directors may act on it.
fn place() -> (&'static SimHost, Sys<'static>, Root) {
    let host: &'static SimHost = Box::leak(Box::new(SimHost::new("mini", 1_763_712_000.0)));
    let sys = Box::leak(Box::new(host.process("test"))).sys();
    sys.store.make_dir("/bot/data".as_ref()).expect("a folder");
    sys.store.make_dir("/bot/memory".as_ref()).expect("a folder");
    let root = Root::open(sys.store, "/bot").expect("a root");
    (host, sys, root)
}

fn put(sys: &Sys, path: &Path, bytes: &[u8]) {
    sys.store.replace(path, bytes, Secrecy::Shared).expect("written");
}

fn stale() -> Trip {
    let (reason, by) = ("stale".to_owned(), "watchdog".to_owned());
    Trip { mode: Mode::Halt, reason, by, watch: None, id: None }
}

/// Does something just before the step of this kind that comes after so many others of it.
struct Nth<F: Fn() -> Fault>(Verb, &'static str, AtomicIsize, F);

impl<F: Fn() -> Fault + Send + Sync> Director for Nth<F> {
    fn before(&self, step: &Step) -> Fault {
        let ours = step.verb == self.0 && step.path.ends_with(self.1);
        if ours && self.2.fetch_sub(1, Ordering::Relaxed) == 0 { (self.3)() } else { Fault::None }
    }

    fn changed(&self, _: &Step) {}
}

fn once(host: &SimHost, verb: Verb, file: &'static str, act: impl Fn() -> Fault + Send + Sync + 'static) {
    after(host, 0, verb, file, act);
}

fn after(
    host: &SimHost,
    others: isize,
    verb: Verb,
    file: &'static str,
    act: impl Fn() -> Fault + Send + Sync + 'static,
) {
    host.direct(Some(Arc::new(Nth(verb, file, AtomicIsize::new(others), act))));
}

fn refuse_once(host: &SimHost, file: &'static str) {
    once(host, Verb::Read, file, || Fault::NotApplied(io::ErrorKind::Other));
}

#[test]
fn a_line_as_long_as_the_one_that_a_restored_ledger_lost_is_no_resume() {
    let (_, sys, root) = place();
    let stale = Trip { id: Some("20251121T080000Z-7f3a01".to_owned()), ..stale() };
    trip(&sys, &root, &stale).expect("tripped");
    trip(&sys, &root, &stale).expect("tripped");
    let ledger = sys.store.read(&root.ledger()).expect("two lines");
    let resumed = Face { trips: Some(ledger.len() as u64), ..Face::default() };
    put(&sys, &root.circuit(), &resumed.to_bytes());
    assert!(check(&sys, &root).verdict.is_green());

    put(&sys, &root.ledger(), &ledger[..ledger.len() / 2]);
    let tripped = trip(&sys, &root, &stale).expect("tripped");
    assert_eq!(sys.store.read(&root.ledger()).expect("two lines again").len(), ledger.len());
    assert!(!tripped.lifted_already && !check(&sys, &root).verdict.is_green());
}

#[test]
fn a_hand_edit_that_could_not_be_read_before_the_trip_is_no_resume_after_it() {
    let (host, sys, root) = place();
    put(&sys, &root.circuit(), b"{\"paused\": false}");
    // So the ledger will look older than the face.
    host.clock.step_wall(-3600.0);
    refuse_once(host, "circuit.json");
    let tripped = trip(&sys, &root, &stale()).expect("tripped");
    assert!(!tripped.lifted_already && !check(&sys, &root).verdict.is_green());
}

#[test]
fn a_hand_edit_just_before_the_line_is_no_resume_after_it_though_the_clock_was_set_back() {
    let (host, sys, root) = place();
    let face = root.circuit();
    once(host, Verb::Append, "trips.jsonl", move || {
        let hand = host.process("hand");
        hand.overwrite(&face, b"{\"paused\": false}").expect("written");
        host.clock.step_wall(-30.0);
        Fault::None
    });
    let tripped = trip(&sys, &root, &stale()).expect("tripped");
    assert!(!tripped.lifted_already && !check(&sys, &root).verdict.is_green());
}

#[test]
fn holds_that_could_not_be_read_are_not_taken_for_lifted() {
    let (host, sys, root) = place();
    let id = trip(&sys, &root, &stale()).expect("tripped").hold.id;
    put(&sys, &root.circuit(), b"");
    let names = |view: &View| view.holds.iter().any(|hold| hold.id == id);
    let whole = view(&sys, &root);
    assert!(names(&whole) && !whole.refused);
    refuse_once(host, "trips.jsonl");
    let partly = view(&sys, &root);
    assert!(!names(&partly) && partly.refused, "else the watchdog would journal that a hand lifted it");
}

#[test]
fn a_hold_that_cannot_be_read_at_the_resume_is_not_lifted_with_the_others() {
    let (host, sys, root) = place();
    let one = trip(&sys, &root, &stale()).expect("tripped").hold.id;
    let lagging = sys.store.read(&root.circuit()).expect("a face");
    let two = trip(&sys, &root, &stale()).expect("tripped").hold.id;
    put(&sys, &root.circuit(), &lagging);
    let listing = Listing::now(&sys, &root);
    assert_eq!(listing.view().holds.iter().map(|hold| &hold.id).collect::<Vec<_>>(), [&one, &two]);
    refuse_once(host, "trips.jsonl");
    let (by, why) = ("alice".to_owned(), "mended".to_owned());
    let lifted = listing.lift(&sys, &root, &Confirmed { by, why, holds: vec![one], overridden: Vec::new() });
    assert!(matches!(lifted, Err(ResumeError::Changed(_))), "{lifted:?}");
    assert!(view(&sys, &root).holds.iter().any(|hold| hold.id == two));
}

#[test]
fn a_face_that_a_full_disk_leaves_empty_is_so_after_a_power_loss_too() {
    let (host, sys, root) = place();
    put(&sys, &root.circuit(), b"{\"paused\": false}");
    host.set_room(Some(0));
    let tripped = trip(&sys, &root, &stale()).expect("paused");
    assert_eq!(tripped.shortcomings.len(), 2, "both files are named: {:?}", tripped.shortcomings);
    assert_eq!(host.durable(&root.circuit()).as_deref(), Some(&b""[..]));
}

#[test]
fn a_hand_edit_that_is_gone_before_the_ledger_is_looked_at_lifts_nothing() {
    let (host, sys, root) = place();
    put(&sys, &root.circuit(), b"{\"paused\": false}");
    // Somebody has read that face and stands still; the clock is set back, and somebody else trips twice.
    let other = root.clone();
    once(host, Verb::Stat, "trips.jsonl", move || {
        host.clock.step_wall(-3600.0);
        trip(&sys, &other, &stale()).expect("tripped");
        trip(&sys, &other, &stale()).expect("tripped");
        Fault::None
    });
    let seen = view(&sys, &root);
    assert_eq!(seen.holds.len(), 2, "{seen:?}");
}

#[test]
fn two_trips_at_once_after_the_ledger_shrank_are_both_named() {
    let (host, sys, root) = place();
    for _ in 0..4 {
        trip(&sys, &root, &stale()).expect("tripped");
    }
    put(&sys, &root.ledger(), b"");
    let other = root.clone();
    once(host, Verb::TryLock, ".circuit.lock", move || {
        trip(&sys, &other, &stale()).expect("tripped");
        Fault::None
    });
    let id = trip(&sys, &root, &stale()).expect("tripped").hold.id;
    assert!(view(&sys, &root).holds.iter().any(|hold| hold.id == id), "else nobody is shown it");
}

#[test]
fn who_has_read_an_older_face_sees_what_came_since_the_ledger_shrank() {
    let (host, sys, root) = place();
    for _ in 0..4 {
        trip(&sys, &root, &stale()).expect("tripped");
    }
    put(&sys, &root.ledger(), b"");
    let (other, made) = (root.clone(), Arc::new(Mutex::new(None)));
    let id = Arc::clone(&made);
    once(host, Verb::Stat, "trips.jsonl", move || {
        *id.lock().unwrap() = Some(trip(&sys, &other, &stale()).expect("tripped").hold.id);
        Fault::None
    });
    let seen = view(&sys, &root);
    let made = made.lock().unwrap().clone().expect("tripped meanwhile");
    assert!(seen.holds.iter().any(|hold| hold.id == made), "a face made of this would hide it: {seen:?}");
}

#[test]
fn a_trip_after_the_ledger_shrank_keeps_what_was_shown_of_it() {
    let (_, sys, root) = place();
    for _ in 0..2 {
        trip(&sys, &root, &stale()).expect("tripped");
    }
    let ledger = sys.store.read(&root.ledger()).expect("read");
    let line = ledger.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    // Torn in the second line, by so little that the next trip makes it longer than the face knows.
    put(&sys, &root.ledger(), &ledger[..ledger.len() - 20]);
    let torn = format!("ledger-{line}");
    assert!(view(&sys, &root).holds.iter().any(|hold| hold.id == torn), "shown before");
    trip(&sys, &root, &stale()).expect("tripped");
    let after = view(&sys, &root);
    assert!(after.holds.iter().any(|hold| hold.id == torn), "and still: {after:?}");
}

/// A face that is as short as can be is emptied in place on a full disk; one with room for it is written anew.
#[test]
fn on_a_full_disk_the_pause_of_somebody_who_could_not_make_it_durable_is_made_durable() {
    for room in ["", &" ".repeat(1000)] {
        let (host, sys, root) = place();
        let green = format!("{{\"paused\": false, \"trips\": 0}}{room}").into_bytes();
        put(&sys, &root.circuit(), &green);
        host.set_room(Some(0));
        once(host, Verb::Overwrite, "circuit.json", || Fault::Applied(io::ErrorKind::Other));
        trip(&sys, &root, &stale()).expect("paused as long as there is power");
        let durable = || host.durable(&root.circuit()).expect("a face");
        assert_eq!(durable(), green, "the first could not");
        trip(&sys, &root, &stale()).expect("paused");
        assert!(Face::parse(&durable()).is_ok_and(|face| face.paused) || durable().is_empty());
    }
}

#[test]
fn within_one_tick_of_a_hand_edit_the_ledger_is_not_dated_anew() {
    let (host, sys, root) = place();
    put(&sys, &root.circuit(), b"{\"paused\": false}");
    let dated = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dated);
    once(host, Verb::SetModified, "trips.jsonl", move || {
        seen.store(true, Ordering::Relaxed);
        Fault::None
    });
    trip(&sys, &root, &stale()).expect("tripped");
    assert!(!dated.load(Ordering::Relaxed), "that could set its time back for a trip that comes meanwhile");
}

/// A hand edit, the clock set back, the line of the first trip, all of a second trip, and then the rest of the first.
#[test]
fn of_two_trips_around_a_hand_edit_and_a_clock_that_is_set_back_both_are_named() {
    let (host, sys, root) = place();
    put(&sys, &root.circuit(), b"{\"paused\": false, \"trips\": 0}");
    let other = root.clone();
    once(host, Verb::Append, "trips.jsonl", move || {
        put(&sys, &other.circuit(), b"{\"paused\": false}");
        host.clock.step_wall(-3600.0);
        let second = other.clone();
        once(host, Verb::Stat, "circuit.json", move || {
            trip(&sys, &second, &Trip { reason: "second".to_owned(), ..stale() }).expect("tripped");
            Fault::None
        });
        Fault::None
    });
    let id = trip(&sys, &root, &stale()).expect("tripped").hold.id;
    let holds = view(&sys, &root).holds;
    assert!(holds.iter().any(|hold| hold.id == id), "else a resume lifts what nobody was shown: {holds:?}");
    assert!(holds.iter().any(|hold| hold.reason == "second"), "{holds:?}");
}

/// The line of a trip, a hand that lifts it, all of a second trip, and a hand that lifts that one: in the face there is
/// nothing of the first.
#[test]
fn a_trip_that_others_have_lifted_and_overwritten_is_done_all_the_same() {
    let (host, sys, root) = place();
    let face = root.circuit();
    let other = root.clone();
    once(host, Verb::TryLock, ".circuit.lock", move || {
        host.clock.advance(1.0);
        put(&sys, &face, b"{\"paused\": false}");
        let (face, other) = (face.clone(), other.clone());
        // A face that rests on times is read twice, and then comes the last look.
        after(host, 2, Verb::Read, "circuit.json", move || {
            host.clock.advance(1.0);
            trip(&sys, &other, &Trip { reason: "second".to_owned(), ..stale() }).expect("tripped");
            let bytes = sys.store.read(&face).expect("a face");
            let green =
                String::from_utf8(bytes).expect("text").replace("\"paused\":true", "\"paused\":false");
            put(&sys, &face, green.as_bytes());
            Fault::None
        });
        Fault::None
    });
    trip(&sys, &root, &stale()).expect("no alarm about a sound disk");
    assert!(!check(&sys, &root).verdict.is_green(), "in a race a trip wins");
}
