//! What the watchdog keeps between checks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::age::{Sight, Stamp};
use super::incident::{Incident, Silence};
use super::message::Message;
use super::verdict::{Act, Verdict};
use super::writers::Writers;
use crate::circuit::{Hold, View};
use crate::json::Object;
use crate::sys::Now;

/// Everything that is kept in `data/watchdog.json`. Missing parts read as never seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The digest of the source that the watchdog at work was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The clocks at the last complete evaluation.
    pub last_check: Option<Now>,
    /// The clocks when the last look at the beats began: earlier, by as long as a judging watchdog was held up.
    pub last_look: Option<Now>,
    /// What was last seen of the circuit.
    #[serde(rename = "circuit_seen")]
    pub circuit: CircuitMemory,
    /// Each watch by its name.
    pub watches: BTreeMap<String, WatchMemory>,
    /// The watches came from a configuration.
    pub configured: bool,
    /// Incidents that have not been closed.
    pub incidents: Vec<Incident>,
    /// Incidents that were closed a short while ago: if the watch fails again they go on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<Incident>,
    /// Watches of which nothing is told for a while, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub silences: BTreeMap<String, Silence>,
    /// Trips that could not be recorded as they should, by watch: what people were told of it.
    pub trouble: BTreeMap<String, String>,
    /// How much of the journal has been read for acknowledgements, in bytes.
    pub journal_read: u64,
    /// When the hourly `checked` line was last written.
    pub journalled: Option<Sight>,
    /// How many complete evaluations there were since.
    pub checks: u64,
    /// Actions that are to be run, and the incidents that they are for: a crash before that loses none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unrun: Vec<(String, String)>,
    /// What the last outgoing ping met, where it was not heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ping_fault: Option<String>,
    /// Messages that are not yet in the outbox: a crash between here and there loses none.
    pub unstored: Vec<Message>,
    /// The delivery state of each alert channel, by name.
    pub channels: BTreeMap<String, Value>,
    /// Since when no configured channel works.
    pub mute: Option<Sight>,
    /// Actions that are run while all is well, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub healthy: BTreeMap<String, HealthyRun>,
    /// When this host was last seen to have slept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub woke: Option<Sight>,
}

/// The last run of an action that is run while all is well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HealthyRun {
    /// When it began.
    pub begun: Sight,
    /// How the last one that has ended did so; `None` before the first.
    pub ended: Option<String>,
    /// The last words of one that failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub said: String,
    /// It did not end well.
    pub failed: bool,
}

/// What is remembered of one watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchMemory {
    /// When the watch itself was first evaluated.
    pub first: Sight,
    /// The last verdict.
    pub verdict: Verdict,
    /// In words.
    pub detail: String,
    /// What it asked for.
    pub act: Act,
    /// Which evidence was last seen (a beat's identity), and since when.
    pub evidence: Option<(String, Sight)>,
    /// The opening of the session under way, in Unix seconds, and since when that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<(f64, Sight)>,
    /// Fields that must advance: the last value and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub advance: BTreeMap<String, (Value, Sight)>,
    /// Fields with a limit on their rise: samples of the last hour.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rise: BTreeMap<String, Vec<(f64, Sight)>>,
    /// Who wrote the last beats.
    #[serde(default)]
    pub writers: Writers,
    /// Of a watch that is asked: the questions and answers.
    #[serde(default, skip_serializing_if = "Probed::is_unasked")]
    pub probed: Probed,
}

/// What is remembered of a watch that is asked, and does not stand in a local file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Probed {
    /// Tells what is asked from what was asked under the same name before its configuration was changed.
    pub of: String,
    /// When it was last asked.
    pub asked: Option<Sight>,
    /// When there last was an answer.
    pub answered: Option<Sight>,
    /// When all of it was last looked at and found well.
    pub whole: Option<Sight>,
    /// It has been well before.
    pub known: bool,
    /// What the last answer was.
    pub verdict: Verdict,
    /// What it asked for.
    pub act: Act,
    /// How often it has failed in a row.
    pub failures: u32,
    /// Of a heartbeat elsewhere: what was last seen in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
    /// Of a heartbeat elsewhere: why the last question had no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unheard: Option<String>,
    /// The last answer was a failure that does not count, because this host had only just woken up.
    #[serde(skip_serializing_if = "is_false")]
    pub put_off: bool,
}

/// What was seen in the place of a heartbeat that is elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heard {
    /// Somebody answered that there is none.
    Missing,
    /// Something that is no beat.
    Malformed(String),
    /// A beat: what the rules may ask of it, without the writer's boot clocks, which are not ours.
    Beat(Object),
}

impl Default for Probed {
    fn default() -> Self {
        Self {
            of: String::new(),
            asked: None,
            answered: None,
            whole: None,
            known: false,
            verdict: Verdict::Unknown,
            act: Act::None,
            failures: 0,
            heard: None,
            unheard: None,
            put_off: false,
        }
    }
}

impl Probed {
    fn is_unasked(&self) -> bool {
        self.of.is_empty()
    }
}

impl WatchMemory {
    fn sights(&mut self) -> impl Iterator<Item = &mut Sight> {
        let of_evidence = self.evidence.iter_mut().map(|(_, seen)| seen);
        let of_fields = self.advance.values_mut().map(|(_, seen)| seen);
        let Probed { asked, answered, whole, .. } = &mut self.probed;
        let of_probes = [asked, answered, whole].into_iter().flatten();
        let of_session = self.session.iter_mut().map(|(_, seen)| seen);
        let of_rises = self.rise.values_mut().flatten().map(|(_, seen)| seen);
        [&mut self.first]
            .into_iter()
            .chain(of_evidence)
            .chain(of_session)
            .chain(of_fields)
            .chain(of_rises)
            .chain(of_probes)
            .chain(self.writers.sight())
    }
}

