//! Heartbeats of other machines: the same table, by the clocks of this one.

use super::judge::{Context, Judged, Seen, opening, remember};
use super::memory::{Heard, Probed, WatchMemory};
use super::probed::Waited;
use super::rows::Case;
use crate::config::{BeatSource, Pointer, Watch, WatchKind};
use crate::heartbeat::{Beat, OURS};
use crate::json::Object;
use crate::sys::Now;
use crate::time::age;

/// Readings of the writer's boot clock: two machines count from different boots, so ours is never compared with them.
const FOREIGN: [&str; 3] = ["boot", "up", "awake"];
/// What the words of a failure name of a beat, beside the keys that are ours.
const NAMED: [&str; 2] = ["exit", "signal"];

/// It is a heartbeat that is not a local file.
pub(super) fn is_beat(watch: &Watch) -> bool {
    matches!(&watch.kind, WatchKind::Heartbeat(source) if !matches!(source, BeatSource::File(_)))
}

/// Takes in what stands where the heartbeat should be.
pub(super) fn hear(known: &mut WatchMemory, watch: &Watch, seen: Seen, now: &Now) {
    let seen = native(seen);
    // A beat that was not there at the last answer is no older than that, whatever clocks were stepped since.
    let answered = known.probed.answered.as_ref().filter(|_| known.probed.unheard.is_none());
    let last_look = answered.and_then(super::age::Sight::reading);
    let context = Context {
        now,
        last_look: last_look.as_ref(),
        resumed: None,
        paused: None,
        calendar: None,
        step: None,
    };
    let before = known.evidence.as_ref().map(|(key, _)| key.clone());
    remember(watch, &seen, known, &context);
    if let Some((key, sight)) = &mut known.evidence
        && before.as_ref() != Some(key)
    {
        // That this host slept excuses no other one.
        *sight = sight.of_another_host();
    }
    known.probed.heard = Some(match seen {
        Seen::Missing => Heard::Missing,
        Seen::Malformed(what) => Heard::Malformed(what),
        Seen::Beat(beat) => Heard::Beat(needed(beat.fields, watch)),
    });
    known.probed.unheard = None;
}

/// Without readings of clocks that are not ours.
fn native(seen: Seen) -> Seen {
    let Seen::Beat(mut beat) = seen else { return seen };
    (beat.boot, beat.up, beat.awake) = (None, None, None);
    beat.fields.retain(|key, _| !FOREIGN.contains(&key.as_str()));
    Seen::Beat(beat)
}

/// What is asked of it again before the next answer comes. The rest may be a megabyte.
fn needed(fields: Object, watch: &Watch) -> Object {
    let pointers = watch.advance.iter().chain(watch.limit.iter().map(|limit| &limit.field));
    let keys: Vec<&str> = pointers.map(Pointer::first).chain(OURS).chain(NAMED).collect();
    fields.into_iter().filter(|(key, _)| keys.contains(&key.as_str())).collect()
}

/// The verdict, by what was last heard.
pub(super) fn judge(known: &mut WatchMemory, watch: &Watch, context: &Context, waited: &Waited) -> Judged {
    let session = context.session();
    known.session = opening(known.session.take(), session, context);
    let known = &*known;
    let Probed { heard, unheard, .. } = &known.probed;
    let sight = match &known.evidence {
        Some((_, sight)) => sight,
        None => &known.first,
    };
    let case = Case { watch, memory: known, sight, context, session };
    let seen = heard.as_ref().map(|heard| match heard {
        Heard::Missing => Seen::Missing,
        Heard::Malformed(what) => Seen::Malformed(what.clone()),
        Heard::Beat(fields) => match Beat::from_object(fields.clone()) {
            Ok(beat) => Seen::Beat(Box::new(beat)),
            Err(malformed) => Seen::Malformed(malformed.to_string()),
        },
    });
    let silence = || waited.overdue.then(|| format!("nothing for {}", age(waited.silent)));
    match (seen, unheard.clone().or_else(silence)) {
        (Some(seen), None) => case.judge(&seen),
        (Some(seen), Some(why)) => case.unheard(case.judge(&seen), &why),
        (None, why) => case.never_heard(why.as_deref()),
    }
}
