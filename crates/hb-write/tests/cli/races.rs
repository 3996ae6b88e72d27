//! **old-or-new** among writers that race and die.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use holdfast::heartbeat::Beat;
use serde_json::json;

use crate::Scratch;

#[test]
fn writers_that_race_never_leave_a_partial_beat() {
    const WRITERS: usize = 6;
    const BEATS: usize = 25;
    let scratch = Scratch::new();
    scratch.beats(&[]);
    let over = AtomicBool::new(false);
    let read = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut whole = 0;
            while !over.load(Ordering::Relaxed) {
                scratch.beat();
                whole += 1;
            }
            whole
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let args = [format!("w={writer}"), format!("pad={}", "x".repeat(writer * 3000))];
                let scratch = &scratch;
                scope.spawn(move || {
                    for _ in 0..BEATS {
                        let ended = scratch.run(&["--set", &args[0], "--set", &args[1]]);
                        assert!(ended.silent_success(), "{ended}");
                    }
                })
            })
            .collect();
        let done: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        assert!(done.iter().all(Result::is_ok));
        reader.join().expect("only whole beats")
    });
    assert!(read > WRITERS * BEATS / 10, "the reader hardly ran: {read}");
    assert_eq!(scratch.files(), ["heartbeat.json"]);
    assert!(scratch.beat().seq > Some(BEATS as u64), "the slowest writer alone counts that far");
}

#[test]
fn a_writer_killed_at_any_moment_leaves_the_old_beat_or_the_new() {
    const ROUNDS: u32 = 200;
    let scratch = Scratch::new();
    scratch.beats(&["--set", "round=0"]);
    let mut outcomes = BTreeSet::new();
    let mut last = json!(0);
    for round in 1..=ROUNDS {
        let pad = format!("{{\"round\": {round}, \"pad\": \"{}\"}}", "x".repeat(100_000));
        scratch.put("pad.json", pad);
        let mut child = scratch.hb(&["--json", "pad.json"]).spawn().expect("it starts");
        // Some of them live to the end, some die at each step before it.
        let end = Instant::now() + Duration::from_micros(u64::from(round) * 50);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("it ends");
        let beat = scratch.beat();
        let now = beat.fields["round"].clone();
        assert!(now == last || now == json!(round), "round {round}: {now} after {last}");
        assert!(beat.fields.get("pad").is_none_or(|pad| pad.as_str().map(str::len) == Some(100_000)));
        outcomes.insert(now == json!(round));
        last = now;
    }
    assert_eq!(outcomes.len(), 2, "all rounds ended alike: {outcomes:?}");
    // What the dead left behind does not disturb the living.
    assert!(scratch.beats(&[]).seq > Some(1));
    let torn = scratch.files().iter().filter(|name| Beat::parse(&fs::read(scratch.path("data").join(name)).expect("a file")).is_err()).count();
    assert!(scratch.files().iter().filter(|name| name.starts_with(".heartbeat.json.")).count() >= torn);
}
