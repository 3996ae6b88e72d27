//! What must not be read as green.

use std::collections::HashMap;

use holdfast::json::Value;
use holdfast_tests::harness::{Scratch, read};

/// Something that was done, by a process that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// Ticks of the clock of the test: before it was started, and after it had ended.
    pub(crate) time: (u64, u64),
    /// What it was.
    pub(crate) what: What,
    /// A signal hit it in the middle.
    pub(crate) killed: bool,
    /// It was stopped in the middle, and continued.
    pub(crate) stopped: bool,
}

/// What was done to the circuit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// A trip that returned 0, with the id of its hold.
    Tripped(String),
    /// A person of this name resumed, or tried to.
    Resumed(String, Option<i32>),
    /// Somebody wrote "not paused" into the face by hand. A face that was edited and not written anew still has
    /// `trips`: the bytes of the ledger that the editor had seen.
    Edited(Option<u64>),
    /// Nothing that lifts a trip: an old copy restored, a trip that was killed, a pause by hand.
    Other(String),
}

/// Knows which trips stand.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    tripped: Vec<(String, (u64, u64))>,
    lifting: Vec<((u64, u64), What)>,
}

impl Oracle {
    pub(crate) fn note(&mut self, done: Done) {
        match done.what {
            What::Tripped(id) => self.tripped.push((id, done.time)),
            what @ (What::Resumed(..) | What::Edited(_)) => self.lifting.push((done.time, what)),
            What::Other(_) => {}
        }
    }

    /// It was rightly green: what came before is settled.
    pub(crate) fn forget(&mut self) {
        self.tripped.clear();
        self.lifting.clear();
    }

    /// Somebody read green between these two ticks. An error names a trip that had returned before, and that
    /// nothing lifted.
    ///
    /// A resume lifts the holds that the journal says its person named, no others. A fresh edit by hand may have
    /// come after any trip that had not returned when the edit began; one of an older face lifts what that face
    /// knew.
    pub(crate) fn judge_green(&self, root: &Scratch, (from, to): (u64, u64)) -> Result<(), String> {
        let before: Vec<_> = self.tripped.iter().filter(|(_, (_, returned))| *returned < from).collect();
        if before.is_empty() {
            return Ok(());
        }
        let (named, ends) = (named(root), ends(root));
        let in_time = |act: &&((u64, u64), What)| act.0.0 < to;
        for (id, (tripping, _)) in before {
            let end = ends.get(id).ok_or_else(|| format!("trip {id} returned 0 and is not in the ledger"))?;
            let lifts = |((_, ended), what): &&((u64, u64), What)| match what {
                What::Resumed(person, _) => named.get(person).is_some_and(|ids| ids.contains(id)),
                What::Edited(Some(known)) => end <= known,
                What::Edited(None) => ended > tripping,
                What::Tripped(_) | What::Other(_) => false,
            };
            if !self.lifting.iter().filter(in_time).any(|act| lifts(&act)) {
                return Err(format!(
                    "trip {id} returned 0, nothing lifted it, and green was read at {from}..{to}"
                ));
            }
        }
        Ok(())
    }
}

/// Who named which holds, by the journal: a resume stands there before it is done.
fn named(root: &Scratch) -> HashMap<String, Vec<String>> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let resumes = root.journal("resume").into_iter();
    resumes
        .map(|entry| {
            let lifted = entry["lifted"].as_array().cloned().unwrap_or_default();
            (text(&entry["by"]), lifted.iter().map(text).collect())
        })
        .collect()
}

/// Where the lines of the ledger end, by id.
fn ends(root: &Scratch) -> HashMap<String, u64> {
    let bytes = read(&root.path("data/trips.jsonl")).unwrap_or_default();
    let mut end = 0;
    let mut ends = HashMap::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        end += line.len() as u64;
        let id =
            serde_json::from_slice::<Value>(line).ok().and_then(|line| Some(line["id"].as_str()?.to_owned()));
        ends.extend(id.map(|id| (id, end)));
    }
    ends
}
