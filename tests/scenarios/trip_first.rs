//! **trip-first**: the circuit is durably paused before the first byte of any alert, and nothing that hangs keeps
//! `watchdog check` from ending.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast::circuit::check;
use holdfast::json::Value;
use holdfast::sys::Sys;
use holdfast_notify::standin::{Behaviour, Telegram};
use holdfast_tests::harness::{PATIENCE, Run, Scratch, each, eventually, read};

use crate::alerts::{beat, script, telegram};

/// The design's own bound.
const CHECK_MAX: Duration = Duration::from_secs(30);

/// What is on disk at this moment, in the words of a test that failed; nothing if the circuit is paused in full.
fn not_yet(root: &Scratch) -> Option<String> {
    let face = read(&root.path("data/circuit.json")).unwrap_or_default();
    let ledger = read(&root.path("data/trips.jsonl")).unwrap_or_default();
    let paused = serde_json::from_slice::<Value>(&face).is_ok_and(|face| face["paused"] == true);
    let told = String::from_utf8_lossy(&ledger).contains("on fire");
    let green = check(&Sys::real(), &root.root()).verdict.is_green();
    let story = || format!("{}\n{}", String::from_utf8_lossy(&face), String::from_utf8_lossy(&ledger));
    (green || !paused || !told).then(story)
}

/// A Telegram server that looks at the circuit when the first byte of a request comes.
fn witness(root: &Arc<Scratch>, behaviour: Behaviour) -> (Telegram, Arc<Mutex<Vec<Option<String>>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (root, seeing) = (Arc::clone(root), Arc::clone(&seen));
    let look = move || seeing.lock().unwrap().push(not_yet(&root));
    (Telegram::with_hook([behaviour], look), seen)
}

#[test]
fn the_circuit_is_paused_before_the_first_byte_whatever_the_server_does_then() {
    let behaviours = [
        Behaviour::NeverAnswers,
        Behaviour::DripHead,
        Behaviour::DripBody,
        Behaviour::ResetMidAnswer,
        Behaviour::ServerError,
        Behaviour::Ok,
    ];
    each(behaviours, |behaviour| {
        let root = Arc::new(Scratch::new());
        let (server, seen) = witness(&root, behaviour.clone());
        root.put("holdfast.toml", telegram(&root, &server));
        beat(&root, "on fire", 0);
        let ended = root.watchdog(&["check"]).start().ended_within(CHECK_MAX);
        let works = *behaviour == Behaviour::Ok;
        let ended = ended.expect(if works { 1 } else { 69 });
        let seen = seen.lock().unwrap();
        assert!(!seen.is_empty(), "nothing was sent\n{ended}");
        for what in seen.iter() {
            assert_eq!(*what, None, "not paused in full when the first byte came\n{ended}");
        }
        // An alert that nobody took is still there to be sent.
        let waiting = root.names("data/outbox").iter().any(|name| !name.starts_with('.'));
        assert_eq!(waiting, !works, "{ended}");
    });
}

#[test]
fn a_check_ends_in_time_whatever_hangs() {
    // Ignores what can be ignored, and leaves a grandchild with its pipes.
    let stubborn = "trap '' TERM INT HUP; (sleep 77) & sleep 77; sleep 77";
    let reads_nothing = "sleep 77";
    let fills_its_output = "while :; do echo 'no end of it'; done";
    let action = |run: &str| {
        format!(
            "[[watch]]\nname = \"bot\"\nkind = \"heartbeat\"\non_fail = [\"trip\", \"alert\", \"run:cancel\"]\n\
             [action.cancel]\ncommand = [\"/bin/sh\", \"-c\", '''{run}''']\ntimeout = \"5m\"\n"
        )
    };
    let cases = [
        ("a command", script("one", stubborn), 69),
        ("a command that reads nothing", script("one", reads_nothing), 69),
        ("a command that writes for ever", script("one", fills_its_output), 69),
        ("many", (0..8).map(|n| script(&format!("number-{n}"), stubborn)).collect(), 69),
        ("an action, while one channel works", action(stubborn) + &script("mail", "cat > mail"), 1),
        ("everything", action(stubborn) + &script("one", stubborn), 69),
    ];
    each(cases, |(what, config, code)| {
        let root = Arc::new(Scratch::new());
        let (server, seen) = witness(&root, Behaviour::NeverAnswers);
        root.put("holdfast.toml", config.clone() + &telegram(&root, &server));
        beat(&root, "on fire", 0);
        let ended = root.watchdog(&["check"]).start().ended_within(CHECK_MAX).expect(*code);
        assert_eq!(not_yet(&root), None, "{what}\n{ended}");
        assert!(seen.lock().unwrap().iter().all(Option::is_none), "{what}\n{ended}");
        eventually("what hung is ended, with its children", || left_behind(&root).is_empty());
    });
}

