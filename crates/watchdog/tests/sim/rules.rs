//! The named rules, asked of what is on the disk and of what really happened.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast::circuit;
use holdfast::sys::Clock;
use holdfast::sys::sim::{Step, Verb};
use holdfast_notify::{Sending, Verdict};
use serde_json::Value;

use crate::oracle::{self, lines};
use crate::watchdog::Look;
use crate::world::{MAX_AGE, Truth, World};

/// Between the moment that a check looks at and the moment that we ask, in seconds.
const SLACK: f64 = 10.0;

impl World {
    /// What the circuit says, against what really happened.
    pub(crate) fn probe(&self) {
        let eye = self.host.process("eye");
        let (says, is) = (circuit::check(&eye.sys(), &self.root).verdict.is_green(), self.is_green());
        if says && !is {
            self.breaks("fail-closed", "check is green where the table is not".to_owned());
        }
        if is && !says {
            self.breaks("fail-closed", "check is paused where the table is green".to_owned());
        }
        let lost = {
            let state = self.state();
            let stands = |(id, seq): &&(String, u64)| *seq > state.edited && !state.lifted.contains(id);
            state.trips.iter().find(stands).map(|(id, _)| id.clone())
        };
        if let Some(id) = lost.filter(|_| says) {
            self.breaks(
                "no-lost-trip",
                format!("green, but the trip {id} was acknowledged and nobody lifted it"),
            );
        }
    }

    /// Every change of the disk.
    pub(crate) fn see_change(&self, step: &Step) {
        let seq = {
            let mut state = self.state();
            state.seq += 1;
            state.seq
        };
        let path = step.path.as_path();
        self.old_or_new(step);
        if path == self.root.ledger() && step.verb == Verb::Append {
            self.state().appended.push((step.process.clone(), seq));
            self.tripped_alive(step);
        }
        if path == self.root.heartbeat(None) {
            self.beaten();
        }
        if path.parent() == Some(&self.root.outbox()) && step.verb == Verb::Replace {
            self.trip_first(path);
        }
        if path == self.root.watchdog() {
            self.no_silent_alert();
        }
        if path == self.root.circuit() || path == self.root.ledger() {
            self.state().changed_by.insert((path.to_owned(), step.process.clone()), seq);
            self.tell_change(step);
            self.manual_resume(step, seq);
        }
    }

    /// For whoever replays a seed: what face and ledger are now.
    fn tell_change(&self, step: &Step) {
        if !self.state().tell {
            return;
        }
        let text =
            |path: &Path| String::from_utf8_lossy(&self.host.peek(path).unwrap_or_default()).into_owned();
        let (face, ledger) = (text(&self.root.circuit()), text(&self.root.ledger()).len());
        self.note(|| format!("{} {:?}: {ledger} bytes of trips, {face}", step.process, step.verb));
    }

    /// From paused to green only a person leads.
    fn manual_resume(&self, step: &Step, seq: u64) {
        let (was, is) = (self.state().green, self.is_green());
        self.state().green = is;
        match step.process.as_str() {
            "hand" if step.path == self.root.circuit() => self.state().edited = seq,
            "hand" | "resume" => {}
            // Against a face that a hand left without `trips` times decide, and on a clock that was set back an
            // append is older until the trip has mended that. Whether it did is asked when it has returned.
            _ if step.verb == Verb::Append && !self.face_knows_the_ledger() => {}
            // So may the length of a ledger that another one's face knows.
            _ if step.verb == Verb::Append && self.state().rewritten => {}
            other if is && !was => {
                self.breaks("manual-resume", format!("{other} made a paused circuit green"));
            }
            _ => {}
        }
        let by_hand = step.process == "hand";
        let awake = self.host.clock.now().awake;
        let mut state = self.state();
        // A person's resume counts as such also if an error of reading was all that there was to lift.
        let resume = step.process == "resume" && step.path == self.root.circuit();
        if is && (!was || resume) {
            state.late_from = awake;
            state.resumed = true;
        }
        // What a hand makes green counts from when the watchdog sees it, for it bears no time of a boot clock. So
        // does a resume on a terminal that the watchdog has not seen yet, when a hand takes its record away.
        state.unseen |= by_hand && is && state.resumed;
    }

    fn face_knows_the_ledger(&self) -> bool {
        let face = self.host.peek(&self.root.circuit()).unwrap_or_default();
        serde_json::from_slice::<Value>(&face).is_ok_and(|face| face["trips"].is_u64())
    }

