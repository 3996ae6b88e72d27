//! Resuming, for a person who was shown every hold and confirmed each that is to be lifted (**manual-resume**).

use std::io;
use std::time::Duration;

use super::check::{Verdict, Why};
use super::face::{Face, Resumed};
use super::hold::Hold;
use super::holds::{View, view};
use crate::journal::{self, Entry};
use crate::json::{Object, Value};
use crate::root::Root;
use crate::sys::{Secrecy, Sys};
use crate::time::compact;

/// A person is waiting, but not for ever.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// What a person is shown before a resume, and what the resume then rests on.
#[derive(Clone, Debug)]
pub struct Listing {
    view: View,
}

/// Made by the program that asked the person, and by nobody else.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// Who resumes.
    pub by: String,
    /// Why it is safe.
    pub why: String,
    /// The ids of the holds that the person named.
    pub holds: Vec<String>,
    /// Causes that still fail and were lifted all the same, for the journal.
    pub overridden: Vec<String>,
}

/// What a resume left.
#[derive(Clone, Debug)]
pub struct Lifted {
    /// The holds that still stand; empty means that the circuit is green.
    pub standing: Vec<Hold>,
}

/// Nothing was resumed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The holds are not those that the person saw.
    #[error(
        "the circuit changed while you decided: {0}\n  nothing was resumed; look at it again, and decide anew"
    )]
    Changed(String),
    /// Another process holds the lock.
    #[error(
        "another process is changing the circuit and holds data/.circuit.lock\n  nothing was resumed; try again, and if it stays so look for a stopped process with: fuser -v data/.circuit.lock"
    )]
    Busy,
    /// The lock cannot be taken at all.
    #[error("the circuit cannot be locked: {0}\n  nothing was resumed")]
    Lock(io::Error),
    /// Without a journal line nobody could tell later who resumed.
    #[error(
        "the resume cannot be written into memory/journal.jsonl: {0}\n  nothing was resumed; mend the disk or the permissions first"
    )]
    Journal(io::Error),
    /// The face could not be written.
    #[error(
        "data/circuit.json cannot be written: {0}\n  nothing was resumed; mend the disk or the permissions first"
    )]
    Face(io::Error),
}

impl Listing {
    /// The holds as they are now.
    pub fn now(sys: &Sys, root: &Root) -> Self {
        Self { view: view(sys, root) }
    }

    /// Verdict and holds.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Lifts what was confirmed, if nothing has changed since the listing. In a race a trip wins: its line in
    /// the ledger is longer than the length that the new face knows (**no-lost-trip**).
    pub fn lift(&self, sys: &Sys, root: &Root, confirmed: &Confirmed) -> Result<Lifted, ResumeError> {
        let Some(_lock) = sys.lock_within(&root.circuit_lock(), LOCK_PATIENCE).map_err(ResumeError::Lock)?
        else {
            return Err(ResumeError::Busy);
        };
        let now = view(sys, root);
        if let Some(change) = self.change(&now) {
            return Err(ResumeError::Changed(change));
        }
        let standing: Vec<Hold> =
            now.holds.iter().filter(|hold| !confirmed.holds.contains(&hold.id)).cloned().collect();
        self.keep_malformed(sys, root).map_err(ResumeError::Face)?;
        // The journal before the face: a resume that nobody can account for must not happen.
        journal::append(sys, root, &entry("resume", confirmed, &standing)).map_err(ResumeError::Journal)?;
        let face = self.face(sys, confirmed, standing.clone());
        let bytes = face.to_bytes();
        if let Err(error) = sys.store.replace(&root.circuit(), &bytes, Secrecy::Shared) {
            // Best effort: the disk that refused the face may refuse this too.
            let _ = journal::append(sys, root, &entry("resume-failed", confirmed, &standing));
            self.take_back(sys, root, &bytes);
            return Err(ResumeError::Face(error));
        }
        Ok(Lifted { standing })
    }

    /// A face that could not be made durable may be there all the same, and a resume that failed must not read
    /// as green.
    fn take_back(&self, sys: &Sys, root: &Root, written: &[u8]) {
        if sys.store.read(&root.circuit()).is_ok_and(|bytes| bytes == written) {
            let View { holds, accounted, face, .. } = &self.view;
            let old = face.clone().unwrap_or_default();
            let paused = Face::paused_by(holds.clone(), *accounted, old.resumed, old.extra);
            let _ = sys.store.overwrite(&root.circuit(), &paused.to_bytes());
        }
    }

    /// What is about to be replaced may be all there is to find out who damaged it.
    fn keep_malformed(&self, sys: &Sys, root: &Root) -> io::Result<()> {
        match (&self.view.verdict, sys.store.read(&root.circuit())) {
            (Verdict::Paused { why: Why::FaceMalformed(_), .. }, Ok(bytes)) if !bytes.is_empty() => {
                let name = format!("circuit-malformed-{}.json", compact(sys.clock.now().wall));
                sys.store.replace(&root.data().join(name), &bytes, Secrecy::Shared)
            }
            _ => Ok(()),
        }
    }

    fn change(&self, now: &View) -> Option<String> {
        let known = |hold: &&Hold| !self.view.holds.iter().any(|seen| seen.id == hold.id);
        if let Some(new) = now.holds.iter().find(known) {
            return Some(format!("a new hold {} by {}: {}", new.id, new.by, new.reason));
        }
        // It may be one that was to stay, and that an error of reading hides (**no-lost-trip**).
        if let Some(gone) =
            self.view.holds.iter().find(|seen| now.holds.iter().all(|hold| hold.id != seen.id))
        {
            return Some(format!("the hold {} is not found any more", gone.id));
        }
        if now.ledger_len != self.view.ledger_len {
            return Some("a trip was added to data/trips.jsonl".to_owned());
        }
        (now.face != self.view.face || now.face_modified != self.view.face_modified)
            .then(|| "data/circuit.json was written by somebody else".to_owned())
    }

    fn face(&self, sys: &Sys, confirmed: &Confirmed, standing: Vec<Hold>) -> Face {
        let now = sys.clock.now();
        let resumed = Some(Resumed {
            at: now.wall,
            up: now.up,
            awake: Some(now.awake),
            boot: now.boot,
            by: confirmed.by.clone(),
            why: confirmed.why.clone(),
            lifted: confirmed.holds.clone(),
        });
        let extra = self.view.face.as_ref().map_or_else(Object::new, |face| face.extra.clone());
        let trips = self.view.accounted;
        if standing.is_empty() {
            Face { since: Some(now.wall), trips: Some(trips), resumed, extra, ..Face::default() }
        } else {
            Face::paused_by(standing, trips, resumed, extra)
        }
    }

    /// Why writing a face could not resume anything: with a ledger that cannot be looked at it stays paused.
    pub fn obstacle(&self) -> Option<String> {
        self.view.ledger_error.as_ref().map(|what| Why::LedgerUnreadable(what.clone()).to_string())
    }
}

fn entry(kind: &'static str, confirmed: &Confirmed, standing: &[Hold]) -> Entry {
    let overridden =
        if confirmed.overridden.is_empty() { Value::Null } else { confirmed.overridden.clone().into() };
    Entry::new(kind, &confirmed.by)
        .with("why", confirmed.why.clone())
        .with("lifted", confirmed.holds.clone())
        .with("standing", standing.iter().map(|hold| hold.id.clone()).collect::<Vec<_>>())
        .with("overridden", overridden)
}
