//! The state files, clocks and decisions of the Holdfast failsafe tools.
//!
//! A pipeline in Rust can use this library directly instead of calling `hb-write` and `circuit-ctl`; a
//! pipeline in any other language can read and write the same files (see `docs/formats/`).
//!
//! Layers, each using only those before it:
//!
//! * [`sys`]: the only way to time, files and processes;
//! * [`root`], [`time`], [`local`], [`json`], [`text`], [`advice`], [`who`], [`exit`]: small shared words;
//! * [`heartbeat`], [`circuit`], [`journal`]: the state files;
//! * [`lately`]: is there a watchdog at work?
//! * [`config`], [`calendar`]: what `holdfast.toml` can say, and [`settings`]: what of it is in force;
//! * [`watch`]: the pure decision, which takes observations and returns actions.

pub mod advice;
pub mod calendar;
pub mod circuit;
pub mod config;
pub mod exit;
pub mod heartbeat;
pub mod journal;
pub mod json;
pub mod lately;
pub mod local;
pub mod root;
pub mod say;
pub mod settings;
pub mod sys;
pub mod text;
pub mod time;
pub mod watch;
pub mod who;

pub use exit::Exit;
pub use root::Root;
