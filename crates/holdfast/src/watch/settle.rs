//! From verdicts to incidents, journal entries and messages.

use std::time::UNIX_EPOCH;

use super::age::Sight;
use super::demand::{Demand, on_fail};
use super::judge::Judged;
use super::memory::{Incident, KnownHold, Memory};
use super::message::{Message, News, Setting, compose};
use super::verdict::{Act, Verdict};
use crate::circuit::View;
use crate::config::Config;
use crate::journal::Entry;
use crate::json;
use crate::sys::{Now, Owner};
use crate::time::{Span, iso};

/// Who writes these journal entries.
const BY: &str = "watchdog";
/// How often the journal says that the watchdog ran, in seconds.
const HOURLY: f64 = 3600.0;
/// For what is watched without being configured.
const REMIND_EVERY: Span = Span::secs(3600);

/// What happened since the verdicts.
pub struct Happened<'a> {
    /// The clocks.
    pub now: &'a Now,
    /// The clocks before anything was looked at. What comes later was not there then (**clock-honest**).
    pub began: &'a Now,
    /// This host.
    pub host: &'a str,
    /// The root, for commands in messages.
    pub root: &'a str,
    /// The circuit after the trips.
    pub view: &'a View,
    /// Who owns the face, for the record of a manual edit.
    pub owner: Owner,
    /// What came of each demanded trip.
    pub trips: Vec<TripDone>,
    /// Acknowledgements since the last check: incident and person.
    pub acks: Vec<(String, String)>,
    /// Other things to tell at once.
    pub notices: Vec<String>,
}

/// What came of a demanded trip.
#[derive(Clone, Debug)]
pub struct TripDone {
    /// What was demanded.
    pub demand: Demand,
    /// What was not as it should be: of a trip that holds all the same, or that failed.
    pub trouble: Option<String>,
    /// The circuit is paused.
    pub paused: bool,
}

/// What is to be done now, in this order.
#[derive(Debug, Default)]
pub struct Settled {
    /// For the journal.
    pub journal: Vec<Entry>,
    /// For the outbox.
    pub message: Option<Message>,
    /// Actions to run: name and incident.
    pub actions: Vec<(String, String)>,
    /// Some watch asks for an alarm.
    pub alarm: bool,
    /// In how many seconds something is due without new evidence.
    pub next: Option<f64>,
}

/// Brings `memory` up to date with the verdicts and says what people and the journal are to be told.
pub fn settle(
    config: &Config,
    memory: &mut Memory,
    judged: &[(String, Judged)],
    happened: &Happened,
    new_id: &mut dyn FnMut() -> String,
) -> Settled {
    let mut round = Round { config, happened, new_id, news: Vec::new(), settled: Settled::default() };
    round.trips(memory);
    for (incident, by) in &happened.acks {
        memory
            .incidents
            .iter_mut()
            .filter(|open| open.id == *incident)
            .for_each(|open| open.acked = Some(by.clone()));
    }
    for (watch, judged) in judged {
        round.watch(memory, watch, judged);
    }
    round.forgotten(memory, judged);
    round.clock(judged);
    round.holds(memory);
    round.news.extend(happened.notices.iter().cloned().map(News::Notice));
    round.hourly(memory, judged);
    memory.circuit.see(happened.view, happened.now, memory.last_check.as_ref());
    if !happened.view.refused {
        memory.circuit.holds = happened.view.holds.iter().map(KnownHold::from).collect();
    }
    memory.last_check = Some(happened.began.clone());
    memory.configured = !config.watches.is_empty();
    let setting =
        Setting { host: happened.host, root: happened.root, view: happened.view, wall: happened.now.wall };
    let message = compose(&setting, &round.news, &mut *round.new_id);
    let deadlines = judged.iter().filter_map(|(_, judged)| judged.next);
    let repeats = memory
        .incidents
        .iter()
        .filter(|incident| incident.acked.is_none())
        .map(|incident| remind_every(config, &incident.watch) - incident.told.age(happened.now));
    // What is due and was not told just now waits for evidence, not for time.
    let next = deadlines.chain(repeats).filter(|next| *next > 0.0).min_by(f64::total_cmp);
    Settled { message, next, ..round.settled }
}

fn remind_every(config: &Config, watch: &str) -> f64 {
    let configured = config.watches.iter().find(|configured| configured.name.as_str() == watch);
    configured.map_or(REMIND_EVERY, |watch| watch.remind_every).as_secs_f64()
}

struct Round<'a, 'b> {
    config: &'a Config,
    happened: &'a Happened<'b>,
    new_id: &'a mut dyn FnMut() -> String,
    news: Vec<News>,
    settled: Settled,
}

impl Round<'_, '_> {
    fn journal(&mut self, entry: Entry) {
        self.settled.journal.push(entry);
    }

