//! Resuming: only what was seen, only as it was seen.

use super::*;

#[test]
fn a_resume_is_journalled_and_stands_in_the_face() {
    let place = Place::new();
    let id = place.trip("one");
    place.resume();
    let entries = place.journalled("resume");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].get("by"), Some(&"alice".into()));
    assert_eq!(entries[0].get("lifted"), Some(&vec![id.clone()].into()));
    let resumed = place.face().resumed.expect("in the face");
    assert_eq!((resumed.by.as_str(), resumed.why.as_str(), resumed.lifted), ("alice", "mended", vec![id]));
}

#[test]
fn whatever_changed_since_the_listing_aborts_it() {
    type Change = fn(&Place);
    let changes: [(&str, Change); 6] = [
        ("a trip", |place| drop(place.trip("two"))),
        ("a trip that was resumed", |place| {
            place.trip("two");
            place.resume();
        }),
        ("a hand edit to paused", |place| place.edit("{\"paused\":true}")),
        ("a hand edit to green", |place| place.edit("{\"paused\":false}")),
        ("the face is gone", |place| fs::remove_file(place.root.circuit()).expect("removed")),
        ("a torn line in the ledger", |place| {
            let mut ledger = fs::read(place.root.ledger()).expect("there");
            ledger.push(b'{');
            place.ledger(ledger);
        }),
    ];
    for (what, change) in changes {
        let place = Place::new();
        let id = place.trip("one");
        let listing = place.listing();
        change(&place);
        let before = place.check();
        let resumes = place.journalled("resume").len();
        let lifted = place.lift(&listing, &[id]);
        assert!(matches!(lifted, Err(ResumeError::Changed(_))), "{what}: {lifted:?}");
        assert_eq!(place.check(), before, "{what}");
        assert_eq!(place.journalled("resume").len(), resumes, "{what}: nothing is journalled");
    }
}

#[test]
fn a_journal_that_cannot_be_written_keeps_it_paused() {
    let place = Place::new();
    let id = place.trip("one");
    fs::create_dir_all(place.root.journal()).expect("in the way");
    let lifted = place.lift(&place.listing(), &[id]);
    assert!(matches!(lifted, Err(ResumeError::Journal(_))), "{lifted:?}");
    assert!(!place.check().is_green());
}

#[test]
fn a_face_that_cannot_be_written_keeps_it_paused_and_is_journalled() {
    let place = Place::new();
    place.ledger("{\"id\":\"a-1\"}\n");
    fs::create_dir(place.root.circuit()).expect("in the way");
    let lifted = place.lift(&place.listing(), &["a-1".to_owned(), "face-malformed".to_owned()]);
    assert!(matches!(lifted, Err(ResumeError::Face(_))), "{lifted:?}");
    assert!(!place.check().is_green());
    assert_eq!(place.journalled("resume-failed").len(), 1);
    fs::remove_dir(place.root.circuit()).expect("out of the way");
    assert!(place.view().holds.iter().any(|hold| hold.id == "a-1"), "a resume that failed lifted nothing");
}

#[test]
fn without_a_face_the_journal_tells_which_trips_were_lifted() {
    let place = Place::new();
    place.trip("lifted");
    place.resume();
    let standing = place.trip("standing");
    fs::remove_file(place.root.circuit()).expect("removed");
    let ids: Vec<String> = place.view().holds.into_iter().map(|hold| hold.id).collect();
    assert_eq!(ids, [standing]);
    place.resume();
    fs::remove_file(place.root.circuit()).expect("removed");
    assert_eq!(place.view().holds[0].id, "face-missing", "nothing stands, and still it is paused");
    place.resume();
}

#[test]
fn a_ledger_that_shrank_is_resumed_by_who_was_told() {
    let place = Place::new();
    place.trip("one");
    place.resume();
    place.ledger("");
    assert_eq!(place.view().holds[0].id, "ledger-shrank");
    place.resume();
    fs::remove_file(place.root.ledger()).expect("removed");
    assert!(place.check().is_green(), "its length is known to be 0");
}

#[test]
fn an_old_green_face_that_comes_back_is_paused() {
    let place = Place::new();
    place.trip("one");
    place.resume();
    let green = fs::read(place.root.circuit()).expect("there");
    let two = place.trip("two");
    place.edit(&green);
    assert!(matches!(place.check(), Verdict::Paused { why: Why::Unseen { .. }, .. }));
    assert_eq!(place.view().holds[0].id, two);
}
