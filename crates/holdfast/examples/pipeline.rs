//! A pipeline in Rust: asks the circuit before each cycle, and beats around it.
//!
//! ```sh
//! mkdir -p /tmp/trader/data
//! echo 1763711940 | HOLDFAST_ROOT=/tmp/trader cargo run --example pipeline
//! cat /tmp/trader/data/heartbeat.json
//! ```

use std::error::Error;

use holdfast::heartbeat::{Draft, Status};
use holdfast::sys::Sys;
use holdfast::time::Span;
use holdfast::{Root, circuit};

const INTERVAL: Span = Span::secs(300);

fn main() -> Result<(), Box<dyn Error>> {
    let sys = Sys::real();
    let root = Root::find(sys.store, None)?;
    for candle in std::io::stdin().lines() {
        cycle(&sys, &root, &candle?)?;
        sys.clock.wait(INTERVAL.0);
    }
    Ok(())
}

fn cycle(sys: &Sys, root: &Root, candle: &str) -> Result<(), Box<dyn Error>> {
    let verdict = circuit::check(sys, root).verdict;
    let beat = |draft: Draft| draft.interval(INTERVAL).circuit(verdict.word());
    if !verdict.is_green() {
        beat(Draft::new(Status::Held)).write(sys, root)?;
        return Ok(());
    }
    beat(Draft::begin()).write(sys, root)?;
    let done = match trade(candle) {
        Ok(candle_at) => Draft::new(Status::Ok).field("candle_at", candle_at)?,
        Err(error) => Draft::new(Status::Other("failed".to_owned())).field("why", error.to_string())?,
    };
    beat(done).write(sys, root)?;
    Ok(())
}

/// Decides on a candle, and returns its time.
fn trade(candle: &str) -> Result<u64, Box<dyn Error>> {
    Ok(candle.trim().parse()?)
}
