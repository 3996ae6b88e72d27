//! The programs of the articles (heartbeat, watchdog, circuit, in a few lines of Python each) and ours work with
//! each other's files, both ways.

use holdfast_tests::harness::{Person, Run, Scratch};

/// What the articles' layer says: 0 go, 2 paused.
fn layer(root: &Scratch) -> Option<i32> {
    root.python("layer.py", &[]).finish().code
}

/// What the articles' watchdog alerts about.
fn their_watchdog(root: &Scratch, max_age: &str) -> String {
    root.python("watch.py", &[max_age]).finish().expect(0).stdout
}

fn beat_of_python(root: &Scratch, status: &str, seconds_ago: &str) {
    root.python("writer.py", &[status, seconds_ago]).finish().expect(0);
}

#[test]
fn our_beat_satisfies_their_watchdog() {
    let root = Scratch::new();
    assert!(their_watchdog(&root, "900").contains("stale"), "no beat at all");
    root.python("resume.py", &[]).finish().expect(0);

    root.hb(&[]).finish().expect(0);
    assert_eq!(their_watchdog(&root, "900"), "");
    root.hb(&["exec", "--", "/bin/true"]).finish().expect(0);
    assert_eq!(their_watchdog(&root, "900"), "");
    assert_eq!(layer(&root), Some(0));

    root.hb(&["--status", "no quotes"]).finish().expect(0);
    assert_eq!(their_watchdog(&root, "900"), "heartbeat status = no quotes\n");
    root.paused("heartbeat status = no quotes");
}

#[test]
fn our_watchdog_takes_their_beats_and_ours_on_one_heartbeat_for_one_pipeline() {
    let root = Scratch::new();
    let well = |what: &str| {
        let ended = root.watchdog(&["check", "--json"]).finish();
        assert_eq!(ended.code, Some(0), "{what}\n{ended}");
    };
    root.hb(&[]).finish().expect(0);
    root.hb(&[]).finish().expect(0);
    well("a count of two");
    beat_of_python(&root, "ok", "0");
    well("theirs, which counts nothing");
    root.hb(&[]).finish().expect(0);
    well("ours, which begins to count again");
    root.hb(&[]).finish().expect(0);
    well("and goes on");
    root.put("data/heartbeat.json", "{\"at\":");
    root.hb(&[]).finish().expect(0);
    well("after one that was torn");
    beat_of_python(&root, "ok", "1000");
    let ended = root.watchdog(&["check"]).finish().expect(1);
    ended.says("stale");
}

#[test]
fn a_command_that_fails_under_ours_is_seen_by_theirs() {
    let root = Scratch::new();
    root.hb(&["exec", "--", "/bin/false"]).finish().expect(1);
    assert_eq!(their_watchdog(&root, "900"), "heartbeat status = failed\n");
    root.paused("heartbeat status = failed");
}

#[test]
fn their_trip_pauses_ours_and_a_person_resumes_it_on_a_terminal() {
    let root = Scratch::new();
    beat_of_python(&root, "ok", "1000");
    assert_eq!(their_watchdog(&root, "900"), "heartbeat stale: 1000s\n");

    assert_eq!(root.check(), 2);
    root.paused("heartbeat stale: 1000s");
    root.ctl(&["guard", "--", "/bin/echo", "traded"]).finish().expect(2).says("was not started");

    beat_of_python(&root, "ok", "0");
    Person::named("alice").resumes(&root).expect(0);
    assert_eq!((root.check(), layer(&root)), (0, Some(0)));
    root.ctl(&["guard", "--", "/bin/echo", "traded"]).finish().expect(0).says("traded");
}

#[test]
fn their_trip_over_our_history_pauses_and_their_resume_by_hand_voids_every_hold() {
    let root = Scratch::new();
    root.trip("legal review");
    root.trip("bad close");
    assert_eq!((root.check(), layer(&root)), (2, Some(2)));

    root.python("resume.py", &[]).finish().expect(0);
    assert_eq!((root.check(), layer(&root)), (0, Some(0)));

    beat_of_python(&root, "failed", "0");
    assert_eq!(their_watchdog(&root, "900"), "heartbeat status = failed\n");
    assert_eq!((root.check(), layer(&root)), (2, Some(2)));
}

#[test]
fn our_trip_stops_their_layer_until_either_resume() {
    for mode in ["halt", "reduce"] {
        let root = Scratch::new();
        assert_eq!(layer(&root), Some(0), "no circuit yet");
        for resume in ["by hand", "terminal"] {
            root.ctl(&["trip", "--reason", "sponsor dispute", "--mode", mode]).finish().expect(0);
            assert_eq!(layer(&root), Some(2), "{mode}");
            match resume {
                "by hand" => root.python("resume.py", &[]).finish().expect(0),
                _ => Person::named("alice").resumes(&root).expect(0),
            };
            assert_eq!((root.check(), layer(&root)), (0, Some(0)), "{mode}, {resume}");
        }
    }
}

#[test]
fn a_face_with_keys_of_their_own_keeps_them() {
    let root = Scratch::new();
    root.put(
        "data/circuit.json",
        r#"{"paused": true, "reason": "vol spike", "since": 1763712000, "desk": "fx"}"#,
    );
    root.paused("vol spike");
    root.trip("and another one");
    assert_eq!(root.json("data/circuit.json")["desk"], "fx");
    root.paused("vol spike");
    root.paused("and another one");
}
