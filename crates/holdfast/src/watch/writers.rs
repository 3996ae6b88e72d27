//! Who writes a heartbeat: two processes at it are doubled decisions.

use serde::{Deserialize, Serialize};

use super::age::Sight;
use crate::heartbeat::Beat;
use crate::sys::Now;

/// How many changes of writer are remembered.
const KEPT: usize = 8;

/// The last writers of a heartbeat, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Writers {
    recent: Vec<String>,
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<(String, Sight)>,
}

impl Writers {
    /// Takes in a beat that was not seen before.
    pub(super) fn see(&mut self, now: &Now, beat: &Beat) {
        if let Some(sign) = self.sign(beat) {
            self.conflict = Some((sign, Sight::now(now)));
        }
        self.seq = beat.seq.or(self.seq);
        if let Some(writer) = writer(beat)
            && self.recent.last() != Some(&writer)
        {
            self.recent.push(writer);
            let excess = self.recent.len().saturating_sub(KEPT);
            self.recent.drain(..excess);
        }
    }

    pub(super) fn sight(&mut self) -> Option<&mut Sight> {
        self.conflict.as_mut().map(|(_, seen)| seen)
    }

    fn sign(&self, beat: &Beat) -> Option<String> {
        if let (Some(seq), Some(last)) = (beat.seq, self.seq)
            && seq < last
        {
            return Some(format!("seq went back from {last} to {seq}"));
        }
        let writer = writer(beat)?;
        // A new process each cycle is normal; one that comes back after another is not.
        let (last, earlier) = self.recent.split_last()?;
        (*last != writer && earlier.contains(&writer)).then(|| format!("{last} and {writer} write in turn"))
    }

    /// The conflict of the last `max_age` seconds, in words.
    pub(super) fn conflict(&self, now: &Now, max_age: f64) -> Option<&str> {
        self.conflict.as_ref().filter(|(_, seen)| seen.age(now) <= max_age).map(|(sign, _)| sign.as_str())
    }
}

fn writer(beat: &Beat) -> Option<String> {
    let pid = beat.pid?;
    Some(match &beat.host {
        Some(host) => format!("pid {pid} on {host}"),
        None => format!("pid {pid}"),
    })
}
