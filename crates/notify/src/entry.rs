//! One alert on its way: what the outbox keeps of it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use holdfast::config::Channel;
use holdfast::json;
use holdfast::sys::Now;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::outbox::audience;

/// The first wait after a failed try, in seconds; doubled with every further one.
const WAIT_FIRST: f64 = 15.0;
/// The longest wait. Less than the 15 minutes between two scheduled checks, so that each of them tries.
const WAIT_MOST: f64 = 600.0;
/// No wait is longer, whatever a server or a file says: a garbled number must not silence a channel.
pub(crate) const WAIT_LIMIT: f64 = 3600.0;

/// One reading of the clocks that judge how long something has been waiting (**clock-honest**).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The wall clock.
    pub wall: f64,
    /// Seconds since boot, counting suspend.
    pub up: f64,
    /// Which boot that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
}

impl Moment {
    fn of(now: &Now) -> Self {
        Self { wall: now.wall, up: now.up, boot: now.boot.clone() }
    }

    fn same_boot(&self, now: &Now) -> bool {
        self.boot == now.boot && now.up >= self.up
    }

    /// Seconds from this moment to `now`. The wall clock alone speaks only after a reboot.
    fn until(&self, now: &Now) -> f64 {
        if self.same_boot(now) { now.up - self.up } else { (now.wall - self.wall).max(0.0) }
    }
}

/// When to try again. A step of the wall clock does not move it; a reboot ends the wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// When the wait began.
    #[serde(flatten)]
    pub from: Moment,
    /// How long it lasts, in seconds.
    pub wait: f64,
}

impl Due {
    /// In `wait` seconds.
    pub(crate) fn after(now: &Now, wait: f64) -> Self {
        Self { from: Moment::of(now), wait }
    }

    /// Seconds still to wait; zero when the time has come.
    pub fn remaining(&self, now: &Now) -> f64 {
        let end = self.from.up + self.wait.min(WAIT_LIMIT);
        if self.from.same_boot(now) { (end - now.up).max(0.0) } else { 0.0 }
    }
}

/// How far an alert has come with one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Progress {
    /// Not accepted yet.
    Pending {
        /// How often it was tried.
        tries: u32,
        /// The next try; at once if missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<Due>,
        /// What the last try met.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// Done.
    Accepted {
        /// When, by the wall clock.
        at: f64,
    },
    /// Refused for good. Tried again, rarely, while nobody else has accepted the alert (**no-silent-alert**).
    Failed {
        /// How often it was tried.
        tries: u32,
        /// The next try, if nobody has accepted the alert by then.
        due: Due,
        /// What the channel said.
        why: String,
    },
}

impl Progress {
    /// Never tried.
    pub(crate) const NEW: Self = Self::Pending { tries: 0, due: None, why: None };

    /// How often it was tried without success.
    pub fn tries(&self) -> u32 {
        match self {
            Self::Pending { tries, .. } | Self::Failed { tries, .. } => *tries,
            Self::Accepted { .. } => 0,
        }
    }

    /// It is done.
    pub(crate) fn accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }

    /// What the last try met, if it did not succeed.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Pending { why, .. } => why.as_deref(),
            Self::Failed { why, .. } => Some(why),
            Self::Accepted { .. } => None,
        }
    }
}

/// An alert with its progress on every channel that it is for: the content of `data/outbox/<id>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    v: u32,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
    /// When it came into the outbox.
    pub put: Moment,
    /// Progress by name of channel.
    pub channels: BTreeMap<String, Progress>,
}

impl Entry {
    pub(crate) fn new(alert: Alert, now: &Now, channels: &[Channel]) -> Self {
        let named =
            audience(alert.level, channels).map(|channel| (channel.name.clone(), Progress::NEW)).collect();
        Self { v: 1, alert, put: Moment::of(now), channels: named }
    }

    /// Reads an entry that the outbox holds under `id`.
    pub(crate) fn parse(bytes: &[u8], id: &str) -> Result<Self, String> {
        let object = json::object(bytes)?;
        let entry: Self =
            serde_json::from_value(object.into()).map_err(|error| format!("is no alert: {error}"))?;
        match entry.v {
            1 if entry.alert.id == id => Ok(entry),
            1 => Err(format!("holds an alert named {:?}", entry.alert.id)),
            v => Err(format!("has \"v\":{v}; this version knows 1")),
        }
    }

