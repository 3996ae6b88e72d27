//! The watch loop, the outbox and the circuit on a simulated host, for thousands of seeds: random schedules of
//! beats, checks, trips, resumes, hand edits, faults and clocks. After every step the named rules are asked.
//!
//! `HOLDFAST_SIM_SEED=N` replays one seed and tells its story; `HOLDFAST_SIM_SEEDS=N` runs that many;
//! `HOLDFAST_SIM_RULE=NAME` asks only that rule; `HOLDFAST_SIM_ALL=1` goes on after the first failure.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "reads its own environment and tells a replayed seed on stdout"
)]

mod actors;
mod director;
mod hands;
mod messages;
mod oracle;
mod rules;
mod watchdog;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use world::{Broken, World};

/// What CI runs.
const SEEDS: u64 = 5000;

#[test]
fn the_rules_hold_for_every_seed() {
    if let Some(seed) = number("HOLDFAST_SIM_SEED") {
        return expect(seed, run(seed, true));
    }
    holdfast::say::hush();
    let seeds = number("HOLDFAST_SIM_SEEDS").unwrap_or(SEEDS);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let all = number("HOLDFAST_SIM_ALL").is_some_and(|all| all != 0);
    let (next, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    let found: Vec<(u64, Broken)> = std::thread::scope(|scope| {
        let work = || work(&next, seeds, &enough, all);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker catches panics")).collect()
    });
    if let Some((seed, broken)) = found.into_iter().min_by_key(|(seed, _)| *seed) {
        expect(seed, Some(broken));
    }
}

fn work(next: &AtomicU64, seeds: u64, enough: &AtomicBool, all: bool) -> Vec<(u64, Broken)> {
    let mut found = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            break;
        }
        if let Some(broken) = run(seed, false) {
            enough.store(!all, Ordering::Relaxed);
            if all {
                println!("also seed {seed}: {}: {}", broken.rule, broken.what);
            }
            found.push((seed, broken));
        }
    }
    found
}

/// What is broken in the history of this seed.
fn run(seed: u64, tell: bool) -> Option<Broken> {
    let world = World::new(seed, tell);
    let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
    let broken = match lived {
        Ok(()) => world.broken(),
        Err(panic) => {
            let what = panic.downcast_ref::<String>().cloned();
            let what = what.or_else(|| panic.downcast_ref::<&str>().map(|what| (*what).to_owned()));
            Some(Broken { rule: "no panic", what: what.unwrap_or_default(), story: world.story() })
        }
    };
    world.end();
    broken
}

fn expect(seed: u64, broken: Option<Broken>) {
    if let Some(Broken { rule, what, story }) = broken {
        let story = story.join("\n  ");
        panic!(
            "seed {seed} breaks {rule}: {what}\n  {story}\n\
             replay: HOLDFAST_SIM_SEED={seed} cargo test -p watchdog --test sim"
        );
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
