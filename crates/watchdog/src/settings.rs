//! `holdfast.toml`, and its last good copy, which the watchdog keeps.

use holdfast::settings::Settings;
use holdfast::sys::Sys;
use holdfast::{Exit, Root};

/// Reads the configuration, and keeps a copy of a good one.
pub(crate) fn load(sys: &Sys, root: &Root) -> (Settings, Exit) {
    let settings = Settings::read(sys, root);
    // Without the copy everything works but the going on after a slip.
    let kept = settings.keep_copy(sys, root).map_err(|error| {
        crate::tell(&format_args!(
            "data/config-last-good.toml cannot be written: {error}; after a mistake in holdfast.toml nothing good is known"
        ));
    });
    (settings, if kept.is_ok() { Exit::Ok } else { Exit::Io })
}

/// Reads it again if it has changed. With the whole root gone it stays: somebody must be told.
pub(crate) fn refresh(settings: &mut Settings, sys: &Sys, root: &Root) -> Exit {
    let there = !matches!(sys.store.stat(&root.data()), Ok(None));
    if !there || !settings.outdated(sys, root) {
        return Exit::Ok;
    }
    let (new, exit) = load(sys, root);
    *settings = new;
    exit
}