/// Processes that still have their working directory in the root.
fn left_behind(root: &Scratch) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("proc").flatten();
    let inside = processes
        .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == root.dir()));
    inside.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_resident_watchdog_whose_channel_hangs_trips_what_comes_next() {
    let root = Arc::new(Scratch::new());
    let (server, seen) = witness(&root, Behaviour::NeverAnswers);
    root.put("holdfast.toml", telegram(&root, &server));
    beat(&root, "on fire", 0);
    let resident = root.watchdog(&["run", "--every", "1s"]).start();
    assert!(server.first_byte_at(PATIENCE).is_some(), "the first alert goes out");
    std::fs::create_dir_all(root.path("data/heartbeats")).expect("heartbeats");
    root.hb(&["--name", "second", "--status", "flooded"]).finish().expect(0);
    eventually("the second is tripped", || root.text("data/trips.jsonl").contains("flooded"));
    let settled = [root.journal("alert-failed"), root.journal("alert-accepted")].concat();
    assert!(settled.is_empty(), "the first alert still hangs: {settled:?}");
    drop(resident);
    assert!(seen.lock().unwrap().iter().all(Option::is_none));
}

/// What must have happened in a run, in this order, before anything leaves the process.
const ORDER: [&str; 4] = [
    "fsync(FD</data/trips.jsonl>)",
    "fsync(FD</data/.circuit.json.TMP>)",
    "rename(\"./data/.circuit.json.TMP\"",
    "fsync(FD</data>)",
];

#[test]
fn ledger_and_face_are_on_the_disk_before_anybody_is_told() {
    for (channel, leaves) in [("telegram", "connect("), ("command", "execve(\"/bin/sh\"")] {
        let root = Scratch::new();
        let server = Telegram::start(Behaviour::Ok);
        let config =
            if channel == "telegram" { telegram(&root, &server) } else { script("mail", "cat > mail") };
        root.put("holdfast.toml", config);
        beat(&root, "on fire", 0);
        let log = root.path("strace.log");
        let mut traced = root.any("/usr/bin/strace");
        traced.args(["-f", "-qq", "-y", "-e", "trace=fsync,rename,connect,execve", "-o"]).arg(&log).arg("--");
        let ended = traced.arg(root.watchdog(&[]).get_program()).arg("check").finish().expect(1);
        let log = plain(&root.text("strace.log"), &root);
        let left =
            log.iter().position(|line| line.contains(leaves)).unwrap_or_else(|| panic!("{log:#?}\n{ended}"));
        let mut at = 0;
        for step in ORDER {
            let step_at = log[at..left].iter().position(|line| line.contains(step));
            at += step_at.unwrap_or_else(|| panic!("{channel}: no {step} before line {left} of {log:#?}"));
        }
    }
}

/// The lines of a trace without what differs from run to run.
fn plain(log: &str, root: &Scratch) -> Vec<String> {
    const FACE: &str = "/data/.circuit.json.";
    let root = root.dir().to_str().expect("an UTF-8 path");
    let plain = |line: &str| {
        let mut line = line.replace(root, "");
        if let Some((before, (_, after))) =
            line.split_once(FACE).and_then(|(before, rest)| Some((before, rest.split_once(".tmp")?)))
        {
            line = format!("{before}{FACE}TMP{after}");
        }
        match line.split_once("fsync(") {
            Some((before, of)) => {
                format!("{before}fsync(FD{}", of.trim_start_matches(|c: char| c.is_ascii_digit()))
            }
            None => line,
        }
    };
    log.lines().map(plain).collect()
}
