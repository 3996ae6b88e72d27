//! One evaluation: the order of acts up to the outbox.

use std::collections::BTreeSet;
use std::time::Duration;

use holdfast::circuit::{self, Trip, TripError, Tripped, View, new_id};
use holdfast::heartbeat::{Draft, WriteError};
use holdfast::journal::{self, Entry};
use holdfast::settings::Settings;
use holdfast::sys::{Now, Sys};
use holdfast::watch::{
    CIRCUIT_WATCH, Demand, Happened, Judged, Memory, Message, Settled, Sight, TripDone, demands, judge_all,
    observe, settle, watches,
};
use holdfast::{Exit, Root};
use holdfast_notify::{deaf, mute, states_of};

use crate::deliver::{self, Delivered, Work};
use crate::{settings, system, tell};

mod digest;
mod heads;
mod healthy;
mod outside;
mod probes;
mod remember;
mod requests;

use digest::Digest;
pub(crate) use probes::{CHECK_MOST, Prober};

/// The watchdog's name in holds and journal.
pub(crate) const BY: &str = "watchdog";
/// The digest of the source that this program was built from.
const SOURCE: &str = env!("HOLDFAST_SOURCE");
/// Disk space that is set aside for a trip on a full disk, in bytes.
const RESERVE: u64 = 64 << 10;
/// Left-over temporary files are removed when they are this old.
const SWEEP_AGE: Duration = Duration::from_hours(1);
/// The watchdog's own heartbeat is written at least this often, in seconds.
const SAVE_EVERY: f64 = 30.0;

/// The watchdog of one root, between evaluations.
pub struct Watchdog<'a> {
    sys: Sys<'a>,
    root: Root,
    settings: Settings,
    memory: Memory,
    /// Of its own beat that was last written.
    seq: u64,
    /// What was last written, but for the clocks: a change is written at once.
    saved: Option<(Sight, Digest)>,
    notices: Vec<String>,
    /// What went wrong beside the acts of the evaluation under way.
    fault: Exit,
    /// Trips that face and ledger did not know any more when this watchdog began.
    lost_trips: Vec<String>,
    /// How what is not a local file is asked.
    prober: Prober,
    /// Heads of logs that could not be read, and of which that was said.
    headless: BTreeSet<String>,
    /// When the metrics were last given out, and of what.
    published: Option<(Sight, Digest)>,
    /// Nothing went wrong in the last evaluation itself.
    whole: bool,
}

/// What an evaluation found.
#[derive(Debug)]
pub struct Evaluated {
    /// How a program that does only this ends.
    pub exit: Exit,
    /// Every watch and its verdict.
    pub judged: Vec<(String, Judged)>,
    /// The circuit after it.
    pub view: View,
    /// In how many seconds something is due without new evidence.
    pub next: Option<f64>,
}

impl<'a> Watchdog<'a> {
    /// Takes up what the last one remembered. Deadlines come from there, so a restart resets nothing.
    pub fn open(sys: Sys<'a>, root: Root) -> Self {
        let (settings, mut fault) = settings::load(&sys, &root);
        let (seq, mut memory, forgotten) = remember::take_up(&sys, &root);
        if let Some(what) = &forgotten {
            fault = fault.and(complain(what));
        }
        // Of this program, whoever wrote the memory.
        memory.source = Some(SOURCE.to_owned());
        let lost_trips = circuit::lost_trips(&sys, &root);
        Self {
            sys,
            root,
            settings,
            memory,
            seq,
            saved: None,
            notices: forgotten.into_iter().collect(),
            fault,
            lost_trips,
            prober: Prober::default(),
            headless: BTreeSet::new(),
            published: None,
            whole: false,
        }
    }

    /// The order of acts, up to the outbox: judge, **trip**, journal, own heartbeat, outbox (**trip-first**).
    pub fn evaluate(&mut self) -> Evaluated {
        self.fault = self.fault.and(settings::refresh(&mut self.settings, &self.sys, &self.root));
        let mut exit = if self.settings.unusable { Exit::Config } else { Exit::Ok };
        let watches = watches(&self.sys, &self.root, &self.settings.config, &self.memory);
        let names: Vec<String> = watches.iter().map(|watch| watch.name.to_string()).collect();
        let changed = self.watch_set(&names);
        let began = self.now();
        let observed = observe(&self.sys, &self.root, &watches);
        let view = circuit::view(&self.sys, &self.root);
        let now = self.now();
        let system = system::judge(&self.settings, &self.memory, &self.lost_trips, &view, &now);
        let mut judged = judge_all(&self.sys, &self.settings.config, &mut self.memory, &view, &observed);
        judged.extend(system);
        let mut trips = self.trip(&judged, &view);
        if trips.iter().any(|trip| trip.paused && trip.demand.watch == CIRCUIT_WATCH) {
            // From now on its hold says so.
            self.lost_trips.clear();
        }
        // What can hang comes after every local trip (**trip-first**).
        let (probed, more) = self.probe(&watches, &view);
        judged.extend(probed);
        trips.extend(more);
        judged.extend(self.tend(&judged, began.up));
        exit = exit.and(trips.iter().map(trip_exit).max().unwrap_or(Exit::Ok));
        if let Err(error) = circuit::repair(&self.sys, &self.root) {
            exit = exit.and(complain(&format!(
                "data/circuit.json lags behind the ledger and cannot be written: {error}"
            )));
        }
        let (settled, view) = self.settle(&judged, trips, &began);
        exit = exit.and(self.journal(changed.into_iter().chain(settled.journal)));
        if let Some(mut message) = settled.message {
            message.text.push_str(&self.heads());
            self.memory.unstored.push(message);
        }
        self.memory.unrun.extend(settled.actions);
        exit = exit.and(self.save_if_changed()).and(std::mem::replace(&mut self.fault, Exit::Ok));
        self.whole = exit == Exit::Ok;
        exit = exit.and(if settled.alarm { Exit::No } else { Exit::Ok });
        Evaluated { exit, judged, view, next: settled.next }
    }

