//! The decision against its table: no disk, and a clock that stands still unless it is moved.
#![allow(clippy::type_complexity, clippy::unnecessary_wraps, reason = "rows of tables read best as they are")]

mod asked;
mod attention;
mod bench;
mod circuit;
mod clocks;
mod elsewhere;
mod hours;
mod incidents;
mod messages;
mod order;
mod pause;
mod progress;
mod properties;
mod rows;
mod writers;

use bench::{Bench, MAX_AGE};
