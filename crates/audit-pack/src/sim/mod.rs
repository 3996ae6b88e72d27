//! The sealer on a simulated disk that refuses, is full and loses power, while a pipeline writes and killed sealers leave
//! what they had begun. Nobody changes anything, so nothing may ever look changed, and in the end every line is sealed
//! and signed once.

mod people;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use world::World;

/// As many as an ordinary run makes; `HOLDFAST_SIM_SEEDS=50000` makes more.
const SEEDS: u64 = 2500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_rules_hold_for_every_seed() {
    if let Some(seed) = number("HOLDFAST_SIM_SEED") {
        let (_, broken) = run(seed);
        return expect(seed, broken);
    }
    let seeds = number("HOLDFAST_SIM_SEEDS").unwrap_or(SEEDS);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let (next, sealed) = (AtomicU64::new(0), AtomicU64::new(0));
    let found: Vec<(u64, Broken)> = thread::scope(|scope| {
        let work = || work(&next, seeds, &sealed);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().expect("a worker catches panics")).collect()
    });
    if let Some((seed, broken)) = found.into_iter().min_by_key(|(seed, _)| *seed) {
        expect(seed, Some(broken));
    }
    assert!(sealed.into_inner() > seeds, "hardly anything was ever sealed");
}

/// Up to the first seed that breaks a rule.
fn work(next: &AtomicU64, seeds: u64, sealed: &AtomicU64) -> Option<(u64, Broken)> {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            return None;
        }
        let (lines, broken) = run(seed);
        sealed.fetch_add(lines, Ordering::Relaxed);
        if let Some(broken) = broken {
            next.store(seeds, Ordering::Relaxed);
            return Some((seed, broken));
        }
    }
}

/// What is broken, and what happened.
type Broken = (String, Vec<String>);

fn run(seed: u64) -> (u64, Option<Broken>) {
    let world = World::new(seed);
    let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
    let broken = match &lived {
        Ok(_) => world.broken(),
        Err(panic) => Some(panic.downcast_ref::<String>().cloned().unwrap_or_default()),
    };
    let story = world.story();
    world.end();
    (lived.unwrap_or_default(), broken.map(|what| (what, story)))
}

fn expect(seed: u64, broken: Option<Broken>) {
    if let Some((what, story)) = broken {
        let story = story.join("\n  ");
        panic!(
            "seed {seed} breaks never-rewritten: {what}\n  {story}\n\
             replay: HOLDFAST_SIM_SEED={seed} cargo test -p audit-pack --lib sim"
        );
    }
}
