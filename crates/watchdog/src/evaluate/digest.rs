//! When the watchdog's memory must be written at once.

use std::collections::BTreeMap;

use holdfast::json::Value;
use holdfast::watch::{Incident, Memory, WatchMemory};

/// What people would want to find in `data/watchdog.json` after a crash: a change of it is written at once.
#[derive(PartialEq)]
pub(super) struct Digest {
    verdicts: Vec<(String, &'static str, u32)>,
    incidents: Vec<(String, Option<String>, bool, u32)>,
    silences: Vec<String>,
    holds: Vec<String>,
    ledger_len: u64,
    unstored: usize,
    unrun: usize,
    ping_fault: Option<String>,
    channels: BTreeMap<String, Value>,
}

impl Digest {
    pub(super) fn of(memory: &Memory) -> Self {
        let verdict = |(name, watch): (&String, &WatchMemory)| {
            (name.clone(), watch.verdict.word(), watch.probed.failures)
        };
        let incident = |open: &Incident| (open.id.clone(), open.acked.clone(), open.escalated, open.flaps);
        Self {
            verdicts: memory.watches.iter().map(verdict).collect(),
            incidents: memory.incidents.iter().map(incident).collect(),
            silences: memory.silences.keys().cloned().collect(),
            holds: memory.circuit.holds.iter().map(|hold| hold.id.clone()).collect(),
            ledger_len: memory.circuit.ledger_len,
            unstored: memory.unstored.len(),
            unrun: memory.unrun.len(),
            ping_fault: memory.ping_fault.clone(),
            channels: memory.channels.clone(),
        }
    }
}
