//! `holdfast.toml`, and its last good copy, which the watchdog keeps.

use holdfast::Root;
use holdfast::settings::Settings;
use holdfast::sys::Sys;

/// Reads the configuration, and keeps a copy of a good one.
pub(crate) fn load(sys: &Sys, root: &Root) -> Settings {
    let settings = Settings::read(sys, root);
    // Without the copy everything works but the going on after a slip.
    if let Err(error) = settings.keep_copy(sys, root) {
        crate::tell(&format_args!("data/config-last-good.toml cannot be written: {error}"));
    }
    settings
}

/// Reads it again if it has changed. With the whole root gone it stays: somebody must be told.
pub(crate) fn refresh(settings: &mut Settings, sys: &Sys, root: &Root) {
    let there = !matches!(sys.store.stat(&root.data()), Ok(None));
    if there && settings.outdated(sys, root) {
        *settings = load(sys, root);
    }
}