    /// As it is stored.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_string_pretty(self).expect("strings and finite numbers are JSON");
        text.push('\n');
        text.into_bytes()
    }

    /// Somebody has accepted it.
    pub fn heard(&self) -> bool {
        self.channels.values().any(Progress::accepted)
    }

    /// Its time is over: by the clock that no one can set, and after a reboot by the wall clock.
    pub(crate) fn expired(&self, now: &Now) -> bool {
        self.put.until(now) >= self.alert.expires_at - self.alert.at
    }

    /// It still has to go through `channel`. Also through one that was configured since, while nobody has
    /// accepted it, and through one that refused it (people mend tokens).
    pub(crate) fn wants(&self, channel: &Channel, channels: &[Channel]) -> bool {
        match self.channels.get(&channel.name) {
            Some(Progress::Pending { .. }) => true,
            Some(Progress::Accepted { .. }) => false,
            Some(Progress::Failed { .. }) => !self.heard(),
            None => {
                !self.heard() && audience(self.alert.level, channels).any(|each| each.name == channel.name)
            }
        }
    }

    /// The moment for the next try through `channel` has come.
    pub(crate) fn due(&self, channel: &str, now: &Now) -> bool {
        self.remaining(channel, now) <= 0.0
    }

    /// Seconds until then; zero when it has come.
    pub(crate) fn remaining(&self, channel: &str, now: &Now) -> f64 {
        match self.channels.get(channel) {
            Some(Progress::Pending { due: Some(due), .. } | Progress::Failed { due, .. }) => {
                due.remaining(now)
            }
            _ => 0.0,
        }
    }

    /// Somebody has accepted it, and nothing is left to try.
    pub(crate) fn settled(&self, channels: &[Channel]) -> bool {
        // Without any channel the configuration says nothing.
        !channels.is_empty() && self.heard() && !channels.iter().any(|channel| self.wants(channel, channels))
    }

    pub(crate) fn tries(&self, channel: &str) -> u32 {
        self.channels.get(channel).map_or(0, Progress::tries)
    }

    pub(crate) fn accept(&mut self, channel: &str, now: &Now) {
        self.channels.insert(channel.to_owned(), Progress::Accepted { at: now.wall });
    }

    /// A try failed; the channel may have said how long to `wait`.
    pub(crate) fn postpone(&mut self, channel: &str, now: &Now, why: String, wait: Option<f64>) {
        let tries = self.tries(channel).saturating_add(1);
        let wait = wait.unwrap_or_else(|| backoff(&self.alert.id, channel, tries));
        let progress = Progress::Pending { tries, due: Some(Due::after(now, wait)), why: Some(why) };
        self.channels.insert(channel.to_owned(), progress);
    }

    /// The channel will not take it, nor anything else until somebody mends it.
    pub(crate) fn refuse(&mut self, channel: &str, now: &Now, why: String) {
        let tries = self.tries(channel).saturating_add(1);
        let progress = Progress::Failed { tries, due: Due::after(now, WAIT_MOST), why };
        self.channels.insert(channel.to_owned(), progress);
    }
}

/// Seconds to wait after `tries` failed ones.
fn backoff(id: &str, channel: &str, tries: u32) -> f64 {
    let doubled = WAIT_FIRST * f64::from(2_u32.saturating_pow(tries.saturating_sub(1)));
    doubled.min(WAIT_MOST) * jitter(id, channel, tries)
}

