//! Whose an alert is while it is worked on, and when it is over.

use holdfast::sys::{Lock, Now};

use super::Run;
use crate::entry::Entry;
use crate::outbox::Claim;
use crate::report::{Delivery, Event};

/// Why an alert is given up that no channel is left for.
const NO_CHANNEL: &str = "no alert channel is configured any more";

/// An entry that is ours while some lane works on it.
pub(super) struct Held {
    pub(super) entry: Entry,
    pub(super) lanes: usize,
    _lock: Option<Lock>,
}

impl Run<'_> {
    /// Removes what is over before anything is sent.
    pub(super) fn clear(&mut self, now: &Now) {
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

    /// Makes an entry ours for one more lane; `None` if it is somebody else's or gone.
    pub(super) fn take(&mut self, id: &str) -> Option<Entry> {
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
    pub(super) fn drop_lane(&mut self, id: &str) {
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
}
