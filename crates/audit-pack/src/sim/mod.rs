//! The sealer on a simulated disk that refuses, is full and loses power, while a pipeline writes and killed sealers leave
//! what they had begun. Nobody changes anything, so nothing may ever look changed, and in the end every line is sealed
//! and signed once.

mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use world::World;

/// As many as an ordinary run makes; `HOLDFAST_SIM_SEEDS=50000` makes more.
const SEEDS: u64 = 1000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn the_rules_hold_for_every_seed() {
    let only = number("HOLDFAST_SIM_SEED");
    let seeds = only.map_or(0..number("HOLDFAST_SIM_SEEDS").unwrap_or(SEEDS), |seed| seed..seed + 1);
    let mut sealed = 0;
    for seed in seeds {
        let world = World::new(seed);
        let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
        let broken = match &lived {
            Ok(lines) => {
                sealed += lines;
                world.broken()
            }
            Err(panic) => Some(panic.downcast_ref::<String>().cloned().unwrap_or_default()),
        };
        world.end();
        if let Some(what) = broken {
            panic!(
                "seed {seed}: {what}\n  {}\nreplay: HOLDFAST_SIM_SEED={seed} cargo test -p audit-pack --lib sim",
                world.story().join("\n  ")
            );
        }
    }
    assert!(sealed > 0, "nothing was ever sealed");
}
