//! **no-lost-trip**: no trip that returned 0 ever reads as green unless a resume or an edit by hand came after it.

mod acts;
mod oracle;
mod stopped;

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holdfast::circuit::{Cached, check};
use holdfast::sys::Sys;
use holdfast_tests::harness::{Person, Run};

use acts::{Plan, Stage};
use oracle::{Done, Oracle};

/// How many rounds there are; `HOLDFAST_ROUNDS` asks for more.
const ROUNDS: usize = 2400;
/// How many roots are at work at the same time. Mostly they wait: for a lock, a disk, a stopped process.
const LANES: usize = 12;

/// What was seen, to show that the test has teeth.
#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    trips: usize,
    resumed: usize,
    resumes_refused: usize,
    edited: usize,
    killed: usize,
    stopped: usize,
    /// Green was read.
    green: usize,
    /// Paused was read while green would have been wrong.
    held: usize,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        for (sum, part) in [
            (&mut self.rounds, other.rounds),
            (&mut self.trips, other.trips),
            (&mut self.resumed, other.resumed),
            (&mut self.resumes_refused, other.resumes_refused),
            (&mut self.edited, other.edited),
            (&mut self.killed, other.killed),
            (&mut self.stopped, other.stopped),
            (&mut self.green, other.green),
            (&mut self.held, other.held),
        ] {
            *sum += part;
        }
    }
}

#[test]
fn no_interleaving_loses_a_trip() {
    let number = |key: &str| std::env::var(key).ok().map(|text| text.parse::<u64>().expect(key));
    let rounds = number("HOLDFAST_ROUNDS").map_or(ROUNDS, |rounds| rounds as usize);
    let seed = number("HOLDFAST_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    println!("again with: HOLDFAST_SEED={seed} HOLDFAST_ROUNDS={rounds}");

    let next = AtomicUsize::new(0);
    let mut sum = Tally::default();
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|_| scope.spawn(|| lane(seed, rounds, &next))).collect();
        for lane in lanes {
            sum.add(&lane.join().expect("a lane without a lost trip"));
        }
    });
    println!("{sum:?}");
    assert_eq!(sum.rounds, rounds);
    for (what, seen) in [
        ("trips", sum.trips),
        ("green readings", sum.green),
        ("readings that had to be paused", sum.held * 2),
        ("resumes", sum.resumed * 10),
        ("edits by hand", sum.edited * 5),
        ("kills in the middle", sum.killed * 20),
        ("stops in the middle", sum.stopped * 20),
    ] {
        assert!(seen >= rounds / 2, "too few {what} to show anything: {sum:?}");
    }
}

/// Rounds of one root, each from the state that the one before left.
const ROUNDS_OF_ROOT: usize = 40;

fn lane(seed: u64, rounds: usize, next: &AtomicUsize) -> Tally {
    let mut tally = Tally::default();
    loop {
        let first = next.fetch_add(ROUNDS_OF_ROOT, Ordering::SeqCst);
        let count = rounds.saturating_sub(first).min(ROUNDS_OF_ROOT);
        if count == 0 {
            return tally;
        }
        let mut stage = Stage::new(seed ^ (first as u64) << 32);
        let mut oracle = Oracle::default();
        for _ in 0..count {
            round(&mut stage, &mut oracle, &mut tally);
        }
        // It is not paused for ever either: a person can always get it to go on.
        Person::named("at-last").resumes(&stage.scratch).says("ARMED (green)");
        assert_eq!(stage.scratch.check(), 0);
    }
}

fn round(stage: &mut Stage, oracle: &mut Oracle, tally: &mut Tally) {
    let plan = stage.plan();
    let (done, green) = perform(stage, &plan);
    let mut story = String::new();
    for act in &done {
        let _ = writeln!(story, "{act:?}");
    }
    for act in done {
        tally.count(&act);
        oracle.note(act);
    }
    let root = &stage.scratch;
    tally.green += green.len();
    for reading in green {
        oracle.judge_green(root, reading).unwrap_or_else(|lost| panic!("{lost}\nthis round:\n{story}"));
    }
    // Now that nobody is at it any more.
    let from = stage.clock.tick();
    let verdict = root.ctl(&["check"]).finish();
    let reading = (from, stage.clock.tick());
    tally.rounds += 1;
    match verdict.code {
        Some(0) => {
            oracle
                .judge_green(root, reading)
                .unwrap_or_else(|lost| panic!("{lost}\nthis round:\n{story}{verdict}"));
            oracle.forget();
            tally.green += 1;
        }
        Some(2) => tally.held += usize::from(oracle.judge_green(root, reading).is_err()),
        _ => panic!("{verdict}"),
    }
    stage.keep_copy();
}

/// Does everything that was planned, at the same time. Returns what was done and when green was read meanwhile.
fn perform(stage: &Stage, plan: &[Plan]) -> (Vec<Done>, Vec<(u64, u64)>) {
    let busy = AtomicUsize::new(plan.len());
    std::thread::scope(|scope| {
        let acts: Vec<_> = plan.iter().map(|plan| scope.spawn(|| stage.act(plan, &busy))).collect();
        let green = read_while(stage, || acts.iter().any(|act| !act.is_finished()));
        let done = acts.into_iter().map(|act| act.join().expect("an act that ended as it should")).collect();
        (done, green)
    })
}

/// Reads the circuit as a pipeline in Rust does, with and without memory. Returns when it was green.
fn read_while(stage: &Stage, under_way: impl Fn() -> bool) -> Vec<(u64, u64)> {
    const STEP: Duration = Duration::from_millis(5);
    let root = stage.scratch.root();
    let mut cached = Cached::new(Sys::real(), root.clone());
    let mut green = Vec::new();
    while under_way() {
        let from = stage.clock.tick();
        if check(&Sys::real(), &root).verdict.is_green() {
            green.push((from, stage.clock.tick()));
        }
        let from = stage.clock.tick();
        if cached.check().is_green() {
            green.push((from, stage.clock.tick()));
        }
        std::thread::sleep(STEP);
    }
    green
}
