//! Being woken when a state file changes.

use std::path::Path;
use std::sync::mpsc::SyncSender;

use holdfast::Root;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::tell;

/// Something has happened that calls for a look.
pub(crate) struct Wake;

/// Wakes through `to` when a heartbeat, the circuit or the configuration changes. `None` where the system has
/// no file events left: then only the clock wakes, which is later, not wrong.
pub(crate) fn watch(root: &Root, to: SyncSender<Wake>) -> Option<RecommendedWatcher> {
    let handler = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| calls(&event)) {
            // A full channel already holds a wake.
            let _ = to.try_send(Wake);
        }
    };
    let watched = notify::recommended_watcher(handler).and_then(|mut watcher| {
        watcher.watch(&root.data(), RecursiveMode::NonRecursive)?;
        watcher.watch(root.path(), RecursiveMode::NonRecursive)?;
        // Not there yet for a system with one heartbeat; the clock finds it when it comes.
        let _ = watcher.watch(&root.heartbeats(), RecursiveMode::NonRecursive);
        Ok(watcher)
    });
    watched.map_err(|error| tell(&format_args!("no file events ({error}); only the clock wakes me"))).ok()
}

fn calls(event: &Event) -> bool {
    let changed = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    };
    changed && event.paths.iter().any(|path| concerns_us(path))
}

/// Not our own heartbeat, not the outbox, not a temporary file.
fn concerns_us(path: &Path) -> bool {
    const NAMES: [&str; 4] = ["heartbeat.json", "circuit.json", "trips.jsonl", "holdfast.toml"];
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let beside = path.parent().and_then(Path::file_name).is_some_and(|dir| dir == "heartbeats");
    let named =
        beside && !name.starts_with('.') && path.extension().is_some_and(|extension| extension == "json");
    NAMES.contains(&name) || named
}
