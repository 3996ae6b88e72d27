//! What the schema knows and this version does not do: it must not look as if it were done.

use holdfast::config::{AnchorKind, Config};

/// Keys and tables that nothing acts on.
const KEYS: [&str; 4] = ["evidence", "overseer", "service", "fleet"];

/// What is configured and not done, but for kinds of channels, which say so themselves.
pub(crate) fn parts(config: &Config) -> Vec<String> {
    let keys = KEYS.into_iter().filter(|key| config.given.contains(*key));
    let mut parts: Vec<String> = keys
        .map(|key| format!("{} is not built yet, so nothing acts on it; take it out", called(key)))
        .collect();
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
    parts
}

/// As it stands in the file.
fn called(key: &str) -> String {
    if key == "service" { format!("[[{key}]]") } else { format!("[{key}]") }
}