    fn now(&self) -> Now {
        self.sys.clock.now()
    }

    fn trip(&mut self, judged: &[(String, Judged)], view: &View) -> Vec<TripDone> {
        let mut id = || new_id(self.sys.clock.now().wall);
        let demands = demands(&self.settings.config, &self.memory, judged, view, &self.now(), &mut id);
        if demands.is_empty() {
            return Vec::new();
        }
        let trips: Vec<Trip> = demands.iter().map(trip_of).collect();
        // All together: a lock that somebody else holds costs a second, not one for each.
        let came = circuit::trip_all(&self.sys, &self.root, &trips);
        let trips: Vec<TripDone> =
            demands.into_iter().zip(came).map(|(demand, came)| done(demand, came)).collect();
        if view.refused {
            let made = trips.iter().filter(|trip| trip.paused);
            self.memory.circuit.blindly.extend(made.map(|trip| trip.demand.watch.clone()));
        }
        trips
    }

    fn settle(&mut self, judged: &[(String, Judged)], trips: Vec<TripDone>, began: &Now) -> (Settled, View) {
        let requests = self.requests();
        let view = circuit::view(&self.sys, &self.root);
        let owner = self.sys.store.stat(&self.root.circuit()).ok().flatten().map(|stat| stat.owner);
        let happened = Happened {
            now: &self.now(),
            began,
            host: self.sys.host,
            root: &self.root.path().display().to_string(),
            view: &view,
            owner: owner.unwrap_or_default(),
            trips,
            requests,
            deaf: deaf(&self.settings.config.channels, &states_of(&self.memory.channels)),
            notices: std::mem::take(&mut self.notices),
        };
        let mut id = || new_id(happened.now.wall);
        let settled = settle(&self.settings.config, &mut self.memory, judged, &happened, &mut id);
        let housekeeping = settled.journal.iter().any(|entry| entry.kind == "checked");
        if housekeeping {
            self.keep_house();
        }
        (settled, view)
    }

    /// Once an hour. None of it is worth an exit code: the reserve and the sweep are for worse days.
    fn keep_house(&self) {
        let reserve = self.root.reserve();
        if matches!(self.sys.store.stat(&reserve), Ok(None))
            && let Err(error) = self.sys.store.reserve(&reserve, RESERVE)
        {
            complain(&format!("data/reserve, which a trip on a full disk needs, cannot be made: {error}"));
        }
        for dir in [self.root.data(), self.root.heartbeats()] {
            if let Err(error) = self.sys.store.sweep(&dir, SWEEP_AGE) {
                complain(&format!("{} cannot be swept of temporary files: {error}", dir.display()));
            }
        }
    }

    /// What is watched has changed: that belongs into the record.
    fn watch_set(&mut self, names: &[String]) -> Option<Entry> {
        let names: BTreeSet<&String> = names.iter().collect();
        let known = &mut self.memory.watches;
        let added: Vec<String> =
            names.iter().filter(|name| !known.contains_key(**name)).map(|name| (*name).clone()).collect();
        let removed: Vec<String> = known.keys().filter(|name| !names.contains(name)).cloned().collect();
        known.retain(|name, _| names.contains(name));
        (!added.is_empty() || !removed.is_empty())
            .then(|| Entry::new("watch-set", BY).with("added", added).with("removed", removed))
    }

    fn journal(&self, entries: impl IntoIterator<Item = Entry>) -> Exit {
        let mut exit = Exit::Ok;
        for entry in entries {
            if let Err(error) = journal::append(&self.sys, &self.root, &entry) {
                exit = complain(&format!("memory/journal.jsonl cannot be written: {error}"));
            }
        }
        exit
    }

    /// Something waits to be told or done.
    pub fn has_news(&self) -> bool {
        !self.memory.unstored.is_empty() || !self.memory.unrun.is_empty()
    }

