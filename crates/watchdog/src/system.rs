//! What the watchdog says of the system itself, beside the watches.

use holdfast::circuit::View;
use holdfast::config::{BeatSource, Config, Watch, WatchKind};
use holdfast::sys::Now;
use holdfast::time::age;
use holdfast::watch::{Act, Judged, Memory, Verdict, WatchMemory};

/// The names under which it is said; no watch of a configuration shows under them.
pub(crate) const CONFIG: &str = "holdfast/config";
pub(crate) const CIRCUIT: &str = "holdfast/circuit";
pub(crate) const ALERTS: &str = "holdfast/alerts";

/// The configuration, the ledger and the channels.
pub(crate) fn judge(
    config: &Config,
    trouble: Option<&str>,
    memory: &Memory,
    view: &View,
    now: &Now,
) -> Vec<(String, Judged)> {
    let fine = |what: &str| Judged::new(Verdict::Fresh, Act::None, what);
    let config_is = match trouble {
        Some(trouble) => Judged::new(
            Verdict::ConfigInvalid,
            Act::Alert,
            format!("going on by the last good copy: {trouble}"),
        ),
        None => fine("holdfast.toml is in force"),
    };
    let known = memory.circuit.ledger_len;
    let ledger_is = if memory.circuit.seen && view.ledger_len < known {
        let detail = format!(
            "data/trips.jsonl shrank from {known} to {} bytes: trips were taken out of it",
            view.ledger_len
        );
        Judged::new(Verdict::LedgerShrank, Act::Trip, detail)
    } else {
        fine("the ledger of trips has only grown")
    };
    let alerts_are = match memory.mute.as_ref().map(|since| since.age(now)) {
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
    [(CONFIG, config_is), (CIRCUIT, ledger_is), (ALERTS, alerts_are)]
        .map(|(name, judged)| (name.to_owned(), judged))
        .into()
}

/// A watch of a kind that this version does not ask: unknown, which is never health.
pub(crate) fn unasked(watches: &[Watch], memory: &mut Memory, now: &Now) -> Vec<(String, Judged)> {
    let unasked =
        watches.iter().filter(|watch| !matches!(watch.kind, WatchKind::Heartbeat(BeatSource::File(_))));
    unasked
        .map(|watch| {
            let detail =
                "this version watches local heartbeats only; take the watch out or watch it otherwise";
            let judged = Judged::new(Verdict::Unknown, Act::Alert, detail);
            let known = memory.watches.entry(watch.name.to_string()).or_insert_with(|| WatchMemory::new(now));
            known.verdict = judged.verdict;
            known.act = judged.act;
            known.detail.clone_from(&judged.detail);
            (watch.name.to_string(), judged)
        })
        .collect()
}
