//! `audit-pack pack`: what is in a pack, who can check it, and what never gets into one.

mod damage;
mod same;
mod secrets;
mod verify;
mod what;

use crate::world;
