//! The harness of the scenarios in `tests/scenarios`, which drive the real programs.
#![allow(clippy::disallowed_methods, reason = "tests use real files, processes and clocks")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[cfg(target_os = "linux")]
pub mod harness;
