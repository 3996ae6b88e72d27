//! `audit-pack` as a process, on real files.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test plays the person at the keyboard")]
#![cfg(unix)]

mod anchor;
mod check;
mod cli;
mod dense;
#[path = "../../../bag/tests/it/cases.rs"]
mod hostile_tars;
mod pack;
mod proofs;
mod report;
mod shell;
mod sidecar;
mod vectors;
mod verify;
mod world;
