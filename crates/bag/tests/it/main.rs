//! Bags against stock tools, against enemies, and against damage.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the tests run stock tools")]

mod cases;
mod common;
mod damage;
mod folder;
mod hostile;
mod peers;
mod writer;
