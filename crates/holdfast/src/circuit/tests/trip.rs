//! Pausing: the ledger first, then the face, whatever state the disk is in.

use super::*;

#[test]
fn a_trip_stands_in_ledger_and_face_and_each_is_a_hold_of_its_own() {
    let place = Place::new();
    let one = place.trip("one");
    let two = place.trip("two");
    let ids: Vec<String> = place.view().holds.into_iter().map(|hold| hold.id).collect();
    assert_eq!(ids, [one, two]);
    let face = place.face();
    assert!(face.paused);
    assert_eq!(face.reason.as_deref(), Some("one"), "the oldest's");
    assert_eq!(face.trips, Some(fs::metadata(place.root.ledger()).expect("a ledger").len()));
    assert_eq!(place.check(), Verdict::Paused { mode: Mode::Halt, why: Why::Face });
}

#[test]
fn lifting_one_hold_leaves_the_other() {
    let place = Place::new();
    let one = place.trip("one");
    let two = place.trip("two");
    let lifted = place.lift(&place.listing(), &[one]).expect("lifted");
    assert_eq!(lifted.standing.len(), 1);
    assert!(!place.check().is_green());
    assert_eq!(place.view().holds[0].id, two);
    place.resume();
}

#[test]
fn a_trip_after_a_hand_edit_holds_whatever_the_clocks_say() {
    for (what, after) in [("the face is dated ahead", 3600.0), ("the same tick", 0.0), ("long ago", -3600.0)]
    {
        let place = Place::new();
        place.trip("before");
        place.edit("{\"paused\":false}");
        assert!(place.check().is_green(), "{what}");
        date(place.root.circuit(), after);
        place.trip("after");
        assert!(!place.check().is_green(), "{what}");
        assert!(place.view().holds.iter().any(|hold| hold.reason == "after"), "{what}");
    }
}