    /// Says something to the journal beside an evaluation.
    pub fn note(&self, entry: Entry) -> Exit {
        self.journal([entry])
    }

    /// Writes the watchdog's own heartbeat when something in it has changed, or it is getting old.
    pub fn save_if_changed(&mut self) -> Exit {
        let digest = Digest::of(&self.memory);
        let now = self.now();
        if let Some((when, saved)) = &self.saved
            && *saved == digest
            && when.age(&now) < SAVE_EVERY
        {
            return Exit::Ok;
        }
        match self.save() {
            Ok(()) => {
                self.saved = Some((Sight::now(&now), digest));
                Exit::Ok
            }
            Err(error) => complain(&format!("the watchdog's own heartbeat: {error}")),
        }
    }

    fn save(&mut self) -> Result<(), WriteError> {
        let seq = self.seq.wrapping_add(1);
        Draft::write_watchdogs(&self.sys, &self.root, seq, &self.memory)?;
        self.seq = seq;
        Ok(())
    }

    /// What is left to do for somebody who may wait: messages, what already lies in the outbox, actions.
    /// `None` when there is nothing.
    pub fn work(&mut self) -> Option<Work> {
        let work = Work {
            config: self.settings.config.clone(),
            channels_known: !self.settings.unusable,
            messages: self.memory.unstored.clone(),
            actions: self.memory.unrun.clone(),
            states: states_of(&self.memory.channels),
        };
        let waiting = !self.sys.store.list(&self.root.outbox()).unwrap_or_default().is_empty();
        (waiting || !work.messages.is_empty() || !work.actions.is_empty()).then_some(work)
    }

    /// Begins the demanded actions, beside everything else: they wait for no channel that hangs. A crash before they are
    /// known to be begun begins them again.
    pub(crate) fn begin_actions(&mut self, sys: Sys<'static>) {
        let actions = std::mem::take(&mut self.memory.unrun);
        if !actions.is_empty() {
            deliver::begin(sys, &self.root, &self.settings.config, &actions);
            // Said on stderr.
            let _ = self.save_if_changed();
        }
    }

    /// Takes in what came of the work; returns more work when that itself must be told.
    pub fn take_in(&mut self, delivered: &Delivered) -> Option<Work> {
        // Said on stderr; the exit code is that of the delivery.
        let _ = self.journal(delivered.journal.iter().cloned());
        self.memory.unstored.retain(|message| !delivered.stored.contains(&message.id));
        self.memory.unrun.retain(|action| !delivered.begun.contains(action));
        self.memory.channels = delivered
            .states
            .iter()
            .filter_map(|(name, state)| Some((name.clone(), serde_json::to_value(state).ok()?)))
            .collect();
        let now = self.now();
        let muted = mute(&self.settings.config.channels, &delivered.states);
        self.memory.mute = muted.then(|| self.memory.mute.clone().unwrap_or_else(|| Sight::now(&now)));
        if delivered.notes.is_empty() {
            return None;
        }
        let is_deaf = deaf(&self.settings.config.channels, &delivered.states);
        let mut text = delivered.notes.join("\n");
        if is_deaf {
            text.extend(
                delivered.unheard.iter().map(|subject| format!("\nnobody has heard of it yet: {subject}")),
            );
        }
        text.push_str(&self.heads());
        let subject = format!("[{}] {}", self.sys.host, delivered.notes[0]);
        let (id, kind) = (new_id(now.wall), "notice".to_owned());
        let incidents = Vec::new();
        // Where nobody else can be told.
        let level = if is_deaf { 2 } else { 1 };
        self.memory.unstored.push(Message {
            id,
            kind,
            subject,
            text,
            incidents,
            turns: Vec::new(),
            at: now.wall,
            level,
        });
        self.work()
    }
}

fn trip_of(demand: &Demand) -> Trip {
    Trip {
        mode: demand.mode,
        reason: demand.reason.clone(),
        by: BY.to_owned(),
        watch: Some(demand.watch.clone()),
        id: Some(demand.id.clone()),
    }
}

fn done(demand: Demand, came: Result<Tripped, TripError>) -> TripDone {
    match came {
        Ok(tripped) => {
            let trouble = Some(tripped.shortcomings.join("; ")).filter(|trouble| !trouble.is_empty());
            if let Some(trouble) = &trouble {
                complain(&format!("trading is paused, but {trouble}"));
            }
            TripDone { demand, trouble, paused: true }
        }
        Err(error) => {
            complain(&error.to_string());
            TripDone { demand, trouble: Some(error.to_string()), paused: false }
        }
    }
}

fn trip_exit(trip: &TripDone) -> Exit {
    if trip.trouble.is_some() { Exit::Io } else { Exit::Ok }
}

/// Says what went wrong in reading or writing, on stderr.
pub(crate) fn complain(what: &str) -> Exit {
    tell(&format_args!("{what}"));
    Exit::Io
}

#[cfg(test)]
mod tests;
