//! The SEALS file: a chain of records, one a line, each naming the hash of the line before it.
//!
//! [`Record`] is one line, [`State`] what a file up to some line says and what the next line must be, [`Walk`] goes
//! through a file line by line and checks every rule that needs nothing but the file.

mod record;
mod state;
mod walk;

pub use record::{Genesis, KeyChange, OldHead, Record, RecordError, Rotation, SEALS_LINE_MAX, Seal};
pub use state::{Fault, State};
pub use walk::{SealsError, Walk};
