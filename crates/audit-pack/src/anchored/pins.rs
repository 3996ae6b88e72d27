//! Whether a log fits a head, and where it stops to.

use std::collections::{BTreeMap, BTreeSet};

use anchor::heads::Head;
use tlog::seals::State;
use tlog::{Hash, Vkey};

use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::seals::walk;
use crate::sidecar::Sidecar;

/// What must be known of SEALS.
#[derive(Debug, Default)]
pub(super) struct Pins {
    records: BTreeSet<u64>,
    sizes: BTreeSet<u64>,
}

/// What SEALS says there.
#[derive(Debug, Default)]
pub(super) struct Seen {
    records: BTreeMap<u64, (u64, Hash, Vec<Vkey>)>,
    roots: BTreeMap<u64, Hash>,
}

/// How a log stands to a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pinned {
    Fits,
    /// It is longer than the log.
    Beyond,
    /// It is of another history.
    Differs,
    /// It is of another log.
    Another(String),
}

/// A head that somebody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    /// Who.
    pub(super) label: String,
    /// The folder that it lies in.
    pub(super) folder: Option<u64>,
    /// How many lines of the log it is about.
    pub(super) lines: u64,
    pub(super) pinned: Pinned,
}

impl Pin {
    pub(super) fn another(label: &str, origin: &str) -> Self {
        Self { label: label.to_owned(), folder: None, lines: 0, pinned: Pinned::Another(origin.to_owned()) }
    }
}

impl Pins {
    pub(super) fn records(&mut self, records: u64) {
        self.records.insert(records);
    }

    pub(super) fn size(&mut self, size: u64) {
        self.sizes.insert(size);
    }

    pub(super) fn want(&mut self, head: Head) {
        match head {
            Head::Tree { size, .. } => self.size(size),
            Head::Chain { records, .. } => self.records(records),
        }
    }

    /// Goes through SEALS, if anything is wanted of it.
    pub(super) fn look(&self, sidecar: &Sidecar<'_>) -> Result<Seen, FileError> {
        let mut seen = Seen::default();
        if self.records.is_empty() && self.sizes.is_empty() {
            return Ok(seen);
        }
        let name = sidecar.name("SEALS");
        let Some(file) = sidecar.open(&name)? else { return Ok(seen) };
        let walked = walk(&*file, |_, state, _| {
            if self.records.contains(&state.records) {
                let keys = state.signers().cloned().collect();
                seen.records.insert(state.records, (state.lines, state.head, keys));
            }
            if self.sizes.contains(&state.lines) {
                seen.roots.entry(state.lines).or_insert(state.root);
            }
        });
        walked.map_err(|error| sidecar.error(&name, error))?;
        Ok(seen)
    }
}

impl Seen {
    /// The keys that may have signed when SEALS had so many lines, or now.
    pub(super) fn keys(&self, records: u64, state: &State) -> Vec<Vkey> {
        let then = self.records.get(&records).map(|(_, _, keys)| keys.as_slice()).unwrap_or_default();
        then.iter().chain(state.signers()).cloned().collect()
    }

    pub(super) fn judge(&self, head: Head, label: &str, state: &State) -> Pin {
        let (lines, pinned) = match head {
            Head::Tree { size, .. } if size > state.lines => (size, Pinned::Beyond),
            Head::Tree { size, root } if self.roots.get(&size) == Some(&root) => (size, Pinned::Fits),
            Head::Tree { size, .. } => (size, Pinned::Differs),
            Head::Chain { records, head } => match self.records.get(&records) {
                Some((lines, there, _)) if *there == head => (*lines, Pinned::Fits),
                Some((lines, ..)) => (*lines, Pinned::Differs),
                None => (state.lines, Pinned::Beyond),
            },
        };
        Pin { label: label.to_owned(), folder: None, lines, pinned }
    }
}

/// A finding for each head that the log does not fit: the lines since the last one that it fits.
pub(super) fn findings(pins: &[Pin], sidecar: &Sidecar<'_>, findings: &mut Findings) {
    let log = || sidecar.place.shown(&sidecar.log);
    let fitting = |below: u64| {
        let lines = pins.iter().filter(|pin| pin.pinned == Pinned::Fits).map(|pin| pin.lines);
        lines.filter(|lines| *lines < below).max().unwrap_or(0)
    };
    for Pin { label, lines, pinned, .. } in pins {
        let after = fitting(*lines);
        let since = if after == 0 {
            "no earlier anchor fits".to_owned()
        } else {
            format!("the anchor at line {after} fits")
        };
        let finding = |kind| Finding::new(kind, log()).lines(after + 1, *lines);
        match pinned {
            Pinned::Fits => {}
            Pinned::Differs => findings.add(finding(Kind::Forked).says(format!(
                "{label} pins another history up to here; {since}: something between them was written anew"
            ))),
            Pinned::Beyond => findings.add(
                finding(Kind::RolledBack).says(format!("{label} knows more of it than there is; {since}")),
            ),
            Pinned::Another(origin) => findings.add(
                Finding::new(Kind::Replaced, sidecar.place.shown(&sidecar.name(label)))
                    .says(format!("it is about another log, {origin}")),
            ),
        }
    }
}
