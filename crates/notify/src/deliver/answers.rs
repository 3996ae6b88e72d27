//! What an answer means for its alert, its channel and its lane.

use holdfast::config::{Channel, ChannelKind};
use holdfast::sys::Now;

use super::{Lane, PACE_LEAST, PACES, Run, TRIES_PER_RUN, WAIT_IN_RUN};
use crate::entry::{Due, WAIT_LIMIT, jitter};
use crate::report::{Event, Note};
use crate::transport::{Answer, Missed, Verdict};

impl Run<'_> {
    /// Takes note of an answer, on disk before anything else is sent.
    pub(super) fn settle(&mut self, lane: usize, answer: Answer) {
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
            self.missed(channel, answer.missed.as_ref());
            let timeout = channel.timeout.as_secs_f64();
            self.needs[lane] = Some(timeout.min(PACES * (now.up - since).max(PACE_LEAST)));
        }
        let next = self.record(lane, &id, attempt, answer, &now);
        if !matches!(next, Lane::Waiting { .. }) {
            self.drop_lane(&id);
        }
        self.lanes[lane] = next;
    }

    fn record(&mut self, lane: usize, id: &str, attempt: u32, answer: Answer, now: &Now) -> Lane {
        let Answer { verdict, missed, .. } = answer;
        let channels = self.channels;
        let name = &channels[lane].name;
        self.note_state(name, &verdict, missed.as_ref(), now);
        let latest = self.latest(lane);
        let Some(held) = self.held.get_mut(id) else { return Lane::Done };
        let entry = &mut held.entry;
        let tried = entry.tries(name).saturating_add(1);
        let (next, event) = match verdict {
            Verdict::Accepted => {
                entry.accept(name, now);
                (Lane::Free, Some(Event::accepted(&entry.alert, name, tried, missed.as_ref())))
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

    fn note_state(&mut self, name: &str, verdict: &Verdict, missed: Option<&Missed>, now: &Now) {
        let was_broken = self.report_of(name).state.is_broken();
        let report = self.report_of(name);
        report.state = report.state.after(verdict, now.wall);
        match verdict {
            Verdict::Accepted => {
                report.accepted += 1;
                report.error = missed.map(|missed| missed.why.clone());
            }
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

    /// Told once for the same receivers: what tells of them goes through the same channel.
    fn missed(&mut self, channel: &Channel, missed: Option<&Missed>) {
        let (name, who) = (&channel.name, missed.map(|missed| missed.who.as_str()));
        if self.outbox.memo.misses(name, who) {
            let note = |missed: &Missed| Note::Missed { channel: name.clone(), why: missed.why.clone() };
            self.report.notes.extend(missed.map(note));
            let noted = self.outbox.memo.missed(self.sys.store, name, who);
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
}
