//! `audit-pack` as a process, on real files.
#![allow(clippy::disallowed_methods, reason = "a test plays the person at the keyboard")]
#![cfg(unix)]

mod pack;
