//! Trying the channels on demand.

use std::time::Duration;

use holdfast::Root;
use holdfast::config::Channel;
use holdfast::sys::Sys;

use crate::alert::Alert;
use crate::outbox::Outbox;
use crate::report::Delivery;
use crate::state::States;
use crate::transport::Transport;

/// Sends one test message through every channel, of whatever level, and says which worked: those whose
/// report has `accepted` 1; the others say why in `error`. Nothing is stored: somebody is waiting for it.
pub fn test_alert(
    sys: &Sys<'_>,
    root: &Root,
    channels: &[Channel],
    states: &States,
    budget: Duration,
    alert: &Alert,
    transport: &dyn Transport,
) -> Delivery {
    let mut outbox = Outbox::fleeting(root);
    let alert = Alert { level: u8::MAX, ..alert.clone() };
    // An outbox that stores nothing cannot fail to store.
    let _ = outbox.put(sys, &alert, channels);
    outbox.deliver(sys, channels, states, budget, transport)
}
