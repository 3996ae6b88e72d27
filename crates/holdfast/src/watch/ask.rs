//! Reading the heartbeats of a root and judging them.

use std::time::Duration;

use super::age::{clock_step, rebooted_unnamed};
use super::judge::{Context, Judged, Seen, judge};
use super::memory::{Memory, WatchMemory};
use super::verdict::{Act, Verdict};
use crate::circuit::{Verdict as CircuitVerdict, View, view};
use crate::config::{BeatSource, Config, Watch, WatchKind};
use crate::heartbeat::{Beat, Name};
use crate::root::Root;
use crate::sys::{ReadError, Sys};

/// Simple writers write in place: bytes that are no beat are read again for this long before they count.
const REREAD: Duration = Duration::from_millis(200);
const REREAD_STEP: Duration = Duration::from_millis(10);

/// What is watched: the configuration's watches, or without any every heartbeat file that is there, those that
/// were there before, and `data/heartbeat.json`, which is expected where there is no other.
pub fn watches(sys: &Sys, root: &Root, config: &Config, memory: &Memory) -> Vec<Watch> {
    if !config.watches.is_empty() {
        return config.watches.clone();
    }
    let there = sys.store.list(&root.heartbeats()).unwrap_or_default();
    let there = there.iter().filter_map(|file| file.strip_suffix(".json")).map(str::to_owned);
    // The names of a configuration that is gone are not those of files.
    let known = memory.watches.keys().filter(|_| !memory.configured).cloned();
    let mut names: Vec<Name> = there.chain(known).filter_map(|name| name.parse().ok()).collect();
    names.sort();
    names.dedup();
    let main = Name::main();
    names.retain(|name| *name != main);
    let main_is_there = !matches!(sys.store.stat(&root.heartbeat(None)), Ok(None));
    let main_is_known = !memory.configured && memory.watches.contains_key(main.as_str());
    let mut watches = Vec::new();
    if main_is_there || main_is_known || names.is_empty() {
        watches.push(Watch::heartbeat(main, None));
    }
    watches.extend(names.into_iter().map(|name| Watch::heartbeat(name.clone(), Some(name))));
    watches
}

/// What stands where each local heartbeat should be; watches of another kind are left out.
pub fn observe<'a>(sys: &Sys, root: &Root, watches: &'a [Watch]) -> Vec<(&'a Watch, Seen)> {
    let local = watches.iter().filter_map(|watch| match &watch.kind {
        WatchKind::Heartbeat(BeatSource::File(file)) => Some((watch, root.heartbeat(file.as_ref()))),
        _ => None,
    });
    let mut found: Vec<_> = local.map(|(watch, path)| (watch, look(sys, &path), path)).collect();
    let give_up = sys.clock.now().up + REREAD.as_secs_f64();
    // All of them together: a thousand torn files take no longer than one.
    while found.iter().any(|(_, seen, _)| matches!(seen, Looked::Torn(_))) && sys.clock.now().up < give_up {
        sys.clock.wait(REREAD_STEP);
        for (_, seen, path) in found.iter_mut().filter(|(_, seen, _)| matches!(seen, Looked::Torn(_))) {
            *seen = look(sys, path);
        }
    }
    found
        .into_iter()
        .map(|(watch, looked, _)| match looked {
            Looked::Seen(seen) => (watch, seen),
            Looked::Torn(what) => (watch, Seen::Malformed(what)),
        })
        .collect()
}

enum Looked {
    Seen(Seen),
    /// May be a writer at work.
    Torn(String),
}

fn look(sys: &Sys, path: &std::path::Path) -> Looked {
    match sys.store.read(path) {
        Ok(bytes) => match Beat::parse(&bytes) {
            Ok(beat) => Looked::Seen(Seen::Beat(Box::new(beat))),
            Err(malformed) => Looked::Torn(malformed.to_string()),
        },
        Err(ReadError::Missing) => Looked::Seen(Seen::Missing),
        Err(error) => Looked::Seen(Seen::Malformed(error.to_string())),
    }
}

/// Judges what was observed, as the circuit stands in `view`. Brings `memory` up to date with it.
pub fn judge_all(
    sys: &Sys,
    config: &Config,
    memory: &mut Memory,
    view: &View,
    observed: &[(&Watch, Seen)],
) -> Vec<(String, Judged)> {
    let now = sys.clock.now();
    let last_check = memory.last_check.clone();
    if last_check.as_ref().is_some_and(|last| rebooted_unnamed(last, &now)) {
        memory.anchor(&now);
    }
    memory.circuit.see(view, &now, last_check.as_ref());
    let mode = match view.verdict {
        CircuitVerdict::Green => None,
        CircuitVerdict::Paused { mode, .. } => Some(mode),
    };
    let step = last_check.as_ref().and_then(|last| clock_step(last, &now));
    let mut judged = Vec::with_capacity(observed.len());
    for (watch, seen) in observed {
        let context = Context {
            now: &now,
            last_check: last_check.as_ref(),
            resumed: memory.circuit.resumed.as_ref(),
            paused: memory.circuit.paused.as_ref().zip(mode),
            calendar: watch.during.as_ref().and_then(|name| config.calendars.get(name)),
            step,
        };
        let name = watch.name.to_string();
        let (verdict, remembered) = judge(watch, seen, memory.watches.get(&name), &context);
        memory.watches.insert(name.clone(), remembered);
        judged.push((name, verdict));
    }
    judged
}

/// What the watchdog of this root remembers; `None` if it has not run here or its file is not readable.
pub fn recall(sys: &Sys, root: &Root) -> Option<(Beat, Memory)> {
    let bytes = sys.store.read(&root.watchdog()).ok()?;
    Some((Beat::parse_ours(&bytes).ok()?, Memory::parse(&bytes)?))
}

/// What a watch says, for a person who is about to resume.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Its name.
    pub watch: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// In words, with the age of what did not come from a file just now.
    pub detail: String,
    /// A resume would leave the cause standing.
    pub blocks_resume: bool,
}

/// Judges the local heartbeats as they are now; of other watches, what the watchdog's last check found.
/// Changes nothing.
///
/// A stillness (missing, stale, overrun, not advancing) blocks no resume: under a pause nobody is expected to
/// beat, and after it every watch has one full `max_age`. What stands in the file itself does.
pub fn ask(sys: &Sys, root: &Root, config: &Config) -> Vec<Said> {
    let mut memory = recall(sys, root).map(|(_, memory)| memory).unwrap_or_default();
    let watches = watches(sys, root, config, &memory);
    let observed = observe(sys, root, &watches);
    let judged = judge_all(sys, config, &mut memory, &view(sys, root), &observed);
    let said = |watch: String, verdict: Verdict, act: Act, detail: String| {
        let blocks_resume = act == Act::Trip && verdict.stands_in_the_file();
        Said { watch, verdict, detail, blocks_resume }
    };
    let mut all: Vec<Said> = judged
        .into_iter()
        .map(|(watch, judged)| said(watch, judged.verdict, judged.act, judged.detail))
        .collect();
    for watch in watches.iter().filter(|watch| !observed.iter().any(|(local, _)| local.name == watch.name)) {
        let name = watch.name.to_string();
        let (verdict, act, detail) = match memory.watches.get(&name) {
            Some(WatchMemory { verdict, act, detail, .. }) => {
                (*verdict, *act, format!("{detail} (at the watchdog's last check)"))
            }
            None => (Verdict::Unknown, Act::Alert, "the watchdog has not looked at it yet".to_owned()),
        };
        all.push(said(name, verdict, act, detail));
    }
    all
}
