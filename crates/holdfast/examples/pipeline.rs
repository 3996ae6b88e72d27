//! A pipeline in Rust: asks the circuit before each cycle, and beats around it.
//!
//! ```sh
//! mkdir -p /tmp/trader/data
//! HOLDFAST_ROOT=/tmp/trader cargo run --example pipeline
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
    loop {
        cycle(&sys, &root)?;
        sys.clock.wait(INTERVAL.0);
    }
}

fn cycle(sys: &Sys, root: &Root) -> Result<(), Box<dyn Error>> {
    let verdict = circuit::check(sys, root).verdict;
    let beat = |draft: Draft| draft.interval(INTERVAL).circuit(verdict.word());
    if !verdict.is_green() {
        beat(Draft::new(Status::Held)).write(sys, root)?;
        return Ok(());
    }
    beat(Draft::begin()).write(sys, root)?;
    let done = match trade() {
        Ok(candle_at) => Draft::new(Status::Ok).field("candle_at", candle_at)?,
        Err(error) => Draft::new(Status::Other("failed".to_owned())).field("why", error.to_string())?,
    };
    beat(done).write(sys, root)?;
    Ok(())
}

/// Looks at the market and decides. Returns the time of the candle that it decided on.
fn trade() -> Result<u64, Box<dyn Error>> {
    Ok(1_763_711_940)
}