    /// What cannot be recorded is tried again at every check, and told when it changes.
    fn trips(&mut self, memory: &mut Memory) {
        memory.trouble.retain(|watch, _| self.happened.trips.iter().any(|trip| trip.demand.watch == *watch));
        for TripDone { demand, trouble, paused } in &self.happened.trips {
            let told = memory.trouble.get(&demand.watch);
            if told.is_some() && told == trouble.as_ref() {
                continue;
            }
            if let Some(trouble) = trouble {
                memory.trouble.insert(demand.watch.clone(), trouble.clone());
            }
            let kind = if *paused { "trip" } else { "trip-failed" };
            let entry = Entry::new(kind, BY)
                .with("id", demand.id.clone())
                .with("watch", demand.watch.clone())
                .with("mode", demand.mode.to_string())
                .with("reason", demand.reason.clone())
                .with("trouble", trouble.clone());
            self.settled.journal.push(entry);
            if let Some(trouble) = trouble {
                let news = if *paused { News::Notice } else { News::TripFailed };
                self.news.push(news(trouble.clone()));
            }
        }
    }

    /// What this verdict asks for after `on_fail` had its say.
    fn act(&self, watch: &str, judged: &Judged) -> Act {
        let on_fail = on_fail(self.config, watch);
        match judged.act {
            Act::Trip if on_fail.trip.is_some() => Act::Trip,
            Act::Trip | Act::Alert if on_fail.alert => Act::Alert,
            _ => Act::None,
        }
    }

    fn watch(&mut self, memory: &mut Memory, watch: &str, judged: &Judged) {
        let act = self.act(watch, judged);
        self.settled.alarm |= act > Act::None;
        // Told once, together, by `clock`.
        if judged.verdict == Verdict::ClockStepped {
            return;
        }
        let position = memory.incidents.iter().position(|incident| incident.watch == watch);
        match position {
            None if act > Act::None => self.open(memory, watch, judged, act),
            Some(position) if judged.verdict == Verdict::Fresh => {
                let incident = memory.incidents.remove(position);
                self.close(incident, &judged.detail);
            }
            Some(position) if act > Act::None => {
                // It tripped, a person lifted that, and it trips again: a new incident.
                let id = &memory.incidents[position].id;
                if self.tripped(watch).is_some_and(|trip| trip.demand.id != *id) {
                    let incident = memory.incidents.remove(position);
                    self.journal(
                        incident_entry("incident-closed", &incident).with("detail", "it trips anew"),
                    );
                    self.open(memory, watch, judged, act);
                } else {
                    self.go_on(&mut memory.incidents[position], judged, act);
                }
            }
            None | Some(_) => {}
        }
    }

    fn tripped(&self, watch: &str) -> Option<&TripDone> {
        self.happened.trips.iter().find(|trip| trip.demand.watch == watch)
    }

    fn open(&mut self, memory: &mut Memory, watch: &str, judged: &Judged, act: Act) {
        // After a crash the hold stands already, and carries the incident's id.
        let hold = self.happened.view.holds.iter().find(|hold| hold.watch.as_deref() == Some(watch));
        let known = self
            .tripped(watch)
            .map(|trip| trip.demand.id.clone())
            .or_else(|| hold.map(|hold| hold.id.clone()));
        let id = known.unwrap_or_else(&mut *self.new_id);
        let now = self.happened.now;
        let incident = Incident {
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
        };
        self.journal(incident_entry("incident-opened", &incident).with("detail", judged.detail.clone()));
        self.news.push(News::Opened(incident.clone()));
        memory.incidents.push(incident);
        if let Some(incident) = memory.incidents.last_mut() {
            self.run_actions(incident, judged);
        }
    }

    fn go_on(&mut self, incident: &mut Incident, judged: &Judged, act: Act) {
        let worse = act > incident.act;
        let due = incident.told.age(self.happened.now) >= remind_every(self.config, &incident.watch);
        incident.verdict = judged.verdict;
        incident.detail.clone_from(&judged.detail);
        incident.act = incident.act.max(act);
        if worse {
            self.journal(incident_entry("incident-worse", incident).with("detail", judged.detail.clone()));
            self.news.push(News::Worse(incident.clone()));
        } else if due && incident.acked.is_none() {
            self.news.push(News::Repeat(incident.clone()));
        } else {
            return;
        }
        incident.told = Sight::now(self.happened.now);
        self.run_actions(incident, judged);
    }

    /// `run:NAME` once for each gravity: when it trips, and when a trip is ignored.
    fn run_actions(&mut self, incident: &mut Incident, judged: &Judged) {
        let wanted = incident.act == Act::Trip || judged.verdict == Verdict::TripIgnored;
        if wanted && incident.acted < Some(incident.act) {
            incident.acted = Some(incident.act);
            let names = on_fail(self.config, &incident.watch).run;
            self.settled.actions.extend(names.into_iter().map(|name| (name, incident.id.clone())));
        }
    }

