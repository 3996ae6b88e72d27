//! Scenarios across the real programs. One binary, because each would be linked anew.
#![allow(clippy::disallowed_methods, reason = "tests use real files, processes and clocks")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod units;