/// What is remembered of the circuit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CircuitMemory {
    /// The circuit has been looked at.
    pub seen: bool,
    /// Since when it is paused.
    pub paused: Option<Sight>,
    /// The last resume, by a terminal or by hand.
    pub resumed: Option<Sight>,
    /// The wall time that the last resume on a terminal bears.
    pub resumed_at: Option<f64>,
    /// The ledger's length, in bytes.
    pub ledger_len: u64,
    /// The holds that stood.
    pub holds: Vec<KnownHold>,
    /// Watches that have tripped since face and ledger could last be read.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub blindly: BTreeSet<String>,
}

impl CircuitMemory {
    /// Takes in how the circuit is, all but its holds, whose changes are for [`super::settle`] to tell.
    pub fn see(&mut self, view: &View, now: &Now, last_check: Option<&Now>) {
        // An error of reading is no pause that anybody made, and its end is no resume: else each one would give a
        // dead pipeline another `max_age`, and an unreadable ledger would be forgotten (**clock-honest**).
        if view.refused {
            return;
        }
        self.blindly.clear();
        let green = view.verdict.is_green();
        // Trips taken out of the ledger are no resume, and are remembered until a hold says so (**no-lost-trip**).
        let shrank = view.ledger_len < self.ledger_len && !view.holds.iter().any(KnownHold::of_circuit);
        let resumed = view.face.as_ref().and_then(|face| face.resumed.as_ref());
        let news = resumed.filter(|resumed| Some(resumed.at) != self.resumed_at);
        // A resume that left holds standing has lifted no pause. One that was followed by a trip has.
        if let Some(resumed) = news.filter(|last| view.holds.iter().all(|hold| hold.since >= last.at)) {
            let (up, boot) = (Some(resumed.up), resumed.boot.as_deref());
            let stamp = Stamp { wall: resumed.at, up, awake: resumed.awake, boot };
            self.resumed = Some(Sight::of(now, last_check, stamp));
            self.resumed_at = Some(resumed.at);
            self.paused = None;
        } else if green
            && !shrank
            && self.seen
            && (self.paused.is_some() || self.ledger_len != view.ledger_len)
        {
            // By hand: it was paused, or tripped since the last look, and is green.
            self.resumed = Some(Sight::now(now));
        }
        if green {
            self.paused = None;
        } else {
            let since = view.holds.first().map_or(now.wall, |hold| hold.since);
            let stamp = Stamp { wall: since, up: None, awake: None, boot: None };
            self.paused.get_or_insert_with(|| Sight::of(now, last_check, stamp));
        }
        if !shrank {
            self.ledger_len = view.ledger_len;
        }
        self.seen = true;
    }
}

impl Memory {
    /// Tells every age by the clocks of `now`.
    pub(super) fn anchor(&mut self, now: &Now) {
        let of_circuit = [
            &mut self.circuit.paused,
            &mut self.circuit.resumed,
            &mut self.journalled,
            &mut self.mute,
            &mut self.woke,
        ];
        let of_incidents = self.incidents.iter_mut().chain(&mut self.closed).flat_map(Incident::sights);
        let of_silences = self.silences.values_mut().map(|silence| &mut silence.since);
        let of_watches = self.watches.values_mut().flat_map(WatchMemory::sights);
        let of_actions = self.healthy.values_mut().map(|run| &mut run.begun);
        let of_people = of_incidents.chain(of_silences);
        let all = of_circuit.into_iter().flatten().chain(of_people).chain(of_watches).chain(of_actions);
        for sight in all {
            *sight = sight.anchored(now);
        }
    }

    /// Reads what stands in `data/watchdog.json`; `None` if it is not ours.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut memory: Self = serde_json::from_slice(bytes).ok()?;
        // A watchdog that knew no silences has told of everything.
        let Self { incidents, silences, .. } = &mut memory;
        for incident in incidents.iter_mut().filter(|incident| !silences.contains_key(&incident.watch)) {
            incident.first_told.get_or_insert_with(|| incident.told.clone());
        }
        Some(memory)
    }

    /// The keys that go into `data/watchdog.json` beside those of a beat.
    pub fn to_fields(&self) -> Object {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            // Every field is a struct, a list or a map with text keys.
            _ => Object::new(),
        }
    }
}

/// Under this name the watchdog speaks of face and ledger themselves; no watch of a configuration can have it.
pub const CIRCUIT_WATCH: &str = "holdfast/circuit";

/// A hold as the watchdog knew it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownHold {
    /// Its id.
    pub id: String,
    /// Its cause.
    pub reason: String,
    /// The watch that made it.
    pub watch: Option<String>,
}

impl KnownHold {
    /// It was made because of the circuit's own files.
    pub fn of_circuit(hold: &Hold) -> bool {
        hold.watch.as_deref() == Some(CIRCUIT_WATCH)
    }
}

impl From<&Hold> for KnownHold {
    fn from(hold: &Hold) -> Self {
        Self { id: hold.id.clone(), reason: hold.reason.clone(), watch: hold.watch.clone() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
pub(super) fn is_zero(value: &u32) -> bool {
    *value == 0
}
