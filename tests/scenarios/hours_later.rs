//! A pause of hours, from files as they then are: all by the wall clock of an earlier boot, or by none but the wall clock.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Person, Run, Scratch, eventually};
use serde_json::json;

const HOUR: f64 = 3600.0;
const BEAT: f64 = 5.0 * HOUR;
const TRIP: f64 = 4.5 * HOUR;
const CHECK: f64 = 4.0 * HOUR;
const EARLIER_BOOT: &str = "9b2f0c1e-0000-4000-8000-000000000001";
const ID: &str = "20261121T080000Z-7f3a01";
const REASON: &str = "bot: heartbeat stale: 1800s > 900s";

/// What bears the clocks of a boot beside the wall clock.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Clocks {
    WallOnly,
    EarlierBoot,
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

/// A root in which the beat went stale, the watchdog tripped, and both have been still for hours.
fn paused_for_hours(max_age: &str, clocks: Clocks) -> Scratch {
    let root = Scratch::new();
    root.put(
        "holdfast.toml",
        format!("[[watch]]\nname = \"bot\"\nkind = \"heartbeat\"\nmax_age = \"{max_age}\"\n"),
    );
    let now = now();
    let booted = now - 10.0 * HOUR;
    let boot = (clocks == Clocks::EarlierBoot).then_some(EARLIER_BOOT);
    let with_clocks = |mut object: Value, ago: f64| {
        if boot.is_some() {
            let up = now - ago - booted;
            object["boot"] = json!(boot);
            object["up"] = json!(up);
            object["awake"] = json!(up);
        }
        object
    };
    let sight =
        |ago: f64, age: f64| json!([now - ago - booted, now - ago - booted, now - ago, age, age, boot]);

    let beat = json!({"v": 1, "at": now - BEAT, "status": "ok", "host": "mini", "interval": 300});
    root.put("data/heartbeat.json", with_clocks(beat, BEAT).to_string());

    let hold = json!({"id": ID, "mode": "halt", "reason": REASON, "by": "watchdog", "watch": "bot", "host": "mini",
        "since": now - TRIP});
    let mut line = hold.clone();
    line["v"] = json!(1);
    let ledger = format!("{line}\n");
    let face = json!({"v": 1, "paused": true, "mode": "halt", "reason": REASON, "since": now - TRIP,
        "trips": ledger.len(), "holds": [hold]});
    let len = ledger.len();
    root.put("data/trips.jsonl", ledger);
    root.put("data/circuit.json", face.to_string());

    let checked = now - CHECK - booted;
    let watchdog = json!({"v": 1, "at": now - CHECK, "status": "ok", "name": "watchdog", "host": "mini",
        "last_check": {"wall": now - CHECK, "up": checked, "awake": checked, "boot": boot},
        "circuit_seen": {"seen": true, "paused": sight(TRIP, 0.0), "ledger_len": len,
            "holds": [{"id": ID, "reason": REASON, "watch": "bot"}]},
        "configured": true,
        "watches": {"bot": {"first": sight(8.0 * HOUR, 0.0), "verdict": "stale", "detail": "heartbeat stale",
            "act": "trip", "evidence": [format!("beat at {} status ok", now - BEAT), sight(BEAT, 0.0)]}},
        "incidents": [{"id": ID, "watch": "bot", "verdict": "stale", "detail": "heartbeat stale", "act": "trip",
            "at": now - TRIP, "opened": sight(TRIP, 0.0), "told": sight(TRIP, 0.0), "acked": null, "acted": "trip"}]});
    root.put("data/watchdog.json", with_clocks(watchdog, CHECK).to_string());

    for (file, ago) in
        [("heartbeat.json", BEAT), ("trips.jsonl", TRIP), ("circuit.json", TRIP), ("watchdog.json", CHECK)]
    {
        let file = fs::File::options().append(true).open(root.path("data").join(file)).expect("there");
        file.set_modified(SystemTime::now() - Duration::from_secs_f64(ago)).expect("dated");
    }
    root
}

fn check(root: &Scratch) -> Ended {
    root.watchdog(&["check"]).finish()
}

#[test]
fn after_a_pause_of_hours_the_resume_needs_no_override_and_the_next_check_does_not_trip_again() {
    for clocks in [Clocks::WallOnly, Clocks::EarlierBoot] {
        // Whether or not a watchdog looked during the pause, on this boot.
        for looks in [false, true] {
            let root = paused_for_hours("15m", clocks);
            root.paused(REASON);
            if looks {
                check(&root);
                root.paused(REASON);
            }
            let ended = Person::named("alice").resumes(&root).expect(0);
            assert!(!ended.stdout.contains("still fails"), "{clocks:?}\n{ended}");
            let ended = check(&root).expect(0);
            assert_eq!(root.check(), 0, "{clocks:?}\n{ended}");
            assert_eq!(root.lines("data/trips.jsonl").len(), 1, "{clocks:?}\n{ended}");
        }
    }
}

#[test]
fn a_pipeline_that_stays_dead_after_the_resume_trips_once_a_max_age_has_passed_and_not_before() {
    const MAX_AGE: f64 = 3.0;
    for clocks in [Clocks::WallOnly, Clocks::EarlierBoot] {
        let root = paused_for_hours("3s", clocks);
        Person::named("alice").resumes(&root).expect(0);
        let resumed =
            root.json("data/circuit.json")["resumed"]["at"].as_f64().expect("the time of the resume");
        eventually("it trips again", || check(&root).code == Some(1) && root.check() == 2);
        let trips = root.lines("data/trips.jsonl");
        let again = trips[1]["since"].as_f64().expect("the time of the trip");
        assert!(again - resumed > MAX_AGE, "{clocks:?}: {} s after the resume: {trips:?}", again - resumed);
        assert_eq!(trips.len(), 2, "{clocks:?}: {trips:?}");
    }
}
