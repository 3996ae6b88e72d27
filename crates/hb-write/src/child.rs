//! The command, and the signals between us and it.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use elsewhere::{Foreground, caller, die_of};
#[cfg(unix)]
pub(crate) use unix::{Foreground, caller, die_of};
