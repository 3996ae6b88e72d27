//! Whether a log fits a head, and where it stops to.

use std::collections::{BTreeMap, BTreeSet};

use anchor::heads::Head;
use tlog::{Hash, Note, Vkey};

use crate::finding::{Finding, Findings, Kind};
use crate::place::FileError;
use crate::seals::walk;
use crate::sidecar::Sidecar;

/// What SEALS says at one of its lines.
#[derive(Debug)]
pub(super) struct At {
    pub(super) lines: u64,
    pub(super) root: Hash,
    pub(super) head: Hash,
    /// Which of [`Seen::keys`].
    keys: usize,
}

/// What SEALS says where it was asked for.
#[derive(Debug, Default)]
pub(super) struct Seen {
    records: BTreeMap<u64, At>,
    roots: BTreeMap<u64, Hash>,
    /// The keys that must have signed, each time they changed.
    keys: Vec<Vec<Vkey>>,
    /// How many lines there are sealed by now.
    lines: u64,
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

impl Seen {
    /// Goes through SEALS, if anything is wanted of it. Whoever anchors a head has sealed it before, so this looks later
    /// than the list of folders was made.
    pub(super) fn look(
        sidecar: &Sidecar<'_>,
        records: impl Fn(u64) -> bool,
        sizes: &BTreeSet<u64>,
    ) -> Result<Self, FileError> {
        let mut seen = Self::default();
        let name = sidecar.name("SEALS");
        let Some(file) = sidecar.open(&name)? else { return Ok(seen) };
        let walked = walk(&*file, |_, state, _| {
            if seen.keys.last().is_none_or(|keys| !keys.iter().eq(state.signers())) {
                seen.keys.push(state.signers().cloned().collect());
            }
            if records(state.records) {
                let (lines, root, head) = (state.lines, state.root, state.head);
                seen.records.insert(state.records, At { lines, root, head, keys: seen.keys.len() - 1 });
            }
            if sizes.contains(&state.lines) {
                seen.roots.entry(state.lines).or_insert(state.root);
            }
            seen.lines = state.lines;
        });
        walked.map_err(|error| sidecar.error(&name, error))?;
        Ok(seen)
    }

    pub(super) fn at(&self, records: u64) -> Option<&At> {
        self.records.get(&records)
    }

    /// Whether the log's keys have signed a note of the moment when SEALS had so many lines: all that had to, if it is of
    /// this history. Of another one it is not known which they were.
    pub(super) fn signed(&self, records: u64, pin: &Pin, note: &Note) -> bool {
        let signed = |key: &Vkey| note.verify(key).is_ok();
        match self.at(records).filter(|_| pin.pinned == Pinned::Fits) {
            Some(at) => self.keys[at.keys].iter().all(signed),
            None => self.keys.iter().flatten().any(signed),
        }
    }

    pub(super) fn judge(&self, head: Head, label: &str) -> Pin {
        let (lines, pinned) = match head {
            Head::Tree { size, .. } if size > self.lines => (size, Pinned::Beyond),
            Head::Tree { size, root } if self.roots.get(&size) == Some(&root) => (size, Pinned::Fits),
            Head::Tree { size, .. } => (size, Pinned::Differs),
            Head::Chain { records, head } => match self.at(records) {
                Some(at) if at.head == head => (at.lines, Pinned::Fits),
                Some(at) => (at.lines, Pinned::Differs),
                None => (self.lines, Pinned::Beyond),
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
