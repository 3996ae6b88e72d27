//! One delivery: a lane per channel, all lanes side by side, under one deadline.

mod answers;
mod entries;

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use holdfast::config::{Channel, ChannelKind};
use holdfast::sys::{Now, Sys};

use crate::entry::{Entry, Progress};
use crate::outbox::Outbox;
use crate::report::{ChannelReport, Delivery, Event};
use crate::state::States;
use crate::transport::{Answer, Reply, Sending, Transport, Verdict};

use entries::Held;

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
