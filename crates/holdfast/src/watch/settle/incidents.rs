//! From verdicts to incidents: opened, worse, repeated, closed. What flaps is one incident, and what nobody acknowledges
//! is told to more people.

use super::{BY, Round, TripDone};
use crate::config::{ESCALATE_AFTER, REMIND_EVERY, Watch};
use crate::journal::Entry;
use crate::watch::age::Sight;
use crate::watch::demand::on_fail;
use crate::watch::judge::Judged;
use crate::watch::memory::{Incident, Memory};
use crate::watch::message::{News, Turn};
use crate::watch::verdict::{Act, Verdict};

/// A watch that fails again within this goes on with its incident, in seconds. Longer than the 15 minutes between two
/// scheduled checks.
const CALM: f64 = 1800.0;
/// Of a flapping watch that was well for so long, an acknowledgement does not count any more, in seconds.
const FORGOTTEN: f64 = 600.0;
/// One that has come back so often flaps: it is over when the watch was well for [`CALM`], and until then only repeated.
const FLAPS: u32 = 2;

impl Round<'_, '_> {
    /// What this verdict asks for after `on_fail` had its say.
    fn act(&self, watch: &str, judged: &Judged) -> Act {
        let on_fail = on_fail(self.config, watch);
        match judged.act {
            Act::Trip if on_fail.trip.is_some() => Act::Trip,
            Act::Trip | Act::Alert if on_fail.alert => Act::Alert,
            _ => Act::None,
        }
    }

    fn configured(&self, watch: &str) -> Option<&Watch> {
        self.config.watches.iter().find(|configured| configured.name.as_str() == watch)
    }

    fn remind_every(&self, watch: &str) -> f64 {
        self.configured(watch).map_or(REMIND_EVERY, |watch| watch.remind_every).as_secs_f64()
    }

    fn escalate_after(&self, watch: &str) -> f64 {
        self.configured(watch).map_or(ESCALATE_AFTER, |watch| watch.escalate_after).as_secs_f64()
    }

    pub(super) fn watch(&mut self, memory: &mut Memory, watch: &str, judged: &Judged) {
        let act = self.act(watch, judged);
        self.settled.alarm |= act > Act::None;
        // Told once, together, by `clock`.
        if judged.verdict == Verdict::ClockStepped {
            return;
        }
        let position = memory.incidents.iter().position(|incident| incident.watch == watch);
        match position {
            None if act > Act::None => self.begin(memory, watch, judged, act),
            Some(position) if judged.verdict == Verdict::Fresh => {
                self.recover(memory, position, &judged.detail);
            }
            Some(position) if act > Act::None => {
                // It tripped, a person lifted that, and it trips again: a new incident.
                let id = &memory.incidents[position].id;
                if self.tripped(watch).is_some_and(|trip| trip.demand.id != *id) {
                    let incident = memory.incidents.remove(position);
                    self.journal(entry("incident-closed", &incident).with("detail", "it trips anew"));
                    self.open(memory, watch, judged, act);
                } else {
                    self.go_on(memory, position, judged, act);
                }
            }
            None | Some(_) => {}
        }
    }

    fn tripped(&self, watch: &str) -> Option<&TripDone> {
        self.happened.trips.iter().find(|trip| trip.demand.watch == watch)
    }

    /// The id that people know it by. After a crash the hold stands already, and carries the incident's.
    fn known_id(&self, watch: &str) -> Option<String> {
        let hold = self.happened.view.holds.iter().find(|hold| hold.watch.as_deref() == Some(watch));
        let tripped = self.tripped(watch).map(|trip| trip.demand.id.clone());
        tripped.or_else(|| hold.map(|hold| hold.id.clone()))
    }

    /// Goes on with the incident that closed a short while ago, or opens one.
    fn begin(&mut self, memory: &mut Memory, watch: &str, judged: &Judged, act: Act) {
        let recent =
            memory.closed.iter().position(|incident| incident.watch == watch && self.is_recent(incident));
        let recent = recent.map(|position| memory.closed.remove(position));
        let known = self.known_id(watch);
        match recent {
            Some(incident) if known.is_none_or(|id| id == incident.id) => {
                self.reopen(memory, incident, judged, act);
            }
            _ => self.open(memory, watch, judged, act),
        }
    }

