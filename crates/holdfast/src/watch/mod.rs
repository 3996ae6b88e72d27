//! The watch decision: pure. It takes observations, what is remembered and the clocks, and returns what to do.
//!
//! * [`Sight`] tells how old something is without trusting one clock (**clock-honest**).
//! * [`judge`] gives the verdict of one heartbeat: the table of `docs/watchdog.md`, first row that matches.
//! * [`Memory`] is what the watchdog keeps between checks, in `data/watchdog.json`.
//! * [`settle`] turns verdicts into incidents, journal entries and messages.
//! * [`due`], [`take_reply`] and [`judge_asked`] are about what must be asked and may hang.
//! * [`observe`] and [`ask`] read the heartbeats of a root, for the watchdog and for `circuit-ctl resume`.

mod age;
mod ask;
mod demand;
mod elsewhere;
mod judge;
mod memory;
mod message;
mod probed;
mod progress;
mod request;
mod rows;
mod settle;
mod stray;
mod verdict;
mod writers;

#[cfg(test)]
mod tests;

pub use age::{Sight, Stamp, clock_step};
pub use ask::{Observed, Said, ask, judge_all, observe, recall, recollect, watches};
pub use demand::{Demand, demands};
pub use judge::{Context, Judged, Seen, judge};
pub use memory::{
    CIRCUIT_WATCH, CircuitMemory, HealthyRun, Heard, Incident, KnownHold, Memory, Probed, Silence,
    WatchMemory,
};
pub use message::Message;
pub use probed::{Reply, due, judge_asked, take_reply};
pub use request::{Request, SILENCE_MOST};
pub use settle::{Happened, Settled, TripDone, settle};
pub use verdict::{Act, Verdict};
