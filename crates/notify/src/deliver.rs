//! One delivery: a lane per channel, all lanes side by side, under one deadline.

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use holdfast::config::{Channel, ChannelKind};
use holdfast::sys::{Lock, Now, Sys};

use crate::entry::{Due, Entry, Progress, WAIT_LIMIT, jitter};
use crate::outbox::{Claim, Outbox};
use crate::report::{ChannelReport, Delivery, Event, Note};
use crate::state::States;
use crate::transport::{Answer, Reply, Sending, Transport, Verdict};

/// The longest run. A lock that is held for longer counts as hung.
const BUDGET_MOST: Duration = Duration::from_secs(90);
/// How often one alert is tried on one channel in one run.
const TRIES_PER_RUN: u32 = 3;
/// The wait after the first failed try in a run, in seconds; tripled after each further one.
const WAIT_IN_RUN: f64 = 0.4;
/// A channel that has taken a message is given another one when this many times as long is left.
const PACES: f64 = 3.0;
/// No channel is taken for quicker, in seconds.
const PACE_LEAST: f64 = 0.3;
/// What a transport is told to leave of the budget, in seconds, so that it can still say what happened.
const MARGIN: f64 = 0.3;
/// Why an alert is given up that no channel is left for.
const NO_CHANNEL: &str = "no alert channel is configured any more";

/// What one channel is doing.
enum Lane {
    /// Looking for its next alert.
    Free,
    /// Waiting for an answer.
    Sending { id: String, attempt: u32, since: f64 },
    /// Waiting to try the same alert again, at this reading of `up`.
    Waiting { id: String, attempt: u32, until: f64 },
    /// Finished with this run.
    Done,
}

/// An entry that is ours while some lane works on it.
struct Held {
    entry: Entry,
    lanes: usize,
    _lock: Option<Lock>,
}

