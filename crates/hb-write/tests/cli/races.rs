//! **old-or-new** among writers that race and die.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

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
    const PAD: usize = 60_000;
    let scratch = Scratch::new();
    let put = |round: u32| scratch.put("round.json", format!(r#"{{"round":{round},"pad":"{:PAD$}"}}"#, ""));
    put(0);
    let start = Instant::now();
    scratch.beats(&["--json", "round.json"]);
    let whole_run = start.elapsed();
    let (mut last, mut outcomes) = (json!(0), BTreeSet::new());
    for round in 1..=ROUNDS {
        put(round);
        let mut child = scratch.hb(&["--json", "round.json"]).spawn().expect("it starts");
        // Some die at each step, and some live to the end.
        let end = Instant::now() + whole_run * 2 * round / ROUNDS;
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("it ends");
        let fields = scratch.beat().fields;
        assert!([&last, &json!(round)].contains(&&fields["round"]), "round {round}: {}", fields["round"]);
        assert_eq!(fields["pad"].as_str().map(str::len), Some(PAD));
        outcomes.insert(fields["round"] == json!(round));
        last = fields["round"].clone();
    }
    assert_eq!(outcomes.len(), 2, "all rounds ended alike: {outcomes:?}");
    let strange = |name: &String| name != "heartbeat.json" && !name.starts_with(".heartbeat.json.");
    assert_eq!(scratch.files().into_iter().find(strange), None);
    scratch.beats(&[]);
}
