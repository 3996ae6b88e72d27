//! The heartbeat: the small file in which a pipeline says that it does its work.
//!
//! [`Beat`] is what a reader makes of the file, [`Draft`] is what a writer puts there. The format is written
//! down in `docs/formats/heartbeat.md`.

mod beat;
mod draft;
mod name;

use crate::root::Root;
use crate::sys::{ReadError, Sys};

pub use beat::{Beat, Malformed, Status};
pub use draft::{Draft, Field, FieldError, WriteError};
pub use name::{Name, NotAName};

/// The keys that have a meaning of their own, in the order in which they are written. Every other key is the
/// pipeline's.
pub const OURS: [&str; 15] = [
    "v", "at", "iso", "status", "name", "host", "pid", "seq", "boot", "up", "awake", "interval", "begun",
    "took", "circuit",
];

/// The most that is read of `data/watchdog.json`, in bytes: it remembers each watch, and there may be thousands.
pub const WATCHDOGS_MAX: usize = 16 << 20;

/// The bytes of `data/watchdog.json`.
pub fn read_watchdogs(sys: &Sys, root: &Root) -> Result<Vec<u8>, ReadError> {
    let bytes = sys.store.read_at(&root.watchdog(), 0, WATCHDOGS_MAX + 1)?;
    if bytes.len() > WATCHDOGS_MAX { Err(ReadError::TooLarge(bytes.len() as u64)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;
