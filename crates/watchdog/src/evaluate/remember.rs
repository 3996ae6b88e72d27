//! What the last watchdog remembered.

use std::time::Duration;

use holdfast::Root;
use holdfast::heartbeat::read_watchdogs;
use holdfast::sys::{Secrecy, Sys};
use holdfast::time::compact;
use holdfast::watch::{Memory, Probed, Sight, recollect};

/// The number of the last beat, what was remembered, and what is to be said if that is lost.
pub(super) fn take_up(sys: &Sys, root: &Root) -> (u64, Memory, Option<String>) {
    match remembered(sys, root) {
        Ok(known) => {
            let (seq, mut memory) = known.unwrap_or_default();
            forget_questions(sys, &mut memory);
            (seq, memory, None)
        }
        Err(why) => (0, Memory::default(), Some(set_aside(sys, root, &why))),
    }
}

/// Asked for again for a moment: what cannot be read is soon written over, and with it the messages that are not in the
/// outbox yet (**no-silent-alert**).
fn remembered(sys: &Sys, root: &Root) -> Result<Option<(u64, Memory)>, String> {
    const PATIENCE: f64 = 0.2;
    const STEP: Duration = Duration::from_millis(10);
    let give_up = sys.clock.now().up + PATIENCE;
    loop {
        match recollect(sys, root) {
            Err(_) if sys.clock.now().up < give_up => sys.clock.wait(STEP),
            found => return Ok(found?.map(|(beat, memory)| (beat.seq.unwrap_or_default(), memory))),
        }
    }
}

/// Keeps what will be written over: it may be all there is to find out what was lost, and by whom.
fn set_aside(sys: &Sys, root: &Root, why: &str) -> String {
    let name = format!("watchdog-malformed-{}.json", compact(sys.clock.now().wall));
    let bytes = read_watchdogs(sys, root).map_err(|error| error.to_string());
    let keep = |bytes: Vec<u8>| {
        let kept = sys.store.replace(&root.data().join(&name), &bytes, Secrecy::Shared);
        kept.map_err(|error| error.to_string())
    };
    let kept = match bytes.and_then(keep) {
        Ok(()) => format!("it is kept as data/{name}"),
        Err(error) => format!("no copy could be kept: {error}"),
    };
    format!(
        "data/watchdog.json {why}; {kept}. Deadlines count from now; acknowledgements and silences are forgotten: \
         give them again. What is wrong is told anew"
    )
}

/// A question that the last watchdog did not live to see answered is asked again.
fn forget_questions(sys: &Sys, memory: &mut Memory) {
    let now = sys.clock.now();
    for Probed { asked, answered, .. } in memory.watches.values_mut().map(|watch| &mut watch.probed) {
        let age = |sight: &Option<Sight>| sight.as_ref().map_or(f64::INFINITY, |sight| sight.age(&now));
        if age(asked) < age(answered) {
            *asked = None;
        }
    }
}
