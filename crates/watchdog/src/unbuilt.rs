//! What the schema knows and this version does not do: it must not look as if it were done.

use holdfast::config::{AnchorKind, BeatSource, Config, WatchKind};

/// Keys and tables that nothing acts on.
const KEYS: [&str; 7] =
    ["ping", "prometheus_file", "watch.escalate_after", "evidence", "overseer", "service", "fleet"];

/// Whether this version looks at it.
pub(crate) fn is_asked(kind: &WatchKind) -> bool {
    matches!(kind, WatchKind::Heartbeat(BeatSource::File(_)) | WatchKind::Log { .. })
}

/// Watches that are not asked.
pub(crate) fn watches(config: &Config) -> impl Iterator<Item = String> {
    config.watches.iter().filter(|watch| !is_asked(&watch.kind)).map(|watch| {
        format!(
            "[[watch]] {}: this version watches local heartbeats and sealed logs only; take it out",
            watch.name
        )
    })
}

/// Everything else, but for kinds of channels, which say so themselves.
pub(crate) fn parts(config: &Config) -> Vec<String> {
    let keys = KEYS.into_iter().filter(|key| config.given.contains(*key));
    let mut parts: Vec<String> = keys
        .map(|key| format!("{} is not built yet, so nothing acts on it; take it out", called(key)))
        .collect();
    let second = config.channels.iter().filter(|channel| channel.level > 1);
    parts.extend(second.map(|channel| {
        format!(
            "[[channel]] {}: level = 2 is not built yet, so no alert reaches it; take level out, or the channel",
            channel.name
        )
    }));
    let unknown = ["gs://", "az://"];
    let elsewhere = config.anchors.iter().filter(|anchor| match &anchor.kind {
        AnchorKind::Store(bucket) => unknown.iter().any(|scheme| bucket.url.starts_with(scheme)),
        AnchorKind::Witness { .. } | AnchorKind::Timestamp { .. } => false,
    });
    parts.extend(elsewhere.map(|anchor| {
        let name = &anchor.name;
        format!("[[anchor]] {name}: gs:// and az:// are not built yet, so nothing is kept there; use s3:// or file:///")
    }));
    let foreign = config
        .anchors
        .iter()
        .filter(|anchor| matches!(&anchor.kind, AnchorKind::Store(bucket) if bucket.foreign));
    parts.extend(foreign.map(|anchor| {
        let name = &anchor.name;
        format!("[[anchor]] {name}: foreign is not built yet: what it keeps counts for who fetches it for --anchor; take it out")
    }));
    let healthy = config.actions.iter().filter(|(_, action)| action.on_healthy);
    parts.extend(healthy.map(|(name, _)| {
        format!("[action.{name}]: on_healthy is not built yet, so it is not run then; take it out")
    }));
    parts
}

/// As it stands in the file.
fn called(key: &str) -> String {
    match key.split_once('.') {
        Some((table, key)) => format!("{key} of [[{table}]]"),
        None if key == "service" => format!("[[{key}]]"),
        None if key == "prometheus_file" => key.to_owned(),
        None => format!("[{key}]"),
    }
}
