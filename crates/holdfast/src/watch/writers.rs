//! Who writes a heartbeat: two processes at it are doubled decisions.

use serde::{Deserialize, Serialize};

use super::age::Sight;
use crate::heartbeat::Beat;
use crate::sys::Now;

/// How many changes of writer are remembered.
const KEPT: usize = 8;
/// With this a count begins anew: after a beat that is gone, torn or has none, or in a writer that was started again.
const FIRST: u64 = 1;
/// The longest name of a host that is remembered, in characters: it is a stranger's word.
const HOST_MAX: usize = 100;

/// The last writers of a heartbeat, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Writers {
    recent: Vec<String>,
    /// The last hosts: a new process each cycle hides two machines behind pids that never come back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<String>,
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
        keep(&mut self.recent, writer(beat));
        // A beat that names no host tells nothing of hosts.
        keep(&mut self.hosts, host(beat));
    }

    pub(super) fn sight(&mut self) -> Option<&mut Sight> {
        self.conflict.as_mut().map(|(_, seen)| seen)
    }

    fn sign(&self, beat: &Beat) -> Option<String> {
        if let (Some(seq), Some(last)) = (beat.seq, self.seq)
            && seq < last
            && seq > FIRST
        {
            return Some(format!("seq went back from {last} to {seq}"));
        }
        // A bot that moves to another host is normal, and a new process each cycle; what comes back after another
        // is not.
        let hosts = returns(&self.hosts, host(beat)).map(|(last, host)| (format!("hosts {last}"), host));
        let (last, writer) = hosts.or_else(|| returns(&self.recent, writer(beat)))?;
        Some(format!("{last} and {writer} write in turn"))
    }

    /// The conflict of the last `max_age` seconds, in words.
    pub(super) fn conflict(&self, now: &Now, max_age: f64) -> Option<&str> {
        self.conflict.as_ref().filter(|(_, seen)| seen.age(now) <= max_age).map(|(sign, _)| sign.as_str())
    }
}

/// Remembers a change.
fn keep(recent: &mut Vec<String>, new: Option<String>) {
    if let Some(new) = new.filter(|new| recent.last() != Some(new)) {
        recent.push(new);
        let excess = recent.len().saturating_sub(KEPT);
        recent.drain(..excess);
    }
}

/// Who was the last, and who is back after it.
fn returns(recent: &[String], new: Option<String>) -> Option<(String, String)> {
    let (new, (last, earlier)) = (new?, recent.split_last()?);
    (*last != new && earlier.contains(&new)).then(|| (last.clone(), new))
}

fn host(beat: &Beat) -> Option<String> {
    Some(beat.host.as_deref()?.chars().take(HOST_MAX).collect())
}

fn writer(beat: &Beat) -> Option<String> {
    let pid = beat.pid?;
    Some(match host(beat) {
        Some(host) => format!("pid {pid} on {host}"),
        None => format!("pid {pid}"),
    })
}
