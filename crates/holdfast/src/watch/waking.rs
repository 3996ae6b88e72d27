//! What is asked while our own network is not back yet: after this host slept, and after it was booted.

use super::age::{Sight, suspended};
use super::judge::Seen;
use super::memory::{Memory, Probed};
use super::probed::Reply;
use super::verdict::{Act, Verdict};
use crate::config::{Watch, WatchKind};
use crate::sys::Now;
use crate::time::age;

/// Sleep of more than this, in seconds, may have taken the network away.
const SLEEP: f64 = 1.0;
/// It is back when the host has been awake for this long, in seconds.
const WAKING: f64 = 60.0;
/// A failure that was put off is looked at again after this, in seconds.
const RECHECK: f64 = 15.0;

impl Memory {
    /// Takes in that this host has slept since the last check.
    pub(super) fn see_sleep(&mut self, now: &Now) {
        if suspended(now, self.last_check.as_ref()) > SLEEP {
            self.woke = Some(Sight::now(now));
        }
    }

    /// For how many seconds a failure of what is asked may still be that of our own network, which is back, or up after
    /// a boot, only some time after us (**clock-honest**).
    pub(super) fn waking(&self, now: &Now) -> Option<f64> {
        let awake = self.woke.as_ref().map_or(f64::INFINITY, |woke| woke.awake_age(now)).min(now.awake);
        Some(WAKING - awake).filter(|left| *left > 0.0)
    }
}

/// A failure of `watch` where nothing was wrong before this host slept, or booted: our own network may be the reason. It
/// is asked again, and counts in `left` seconds. A log lies here.
pub(super) fn put_off(watch: &Watch, reply: &Reply, left: f64) -> Option<Reply> {
    let later = |what: &str| {
        format!("{what} (this host was asleep or off until now: asked again, and counts in {})", age(left))
    };
    match reply {
        Reply::Found { verdict: Verdict::Failed, detail, .. }
            if !matches!(watch.kind, WatchKind::Log { .. }) =>
        {
            Some(Reply::found(Verdict::Unknown, Act::None, later(detail)))
        }
        Reply::NoBeat(why) => Some(Reply::NoBeat(later(why))),
        Reply::Beat(Seen::Missing) => Some(Reply::NoBeat(later("there is no heartbeat"))),
        Reply::Beat(Seen::Malformed(what)) => Some(Reply::NoBeat(later(&format!("the heartbeat {what}")))),
        Reply::Found { .. } | Reply::Beat(Seen::Beat(_)) => None,
    }
}

/// After how many seconds it is asked again.
pub(super) fn interval(watch: &Watch, probed: &Probed) -> f64 {
    let every = watch.probe.every.as_secs_f64();
    if probed.put_off { every.min(RECHECK) } else { every }
}
