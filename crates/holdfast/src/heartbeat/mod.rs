//! The heartbeat: the small file in which a pipeline says that it does its work.
//!
//! [`Beat`] is what a reader makes of the file, [`Draft`] is what a writer puts there. The format is written
//! down in `docs/formats/heartbeat.md`.

mod beat;
mod draft;
mod name;

pub use beat::{Beat, Malformed, Status};
pub use draft::{Draft, Field, FieldError, WriteError};
pub use name::{Name, NotAName};

/// The keys that have a meaning of their own, in the order in which they are written. Every other key is the
/// pipeline's.
pub const OURS: [&str; 15] = [
    "v", "at", "iso", "status", "name", "host", "pid", "seq", "boot", "up", "awake", "interval", "begun",
    "took", "circuit",
];

#[cfg(test)]
mod tests;