    /// Readers never see a part of a state file. A person's editor and a pipeline in Python write in place, and
    /// a trip may, as its last resort: that face reads as paused.
    fn old_or_new(&self, step: &Step) {
        let last_resort = step.verb == Verb::Overwrite && step.path == self.root.circuit();
        // What only makes durable changes nothing.
        let same = step.verb == Verb::Sync;
        if matches!(step.process.as_str(), "hand" | "python") || last_resort || same {
            return;
        }
        let name = step.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // A copy of what could not be read is as unreadable.
        let json = step.path.extension().is_some_and(|extension| extension == "json");
        let state_file = json && !name.starts_with("circuit-malformed");
        let Some(bytes) = self.host.peek(&step.path).filter(|_| state_file) else { return };
        if serde_json::from_slice::<Value>(&bytes).is_err() {
            let what = format!("{} {:?} leaves {} unreadable", step.process, step.verb, step.path.display());
            self.breaks("old-or-new", what);
        }
    }

    /// A message that says that a watch has failed finds the circuit durably paused.
    fn trip_first(&self, path: &Path) {
        let Some(Value::Object(entry)) =
            self.host.peek(path).and_then(|bytes| serde_json::from_slice(&bytes).ok())
        else {
            return;
        };
        let text = entry.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.tripped_before(&text);
    }

    /// The circuit would be found paused, also after a power loss.
    fn is_durably_paused(&self) -> bool {
        // Whoever finds a pause that an earlier process could not make durable cannot know that.
        if self.state().tried.is_none() {
            return !self.is_green();
        }
        let left = |path: &Path| self.host.durable(path).zip(self.host.durable_modified(path));
        !oracle::green(&left(&self.root.circuit()), &left(&self.root.ledger()))
    }

    /// Nothing that can be said of trips now is said too early.
    fn may_be_told(&self) -> bool {
        if self.is_durably_paused() {
            return true;
        }
        let face = self.host.peek(&self.root.circuit());
        let broken = face.is_some_and(|face| serde_json::from_slice::<Value>(&face).is_err());
        let state = self.state();
        let changed = |path: PathBuf, by: &str| state.changed_by.get(&(path, by.to_owned())).copied();
        let (face, ledger) = (self.root.circuit(), self.root.ledger());
        // A person may have taken the pause away since: an emptied face on a full disk leaves nothing of it.
        let by_people =
            ["hand", "resume"].iter().flat_map(|by| [changed(face.clone(), by), changed(ledger.clone(), by)]);
        let lifted = by_people.flatten().max() > Some(state.tried.unwrap_or(state.looking_since));
        // A face that was broken before is paused, and is left for a person to see.
        let found = broken && changed(face, "watchdog") <= Some(state.looking_since);
        lifted || found
    }

