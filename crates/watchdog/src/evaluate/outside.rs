//! What others learn of the watchdog: metrics, and that it works.

use std::path::PathBuf;

use holdfast::circuit::View;
use holdfast::config::{BeatSource, Ping, WatchKind};
use holdfast::watch::{Sight, watches};
use holdfast_notify::{Outbox, mute, states_of};

use super::digest::Digest;
use super::{SAVE_EVERY, SOURCE, Watchdog};
use crate::metrics::{self, Metrics};
use crate::pings;

/// What Prometheus reads is written at least this often, in seconds.
const PUBLISH_EVERY: f64 = 15.0;

impl Watchdog<'_> {
    /// What the last ping met, for a check that is a process of its own.
    pub(crate) fn ping_fault(&mut self) -> &mut Option<String> {
        &mut self.memory.ping_fault
    }

    /// The ping that says: the last evaluation was complete, and an alert would be heard. Only then.
    pub(crate) fn ping(&self) -> Option<Ping> {
        let config = &self.settings.config;
        let heard = !config.channels.is_empty() && !mute(&config.channels, &states_of(&self.memory.channels));
        config.ping.clone().filter(|_| self.whole && heard)
    }

    /// Others wait for a sign of life this often, in seconds.
    pub(crate) fn published_every(&self) -> Option<f64> {
        let config = &self.settings.config;
        let metrics = config.prometheus_file.as_ref().map(|_| PUBLISH_EVERY);
        metrics.or_else(|| config.ping.as_ref().map(|_| pings::EVERY))
    }

    /// After so many seconds it evaluates although nothing has changed: its own beat must be written, and what others
    /// wait for.
    pub(crate) fn idle_most(&self) -> f64 {
        self.published_every().map_or(SAVE_EVERY, |every| every.min(SAVE_EVERY))
    }

    /// The files that an evaluation reads. That a beat appears under a new name is an event; where it is lost, the next
    /// evaluation finds it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let root = &self.root;
        let mut paths = vec![root.config(), root.circuit(), root.ledger(), root.journal()];
        let local = watches(&self.sys, root, &self.settings.config, &self.memory);
        paths.extend(local.iter().filter_map(|watch| match &watch.kind {
            WatchKind::Heartbeat(BeatSource::File(file)) => Some(root.heartbeat(file.as_ref())),
            _ => None,
        }));
        paths
    }

    /// The last evaluation could read and write all that it had to.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

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
