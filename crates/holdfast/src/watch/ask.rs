//! Reading the heartbeats of a root and judging them.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use super::age::rebooted;
use super::judge::{Context, Judged, Seen, judge};
use super::memory::{Memory, WatchMemory};
use super::probed::judge_asked;
use super::stray::{self, Strays};
use super::verdict::{Act, Verdict};
use crate::circuit::{View, view};
use crate::config::{BeatSource, Config, Watch, WatchKind};
use crate::heartbeat::{Beat, Name, OURS, read_watchdogs};
use crate::json;
use crate::root::Root;
use crate::sys::{Now, ReadError, Sys};
use crate::time::age;

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
    let there = there.iter().filter_map(|file| stray::name(file));
    // The names of a configuration that is gone are not those of files.
    let known = memory.watches.keys().filter(|_| !memory.configured);
    let known = known.filter_map(|name| Name::of_own(name).ok());
    let mut names: Vec<Name> = there.chain(known).collect();
    names.sort();
    names.dedup();
    let main = Name::main();
    let main_is_there = !matches!(sys.store.stat(&root.heartbeat(None)), Ok(None));
    let main_is_known = !memory.configured && memory.watches.contains_key(main.as_str());
    let mut watches = Vec::new();
    if main_is_there || main_is_known || names.is_empty() {
        watches.push(Watch::heartbeat(main, None));
    }
    watches.extend(names.into_iter().map(|name| Watch::heartbeat(name.clone(), Some(name))));
    watches
}

/// What was found on the disk.
#[derive(Clone, Debug)]
pub struct Observed<'a> {
    /// When the looking began: what was not there then may have come before it was judged.
    began: Now,
    beats: Vec<(&'a Watch, Seen)>,
    strays: Strays,
}

impl Observed<'_> {
    fn has(&self, watch: &Watch) -> bool {
        self.beats.iter().any(|(local, _)| local.name == watch.name)
    }
}

/// What stands where each local heartbeat should be; watches of another kind are left out.
pub fn observe<'a>(sys: &Sys, root: &Root, watches: &'a [Watch]) -> Observed<'a> {
    let local = watches.iter().filter_map(|watch| match &watch.kind {
        WatchKind::Heartbeat(BeatSource::File(file)) => Some((watch, root.heartbeat(file.as_ref()))),
        _ => None,
    });
    let (local, paths): (Vec<_>, Vec<_>) = local.unzip();
    let began = sys.clock.now();
    let mut found = look_at_all(sys, &local, &paths);
    let give_up = sys.clock.now().up + REREAD.as_secs_f64();
    // All of them together: a thousand torn files take no longer than one.
    while found.iter().any(|seen| matches!(seen, Looked::Torn(_))) && sys.clock.now().up < give_up {
        sys.clock.wait(REREAD_STEP);
        for (number, seen) in found.iter_mut().enumerate() {
            if matches!(seen, Looked::Torn(_)) {
                *seen = looked(local[number], sys.store.read(&paths[number]));
            }
        }
    }
    let beats = local.into_iter().zip(found).map(|(watch, looked)| match looked {
        Looked::Seen(seen) => (watch, seen),
        Looked::Torn(what) => (watch, Seen::Malformed(what)),
    });
    Observed { began, beats: beats.collect(), strays: Strays::find(sys, root) }
}

enum Looked {
    Seen(Seen),
    /// May be a writer at work.
    Torn(String),
}

fn look_at_all(sys: &Sys, watches: &[&Watch], paths: &[PathBuf]) -> Vec<Looked> {
    let found: Vec<OnceLock<Looked>> = paths.iter().map(|_| OnceLock::new()).collect();
    sys.store.read_each(paths, &|number, read| {
        // Each comes once.
        let _ = found[number].set(looked(watches[number], read));
    });
    let unread = || Looked::Torn("was not read".to_owned());
    found.into_iter().map(|found| found.into_inner().unwrap_or_else(unread)).collect()
}

fn looked(watch: &Watch, read: Result<Vec<u8>, ReadError>) -> Looked {
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(ReadError::Missing) => return Looked::Seen(Seen::Missing),
        Err(error) => return Looked::Seen(Seen::Malformed(error.to_string())),
    };
    match Beat::parse(&bytes) {
        Ok(mut beat) => {
            // What no rule asks for goes at once: all the fields of a thousand beats are megabytes.
            if watch.advance.is_empty() && watch.limit.is_empty() {
                beat.fields = json::Object::new();
            }
            Looked::Seen(Seen::Beat(Box::new(beat)))
        }
        Err(malformed) => Looked::Torn(malformed.to_string()),
    }
}