    fn close(&mut self, incident: Incident, how: &str) {
        self.journal(incident_entry("incident-closed", &incident).with("detail", how));
        self.news.push(News::Closed(incident, format!("is well again: {how}")));
    }

    /// Incidents of watches that are no longer in the configuration.
    fn forgotten(&mut self, memory: &mut Memory, judged: &[(String, Judged)]) {
        let known = |watch: &str| judged.iter().any(|(name, _)| name == watch);
        let (kept, gone) = memory.incidents.drain(..).partition(|incident| known(&incident.watch));
        memory.incidents = kept;
        for incident in Vec::from_iter::<Vec<Incident>>(gone) {
            self.journal(incident_entry("incident-closed", &incident).with("detail", "no longer watched"));
            self.news.push(News::Closed(incident, "is no longer watched".to_owned()));
        }
    }

    fn clock(&mut self, judged: &[(String, Judged)]) {
        let stepped = judged.iter().find(|(_, judged)| judged.verdict == Verdict::ClockStepped);
        if let Some((_, judged)) = stepped {
            self.journal(Entry::new("clock-stepped", BY).with("detail", judged.detail.clone()));
            self.news.push(News::Notice(judged.detail.clone()));
        }
    }

    /// Every change of holds is told, whoever made it.
    fn holds(&mut self, memory: &Memory) {
        let view = self.happened.view;
        // An error of reading is no change that anybody made.
        if view.refused {
            return;
        }
        let known = &memory.circuit.holds;
        for hold in view.holds.iter().filter(|hold| !known.iter().any(|known| known.id == hold.id)) {
            let told = memory.incidents.iter().any(|incident| incident.id == hold.id);
            if !told {
                self.news.push(News::Paused(hold.clone()));
            }
            if hold.id == "by-hand" {
                self.journal(self.manual_edit().with("reason", hold.reason.clone()));
            }
        }
        let gone: Vec<&KnownHold> =
            known.iter().filter(|known| !view.holds.iter().any(|hold| hold.id == known.id)).collect();
        let resumed = view.face.as_ref().and_then(|face| face.resumed.as_ref());
        let (resumed_holds, edited): (Vec<_>, Vec<_>) = gone
            .into_iter()
            .partition(|hold| resumed.is_some_and(|resumed| resumed.lifted.contains(&hold.id)));
        let reasons = |holds: &[&KnownHold]| holds.iter().map(|hold| hold.reason.clone()).collect::<Vec<_>>();
        if let Some(resumed) = resumed.filter(|_| !resumed_holds.is_empty()) {
            let (by, why) = (resumed.by.clone(), resumed.why.clone());
            self.news.push(News::Resumed { by, why, holds: reasons(&resumed_holds) });
        }
        if !edited.is_empty() {
            let ids: Vec<String> = edited.iter().map(|hold| hold.id.clone()).collect();
            self.journal(self.manual_edit().with("lifted", ids));
            self.news.push(News::EditedByHand { voided: reasons(&edited) });
        }
    }

    fn manual_edit(&self) -> Entry {
        let modified =
            self.happened.view.face_modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        Entry::new("manual-edit", BY)
            .with("paused", !self.happened.view.verdict.is_green())
            .with("owner_uid", self.happened.owner.uid)
            .with("modified", modified.map(|since| iso(since.as_secs_f64())))
    }

    /// Proof that the watchdog ran.
    fn hourly(&mut self, memory: &mut Memory, judged: &[(String, Judged)]) {
        let now = self.happened.now;
        memory.checks += 1;
        if memory.journalled.as_ref().is_some_and(|last| last.age(now) < HOURLY) {
            return;
        }
        // Not the watchdog's own affairs.
        let watched: Vec<_> = judged.iter().filter(|(name, _)| !name.contains('/')).collect();
        let healthy = watched.iter().filter(|(_, judged)| judged.verdict.healthy()).count();
        let entry = Entry::new("checked", BY)
            .with("checks", memory.checks)
            .with("watches", watched.len())
            .with("healthy", healthy)
            .with("incidents", memory.incidents.len())
            .with("circuit", self.happened.view.verdict.word())
            .with("up", json::number(now.up));
        self.journal(entry);
        memory.journalled = Some(Sight::now(now));
        memory.checks = 0;
    }
}

fn incident_entry(kind: &'static str, incident: &Incident) -> Entry {
    Entry::new(kind, BY)
        .with("incident", incident.id.clone())
        .with("watch", incident.watch.clone())
        .with("verdict", incident.verdict.word())
}
