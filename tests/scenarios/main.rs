//! Scenarios across the real programs. One binary, because each would be linked anew.
#![allow(clippy::disallowed_methods, reason = "tests use real files, processes and clocks")]
#![allow(clippy::disallowed_macros, reason = "a test may print")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[cfg(target_os = "linux")]
mod actions;
#[cfg(target_os = "linux")]
mod alerts;
mod answers;
#[cfg(target_os = "linux")]
mod articles;
#[cfg(target_os = "linux")]
mod audit;
#[cfg(target_os = "linux")]
mod audit_git;
#[cfg(target_os = "linux")]
mod audit_hooks;
#[cfg(target_os = "linux")]
mod audit_reconcile;
#[cfg(target_os = "linux")]
mod audit_unique;
mod backups;
#[cfg(target_os = "linux")]
mod clocks;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(target_os = "linux")]
mod hours_later;
#[cfg(target_os = "linux")]
mod incidents;
#[cfg(target_os = "linux")]
mod log_watch;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod machine;
#[cfg(target_os = "linux")]
mod no_lost_trip;
#[cfg(target_os = "linux")]
mod old_or_new;
#[cfg(target_os = "linux")]
mod places;
#[cfg(target_os = "linux")]
mod power_loss;
#[cfg(target_os = "linux")]
mod prometheus;
#[cfg(target_os = "linux")]
mod python;
#[cfg(target_os = "linux")]
mod reminder;
#[cfg(target_os = "linux")]
mod resident_faults;
#[cfg(target_os = "linux")]
mod setup;
#[cfg(target_os = "linux")]
mod trip_first;
mod units;
#[cfg(target_os = "linux")]
mod users;
#[cfg(target_os = "linux")]
mod verdicts;
#[cfg(target_os = "linux")]
mod watchdog_faults;
