//! What is known at this moment.

use std::time::UNIX_EPOCH;

use holdfast::advice::Advice;
use holdfast::calendar::Zone;
use holdfast::circuit::{self, Hold, Resumed, Verdict};
use holdfast::settings::Settings;
use holdfast::sys::Sys;
use holdfast::watch::{self, Incident, Said, Sight, Stamp};
use holdfast::{Root, local};
use holdfast_notify::{Heads, Outbox};

/// Everything that a message may speak of.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) host: String,
    /// How commands name the root.
    pub(crate) advice: Advice,
    /// The wall clock.
    pub(crate) now: f64,
    /// Where the reader is.
    pub(crate) zone: Zone,
    pub(crate) verdict: Verdict,
    /// Oldest first.
    pub(crate) holds: Vec<Hold>,
    /// The last resume on a terminal.
    pub(crate) resumed: Option<Resumed>,
    /// What the watches say now.
    pub(crate) watches: Vec<Said>,
    /// Why `holdfast.toml` is not in force.
    pub(crate) trouble: Option<String>,
    /// How long ago the watchdog last completed a check, in seconds; `None`: never, or nobody can tell.
    pub(crate) checked: Option<f64>,
    pub(crate) incidents: Vec<Incident>,
    /// Alerts in the outbox, and what is wrong with the outbox itself.
    pub(crate) waiting: usize,
    pub(crate) faults: Vec<String>,
    /// Length in bytes of the decision log, and how long ago it was last written, in seconds.
    pub(crate) decisions: Option<(u64, f64)>,
    /// The heads of the sealed logs.
    pub(crate) heads: Heads,
}

impl Facts {
    /// Looks at everything; changes nothing.
    pub(crate) fn now(sys: &Sys, root: &Root, settings: &Settings) -> Self {
        let view = circuit::view(sys, root);
        let watches = watch::ask(sys, root, &settings.config);
        let recalled = watch::recall(sys, root);
        let pending = Outbox::open(root).pending(sys);
        let now = sys.clock.now();
        let checked = recalled.as_ref().map(|(beat, _)| {
            let stamp = Stamp { wall: beat.at, up: beat.up, awake: beat.awake, boot: beat.boot.as_deref() };
            Sight::of(&now, None, stamp).age(&now)
        });
        let decisions = sys.store.stat(&root.decisions()).ok().flatten().map(|stat| {
            let written = stat.modified.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
            (stat.len, now.wall - written)
        });
        Self {
            host: sys.host.to_owned(),
            advice: Advice::elsewhere(root.path()),
            now: now.wall,
            zone: local::zone(),
            resumed: view.face.and_then(|face| face.resumed),
            verdict: view.verdict,
            holds: view.holds,
            watches,
            trouble: settings.trouble.clone(),
            checked,
            incidents: recalled.map(|(_, memory)| memory.incidents).unwrap_or_default(),
            waiting: pending.entries.len(),
            faults: pending.faults,
            decisions,
            heads: Heads::read(sys, root, &settings.config),
        }
    }

    /// `Europe/Berlin`, or `UTC`.
    pub(crate) fn zone_name(&self) -> String {
        self.zone.to_string()
    }
}
