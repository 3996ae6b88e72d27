//! What is wrong and told of, and what is not to be told.

use serde::{Deserialize, Serialize};

use super::age::Sight;
use super::memory::{is_false, is_zero};
use super::verdict::{Act, Verdict};
use crate::sys::Now;

/// Something that is wrong and that people are told of until it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Names it in the hold, in messages and in `circuit-ctl ack`.
    pub id: String,
    /// The watch.
    pub watch: String,
    /// Its last verdict.
    pub verdict: Verdict,
    /// The last verdict in words.
    pub detail: String,
    /// The gravest thing that it has asked for.
    pub act: Act,
    /// When it was opened, in Unix seconds, for people.
    pub at: f64,
    /// When it was opened, for ages.
    pub opened: Sight,
    /// When people were last told.
    pub told: Sight,
    /// Who acknowledged it.
    pub acked: Option<String>,
    /// Its actions were run for this gravity.
    pub acted: Option<Act>,
    /// When people were first told; nothing: they asked not to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_told: Option<Sight>,
    /// Channels of level 2 are told, too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub escalated: bool,
    /// Since when the watch is well again, while the incident may go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub well: Option<Sight>,
    /// How often it went on after the watch was well.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flaps: u32,
}

impl Incident {
    pub(super) fn sights(&mut self) -> impl Iterator<Item = &mut Sight> {
        let Self { opened, told, first_told, well, .. } = self;
        [opened, told].into_iter().chain(first_told).chain(well)
    }
}

/// Somebody asked that nothing be told of a watch for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// When it began.
    pub since: Sight,
    /// How long it lasts, in seconds.
    pub for_s: f64,
    /// When it ends, in Unix seconds, for people.
    pub until: f64,
    /// Who asked.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Silence {
    /// In how many seconds it ends.
    pub fn left(&self, now: &Now) -> f64 {
        self.for_s - self.since.age(now)
    }
}
