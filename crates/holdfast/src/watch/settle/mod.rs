//! From verdicts to incidents, journal entries and messages.

mod incidents;
mod silence;

use std::time::UNIX_EPOCH;

use super::age::Sight;
use super::demand::Demand;
use super::judge::Judged;
use super::memory::{KnownHold, Memory};
use super::message::{Message, News, Setting, compose};
use super::request::Request;
use super::verdict::Verdict;
use crate::circuit::View;
use crate::config::Config;
use crate::journal::Entry;
use crate::json;
use crate::sys::{Now, Owner};
use crate::time::iso;

/// Who writes these journal entries.
const BY: &str = "watchdog";
/// So many of people's requests are told in one message.
const NOTICES: usize = 10;
/// How often the journal says that the watchdog ran, in seconds.
const HOURLY: f64 = 3600.0;

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
    /// What people asked for since the last check.
    pub requests: Vec<Request>,
    /// No channel that is told first works: those of level 2 are told at once.
    pub deaf: bool,
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
    let mut round = Round {
        config,
        happened,
        new_id,
        news: Vec::new(),
        notices: Vec::new(),
        settled: Settled::default(),
    };
    round.trips(memory);
    round.listen(memory, judged);
    round.silences(memory, judged);
    for (watch, judged) in judged {
        round.watch(memory, watch, judged);
    }
    round.forgotten(memory, judged);
    round.escalate(memory);
    round.clock(judged);
    round.holds(memory);
    round.tell_notices();
    round.hourly(memory, judged);
    memory.circuit.see(happened.view, happened.now, memory.last_check.as_ref());
    if !happened.view.refused {
        memory.circuit.holds = happened.view.holds.iter().map(KnownHold::from).collect();
    }
    memory.last_check = Some(happened.began.clone());
    memory.configured = !config.watches.is_empty();
    let setting = Setting {
        host: happened.host,
        root: happened.root,
        view: happened.view,
        wall: happened.now.wall,
        deaf: happened.deaf,
    };
    let message = compose(&setting, &round.news, &mut *round.new_id);
    let deadlines = judged.iter().filter_map(|(_, judged)| judged.next);
    let deadlines = deadlines.chain(round.incident_deadlines(memory)).chain(round.silence_deadlines(memory));
    // What is due and was not told just now waits for evidence, not for time.
    let next = deadlines.filter(|next| *next > 0.0).min_by(f64::total_cmp);
    Settled { message, next, ..round.settled }
}

struct Round<'a, 'b> {
    config: &'a Config,
    happened: &'a Happened<'b>,
    new_id: &'a mut dyn FnMut() -> String,
    news: Vec<News>,
    /// What is told after everything that fails.
    notices: Vec<String>,
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

    fn clock(&mut self, judged: &[(String, Judged)]) {
        let stepped = judged.iter().find(|(_, judged)| judged.verdict == Verdict::ClockStepped);
        if let Some((_, judged)) = stepped {
            self.journal(Entry::new("clock-stepped", BY).with("detail", judged.detail.clone()));
            self.news.push(News::Notice(judged.detail.clone()));
        }
    }

    /// However many people ask, or one who floods the journal: the alarms must be found.
    fn tell_notices(&mut self) {
        let many = self.notices.len().saturating_sub(NOTICES);
        let notices = std::mem::take(&mut self.notices).into_iter().take(NOTICES);
        let more = (many > 0).then(|| format!("and {many} more requests"));
        let told = notices.chain(more).chain(self.happened.notices.iter().cloned());
        self.news.extend(told.map(News::Notice));
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
