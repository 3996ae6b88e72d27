//! The circuit: may the system trade right now?
//!
//! Two files answer. The *face*, `data/circuit.json`, is what people and simple readers look at. The *ledger*,
//! `data/trips.jsonl`, gets one line for every trip before anything else happens, without a lock, and from that
//! moment the trip holds: a face that has not taken the whole ledger into account is never green. So no lock,
//! stopped process, late rename, editor buffer or restored backup can lose a trip (**no-lost-trip**).
//!
//! * [`check`] gives the verdict: one read, one stat. [`Cached`] makes it cheaper in a loop.
//! * [`trip()`] pauses. Anything may call it, at any time.
//! * [`Listing`] shows the holds, and lifts them for a person who confirmed each (**manual-resume**).

mod check;
mod face;
mod history;
mod hold;
mod holds;
mod resume;
mod trip;

#[cfg(test)]
mod tests;

pub use check::{Cached, Checked, Verdict, Why, check};
pub use face::{Face, Resumed};
pub use hold::{Hold, Mode, new_id};
pub use holds::{View, lost_trips, repair, view};
pub use resume::{Confirmed, Lifted, Listing, ResumeError};
pub use trip::{Trip, TripError, Tripped, trip, trip_all};
