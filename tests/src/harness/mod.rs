//! What a scenario needs to drive real programs on Linux: a root, processes that are never left behind, a
//! terminal with a person at it, faults of the operating system, disks that are full or lose power.

mod clocks;
mod crowd;
mod disk;
mod ended;
#[cfg(target_arch = "x86_64")]
mod machine;
mod programs;
mod pty;
mod running;
mod scratch;
mod strace;
mod wait;

pub use clocks::Host;
pub use crowd::each;
pub use disk::{Image, Mounted, full_disk, privileged, read_only};
pub use ended::Ended;
#[cfg(target_arch = "x86_64")]
pub use machine::Machine;
pub use programs::{copy_program, program, python};
pub use pty::{Person, Pty};
pub use running::{Run, Running};
pub use scratch::{Scratch, read};
pub use strace::{Call, Fault, Traced, calls, with_fault};
pub use wait::{PATIENCE, eventually, until};