    /// These verdicts ask for a trip, the evaluation is over, and this is about to be told: so it must have left the
    /// circuit paused. What a message says is asked once: what was paused then, people may have resumed when it is sent.
    pub(crate) fn ask_for_a_trip<'a>(
        &self,
        asking: &BTreeSet<(String, String)>,
        texts: impl Iterator<Item = &'a str>,
        look: &Look,
    ) {
        let (obeyed, paused) = (self.may_be_told(), !self.is_green());
        let mut state = self.state();
        // What fails is told. A full disk alone is no excuse.
        let may_fail = paused && state.faults > look.faults;
        for text in texts {
            let admitted = oracle::not_paused(text) || may_fail && oracle::not_recorded(text);
            for line in lines(text).into_iter().filter(oracle::trips) {
                let told = (line.incident.to_owned(), line.detail.to_owned());
                let asked = asking.contains(&(line.watch.to_owned(), line.detail.to_owned()));
                if state.composed.insert(told.clone()) && asked && !obeyed && !admitted {
                    state.too_early.insert(told);
                }
            }
        }
    }

    /// The watchdog was killed. What it has saved, a later process may tell when people have resumed: it came after
    /// the trips.
    pub(crate) fn leave_messages(&self) {
        if !self.may_be_told() {
            return;
        }
        for (text, _) in self.unstored().values() {
            let lines = lines(text);
            let told = lines.iter().map(|line| (line.incident.to_owned(), line.detail.to_owned()));
            self.state().composed.extend(told);
        }
    }

    fn tripped_before(&self, text: &str) {
        for line in lines(text) {
            let told = (line.incident.to_owned(), line.detail.to_owned());
            if self.state().too_early.contains(&told) && !self.is_durably_paused() {
                let what =
                    format!("told that {} is {} before the circuit was paused", line.watch, line.verdict);
                self.breaks("trip-first", what);
            }
        }
    }

    /// The alert channel: takes a message, fails, or hangs until its deadline.
    pub(crate) fn hear(&self, sending: &Sending) -> Verdict {
        let text = sending.alert.message(usize::MAX);
        self.tripped_before(&text);
        let up = self.state().channel_up;
        self.note(|| format!("channel ({}): {}", if up { "up" } else { "down" }, sending.alert.subject));
        if up {
            self.state().told.push_str(&text);
            return Verdict::Accepted;
        }
        if self.chance(0.3) {
            self.host.clock.advance(sending.timeout.as_secs_f64());
        }
        Verdict::Later { why: "no network".to_owned(), after: None }
    }

    fn beaten(&self) {
        // The smallest step is longer, and what comes between taking the time and writing it is shorter.
        const STEPPED: f64 = 25.0;
        let now = self.host.clock.now();
        let beat = self.host.peek(&self.root.heartbeat(None)).unwrap_or_default();
        let beat = serde_json::from_slice::<Value>(&beat).unwrap_or_default();
        let across = beat["at"].as_f64().is_some_and(|at| (now.wall - at).abs() > STEPPED);
        let mut state = self.state();
        let (boots, seq) = (state.boots, state.seq);
        // A beat that was written across a step of the clock bears a time from before it.
        let steps = state.steps - u32::from(across && state.steps > 0);
        let watched = state.kept_in == Some(boots) && state.steps_seen == Some(steps);
        state.beat = Some(Truth { awake: now.awake, boots, steps, seq, watched });
        state.unseen |= state.manner.plain;
        if state.looked {
            state.late_from = now.awake;
        }
    }

    /// The watchdog pauses in the name of a silent pipeline: then it must be silent.
    fn tripped_alive(&self, step: &Step) {
        let Some(ledger) = self.host.peek(&self.root.ledger()).filter(|_| step.process == "watchdog") else {
            return;
        };
        let text = String::from_utf8_lossy(&ledger).into_owned();
        let Some(Ok(line)) = text.lines().last().map(serde_json::from_str::<Value>) else { return };
        let reason = line["reason"].as_str().unwrap_or_default();
        if line["watch"] != "bot" || !(reason.contains("heartbeat stale") || reason.contains("future")) {
            return;
        }
        let now = self.host.clock.now();
        let silent = {
            let state = self.state();
            // What came after the look could not be known.
            let known = |beat: &Truth| beat.boots == state.boots && beat.seq <= state.looking_since;
            let Some(beat) = state.beat.filter(known) else { return };
            // Of a beat without a boot clock nobody knows whether it was written before or after a step that nobody
            // had seen then, nor how much of its age was sleep when nobody had looked in this boot before; and steps
            // below a minute are not seen as such.
            if state.manner.plain && (!beat.watched || state.steps_seen != Some(state.steps)) {
                return;
            }
            // Nor of one whose boot has no name, once the wall clock says that it was another boot.
            if (state.manner.plain || now.boot.is_none()) && beat.steps != state.steps {
                return;
            }
            now.awake - beat.awake
        };
        if silent < MAX_AGE - SLACK {
            self.breaks("clock-honest", format!("tripped a pipeline that beat {silent:.0} s ago: {reason}"));
        }
    }

    /// A complete evaluation without a fault: whoever is dead must have been tripped.
    pub(crate) fn after_evaluation(&self, look: &Look) {
        let since = &look.since;
        let now = self.host.clock.now();
        let kept =
            self.host.peek(&self.root.watchdog()).and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let kept = kept.map_or(Value::Null, |memory: Value| memory["last_check"].clone());
        // Of this boot, also where boots have no name.
        let kept = kept["up"].as_f64().is_some_and(|up| (since.up..=now.up).contains(&up))
            && kept["boot"].as_str() == since.boot.as_deref();
        let clean = self.state().faults == look.faults;
        // What could not be read was not seen; what cannot be kept may be forgotten.
        if !kept || !clean {
            self.not_seen(look);
        }
        let mut state = self.state();
        // A memory that cannot be kept begins anew every time.
        state.kept_in = Some(state.boots).filter(|_| kept).or(state.kept_in);
        state.unseen |= state.kept_in.is_none();
        // What bears no honest time of its own counts from when it was seen.
        if !state.looked || look.news {
            state.late_from = now.awake;
        }
        state.looked = true;
        // A step of the clock that is not remembered was not seen, nor one since the look began.
        state.steps_kept = Some(look.steps).filter(|_| kept).or(state.steps_kept);
        state.steps_seen = if state.manner.resident { Some(look.steps) } else { state.steps_kept };
        // It looked when it began; others may take their time before it ends.
        let late = since.awake - state.late_from;
        drop(state);
        if clean && late > MAX_AGE + SLACK && self.is_green() {
            self.breaks("clock-honest", format!("green, although nobody has beaten for {late:.0} s awake"));
        }
    }

    /// Nothing goes wrong any more; what was found must have been told.
    pub(crate) fn calm_down(self: &Arc<Self>) {
        {
            let mut state = self.state();
            state.calm = true;
            state.channel_up = true;
        }
        self.host.set_room(None);
        self.note(|| "the faults cease".to_owned());
        for _ in 0..8 {
            self.host.clock.advance(1300.0);
            self.check();
            self.probe();
        }
        let untold = {
            let state = self.state();
            state.must_tell.iter().find(|id| !state.told.contains(id.as_str())).cloned()
        };
        if let Some(id) = untold {
            self.breaks("no-silent-alert", format!("nobody was told of incident {id}"));
        }
    }
}
