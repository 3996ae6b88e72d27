//! What a delivery says of itself, as plain data.

use std::collections::BTreeMap;
use std::fmt;

use holdfast::Exit;
use holdfast::journal;
use holdfast::json::{Object, Value};

use crate::alert::Alert;
use crate::entry::{Entry, Progress};
use crate::state::{ChannelState, States};
use crate::transport::Missed;

/// A line for the journal, which the caller writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `alert-accepted`, `alert-failed` or `alert-expired`.
    pub kind: &'static str,
    /// What the line says besides.
    pub fields: Object,
}

impl Event {
    pub(crate) fn accepted(alert: &Alert, channel: &str, tries: u32, missed: Option<&Missed>) -> Self {
        let fields = [("channel", channel.into()), ("tries", tries.into())];
        let mut event = Self::new("alert-accepted", alert, fields);
        event.fields.extend(missed.map(|missed| ("missed".to_owned(), missed.why.as_str().into())));
        event
    }

    pub(crate) fn failed(alert: &Alert, channel: &str, tries: u32, why: &str, permanent: bool) -> Self {
        let fields = [
            ("channel", channel.into()),
            ("tries", tries.into()),
            ("why", why.into()),
            ("permanent", permanent.into()),
        ];
        Self::new("alert-failed", alert, fields)
    }

    /// Its time is over, or there is another reason to give it up.
    pub(crate) fn expired(entry: &Entry, why: Option<&str>) -> Self {
        let reason = |(name, progress): (&String, &Progress)| {
            (!progress.accepted()).then(|| (name.clone(), progress.why().unwrap_or("was never tried").into()))
        };
        let unsent: Object = entry.channels.iter().filter_map(reason).collect();
        let fields = [
            ("subject", entry.alert.subject.as_str().into()),
            ("heard", entry.heard().into()),
            ("unsent", unsent.into()),
        ];
        let mut event = Self::new("alert-expired", &entry.alert, fields);
        event.fields.extend(why.map(|why| ("why".to_owned(), why.into())));
        event
    }

    /// The line as this program writes it into the journal.
    pub fn entry(&self, by: &str) -> journal::Entry {
        let mut entry = journal::Entry::new(self.kind, by);
        entry.fields.clone_from(&self.fields);
        entry
    }

    fn new<const N: usize>(kind: &'static str, alert: &Alert, more: [(&str, Value); N]) -> Self {
        let mut fields = Object::new();
        fields.insert("alert".to_owned(), alert.id.as_str().into());
        if let Some(incident) = &alert.incident {
            fields.insert("incident".to_owned(), incident.as_str().into());
        }
        fields.insert("about".to_owned(), alert.kind.as_str().into());
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
        Self { kind, fields }
    }
}

/// Something that people must be told through the other channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A channel began to refuse everything.
    Broken {
        /// Its name.
        channel: String,
        /// What it said, and what to do.
        why: String,
    },
    /// A channel works, but some of its receivers are refused.
    Missed {
        /// Its name.
        channel: String,
        /// Who is refused, and what to do.
        why: String,
    },
    /// A Telegram group became a supergroup, and its messages go there now.
    Moved {
        /// The name of the channel.
        channel: String,
        /// The chat in the configuration.
        from: String,
        /// The chat that messages go to.
        to: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken { channel, why } => write!(f, "alert channel {channel} is broken: {why}"),
            Self::Missed { channel, why } => write!(f, "alert channel {channel}: {why}"),
            Self::Moved { channel, from, to } => write!(
                f,
                "alert channel {channel}: Telegram moved the group {from} to {to}; messages go there now: \
                 write chat = \"{to}\" into holdfast.toml"
            ),
        }
    }
}

/// One channel's part of a delivery.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelReport {
    /// Alerts that it accepted in this run.
    pub accepted: usize,
    /// Alerts that it refused for good in this run.
    pub failed: usize,
    /// Alerts that still have to go through it.
    pub pending: usize,
    /// What is known of it now.
    pub state: ChannelState,
    /// What the last unsuccessful send of this run met; or which receivers an accepted message did not reach.
    pub error: Option<String>,
}

/// What came of [`Outbox::deliver`](crate::Outbox::deliver).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// By name of channel; every configured one.
    pub channels: BTreeMap<String, ChannelReport>,
    /// For the journal.
    pub events: Vec<Event>,
    /// To be told through the other channels.
    pub notes: Vec<Note>,
    /// Ids of alerts in the outbox that nobody has accepted so far (**no-silent-alert**).
    pub unheard: Vec<String>,
    /// Ids of alerts that expired in this run without anybody having accepted them (**no-silent-alert**).
    pub expired_unheard: Vec<String>,
    /// Ids of alerts that nobody had accepted, given up because no channel is configured any more.
    pub abandoned: Vec<String>,
    /// Alerts that another process is sending at this moment.
    pub busy: usize,
    /// What is wrong with the outbox itself: files that cannot be read or written.
    pub faults: Vec<String>,
}

impl Delivery {
    /// The state of every channel, to be kept for the next run.
    pub fn states(&self) -> States {
        self.channels.iter().map(|(name, report)| (name.clone(), report.state.clone())).collect()
    }

    /// Everything that had to be told has been told.
    pub fn all_heard(&self) -> bool {
        self.unheard.is_empty() && self.expired_unheard.is_empty() && self.abandoned.is_empty()
    }

    /// How a program ends that did only this, and what it has to say on stderr.
    pub fn account(&self) -> (Exit, Vec<String>) {
        let mut said: Vec<String> = self.faults.iter().map(|fault| format!("data/outbox: {fault}")).collect();
        let exit = if said.is_empty() { Exit::Ok } else { Exit::Io };
        if self.all_heard() {
            return (exit, said);
        }
        let errors = self.channels.iter().filter_map(|(name, report)| Some((name, report.error.as_ref()?)));
        said.extend(errors.map(|(name, error)| format!("alert channel {name}: {error}")));
        if !self.unheard.is_empty() {
            let waiting = self.unheard.len();
            said.push(format!(
                "{waiting} alert(s) that nobody has accepted wait in data/outbox and are tried again"
            ));
        }
        let expired = self.expired_unheard.iter();
        said.extend(expired.map(|id| format!("alert {id} expired and nobody has heard it")));
        said.extend(self.abandoned.iter().map(|id| {
            format!(
                "alert {id} is given up: nobody has heard it, and no alert channel is configured any more"
            )
        }));
        (exit.and(Exit::Undelivered), said)
    }

    pub(crate) fn fault(&mut self, text: String) {
        if !self.faults.contains(&text) {
            self.faults.push(text);
        }
    }
}
