//! A loop of `holdfast::circuit::Cached` against one of `stat`, batch by batch, for `cargo xtask bench`. Takes the root and
//! the number of batches; prints the nanoseconds of a call in each pair of batches.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a measurement, not a program for users"
)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use holdfast::circuit::Cached;
use holdfast::sys::Sys;
use holdfast::{Exit, Root};

/// Calls of a batch: long enough for the clock, short enough to take turns.
const CALLS: u32 = 2000;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(batches)) = (args.next(), args.next().and_then(|count| count.parse::<u32>().ok()))
    else {
        return Exit::Usage.into();
    };
    let sys = Sys::real();
    let Ok(root) = Root::open(sys.store, &dir) else { return Exit::Config.into() };
    let (face, mut cached) = (root.circuit(), Cached::new(sys, root));
    for _ in 0..batches {
        let ours = nanos(|| black_box(cached.check().is_green()));
        let stat = nanos(|| black_box(std::fs::metadata(&face).is_ok()));
        println!("{ours} {stat}");
    }
    cached.check().exit().into()
}

/// Of one call.
fn nanos(mut call: impl FnMut() -> bool) -> f64 {
    const NANOS: f64 = 1e9;
    let began = Instant::now();
    for _ in 0..CALLS {
        call();
    }
    began.elapsed().as_secs_f64() * NANOS / f64::from(CALLS)
}