#[test]
fn the_trip_that_came_after_a_hand_edit_is_named_although_its_clock_says_before() {
    let place = Place::new();
    let line = |id: &str, since: u64| {
        format!(r#"{{"v":1,"id":"{id}","mode":"halt","reason":"r","by":"b","host":"h","since":{since}}}"#)
            + "\n"
    };
    // The clock was far ahead at the first one.
    let ledger = line("first", 4_102_444_800) + &line("last", 1_000_000_000);
    fs::write(place.root.ledger(), ledger).expect("written");
    place.edit("{\"paused\":false}");
    date(place.root.circuit(), -3600.0);
    assert!(!place.check().is_green());
    let holds = place.view().holds;
    assert!(holds.iter().any(|hold| hold.id == "last"), "else a resume would lose it: {holds:?}");
}

#[test]
fn a_ledger_that_was_dated_behind_the_face_is_dated_anew() {
    let place = Place::new();
    place.trip("before");
    place.edit("{\"paused\":false}");
    date(place.root.circuit(), 3600.0);
    let edited = fs::metadata(place.root.circuit()).expect("there").modified().expect("dated");
    place.trip("after");
    let ledger = fs::metadata(place.root.ledger()).expect("there").modified().expect("dated");
    assert!(ledger > edited);
    place.edit("{\"paused\":false}");
    date(place.root.circuit(), 3599.0);
    assert!(!place.check().is_green(), "the same hand-written face, restored, is older than the trip");
}

#[test]
fn a_hand_edit_of_a_simple_writer_keeps_its_hold_and_its_keys() {
    let place = Place::new();
    place.edit("{\"paused\":true,\"reason\":\"by a script\",\"ticket\":7}");
    place.trip("more");
    let face = place.face();
    let reasons: Vec<&str> = face.holds.iter().map(|hold| hold.reason.as_str()).collect();
    assert_eq!(reasons, ["by a script", "more"]);
    assert_eq!(face.extra.get("ticket"), Some(&7.into()));
}

#[test]
fn a_face_that_cannot_be_read_is_left_for_a_person_and_the_trip_stands_behind_it() {
    let place = Place::new();
    place.edit("{\"paused\": fal");
    let id = place.trip("while broken");
    assert_eq!(fs::read(place.root.circuit()).expect("there"), b"{\"paused\": fal");
    let holds = place.view().holds;
    assert!(holds.iter().any(|hold| hold.id == id) && holds.iter().any(|hold| hold.id == "face-malformed"));
    place.resume();
    let kept: Vec<String> = Sys::real().store.list(&place.root.data()).expect("listed");
    assert!(kept.iter().any(|name| name.starts_with("circuit-malformed-")), "{kept:?}");
}

#[test]
fn a_ledger_that_cannot_be_written_does_not_keep_a_trip_from_the_face() {
    let place = Place::new();
    fs::create_dir(place.root.ledger()).expect("in the way");
    place.edit("{\"paused\":false}");
    let tripped = place.try_trip("no ledger").expect("paused");
    assert!(tripped.shortcomings[0].contains("trips.jsonl"), "{:?}", tripped.shortcomings);
    assert!(place.face().paused && place.face().holds.iter().any(|hold| hold.reason == "no ledger"));
}

#[test]
fn a_held_lock_keeps_no_trip_waiting_for_long() {
    let place = Place::new();
    let _lock = Sys::real().store.try_lock(&place.root.circuit_lock()).expect("openable").expect("free");
    let begin = Sys::real().clock.now().up;
    place.trip("while locked");
    assert!(Sys::real().clock.now().up - begin < 3.0);
    let listing = place.listing();
    assert!(matches!(place.lift(&listing, &[]), Err(ResumeError::Busy)));
}

#[test]
fn nothing_that_can_be_written_is_an_error_that_says_so() {
    let place = Place::new();
    fs::create_dir(place.root.ledger()).expect("in the way");
    fs::create_dir(place.root.circuit()).expect("in the way");
    let error = place.try_trip("nowhere to go").expect_err("nothing is recorded");
    assert!(
        !place.check().is_green() && error.to_string().contains("only as long as it cannot be read"),
        "{error}"
    );

    let gone = Place::new();
    fs::remove_dir(gone.root.data()).expect("removed");
    let error = gone.try_trip("no data").expect_err("not paused");
    assert!(error.to_string().starts_with("THE CIRCUIT IS NOT PAUSED"), "{error}");
}

#[test]
fn a_thousand_holds_and_more_stay_readable_and_are_lifted_together() {
    let place = Place::new();
    let line = |number| format!("{{\"id\":\"x-{number:06}\",\"mode\":\"reduce\",\"reason\":\"{number}\"}}");
    let ledger = (0..2500).map(line).collect::<Vec<_>>().join("\n");
    place.ledger(&ledger);
    for reason in ["the last drop", "and one more"] {
        place.trip(reason);
        let holds = place.view().holds;
        assert_eq!(holds.len(), 1000);
        assert!(holds.iter().any(|hold| hold.id == "further-000999" && hold.mode == Mode::Halt));
        assert!(holds.iter().all(|hold| hold.reason.len() < 100), "the rest is not nested");
    }
    assert!(fs::metadata(place.root.circuit()).expect("a face").len() < 1 << 20);
    place.resume();
}

#[test]
fn long_reasons_of_many_holds_do_not_make_a_face_that_is_too_long_to_be_read() {
    let place = Place::new();
    let reason = "\u{1}ä€".repeat(400);
    let line = |number| {
        let mut hold = Object::new();
        hold.insert("id".into(), format!("long-{number}").into());
        hold.insert("reason".into(), reason.clone().into());
        Value::Object(hold).to_string()
    };
    let ledger = (0..150).map(line).collect::<Vec<_>>().join("\n");
    place.ledger(&ledger);
    place.trip(&reason);
    assert!(place.face().paused, "it can be read");
    // Those that did not fit stand for each other: lifted in a few goes, not in endless ones.
    for _ in 0..5 {
        let listing = place.listing();
        let all: Vec<String> = listing.view().holds.iter().map(|hold| hold.id.clone()).collect();
        place.lift(&listing, &all).expect("lifted");
    }
    assert!(place.check().is_green());
}

#[test]
fn torn_and_foreign_lines_of_the_ledger_are_holds() {
    let place = Place::new();
    place.trip("good");
    place.resume();
    let known = fs::metadata(place.root.ledger()).expect("there").len();
    let mut ledger = fs::read(place.root.ledger()).expect("there");
    ledger.extend_from_slice(b"{\"id\":\"torn");
    place.ledger(&ledger);
    let view = place.view();
    assert_eq!(view.holds[0].id, format!("ledger-{known}"));
    place.trip("after the torn one");
    assert_eq!(place.view().holds.len(), 2);
    place.resume();
    assert_eq!(fs::read(place.root.ledger()).expect("there").split(|byte| *byte == b'\n').count(), 4);
}

#[test]
fn repair_brings_a_lagging_face_up_to_date_and_leaves_a_broken_one() {
    let place = Place::new();
    let sys = Sys::real();
    assert!(!repair(&sys, &place.root).expect("nothing to do"));
    place.ledger("{\"id\":\"a-1\"}\n");
    assert!(repair(&sys, &place.root).expect("repaired"));
    assert_eq!(place.face().holds[0].id, "a-1");
    assert!(!repair(&sys, &place.root).expect("nothing to do"));
    place.edit("broken");
    assert!(!repair(&sys, &place.root).expect("left"));
    assert_eq!(fs::read(place.root.circuit()).expect("there"), b"broken");
}

#[test]
fn a_person_can_always_type_what_confirms_a_hold() {
    for (id, short) in [
        ("20261121T080000Z-7f3a01", "7f3a01"),
        ("by-hand", "hand"),
        ("abc-", "abc"),
        ("- -", "- -"),
        ("x", "x"),
    ] {
        let hold = Hold {
            id: id.to_owned(),
            mode: Mode::Halt,
            reason: String::new(),
            by: String::new(),
            watch: None,
            host: String::new(),
            since: 0.0,
        };
        assert_eq!(hold.short(), short);
    }
}
