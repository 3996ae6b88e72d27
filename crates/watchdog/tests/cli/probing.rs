//! What follows from an answer, and what never waits for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use holdfast_http::standin::{Answer, Server};
use serde_json::Value;

use crate::probes::processes_in;
use crate::resident::Resident;
use crate::{Scratch, wait_until};

/// A server that gives this status, and counts.
struct Status(Server, Arc<AtomicU16>, Arc<AtomicUsize>);

impl Status {
    fn start(status: u16) -> Self {
        let (status, asked) = (Arc::new(AtomicU16::new(status)), Arc::new(AtomicUsize::new(0)));
        let (gives, counts) = (Arc::clone(&status), Arc::clone(&asked));
        let server = Server::start(move |_| {
            counts.fetch_add(1, Ordering::SeqCst);
            match gives.load(Ordering::SeqCst) {
                0 => Answer::never(),
                status => Answer::new(status, format!("{{\"at\":1,\"status\":\"{status}\"}}")),
            }
        });
        Self(server, status, asked)
    }

    fn give(&self, status: u16) {
        self.1.store(status, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.2.load(Ordering::SeqCst)
    }

    fn watch(&self, keys: &str) -> String {
        format!("[[watch]]\nname = \"api\"\nkind = \"http\"\nurl = \"{}\"\n{keys}\n", self.0.url())
    }
}

/// Every kind, failing.
fn failing(scratch: &Scratch) -> [(&'static str, String); 5] {
    scratch.put("failed.json", r#"{"at":1,"status":"failed"}"#);
    [
        ("http", "url = \"http://127.0.0.1:1/\"".to_owned()),
        ("tcp", "address = \"127.0.0.1:1\"".to_owned()),
        ("command", "command = [\"/bin/false\"]".to_owned()),
        ("heartbeat", "command = [\"/bin/cat\", \"failed.json\"]".to_owned()),
        ("log", "log = \"memory/x.jsonl\"".to_owned()),
    ]
}

#[test]
fn what_follows_is_what_on_fail_says_whatever_kind_it_is() {
    let scratch = Scratch::new();
    for (kind, keys) in failing(&scratch) {
        // A log that cannot be looked at is unknown, which never trips.
        let trips = kind != "log";
        for (on_fail, circuit, incident, ran) in [
            (r#""trip", "alert""#, "paused", true, false),
            (r#""trip:reduce", "alert", "run:mark""#, "reduce", true, true),
            (r#""trip", "run:mark""#, "paused", trips, true),
            (r#""alert""#, "green", true, false),
        ] {
            let scratch = Scratch::new();
            failing(&scratch);
            scratch.put(
                "holdfast.toml",
                &format!(
                    "[[watch]]\nname = \"w\"\nkind = \"{kind}\"\n{keys}\non_fail = [{on_fail}]\n\
                     [action.mark]\ncommand = [\"/bin/sh\", \"-c\", \"echo $HOLDFAST_INCIDENT > mark\"]\n"
                ),
            );
            let found = scratch.run(&["check", "--json"]).json();
            let what = format!("{kind} {on_fail}: {found}");
            assert_eq!(found["circuit"], if trips { circuit } else { "green" }, "{what}");
            assert_eq!(scratch.path("mark").exists(), ran && trips, "{what}");
            let memory = scratch.json("data/watchdog.json");
            assert_eq!(memory["incidents"][0]["watch"] == "w", incident, "{what}");
            if ran && trips {
                let id = memory["incidents"][0]["id"].as_str().expect("an id").to_owned();
                assert_eq!(scratch.read("mark").trim(), id, "{what}");
                assert!(scratch.read("data/trips.jsonl").contains(&id), "{what}");
            }
        }
    }
}

#[test]
fn a_probe_that_recovers_closes_its_incident_and_the_circuit_stays_paused() {
    let server = Status::start(503);
    let scratch = Scratch::with(&server.watch("every = \"1ms\"\nfailures = 3"));
    let verdict = || {
        let found = scratch.run(&["check", "--json"]).json();
        (found["watches"]["api"]["verdict"].clone(), found["circuit"].clone(), found["exit"].clone())
    };
    // Each check is a process of its own: the row is remembered.
    for _ in 0..2 {
        assert_eq!(verdict(), ("unknown".into(), "green".into(), 0.into()));
    }
    assert_eq!(verdict(), ("failed".into(), "paused".into(), 1.into()));
    server.give(200);
    assert_eq!(verdict(), ("fresh".into(), "paused".into(), 0.into()));
    let kinds = scratch.journal();
    for kind in ["trip", "incident-opened", "incident-closed"] {
        assert_eq!(kinds.iter().filter(|known| *known == kind).count(), 1, "{kind}: {kinds:?}");
    }
    server.give(503);
    assert_eq!(verdict().0, "unknown", "the row begins again");
}

#[test]
fn it_is_not_asked_more_often_than_every_whoever_asks() {
    let server = Status::start(200);
    let scratch = Scratch::with(&server.watch("every = \"1h\""));
    for _ in 0..3 {
        let found = scratch.run(&["check", "--json"]).json();
        assert_eq!(found["watches"]["api"]["verdict"], "fresh", "{found}");
    }
    assert_eq!(server.asked(), 1);
    let server = Status::start(0);
    let scratch = Scratch::with(&server.watch("every = \"1h\"\ntimeout = \"10m\""));
    let mut resident = Resident::start(&scratch, "1s");
    wait_until("the question", || server.asked() == 1);
    wait_until("it is kept", || scratch.read("data/watchdog.json").contains("has not answered yet"));
    resident.kill();
    let seq = || scratch.json("data/watchdog.json")["seq"].as_u64();
    let before = seq();
    let _again = Resident::start(&scratch, "1s");
    wait_until("another evaluation", || seq() > before);
    assert_eq!(server.asked(), 1, "asked again after a kill");
}

const BOT: &str = "[[watch]]\nname = \"bot\"\nmax_age = \"2s\"\n";

#[test]
fn in_a_check_nothing_that_hangs_delays_another_or_a_local_trip() {
    let server = Status::start(0);
    // It sees whether the circuit is paused when it is asked.
    let hangs = "trap '' TERM INT HUP; grep -c paused data/circuit.json > seen; (sleep 1000) & sleep 1000";
    let scratch = Scratch::with(&format!(
        "{BOT}{}[[watch]]\nname = \"stuck\"\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"{hangs}\"]\ntimeout = \"1m\"\n\
         [[watch]]\nname = \"closed\"\nkind = \"tcp\"\naddress = \"127.0.0.1:1\"\n",
        server.watch("timeout = \"1m\"")
    ));
    scratch.beat(0.0, "broken");
    let began = Instant::now();
    let found = scratch.run(&["check", "--json"]).json();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(scratch.read("seen").trim(), "1", "tripped before anything was asked");
    let watches = &found["watches"];
    assert_eq!(
        (&watches["bot"]["verdict"], &watches["closed"]["verdict"]),
        (&"reported".into(), &"failed".into())
    );
    for name in ["api", "stuck"] {
        // They had less time than the configuration gives them: no failure, and no health.
        let said = &watches[name];
        assert_eq!((&said["verdict"], &said["act"]), (&"unknown".into(), &"alert".into()), "{said}");
    }
    let words = watches["stuck"]["detail"].as_str().expect("text");
    assert!(words.contains("watchdog run gives it its whole timeout"), "{words}");
    wait_until("what hung is ended, with its children", || processes_in(&scratch).is_empty());
    let notes = scratch.run(&["validate"]).out;
    assert!(notes.contains("[[watch]] stuck: of its timeout of 1m, watchdog check gives it 10s"), "{notes}");
}

#[test]
fn a_watchdog_that_stays_trips_in_time_beside_what_hangs_and_asks_it_once() {
    let server = Status::start(0);
    let counting = |name: &str, then: &str, keys: &str| {
        format!(
            "[[watch]]\nname = \"{name}\"\nkind = \"command\"\non_fail = [\"alert\"]\n{keys}\n\
             command = [\"/bin/sh\", \"-c\", \"echo >> {name}; {then}\"]\n"
        )
    };
    let scratch = Scratch::with(&format!(
        "{BOT}{}{}{}",
        server.watch("timeout = \"10m\"\nevery = \"50ms\""),
        counting("stuck", "sleep 1000", "timeout = \"10m\"\nevery = \"50ms\""),
        counting("quick", "exit 0", "every = \"50ms\"")
    ));
    scratch.beat(0.0, "ok");
    let _resident = Resident::start(&scratch, "1s");
    let lines = |name: &str| scratch.read(name).lines().count();
    wait_until("the question that hangs", || lines("stuck") == 1 && server.asked() == 1);
    scratch.beat(0.0, "ok");
    let beaten = Instant::now();
    wait_until("the trip", || scratch.paused());
    let took = beaten.elapsed();
    assert!(took > Duration::from_millis(1900) && took < Duration::from_secs(5), "stale after 2s: {took:?}");
    wait_until("others are asked on", || lines("quick") > 20);
    assert_eq!((lines("stuck"), server.asked()), (1, 1), "two of one watch at once");
    // Nothing for five intervals: not what it was, and told.
    let status = || scratch.json("data/watchdog.json")["watches"].clone();
    wait_until("it is unknown", || scratch.read("data/watchdog.json").contains("\"stuck\""));
    let stuck: Value = status()["stuck"].clone();
    assert_eq!(stuck["verdict"], "unknown", "{stuck}");
}

#[test]
fn a_watchdog_that_stays_kills_what_hangs_at_its_deadline_and_asks_again() {
    let hangs = "echo >> asked; (sleep 1000) & sleep 1000";
    let scratch = Scratch::with(&format!(
        "[[watch]]\nname = \"stuck\"\nkind = \"command\"\ncommand = [\"/bin/sh\", \"-c\", \"{hangs}\"]\n\
         timeout = \"300ms\"\nevery = \"10ms\"\nfailures = 2\n"
    ));
    let mut resident = Resident::start(&scratch, "1h");
    wait_until("the trip", || scratch.paused());
    assert!(scratch.read("asked").lines().count() >= 2);
    assert!(scratch.read("data/trips.jsonl").contains("did not end within 0.3s and was killed (2 in a row"));
    resident.kill();
    // The watchdog is gone before its last deadline: of all others nothing is left.
    wait_until("the killed are gone", || processes_in(&scratch).len() <= 3);
}

#[test]
fn a_host_that_is_gone_is_stale_in_the_end() {
    let scratch = Scratch::with(
        "[[watch]]\nname = \"there\"\ncommand = [\"/bin/cat\", \"beat.json\"]\nmax_age = \"2s\"\nevery = \"100ms\"\n",
    );
    scratch.beat(0.0, "ok");
    std::fs::rename(scratch.path("data/heartbeat.json"), scratch.path("beat.json")).expect("moved");
    let _resident = Resident::start(&scratch, "1h");
    let says = |word: &str| scratch.json("data/watchdog.json")["watches"]["there"]["verdict"] == word;
    wait_until("it is heard", || scratch.path("data/watchdog.json").exists() && says("fresh"));
    std::fs::remove_file(scratch.path("beat.json")).expect("removed");
    wait_until("nobody answers", || says("unknown"));
    assert!(!scratch.paused());
    wait_until("the trip", || scratch.paused());
    let trips = scratch.read("data/trips.jsonl");
    assert!(
        trips.contains("heartbeat stale: last beat") && trips.contains("and no answer: /bin/cat"),
        "{trips}"
    );
}
