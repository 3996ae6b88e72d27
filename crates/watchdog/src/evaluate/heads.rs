//! The heads of the sealed logs, at the end of every message.

use holdfast_notify::Heads;

use super::Watchdog;
use crate::tell;

impl Watchdog<'_> {
    /// The end of every message. What cannot be read is left out, and that is said once.
    pub(super) fn heads(&mut self) -> String {
        let heads = Heads::read(&self.sys, &self.root, &self.settings.config);
        for fault in &heads.faults {
            if self.headless.insert(fault.clone()) {
                tell(&format_args!("{fault}; messages go out without it"));
            }
        }
        heads.footer()
    }
}
