//! What others read of the watchdog: metrics.

use holdfast::circuit::View;
use holdfast::watch::Sight;
use holdfast_notify::{Outbox, states_of};

use super::digest::Digest;
use super::{SOURCE, Watchdog};
use crate::metrics::{self, Metrics};

/// What Prometheus reads is written at least this often, in seconds.
const PUBLISH_EVERY: f64 = 15.0;

impl Watchdog<'_> {
    /// What is to be written for Prometheus, if it is time to.
    pub(crate) fn metrics(&mut self, view: &View) -> Option<Metrics> {
        let path = self.root.path().join(self.settings.config.prometheus_file.as_ref()?);
        let (now, digest) = (self.now(), Digest::of(&self.memory));
        let is_recent = |(when, of): &(Sight, Digest)| *of == digest && when.age(&now) < PUBLISH_EVERY;
        if self.published.as_ref().is_some_and(is_recent) {
            return None;
        }
        let facts = metrics::Facts {
            now: &now,
            memory: &self.memory,
            view,
            channels: &self.settings.config.channels,
            states: &states_of(&self.memory.channels),
            waiting: Outbox::open(&self.root).pending(&self.sys).entries.len(),
            source: SOURCE,
        };
        let text = metrics::text(&facts);
        self.published = Some((Sight::now(&now), digest));
        Some(Metrics { path, text })
    }
}
