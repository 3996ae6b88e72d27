//! What nobody wants to hear for a while. Trips are made, and journalled, all the same.

use super::Round;
use crate::calendar::Zone;
use crate::journal::Entry;
use crate::local;
use crate::text::printable;
use crate::watch::age::{Sight, Stamp};
use crate::watch::judge::Judged;
use crate::watch::memory::{Incident, Memory, Silence};
use crate::watch::request::Request;

/// How much of somebody's name and of somebody's words is told, in characters.
const NAME_MAX: usize = 60;
const WORDS_MAX: usize = 400;

impl Round<'_, '_> {
    /// Takes in what people asked for.
    pub(super) fn listen(&mut self, memory: &mut Memory, judged: &[(String, Judged)]) {
        let happened = self.happened;
        for request in &happened.requests {
            match request {
                Request::Ack { incident, by } => {
                    let named = memory.incidents.iter_mut().filter(|open| open.id == *incident);
                    named.for_each(|open| open.acked = Some(by.clone()));
                }
                // What the watchdog says of itself is always told.
                Request::Silence { watch, .. }
                    if watch.contains('/') || !judged.iter().any(|(name, _)| name == watch) => {}
                Request::Silence { watch, at, for_s, by, reason } => {
                    let stamp = Stamp { wall: *at, up: None, awake: None, boot: None };
                    let since = Sight::of(happened.now, memory.last_check.as_ref(), stamp);
                    let (by, reason) = (by.clone(), reason.clone());
                    let silence = Silence { since, for_s: *for_s, until: at + for_s, by, reason };
                    self.notices.push(silence.begins(watch, &local::zone()));
                    memory.silences.insert(watch.clone(), silence);
                }
                Request::Unsilence { watch, by } => {
                    if memory.silences.remove(watch).is_some() {
                        let by = printable(by, NAME_MAX);
                        self.notices.push(format!("{watch} is told of again, says {by}"));
                        memory.hidden_is_news(watch);
                    }
                }
            }
        }
    }

    /// Ends the silences whose time is over, and says what they have hidden.
    pub(super) fn silences(&mut self, memory: &mut Memory, judged: &[(String, Judged)]) {
        let now = self.happened.now;
        let over = memory.silences.extract_if(.., |_, silence| silence.left(now) <= 0.0);
        for (watch, silence) in over.collect::<Vec<_>>() {
            let is = judged.iter().find(|(name, _)| *name == watch);
            let is = is.map_or_else(
                || "it is no longer watched".to_owned(),
                |(_, judged)| format!("it is {}: {}", judged.verdict.word(), judged.detail),
            );
            let by = printable(&silence.by, NAME_MAX);
            self.notices.push(format!("the silence of {watch}, by {by}, is over; {is}"));
            memory.hidden_is_news(&watch);
            self.journal(Entry::new("silence-over", super::BY).with("watch", watch));
        }
    }

    pub(super) fn silence_deadlines(&self, memory: &Memory) -> Vec<f64> {
        memory.silences.values().map(|silence| silence.left(self.happened.now)).collect()
    }
}

impl Memory {
    /// What an incident came to in a silence nobody has heard: it is told as new, unless somebody looks after it.
    fn hidden_is_news(&mut self, watch: &str) {
        let hidden = |incident: &&mut Incident| incident.watch == watch && incident.acked.is_none();
        self.incidents.iter_mut().filter(hidden).for_each(|incident| incident.first_told = None);
    }
}

impl Silence {
    fn begins(&self, watch: &str, zone: &Zone) -> String {
        let (by, reason) = (printable(&self.by, NAME_MAX), printable(&self.reason, WORDS_MAX));
        let until = local::in_zone(self.until, zone);
        format!("nothing is told of {watch} until {until}, says {by}: {reason}; trips are made all the same")
    }
}