pub(crate) struct Run<'a> {
    sys: &'a Sys<'a>,
    outbox: &'a mut Outbox,
    channels: &'a [Channel],
    /// The deadline, on the clock that counts suspend.
    end: f64,
    lanes: Vec<Lane>,
    queues: Vec<VecDeque<String>>,
    /// Of each lane, what a send has to have left of the budget, in seconds; nothing before the first one.
    needs: Vec<Option<f64>>,
    /// Every entry as it was last seen.
    known: BTreeMap<String, Entry>,
    held: BTreeMap<String, Held>,
    busy: Vec<String>,
    report: Delivery,
    /// Where answers come in, and the other end.
    answers: Receiver<(usize, Answer)>,
    mailbox: Sender<(usize, Answer)>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        sys: &'a Sys<'a>,
        outbox: &'a mut Outbox,
        channels: &'a [Channel],
        states: &States,
        budget: Duration,
    ) -> Self {
        let now = sys.clock.now();
        let mut report = Delivery::default();
        for channel in channels {
            let state = states.get(&channel.name).cloned().unwrap_or_default();
            report.channels.insert(channel.name.clone(), ChannelReport { state, ..ChannelReport::default() });
        }
        if let Err(fault) = outbox.memo.refresh(sys.store) {
            report.fault(fault);
        }
        outbox.save_unsaved(sys.store, &mut report);
        let pending = outbox.pending(sys);
        report.faults.extend(pending.faults);
        let known = pending.entries.into_iter().map(|entry| (entry.alert.id.clone(), entry)).collect();
        let (mailbox, answers) = channel();
        let mut run = Self {
            sys,
            outbox,
            channels,
            end: now.up + budget.min(BUDGET_MOST).as_secs_f64(),
            lanes: Vec::new(),
            queues: Vec::new(),
            needs: vec![None; channels.len()],
            known,
            held: BTreeMap::new(),
            busy: Vec::new(),
            report,
            answers,
            mailbox,
        };
        run.clear(&now);
        for channel in channels {
            run.open_lane(channel, &now);
        }
        run
    }

    /// Removes what is over before anything is sent.
    fn clear(&mut self, now: &Now) {
        let over = |entry: &Entry| entry.expired(now) || entry.settled(self.channels);
        let ids: Vec<String> = self.known.values().filter(|e| over(e)).map(|e| e.alert.id.clone()).collect();
        for id in ids {
            match self.take(&id) {
                Some(entry) if entry.expired(now) && !entry.settled(self.channels) => self.expire(&entry),
                Some(_) => self.drop_lane(&id),
                None => {}
            }
        }
    }

    /// Settles everything, because no channel is left that could take it.
    pub(crate) fn give_up(mut self) -> Delivery {
        for id in self.known.keys().cloned().collect::<Vec<_>>() {
            match self.take(&id) {
                Some(entry) if entry.heard() => self.discard(&id),
                Some(entry) => {
                    self.report.abandoned.push(id);
                    self.report.events.push(Event::expired(&entry, Some(NO_CHANNEL)));
                    self.discard(&entry.alert.id);
                }
                None => {}
            }
        }
        self.report
    }

    fn expire(&mut self, entry: &Entry) {
        if !entry.heard() {
            self.report.expired_unheard.push(entry.alert.id.clone());
        }
        self.report.events.push(Event::expired(entry, None));
        self.discard(&entry.alert.id);
    }

    /// What is due for a channel: what was tried least goes first, so that one alert that a channel chokes on
    /// cannot hold up the others; then the oldest.
    fn open_lane(&mut self, channel: &Channel, now: &Now) {
        let name = &channel.name;
        let mut due: Vec<&Entry> = self
            .known
            .values()
            .filter(|entry| entry.wants(channel, self.channels) && entry.due(name, now))
            .collect();
        due.sort_by(|a, b| {
            a.tries(name)
                .cmp(&b.tries(name))
                .then(a.alert.at.total_cmp(&b.alert.at))
                .then(a.alert.id.cmp(&b.alert.id))
        });
        self.queues.push(due.iter().map(|entry| entry.alert.id.clone()).collect());
        let paused = self.outbox.memo.paused(name, now);
        if let Some(seconds) = paused {
            self.report_of(name).error = Some(format!("the channel asked us to wait {seconds:.0}s more"));
        }
        self.lanes.push(if paused.is_some() { Lane::Done } else { Lane::Free });
    }

    /// Works until everything due was tried or the budget is used up.
    pub(crate) fn finish(mut self, transport: &dyn Transport) -> Delivery {
        loop {
            let now = self.sys.clock.now();
            if now.up >= self.end {
                break;
            }
            for lane in 0..self.lanes.len() {
                self.advance(lane, transport, &now);
            }
            let next = self.lanes.iter().filter_map(|lane| match lane {
                Lane::Waiting { until, .. } => Some(*until),
                _ => None,
            });
            let until = next.fold(self.end, f64::min);
            let patience = Duration::from_secs_f64((until - self.sys.clock.now().up).max(0.0));
            if self.lanes.iter().any(|lane| matches!(lane, Lane::Sending { .. })) {
                match self.answers.recv_timeout(patience) {
                    Ok((lane, answer)) => self.settle(lane, answer),
                    // What hangs past the deadline is left behind.
                    Err(RecvTimeoutError::Timeout) if until >= self.end => break,
                    Err(_) => {}
                }
            } else if until < self.end {
                self.sys.clock.wait(patience);
            } else {
                break;
            }
        }
        self.close()
    }

    fn advance(&mut self, lane: usize, transport: &dyn Transport, now: &Now) {
        match &self.lanes[lane] {
            Lane::Free => {
                let id = if now.up <= self.latest(lane) { self.next(lane, now) } else { None };
                self.lanes[lane] = match id {
                    Some(id) => self.start(lane, id, 1, transport, now),
                    None => Lane::Done,
                };
            }
            Lane::Waiting { id, attempt, until } if *until <= now.up => {
                let (id, attempt) = (id.clone(), attempt + 1);
                self.lanes[lane] = self.start(lane, id, attempt, transport, now);
            }
            _ => {}
        }
    }

    /// The next alert of a lane that is still to be sent, now ours.
    fn next(&mut self, lane: usize, now: &Now) -> Option<String> {
        let channels = self.channels;
        let channel = &channels[lane];
        while let Some(id) = self.queues[lane].pop_front() {
            let Some(entry) = self.take(&id) else { continue };
            if entry.wants(channel, channels) && entry.due(&channel.name, now) {
                return Some(id);
            }
            self.drop_lane(&id);
        }
        None
    }

    /// When a lane may still begin to send. A try that is cut short says nothing of its channel: rather none,
    /// and a whole one in the next run.
    fn latest(&self, lane: usize) -> f64 {
        self.needs[lane].map_or(f64::INFINITY, |need| self.end - MARGIN - need)
    }

    fn start(&mut self, lane: usize, id: String, attempt: u32, transport: &dyn Transport, now: &Now) -> Lane {
        self.needs[lane] = Some(self.channels[lane].timeout.as_secs_f64());
        let channel = &self.channels[lane];
        let chat = match &channel.kind {
            ChannelKind::Telegram { chat, .. } => self.outbox.memo.chat(&channel.name, chat),
            _ => None,
        };
        let left = Duration::from_secs_f64((self.end - now.up - MARGIN).max(0.0));
        let sending = Sending {
            channel: channel.clone(),
            alert: self.held[&id].entry.alert.clone(),
            chat,
            timeout: channel.timeout.0.min(left),
        };
        transport.start(sending, Reply::new(lane, self.mailbox.clone()));
        Lane::Sending { id, attempt, since: now.up }
    }

    /// Takes note of an answer, on disk before anything else is sent.
    fn settle(&mut self, lane: usize, answer: Answer) {
        let Lane::Sending { id, attempt, since } = std::mem::replace(&mut self.lanes[lane], Lane::Done)
        else {
            return;
        };
        let now = self.sys.clock.now();
        let channels = self.channels;
        let channel = &channels[lane];
        if let Some(to) = &answer.moved_to {
            self.moved(channel, to);
        }
        if answer.verdict == Verdict::Accepted {
            let timeout = channel.timeout.as_secs_f64();
            self.needs[lane] = Some(timeout.min(PACES * (now.up - since).max(PACE_LEAST)));
        }
        let next = self.record(lane, &id, attempt, answer.verdict, &now);
        if !matches!(next, Lane::Waiting { .. }) {
            self.drop_lane(&id);
        }
        self.lanes[lane] = next;
    }

    fn record(&mut self, lane: usize, id: &str, attempt: u32, verdict: Verdict, now: &Now) -> Lane {
        let channels = self.channels;
        let name = &channels[lane].name;
        self.note_state(name, &verdict, now);
        let latest = self.latest(lane);
        let Some(held) = self.held.get_mut(id) else { return Lane::Done };
        let entry = &mut held.entry;
        let tried = entry.tries(name).saturating_add(1);
        let (next, event) = match verdict {
            Verdict::Accepted => {
                entry.accept(name, now);
                (Lane::Free, Some(Event::accepted(&entry.alert, name, tried)))
            }
            Verdict::Refused { why } => {
                entry.refuse(name, now, why.clone());
                (Lane::Done, Some(Event::failed(&entry.alert, name, tried, &why, true)))
            }
            Verdict::Later { why, after } => {
                let asked = after.map(|wait| wait.as_secs_f64().min(WAIT_LIMIT));
                entry.postpone(name, now, why.clone(), asked);
                let wait = asked.unwrap_or_else(|| {
                    WAIT_IN_RUN * f64::from(3_u32.pow(attempt - 1)) * jitter(id, name, tried)
                });
                let until = now.up + wait;
                if attempt < TRIES_PER_RUN && until <= latest {
                    (Lane::Waiting { id: id.to_owned(), attempt, until }, None)
                } else {
                    (Lane::Done, Some(Event::failed(&entry.alert, name, tried, &why, false)))
                }
            }
        };
        // What is settled with its last lane is removed at once instead.
        if held.lanes > 1 || !held.entry.settled(self.channels) {
            self.outbox.save(self.sys.store, &held.entry, &mut self.report);
        }
        self.report.events.extend(event);
        next
    }

    fn note_state(&mut self, name: &str, verdict: &Verdict, now: &Now) {
        let was_broken = self.report_of(name).state.is_broken();
        let report = self.report_of(name);
        report.state = report.state.after(verdict, now.wall);
        match verdict {
            Verdict::Accepted => report.accepted += 1,
            Verdict::Later { why, .. } => report.error = Some(why.clone()),
            Verdict::Refused { why } => {
                report.failed += 1;
                report.error = Some(why.clone());
                if !was_broken {
                    self.report.notes.push(Note::Broken { channel: name.to_owned(), why: why.clone() });
                }
            }
        }
        if let Verdict::Later { after: Some(wait), .. } = verdict
            && !wait.is_zero()
        {
            let due = Due::after(now, wait.as_secs_f64().min(WAIT_LIMIT));
            let noted = self.outbox.memo.pause(self.sys.store, name, due);
            self.report.faults.extend(noted.err());
        }
    }

    fn moved(&mut self, channel: &Channel, to: &str) {
        let ChannelKind::Telegram { chat: from, .. } = &channel.kind else { return };
        let learned = self.outbox.memo.moved(self.sys.store, &channel.name, from, to);
        self.report.faults.extend(learned.err());
        let (channel, from, to) = (channel.name.clone(), from.clone(), to.to_owned());
        self.report.notes.push(Note::Moved { channel, from, to });
    }

    /// Makes an entry ours for one more lane; `None` if it is somebody else's or gone.
    fn take(&mut self, id: &str) -> Option<Entry> {
        if let Some(held) = self.held.get_mut(id) {
            held.lanes += 1;
            return Some(held.entry.clone());
        }
        match self.outbox.claim(self.sys, id, &mut self.report) {
            Claim::Ours(entry, lock) => {
                self.held.insert(id.to_owned(), Held { entry: (*entry).clone(), lanes: 1, _lock: lock });
                Some(*entry)
            }
            Claim::Busy => {
                if !self.busy.iter().any(|busy| busy == id) {
                    self.busy.push(id.to_owned());
                }
                None
            }
            Claim::Gone => {
                self.known.remove(id);
                None
            }
        }
    }

    /// One lane is done with an entry; the last one removes what is settled and lets go of the lock.
    fn drop_lane(&mut self, id: &str) {
        let Some(held) = self.held.get_mut(id) else { return };
        held.lanes -= 1;
        if held.lanes > 0 {
            return;
        }
        if held.entry.settled(self.channels) {
            self.discard(id);
        } else if let Some(held) = self.held.remove(id) {
            self.known.insert(id.to_owned(), held.entry);
        }
    }

    /// Removes an entry, and only then lets go of its lock.
    fn discard(&mut self, id: &str) {
        self.outbox.discard(self.sys.store, id, &mut self.report);
        self.known.remove(id);
        self.held.remove(id);
    }

    /// Counts what hangs as not accepted, and what is left.
    fn close(mut self) -> Delivery {
        for lane in 0..self.lanes.len() {
            match std::mem::replace(&mut self.lanes[lane], Lane::Done) {
                Lane::Sending { id, since, .. } => {
                    let why = "gave no answer within the time of this run".to_owned();
                    self.lanes[lane] = Lane::Sending { id, attempt: TRIES_PER_RUN, since };
                    self.settle(lane, Verdict::later(why).into());
                }
                Lane::Waiting { id, .. } => {
                    let (name, entry) = (&self.channels[lane].name, &self.held[&id].entry);
                    let why = entry.channels.get(name).and_then(Progress::why).unwrap_or_default();
                    let event = Event::failed(&entry.alert, name, entry.tries(name), why, false);
                    self.report.events.push(event);
                    self.drop_lane(&id);
                }
                Lane::Free | Lane::Done => {}
            }
        }
        for entry in self.known.values() {
            if !entry.heard() {
                self.report.unheard.push(entry.alert.id.clone());
            }
            for channel in self.channels.iter().filter(|channel| entry.wants(channel, self.channels)) {
                self.report.channels.entry(channel.name.clone()).or_default().pending += 1;
            }
        }
        self.report.busy = self.busy.len();
        self.report
    }

    fn report_of(&mut self, channel: &str) -> &mut ChannelReport {
        self.report.channels.entry(channel.to_owned()).or_default()
    }
}
