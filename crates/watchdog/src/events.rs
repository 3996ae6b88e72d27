//! Being woken when a state file changes.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};

use holdfast::Root;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::tell;

/// Something has happened that calls for a look.
pub(crate) struct Wake;

/// Wakes through `to` when a heartbeat, the circuit or the configuration changes. `None` where the system has
/// no file events left: then only the clock wakes, which is later, not wrong.
pub(crate) fn watch(root: &Root, to: SyncSender<Wake>) -> Option<RecommendedWatcher> {
    let (appeared, appearances) = mpsc::sync_channel(1);
    let waker = to.clone();
    let handler = move |event: notify::Result<Event>| {
        let Ok(event) = event else { return };
        // A full channel already holds what is to be said.
        if changes(&event) && event.paths.iter().any(|path| path.ends_with("data/heartbeats")) {
            let _ = appeared.try_send(());
        }
        if calls(&event) {
            let _ = waker.try_send(Wake);
        }
    };
    let watched = notify::recommended_watcher(handler).and_then(|mut watcher| {
        watcher.watch(&root.data(), RecursiveMode::NonRecursive)?;
        watcher.watch(root.path(), RecursiveMode::NonRecursive)?;
        watch_heartbeats(root.heartbeats(), to, appearances)?;
        Ok(watcher)
    });
    watched.map_err(|error| tell(&format_args!("no file events ({error}); only the clock wakes me"))).ok()
}

/// Watches the folder of named heartbeats, which a system with one heartbeat has not, now and whenever it appears
/// anew. In a thread: the one that tells of events cannot be asked for more of them.
fn watch_heartbeats(folder: PathBuf, to: SyncSender<Wake>, appearances: Receiver<()>) -> notify::Result<()> {
    let waker = to.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| calls(&event)) {
            let _ = waker.try_send(Wake);
        }
    })?;
    // It may not be there.
    let _ = watcher.watch(&folder, RecursiveMode::NonRecursive);
    std::thread::spawn(move || {
        for () in appearances {
            // One that was there before is gone.
            let _ = watcher.unwatch(&folder);
            let _ = watcher.watch(&folder, RecursiveMode::NonRecursive);
            // What came into it before it was watched.
            let _ = to.try_send(Wake);
        }
    });
    Ok(())
}

fn changes(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

fn calls(event: &Event) -> bool {
    changes(event) && event.paths.iter().any(|path| concerns_us(path))
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
