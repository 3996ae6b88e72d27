//! What can be said of a watch.

use serde::{Deserialize, Serialize};

/// The verdict of one watch. For heartbeats the order is that of the table in `docs/watchdog.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// There is no file.
    Missing,
    /// The file holds no beat, also after it was read again.
    Malformed,
    /// The pipeline itself says that something is wrong.
    Reported,
    /// The beat comes from the future.
    ClockAhead,
    /// A cycle was begun and has not ended in time.
    Overrun,
    /// Old, but the host was not awake long enough for it to be stale.
    Slept,
    /// No beat in time.
    Stale,
    /// Beats come, but what should advance does not.
    NotAdvancing,
    /// A value beyond its limit, or no value.
    Limit,
    /// Cycles run although the circuit is paused.
    TripIgnored,
    /// More than one process writes this heartbeat.
    TwoWriters,
    /// The wall clock was moved against the boot clock.
    ClockStepped,
    /// A beat outside the sessions of the watch's calendar.
    OutOfHours,
    /// All is well.
    Fresh,
    /// Nothing is expected now: the calendar's session is over.
    OffHours,
    /// A probe failed.
    Failed,
    /// A probe could not be run. Not health (**silence-is-not-health**).
    Unknown,
    /// `holdfast.toml` is not valid; the last good copy is in use.
    ConfigInvalid,
    /// No alert channel works.
    Mute,
    /// The ledger of trips is shorter than this watchdog has seen it.
    LedgerShrank,
}

impl Verdict {
    /// As it is written in files and shown to people: `not-advancing`.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Missing => "missing",
            Verdict::Malformed => "malformed",
            Verdict::Reported => "reported",
            Verdict::ClockAhead => "clock-ahead",
            Verdict::Overrun => "overrun",
            Verdict::Slept => "slept",
            Verdict::Stale => "stale",
            Verdict::NotAdvancing => "not-advancing",
            Verdict::Limit => "limit",
            Verdict::TripIgnored => "trip-ignored",
            Verdict::TwoWriters => "two-writers",
            Verdict::ClockStepped => "clock-stepped",
            Verdict::OutOfHours => "out-of-hours",
            Verdict::Fresh => "fresh",
            Verdict::OffHours => "off-hours",
            Verdict::Failed => "failed",
            Verdict::Unknown => "unknown",
            Verdict::ConfigInvalid => "config-invalid",
            Verdict::Mute => "mute",
            Verdict::LedgerShrank => "ledger-shrank",
        }
    }

    /// Nothing is wrong.
    pub const fn healthy(self) -> bool {
        matches!(self, Verdict::Fresh | Verdict::OffHours | Verdict::Slept)
    }

    /// Its evidence stands in the file itself, not in the passing of time: a resume would be followed by the
    /// same verdict, so it is refused while this holds (see `docs/circuit-ctl.md`).
    pub const fn stands_in_the_file(self) -> bool {
        !matches!(
            self,
            Verdict::Missing | Verdict::Overrun | Verdict::Slept | Verdict::Stale | Verdict::NotAdvancing
        )
    }
}

/// What a verdict asks for. The order is that of gravity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Nothing.
    None,
    /// Tell people.
    Alert,
    /// Pause trading, then tell people.
    Trip,
}