/// Judges what was observed, as the circuit stands in `view`. Brings `memory` up to date with it.
pub fn judge_all(
    sys: &Sys,
    config: &Config,
    memory: &mut Memory,
    view: &View,
    observed: &Observed,
) -> Vec<(String, Judged)> {
    let now = sys.clock.now();
    let last_check = memory.last_check.clone();
    if let Some(last) = last_check.as_ref().filter(|last| rebooted(last, &now)) {
        // What the wall clock was moved before the reboot says nothing of the time since.
        memory.anchor(last);
        if now.boot.is_none() && last.boot.is_none() {
            // Once this boot has lasted as long as the last one, what is of before would be taken for of now.
            memory.anchor(&now);
        }
    }
    memory.see_sleep(&now);
    memory.circuit.see(view, &now, last_check.as_ref());
    let last_look = memory.last_look.replace(observed.began.clone()).or_else(|| last_check.clone());
    let mut judged = Vec::with_capacity(observed.beats.len() + 1);
    for (watch, seen) in &observed.beats {
        let context = Context {
            last_look: last_look.as_ref(),
            ..Context::of(config, &memory.circuit, view, watch, &now, last_check.as_ref())
        };
        let name = watch.name.to_string();
        let known = memory.watches.entry(name.clone()).or_insert_with(|| WatchMemory::new(&now));
        let verdict = judge(watch, seen, known, &context);
        judged.push((name, verdict));
    }
    // A configuration says itself what is watched.
    if config.watches.is_empty() {
        judged.push((stray::HEARTBEATS.to_owned(), observed.strays.judge()));
    }
    judged
}

/// What the watchdog of this root remembers; `None` if it has not run here or its file is not readable.
pub fn recall(sys: &Sys, root: &Root) -> Option<(Beat, Memory)> {
    recollect(sys, root).ok().flatten()
}

/// The same with what is wrong with `data/watchdog.json`, if it is there.
pub fn recollect(sys: &Sys, root: &Root) -> Result<Option<(Beat, Memory)>, String> {
    let bytes = match read_watchdogs(sys, root) {
        Ok(bytes) => bytes,
        Err(ReadError::Missing) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let malformed = |what: &str| format!("is malformed: {}", what.strip_prefix("is ").unwrap_or(what));
    let (ours, memory) = json::object_and(&bytes, &OURS).map_err(|what| malformed(&what))?;
    let beat = Beat::from_object(ours).map_err(|error| malformed(&error.to_string()))?;
    Ok(Some((beat, memory)))
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

/// Judges the local heartbeats as they are now; of other watches, what the watchdog has last heard.
/// Changes nothing, and asks nobody.
///
/// A stillness (missing, stale, overrun, not advancing) blocks no resume: under a pause nobody is expected to
/// beat, and after it every watch has one full `max_age`. What stands in the file itself does.
pub fn ask(sys: &Sys, root: &Root, config: &Config) -> Vec<Said> {
    let mut memory = recall(sys, root).map(|(_, memory)| memory).unwrap_or_default();
    let watches = watches(sys, root, config, &memory);
    let observed = observe(sys, root, &watches);
    let view = view(sys, root);
    let judged = judge_all(sys, config, &mut memory, &view, &observed);
    let said = |watch: String, verdict: Verdict, act: Act, detail: String| {
        let blocks_resume = act == Act::Trip && verdict.stands_in_the_file();
        Said { watch, verdict, detail, blocks_resume }
    };
    // That all heartbeats are watched goes without saying.
    let spoken = |judged: &(String, Judged)| judged.0 != stray::HEARTBEATS || judged.1.act > Act::None;
    let mut all: Vec<Said> = judged
        .into_iter()
        .filter(spoken)
        .map(|(watch, judged)| said(watch, judged.verdict, judged.act, judged.detail))
        .collect();
    let now = sys.clock.now();
    for watch in watches.iter().filter(|watch| !observed.has(watch)) {
        let Judged { verdict, act, detail, .. } = recalled(config, &mut memory, &view, watch, &now);
        all.push(said(watch.name.to_string(), verdict, act, detail));
    }
    all
}

/// What the watchdog has last found of a watch that must be asked. Nobody is asked for it here.
fn recalled(config: &Config, memory: &mut Memory, view: &View, watch: &Watch, now: &Now) -> Judged {
    // An answer of long ago is no health (**silence-is-not-health**).
    let judged = judge_asked(config, memory, view, watch, now);
    let answered = memory.watches.get(watch.name.as_str()).and_then(|known| known.probed.answered.as_ref());
    let Some(answered) = answered else {
        return Judged::new(Verdict::Unknown, Act::Alert, "the watchdog has no answer of it yet");
    };
    let ago = age(answered.age(now));
    Judged { detail: format!("{} (the watchdog's last answer is {ago} old)", judged.detail), ..judged }
}
