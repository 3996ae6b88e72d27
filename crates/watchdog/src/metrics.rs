//! `prometheus_file`: what the watchdog knows, for the textfile collector of Prometheus' node exporter. Times are times
//! and not ages: a file that nobody writes any more must not look fresh (**silence-is-not-health**).

use std::fmt::{Display, Write as _};
use std::path::PathBuf;

use holdfast::circuit::{Mode, Verdict, View};
use holdfast::config::Channel;
use holdfast::sys::{Now, Secrecy, Sys};
use holdfast::watch::Memory;
use holdfast_notify::{States, mute};

/// Content for the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Metrics {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Metrics {
    /// Writes it, old or new; readers are of another user.
    pub(crate) fn write(&self, sys: &Sys) -> Result<(), String> {
        let written = sys.store.replace(&self.path, self.text.as_bytes(), Secrecy::Public);
        written.map_err(|error| {
            let path = self.path.display();
            format!(
                "prometheus_file {path} cannot be written: {error}; make its folder writable for the watchdog"
            )
        })
    }
}

/// What is told.
pub(crate) struct Facts<'a> {
    pub(crate) now: &'a Now,
    pub(crate) memory: &'a Memory,
    pub(crate) view: &'a View,
    pub(crate) channels: &'a [Channel],
    pub(crate) states: &'a States,
    /// Alerts in the outbox.
    pub(crate) waiting: usize,
    pub(crate) source: &'a str,
}

/// All of it, in the text format of Prometheus.
pub(crate) fn text(facts: &Facts) -> String {
    let Facts { now, memory, view, channels, states, .. } = facts;
    let mut text = Text::default();
    text.family("build_info", "Which watchdog this is.");
    text.sample(&[("version", env!("CARGO_PKG_VERSION")), ("source", facts.source)], 1);
    text.family("check_timestamp_seconds", "When the last complete evaluation began.");
    text.sample(&[], memory.last_check.as_ref().map_or(0.0, |check| check.wall));
    circuit(&mut text, view);
    text.family("watch_healthy", "Whether nothing is wrong with a watch.");
    for (name, watch) in &memory.watches {
        text.sample(&[("watch", name)], u8::from(watch.verdict.healthy()));
    }
    text.family("watch_verdict", "The last verdict of a watch.");
    for (name, watch) in &memory.watches {
        text.sample(&[("watch", name), ("verdict", watch.verdict.word())], 1);
    }
    text.family("watch_evidence_timestamp_seconds", "When a watch last showed something new.");
    for (name, watch) in &memory.watches {
        if let Some((_, seen)) = &watch.evidence {
            text.sample(&[("watch", name)], now.wall - seen.age(now));
        }
    }
    text.family("incident", "An open incident.");
    for open in &memory.incidents {
        let acknowledged = if open.acked.is_some() { "yes" } else { "no" };
        let labels =
            [("watch", &*open.watch), ("verdict", open.verdict.word()), ("acknowledged", acknowledged)];
        text.sample(&labels, 1);
    }
    text.family("watch_silenced", "Messages about a watch are not sent.");
    for name in memory.silences.keys() {
        text.sample(&[("watch", name)], 1);
    }
    text.family("channel_up", "Whether an alert channel took the last message, or was never tried.");
    for channel in *channels {
        let up = states.get(&channel.name).is_none_or(holdfast_notify::ChannelState::works);
        text.sample(&[("channel", &channel.name)], u8::from(up));
    }
    text.family("alerts_deliverable", "Whether some alert channel is configured and works.");
    text.sample(&[], u8::from(!channels.is_empty() && !mute(channels, states)));
    text.family("alerts_waiting", "Alerts that are still to be sent.");
    text.sample(&[], facts.waiting);
    text.text
}

fn circuit(text: &mut Text, view: &View) {
    text.family("circuit_armed", "1: the system may trade; 0: it is paused, or not known to be armed.");
    text.sample(&[], u8::from(view.verdict.is_green()));
    text.family("circuit_reduce_only", "1: paused, but orders that lower risk are allowed.");
    let reduce = matches!(view.verdict, Verdict::Paused { mode: Mode::Reduce, .. });
    text.sample(&[], u8::from(reduce));
    text.family("circuit_holds", "Causes of the pause that nobody has lifted.");
    text.sample(&[], view.holds.len());
    if let Some(oldest) = view.holds.first() {
        text.family("circuit_paused_timestamp_seconds", "When the oldest of them began.");
        text.sample(&[], oldest.since);
    }
}

/// Families of gauges, each with a help text.
#[derive(Default)]
struct Text {
    text: String,
    family: &'static str,
}

impl Text {
    fn family(&mut self, name: &'static str, help: &str) {
        let _ = write!(self.text, "# HELP holdfast_{name} {help}\n# TYPE holdfast_{name} gauge\n");
        self.family = name;
    }

    /// A sample of the last family.
    fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "holdfast_{}{labels} {value}", self.family);
    }
}

/// As a label's value may be written.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
