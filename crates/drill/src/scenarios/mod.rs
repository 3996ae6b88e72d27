//! What is rehearsed.

mod alerts;
mod beats;
mod circuit;
mod clock;
pub(crate) mod disk;
mod folder;
mod locks;
mod log;
mod person;
mod silence;

use crate::stage::{Seen, Stage, Trouble};

/// One thing that may go wrong.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What is done.
    pub(crate) injected: &'static str,
    /// What must follow.
    pub(crate) expected: &'static str,
    /// Does it, on a stage of its own, and says what was seen.
    pub(crate) play: fn(&Stage) -> Result<Seen, Trouble>,
}

/// The scenario of this name.
pub(crate) fn named(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

/// All of them, in the order of the report.
pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: "kill",
        injected: "kill -9 of the bot",
        expected: "stale, tripped",
        play: silence::kill,
    },
    Scenario {
        name: "stop",
        injected: "SIGSTOP of the bot; SIGCONT after the trip",
        expected: "stale, tripped; woken, it honours the pause",
        play: silence::stop,
    },
    Scenario {
        name: "bad-status",
        injected: "the bot reports status failed",
        expected: "reported, tripped",
        play: beats::bad_status,
    },
    Scenario {
        name: "torn-beat",
        injected: "half a heartbeat, as a crash in the middle of a write leaves it",
        expected: "malformed, tripped",
        play: beats::torn,
    },
    Scenario {
        name: "not-advancing",
        injected: "the bot beats on, but its candle stays the same",
        expected: "not-advancing, tripped",
        play: beats::not_advancing,
    },
    Scenario {
        name: "cost-limit",
        injected: "the bot's model costs more than 20 dollars",
        expected: "limit, tripped",
        play: beats::cost_limit,
    },
    Scenario {
        name: "two-writers",
        injected: "a second bot on the same heartbeat",
        expected: "two-writers, told; no trip",
        play: beats::two_writers,
    },
    Scenario {
        name: "full-disk",
        injected: "the disk is full, so the bot can neither decide nor beat",
        expected: "stale, tripped on the full disk",
        play: disk::full,
    },
    Scenario {
        name: "file-limit",
        injected: "the bot is gone, and watchdog check may let no file grow (ulimit -f 0)",
        expected: "tripped all the same; watchdog check ends with 74, for it can write nothing down",
        play: disk::limited,
    },
    Scenario {
        name: "clock-ahead",
        injected: "a forged last beat from one hour ahead",
        expected: "clock-ahead, told at once; tripped after max_age, not an hour later",
        play: clock::ahead,
    },
    Scenario {
        name: "clock-back",
        injected: "forged beats from one hour ago, with a boot clock of now; then none",
        expected: "no trip while they come; stale and tripped when they stop",
        play: clock::back,
    },
    Scenario {
        name: "alert-dead",
        injected: "kill -9, with an alert channel that refuses every connection",
        expected: "tripped; the alert waits, watchdog check ends with 69; heard when a channel works",
        play: alerts::dead,
    },
    Scenario {
        name: "alert-hangs",
        injected: "kill -9, with an alert channel that accepts and never answers",
        expected: "tripped before the channel gets a byte; watchdog check ends within 30 s",
        play: alerts::hangs,
    },
    Scenario {
        name: "resume-alone",
        injected: "circuit-ctl resume without a person: no terminal, piped yes, setsid, flags, an idle terminal",
        expected: "refused each time, still paused",
        play: person::resume_alone,
    },
    Scenario {
        name: "circuit-deleted",
        injected: "data/circuit.json deleted during a pause",
        expected: "never green; the file comes back",
        play: circuit::deleted,
    },
    Scenario {
        name: "circuit-corrupted",
        injected: "data/circuit.json cut in half while green",
        expected: "paused at once, told; the bot holds",
        play: circuit::corrupted,
    },
    Scenario {
        name: "circuit-restored",
        injected: "green copies of data/circuit.json from before the trip put back",
        expected: "never green; the file is put right",
        play: circuit::restored,
    },
    Scenario {
        name: "backup-restored",
        injected: "data/circuit.json and data/trips.jsonl put back as they were before the trip",
        expected: "ledger-shrank, tripped again",
        play: circuit::backup_restored,
    },
    Scenario {
        name: "data-gone",
        injected: "data/ taken away during a pause, as an unmounted disk does; then made anew, empty",
        expected: "told; every program refuses; empty, it is ledger-shrank and tripped again",
        play: folder::gone,
    },
    Scenario {
        name: "data-restored",
        injected: "the whole of data/ put back as it was before the trip, while no watchdog runs",
        expected: "ledger-shrank, tripped again by the watchdog that starts",
        play: folder::restored,
    },
    Scenario {
        name: "lock-stuck",
        injected: "kill -9 of the bot, while somebody holds the circuit's lock and never lets go",
        expected: "stale, tripped without the lock",
        play: locks::stuck,
    },
    Scenario {
        name: "lock-foreign",
        injected: "a lock file of root, and a trip by a user who may not open it",
        expected: "tripped without the lock",
        play: locks::foreign,
    },
    Scenario {
        name: "decision-edited",
        injected: "one decision of a sealed log edited: long is flat, or flat is long",
        expected: "check names it with its line and byte, and ends with 1",
        play: log::edited,
    },
    Scenario {
        name: "decision-deleted",
        injected: "one decision of a sealed log deleted",
        expected: "check names it with its line and byte, and ends with 1",
        play: log::deleted,
    },
    Scenario {
        name: "decision-inserted",
        injected: "a decision inserted into a sealed log",
        expected: "check names it with its line and byte, and ends with 1",
        play: log::inserted,
    },
    Scenario {
        name: "log-restored",
        injected: "an older copy of a sealed log put back; then its older seals, too",
        expected: "truncated, then rolled back: check names the line and ends with 1; nothing is signed",
        play: log::restored,
    },
    Scenario {
        name: "seals-remade",
        injected: "decisions rewritten, and their seals deleted and made anew, by another key too",
        expected: "forked: check ends with 1; our key signs nothing that does not extend what it signed last",
        play: log::remade,
    },
    Scenario {
        name: "edit-watched",
        injected: "one decision of a sealed log edited, while a watchdog watches the log",
        expected: "failed, tripped; the line is named",
        play: log::watched,
    },
    Scenario {
        name: "pack-flipped",
        injected: "one bit of an evidence tarball flipped, in a decision",
        expected: "verify names the file, its line and byte, and ends with 1",
        play: log::packed,
    },
];