    fn open(&mut self, memory: &mut Memory, watch: &str, judged: &Judged, act: Act) {
        let id = self.known_id(watch).unwrap_or_else(&mut *self.new_id);
        let now = self.happened.now;
        let mut incident = Incident {
            id,
            watch: watch.to_owned(),
            verdict: judged.verdict,
            detail: judged.detail.clone(),
            act,
            at: now.wall,
            opened: Sight::now(now),
            told: Sight::now(now),
            acked: None,
            acted: None,
            first_told: None,
            escalated: false,
            well: None,
            flaps: 0,
        };
        self.journal(entry("incident-opened", &incident).with("detail", judged.detail.clone()));
        self.tell(memory, &mut incident, Turn::Opened);
        self.run_actions(&mut incident, judged);
        memory.incidents.push(incident);
    }

    fn reopen(&mut self, memory: &mut Memory, mut incident: Incident, judged: &Judged, act: Act) {
        incident.come_back();
        incident.verdict = judged.verdict;
        incident.detail.clone_from(&judged.detail);
        incident.act = incident.act.max(act);
        // It was over for whoever looked after it.
        if incident.acked.take().is_some() {
            incident.first_told = None;
        }
        let journalled = entry("incident-opened", &incident).with("detail", judged.detail.clone());
        self.journal(journalled.with("again", incident.flaps));
        let turn = if incident.flaps < FLAPS { Turn::Again } else { Turn::Flapping };
        self.tell(memory, &mut incident, turn);
        self.run_actions(&mut incident, judged);
        memory.incidents.push(incident);
    }

    fn go_on(&mut self, memory: &mut Memory, position: usize, judged: &Judged, act: Act) {
        let mut incident = memory.incidents[position].clone();
        if let Some(well) = incident.well.take() {
            incident.come_back();
            // It was over for whoever looked after it.
            if well.age(self.happened.now) >= FORGOTTEN && incident.acked.take().is_some() {
                incident.first_told = None;
            }
        }
        let worse = act > incident.act;
        let due = incident.told.age(self.happened.now) >= self.remind_every(&incident.watch);
        incident.verdict = judged.verdict;
        incident.detail.clone_from(&judged.detail);
        incident.act = incident.act.max(act);
        if worse {
            self.journal(entry("incident-worse", &incident).with("detail", judged.detail.clone()));
            self.tell(memory, &mut incident, Turn::Worse);
        } else if incident.acked.is_none() && incident.first_told.is_none() {
            // Nobody wanted to hear of it until now.
            self.tell(memory, &mut incident, Turn::Opened);
        } else if incident.acked.is_none() && due {
            self.tell(memory, &mut incident, Turn::Repeat);
        }
        self.run_actions(&mut incident, judged);
        memory.incidents[position] = incident;
    }

    /// `run:NAME` once for each gravity: when it trips, or would, and when a trip is ignored.
    fn run_actions(&mut self, incident: &mut Incident, judged: &Judged) {
        let wanted = judged.act == Act::Trip || judged.verdict == Verdict::TripIgnored;
        if wanted && incident.acted < Some(incident.act) {
            incident.acted = Some(incident.act);
            let names = on_fail(self.config, &incident.watch).run;
            self.settled.actions.extend(names.into_iter().map(|name| (name, incident.id.clone())));
        }
    }

    fn recover(&mut self, memory: &mut Memory, position: usize, how: &str) {
        let now = self.happened.now;
        let incident = &mut memory.incidents[position];
        let well = incident.well.get_or_insert_with(|| Sight::now(now)).age(now);
        let flaps = incident.flaps >= FLAPS;
        if flaps && well < CALM {
            return;
        }
        let incident = memory.incidents.remove(position);
        self.close(memory, incident.clone(), &format!("is well again: {how}"), how);
        if !flaps {
            memory.closed.push(incident);
        }
    }

    /// Whoever was told of it is told that it is over.
    fn close(&mut self, memory: &Memory, mut incident: Incident, told: &str, how: &str) {
        self.journal(entry("incident-closed", &incident).with("detail", how));
        if incident.first_told.is_some() {
            self.tell(memory, &mut incident, Turn::Closed(told.to_owned()));
        }
    }

