//! What the watchdog says of the system itself, beside the watches.

use holdfast::circuit::{self, View};
use holdfast::settings::Settings;
use holdfast::sys::Now;
use holdfast::time::age;
use holdfast::watch::{Act, CIRCUIT_WATCH, Judged, KnownHold, Memory, Verdict};

use crate::unbuilt;

/// The names under which it is said; no watch of a configuration shows under them.
pub(crate) const CONFIG: &str = "holdfast/config";
pub(crate) const ALERTS: &str = "holdfast/alerts";
pub(crate) const ACTIONS: &str = "holdfast/actions";

/// The configuration, the ledger and the channels.
pub(crate) fn judge(
    settings: &Settings,
    memory: &Memory,
    lost_trips: &[String],
    view: &View,
    now: &Now,
) -> Vec<(String, Judged)> {
    let fine = |what: &str| Judged::new(Verdict::Fresh, Act::None, what);
    let config = &settings.config;
    let config_is = match (settings.story(), unbuilt::parts(config)) {
        (Some(story), _) => Judged::new(Verdict::ConfigInvalid, Act::Alert, story),
        (None, parts) if !parts.is_empty() => Judged::new(Verdict::Unknown, Act::Alert, parts.join("; ")),
        (None, _) => fine("holdfast.toml is in force"),
    };
    // Where no channel is configured any more, none is mute.
    let has_channels = settings.unusable || !config.channels.is_empty();
    let ledger_is = match (&view.verdict, taken_out(memory, lost_trips, view)) {
        // It reads as paused for everybody; what it says is not known.
        (circuit::Verdict::Paused { why, .. }, _) if view.refused => {
            Judged::new(Verdict::Unknown, Act::Alert, why.to_string())
        }
        (_, Some(what)) => Judged::new(Verdict::LedgerShrank, Act::Trip, what),
        _ => fine("the ledger of trips has only grown"),
    };
    let alerts_are = match memory.mute.as_ref().filter(|_| has_channels).map(|since| since.age(now)) {
        Some(mute) => {
            let act = match config.trip_when_mute {
                Some(most) if mute > most.as_secs_f64() => Act::Trip,
                _ => Act::Alert,
            };
            let detail = format!("no configured channel has accepted a message for {}", age(mute));
            let judged = Judged::new(Verdict::Mute, act, detail);
            let next = config.trip_when_mute.map(|most| most.as_secs_f64() - mute).filter(|next| *next > 0.0);
            Judged { next, ..judged }
        }
        None => fine("some channel works, or none is configured"),
    };
    [(CONFIG, config_is), (CIRCUIT_WATCH, ledger_is), (ALERTS, alerts_are)]
        .map(|(name, judged)| (name.to_owned(), judged))
        .into()
}

/// What shows that trips were taken out of the ledger. It stands as long as its hold does.
fn taken_out(memory: &Memory, lost_trips: &[String], view: &View) -> Option<String> {
    let known = memory.circuit.ledger_len;
    if let Some(hold) = view.holds.iter().find(|hold| KnownHold::of_circuit(hold)) {
        let name = format!("{CIRCUIT_WATCH}: ");
        return Some(hold.reason.strip_prefix(&name).unwrap_or(&hold.reason).to_owned());
    }
    if !memory.circuit.seen || view.ledger_len >= known {
        let (last, count) = (lost_trips.last()?, lost_trips.len());
        return Some(format!(
            "memory/journal.jsonl tells of {count} trip(s) that nobody lifted and that data/trips.jsonl does not \
             have, the last one {last}: an older copy of data/ was put back"
        ));
    }
    let len = view.ledger_len;
    Some(format!("data/trips.jsonl shrank from {known} to {len} bytes: trips were taken out of it"))
}
