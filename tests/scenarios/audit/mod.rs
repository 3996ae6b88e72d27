//! `audit-pack` on a machine that fails, beside writers that do not wait, and against whoever has no key.

mod faults;
mod full_disk;
mod guard;
mod intruder;
mod locks;
mod logs;
mod people;
mod power_loss;
mod proofs;
mod rekey;
mod restart;
mod rotation;
mod scrub;
mod writers;