    /// Incidents of watches that are no longer in the configuration, and such as are over for good.
    pub(super) fn forgotten(&mut self, memory: &mut Memory, judged: &[(String, Judged)]) {
        let known = |incident: &Incident| judged.iter().any(|(name, _)| *name == incident.watch);
        for incident in memory.incidents.extract_if(.., |incident| !known(incident)).collect::<Vec<_>>() {
            self.close(memory, incident, "is no longer watched", "no longer watched");
        }
        memory.closed.retain(|incident| known(incident) && self.is_recent(incident));
    }

    fn is_recent(&self, closed: &Incident) -> bool {
        closed.well.as_ref().is_some_and(|well| well.age(self.happened.now) < CALM)
    }

    /// What nobody acknowledges is told to more people; at once, if nobody else can be told.
    pub(super) fn escalate(&mut self, memory: &mut Memory) {
        if !self.has_second_level() {
            return;
        }
        let now = self.happened.now;
        for incident in memory.incidents.iter_mut().filter(|incident| waits_for_ack(incident)) {
            let late = self.escalates_in(incident).is_some_and(|left| left <= 0.0);
            if !late || memory.silences.contains_key(&incident.watch) {
                continue;
            }
            incident.escalated = true;
            incident.told = Sight::now(now);
            self.journal(entry("incident-escalated", incident));
            let is_told =
                |news: &&mut News| matches!(news, News::Incident(_, told) if told.id == incident.id);
            match self.news.iter_mut().find(is_told) {
                // This message goes to them, too.
                Some(News::Incident(_, told)) => told.escalated = true,
                _ => self.news.push(News::Incident(Turn::Escalated, incident.clone().into())),
            }
        }
    }

    fn has_second_level(&self) -> bool {
        self.config.channels.iter().any(|channel| channel.level > 1)
    }

    /// In how many seconds people of level 2 are told of it.
    fn escalates_in(&self, incident: &Incident) -> Option<f64> {
        let told = incident.first_told.as_ref()?.age(self.happened.now);
        let patience = if self.happened.deaf { 0.0 } else { self.escalate_after(&incident.watch) };
        Some(patience - told)
    }

    /// Tells of an incident, unless somebody asked not to hear of its watch.
    fn tell(&mut self, memory: &Memory, incident: &mut Incident, turn: Turn) {
        if memory.silences.contains_key(&incident.watch) {
            return;
        }
        let now = self.happened.now;
        incident.told = Sight::now(now);
        incident.first_told.get_or_insert_with(|| Sight::now(now));
        self.news.push(News::Incident(turn, incident.clone().into()));
    }

    /// In how many seconds something is to be told of incidents that stay as they are.
    pub(super) fn incident_deadlines(&self, memory: &Memory) -> Vec<f64> {
        let now = self.happened.now;
        let mut deadlines = Vec::new();
        for incident in &memory.incidents {
            deadlines.extend(incident.well.as_ref().map(|well| CALM - well.age(now)));
            // The end of a silence is a deadline of its own.
            if incident.acked.is_some() || memory.silences.contains_key(&incident.watch) {
                continue;
            }
            deadlines.push(self.remind_every(&incident.watch) - incident.told.age(now));
            if self.has_second_level() && waits_for_ack(incident) {
                deadlines.extend(self.escalates_in(incident));
            }
        }
        deadlines
    }
}

impl Incident {
    /// What was well fails again: actions are run for it once more.
    fn come_back(&mut self) {
        self.well = None;
        self.flaps = self.flaps.saturating_add(1);
        self.acted = None;
    }
}

/// Level 2 may have to be told of it.
fn waits_for_ack(incident: &Incident) -> bool {
    incident.acked.is_none() && !incident.escalated && incident.well.is_none()
}

fn entry(kind: &'static str, incident: &Incident) -> Entry {
    Entry::new(kind, BY)
        .with("incident", incident.id.clone())
        .with("watch", incident.watch.clone())
        .with("verdict", incident.verdict.word())
}
