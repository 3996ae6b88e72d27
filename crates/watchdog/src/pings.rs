//! The outgoing ping, and the record of its failures.

use std::time::Duration;

use holdfast::config::Ping;
use holdfast::journal::{self, Entry};
use holdfast::sys::Sys;
use holdfast::{Exit, Root};
use holdfast_notify::ping;

use crate::evaluate::{BY, complain};
use crate::tell;

/// One that stays pings not more often than this, in seconds.
pub(crate) const EVERY: f64 = 60.0;

/// Pings, and tells of a change: the server elsewhere tells people of what lasts.
pub(crate) struct Pinger<'a> {
    sys: Sys<'a>,
    root: Root,
    /// What the last one met.
    fault: Option<String>,
}

impl<'a> Pinger<'a> {
    /// `fault` is what the last one met.
    pub(crate) fn new(sys: Sys<'a>, root: Root, fault: Option<String>) -> Self {
        Self { sys, root, fault }
    }

    /// What the last one met.
    pub(crate) fn fault(self) -> Option<String> {
        self.fault
    }

    /// Asks once, no longer than `most`.
    pub(crate) fn ping(&mut self, asked: &Ping, most: Duration) -> Exit {
        let fault = ping(self.sys.store, self.root.path(), asked, most).err();
        let before = std::mem::replace(&mut self.fault, fault);
        let entry = match (&self.fault, before) {
            (Some(why), before) => {
                if before.as_ref() == Some(why) {
                    return Exit::Ok;
                }
                tell(&format_args!("the ping was not heard: {why}"));
                Entry::new("ping-failed", BY).with("why", why.clone())
            }
            (None, Some(_)) => Entry::new("ping-works", BY),
            (None, None) => return Exit::Ok,
        };
        match journal::append(&self.sys, &self.root, &entry) {
            Ok(_) => Exit::Ok,
            Err(error) => complain(&format!("memory/journal.jsonl cannot be written: {error}")),
        }
    }
}

/// When one that stays pings.
#[derive(Default)]
pub(crate) struct Rhythm {
    last: Option<f64>,
}

impl Rhythm {
    /// Whether it is time, at `up` of the boot clock.
    pub(crate) fn is_due(&mut self, up: f64) -> bool {
        let due = self.last.is_none_or(|last| up - last >= EVERY);
        if due {
            self.last = Some(up);
        }
        due
    }
}
