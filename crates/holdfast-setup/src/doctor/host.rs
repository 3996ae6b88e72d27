//! The host: its clock, its disk.

use holdfast::advice::Advice;

use super::finding::Finding;
use super::{PATIENCE, Patient};
use crate::ran;

const MIB: u64 = 1 << 20;
/// Less than this, and soon no trip can be written.
const LITTLE: u64 = 100 * MIB;
/// Less than this is worth a look.
const SOME: u64 = 1024 * MIB;

pub(super) struct Host {
    /// Whether the clock is synchronised, where the system tells.
    is_in_time: Option<bool>,
    /// Free bytes for the root, where the system tells.
    free: Option<u64>,
    /// Bytes set aside for a trip on a full disk.
    reserve: Option<u64>,
}

pub(super) fn look(patient: &Patient<'_>) -> Host {
    let argv = ["timedatectl", "show", "-p", "NTPSynchronized", "--value"].map(str::to_owned);
    let is_in_time = match ran::answer(patient.sys, argv.to_vec(), PATIENCE) {
        Ok((outcome, said)) if outcome.ok() => match said.trim() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        _ => None,
    };
    let reserve = patient.sys.store.stat(&patient.root.reserve()).ok().flatten().map(|stat| stat.len);
    Host { is_in_time, free: free(patient.root.path()), reserve }
}

#[cfg(unix)]
fn free(path: &std::path::Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_path: &std::path::Path) -> Option<u64> {
    None
}

pub(super) fn judge(host: &Host, advice: &Advice) -> Vec<Finding> {
    let clock = match host.is_in_time {
        Some(true) => Finding::ok("clock", "synchronised"),
        Some(false) => Finding::bad("clock", "not synchronised", "timedatectl set-ntp true"),
        None => Finding::warn(
            "clock",
            "unknown: this system does not say whether it is synchronised",
            "see to it that it is",
        ),
    };
    let disk = match host.free {
        Some(free) if free < LITTLE => {
            Finding::bad("disk", format!("{} MiB are free", free / MIB), "make room")
        }
        Some(free) if free < SOME => {
            Finding::warn("disk", format!("{} MiB are free", free / MIB), "make room")
        }
        Some(free) => Finding::ok("disk", format!("{:.1} GiB are free", free as f64 / SOME as f64)),
        None => Finding::warn("disk", "unknown: this system does not say how much is free", "see to it"),
    };
    let reserve = match host.reserve {
        Some(1..) => Finding::ok("disk", "data/reserve is there for a trip on a full disk"),
        _ => Finding::warn(
            "disk",
            "data/reserve is not there: on a full disk a trip needs it",
            advice.call("watchdog", "check"),
        ),
    };
    vec![clock, disk, reserve]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Level::{Bad, Ok, Warn};

    #[test]
    fn clock_disk_and_reserve_are_judged_and_what_is_unknown_is_said() {
        for (is_in_time, free, reserve, levels) in [
            (Some(true), Some(SOME), Some(65_536), [Ok, Ok, Ok]),
            (Some(false), Some(SOME - 1), None, [Bad, Warn, Warn]),
            (None, Some(LITTLE - 1), Some(0), [Warn, Bad, Warn]),
            (None, None, None, [Warn, Warn, Warn]),
        ] {
            let findings = judge(&Host { is_in_time, free, reserve }, &Advice::default());
            assert_eq!(findings.iter().map(|finding| finding.level).collect::<Vec<_>>(), levels);
        }
    }
}