/// Between three quarters and one, so that alerts of many hosts spread out; the same for the same try, so
/// that a simulation can be replayed.
pub(crate) fn jitter(id: &str, channel: &str, tries: u32) -> f64 {
    let mut hasher = DefaultHasher::new();
    (id, channel, tries).hash(&mut hasher);
    0.75 + 0.25 * (hasher.finish() % 1024) as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::AlertKind;
    use holdfast::config::ChannelKind;
    use holdfast::time::Span;

    fn channel(name: &str, level: u8) -> Channel {
        let kind = ChannelKind::Command { command: vec!["true".to_owned()] };
        Channel { name: name.to_owned(), level, timeout: Span::secs(10), kind }
    }

    fn at(wall: f64, up: f64, boot: &str) -> Now {
        Now { wall, up, awake: up, boot: Some(boot.to_owned()) }
    }

    fn entry(now: &Now, channels: &[Channel]) -> Entry {
        let alert = Alert {
            id: "a".to_owned(),
            incident: None,
            others: Vec::new(),
            kind: AlertKind::Opened,
            level: 1,
            subject: "s".to_owned(),
            text: "t".to_owned(),
            at: now.wall,
            expires_at: now.wall + 3600.0,
        };
        Entry::new(alert, now, channels)
    }

    #[test]
    fn waits_grow_to_a_bound_and_are_spread() {
        for tries in 1..60 {
            let wait = backoff("a", "telegram", tries);
            assert!((WAIT_FIRST * 0.75..=WAIT_MOST).contains(&wait), "{tries}: {wait}");
        }
        assert!(backoff("a", "telegram", 60) >= WAIT_MOST * 0.75);
        assert!((1..60).any(|tries| jitter("a", "x", tries).to_bits() != jitter("b", "x", tries).to_bits()));
    }

    #[test]
    fn a_step_of_the_wall_clock_neither_stops_retries_nor_expires_an_alert() {
        let channels = [channel("x", 1)];
        let mut entry = entry(&at(1e9, 100.0, "b"), &channels);
        entry.postpone("x", &at(1e9, 100.0, "b"), "down".to_owned(), Some(60.0));
        for wall in [0.0, 1e9, 2e9] {
            assert!(!entry.due("x", &at(wall, 159.0, "b")), "{wall}");
            assert!(entry.due("x", &at(wall, 160.0, "b")), "{wall}");
            assert!(!entry.expired(&at(wall, 3699.0, "b")), "{wall}");
            assert!(entry.expired(&at(wall, 3700.0, "b")), "{wall}");
        }
    }

    #[test]
    fn a_reboot_ends_the_wait_and_leaves_the_age_to_the_wall_clock() {
        let channels = [channel("x", 1)];
        let mut entry = entry(&at(1e9, 100.0, "b"), &channels);
        entry.postpone("x", &at(1e9, 100.0, "b"), "down".to_owned(), Some(600.0));
        for now in [at(1e9 + 50.0, 5.0, "c"), at(1e9 + 50.0, 5.0, "b"), at(1e9 + 50.0, 5_000.0, "c")] {
            assert!(entry.due("x", &now) && !entry.expired(&now), "{now:?}");
        }
        assert!(entry.expired(&at(1e9 + 3600.0, 5.0, "c")));
    }

    #[test]
    fn it_is_settled_when_somebody_accepted_it_and_nothing_is_left_to_try() {
        let now = at(1e9, 100.0, "b");
        let both = [channel("x", 1), channel("y", 1), channel("boss", 2)];
        let mut entry = entry(&now, &both);
        assert_eq!(entry.channels.keys().collect::<Vec<_>>(), ["x", "y"]);
        entry.refuse("x", &now, "bad token".to_owned());
        assert!(entry.wants(&both[0], &both), "nobody else has it yet");
        assert!(!entry.due("x", &now));
        entry.accept("y", &now);
        assert!(!entry.wants(&both[0], &both));
        assert!(entry.settled(&both));
    }

    #[test]
    fn a_channel_that_is_gone_does_not_hold_it_and_a_new_one_gets_it_while_nobody_has() {
        let now = at(1e9, 100.0, "b");
        let new = [channel("new", 1)];
        let mut entry = entry(&now, &[channel("old", 1)]);
        assert!(entry.wants(&new[0], &new) && !entry.settled(&new));
        entry.accept("new", &now);
        assert!(entry.settled(&new));
        assert!(!entry.wants(&channel("newer", 1), &[channel("newer", 1)]));
    }

    #[test]
    fn it_reads_as_it_was_written_and_refuses_what_it_does_not_know() {
        let now = at(1e9, 100.0, "b");
        let mut entry = entry(&now, &[channel("x", 1), channel("y", 1)]);
        entry.postpone("x", &now, "down".to_owned(), None);
        entry.refuse("y", &now, "gone".to_owned());
        assert_eq!(Entry::parse(&entry.to_bytes(), "a"), Ok(entry.clone()));
        assert!(Entry::parse(&entry.to_bytes(), "b").is_err_and(|why| why.contains("named \"a\"")));
        entry.v = 2;
        assert!(Entry::parse(&entry.to_bytes(), "a").is_err_and(|why| why.contains("this version knows 1")));
        assert!(Entry::parse(b"", "a").is_err_and(|why| why == "is empty"));
        assert!(Entry::parse(b"{}", "a").is_err_and(|why| why.starts_with("is no alert")));
    }
}
