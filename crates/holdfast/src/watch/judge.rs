//! The verdict of one heartbeat, and what is remembered of it.

use std::fmt::Write as _;

use super::age::{Sight, Stamp, clock_step};
use super::memory::{CircuitMemory, Probed, WatchMemory};
use super::progress;
use super::rows::Case;
use super::verdict::{Act, Verdict};
use super::writers::Writers;
use crate::calendar::{Calendar, Session};
use crate::circuit::{Mode, Verdict as CircuitVerdict, View};
use crate::config::{Config, Watch};
use crate::heartbeat::Beat;
use crate::sys::Now;
use crate::text::printable;

/// The longest reason, in characters: parts of it are other people's words.
const DETAIL_MAX: usize = 400;

/// What was found where a heartbeat should be.
#[derive(Clone, Debug)]
pub enum Seen {
    /// Nothing.
    Missing,
    /// Something that is no beat: what is wrong with it.
    Malformed(String),
    /// A beat.
    Beat(Box<Beat>),
}

/// What a heartbeat is judged against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The clocks.
    pub now: &'a Now,
    /// The clocks when the last look at the beats began.
    pub last_look: Option<&'a Now>,
    /// The last resume.
    pub resumed: Option<&'a Sight>,
    /// The pause that stands, and what it forbids.
    pub paused: Option<(&'a Sight, Mode)>,
    /// The watch's calendar; `None` is always in session.
    pub calendar: Option<&'a Calendar>,
    /// By how many seconds the wall clock was moved since the last check.
    pub step: Option<f64>,
}

impl<'a> Context<'a> {
    /// Of a watch, as memory and circuit are now.
    pub(super) fn of(
        config: &'a Config,
        circuit: &'a CircuitMemory,
        view: &View,
        watch: &Watch,
        now: &'a Now,
        last_check: Option<&Now>,
    ) -> Self {
        let mode = match view.verdict {
            CircuitVerdict::Green => None,
            CircuitVerdict::Paused { mode, .. } => Some(mode),
        };
        Self {
            now,
            last_look: None,
            resumed: circuit.resumed.as_ref(),
            paused: circuit.paused.as_ref().zip(mode),
            calendar: watch.during.as_ref().and_then(|name| config.calendars.get(name)),
            step: last_check.and_then(|last| clock_step(last, now)),
        }
    }
}

impl Context<'_> {
    /// What the watch's calendar says of this moment.
    pub(super) fn session(&self) -> Option<Session> {
        self.calendar.map(|calendar| calendar.session(self.now.wall))
    }
}

/// Since when the session under way is known to be open. That is seen as anything is: the host may have slept through
/// the opening, and nobody is late for that (**clock-honest**).
pub(super) fn opening(
    known: Option<(f64, Sight)>,
    session: Option<Session>,
    context: &Context,
) -> Option<(f64, Sight)> {
    let Some(Session::Open { since, .. }) = session else { return None };
    let seen = || {
        let stamp = Stamp { wall: since, up: None, awake: None, boot: None };
        (since, Sight::of(context.now, context.last_look, stamp))
    };
    // A calendar that never closes has no opening.
    since.is_finite().then(|| known.filter(|(of, _)| of.to_bits() == since.to_bits()).unwrap_or_else(seen))
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The row that matched.
    pub verdict: Verdict,
    /// What it asks for, before `on_fail` has its say.
    pub act: Act,
    /// The reason, in words for people.
    pub detail: String,
    /// In how many seconds the verdict may change without new evidence.
    pub next: Option<f64>,
}

impl Judged {
    /// A verdict that only new evidence changes.
    pub fn new(verdict: Verdict, act: Act, detail: impl Into<String>) -> Self {
        Self { verdict, act, detail: detail.into(), next: None }
    }

    /// What is due already waits for evidence, not for time.
    pub(super) fn until(self, next: f64) -> Self {
        Self { next: (next > 0.0).then_some(next), ..self }
    }
}

/// Judges a heartbeat and remembers what was seen.
pub fn judge(watch: &Watch, seen: &Seen, memory: &mut WatchMemory, context: &Context) -> Judged {
    let sight = remember(watch, seen, memory, context);
    let session = context.session();
    memory.session = opening(memory.session.take(), session, context);
    let judged = Case { watch, memory, sight: &sight, context, session }.judge(seen);
    memory.keep(judged)
}

impl WatchMemory {
    /// Remembers a verdict, in words of bounded length.
    pub(super) fn keep(&mut self, mut judged: Judged) -> Judged {
        judged.detail = printable(&judged.detail, DETAIL_MAX);
        self.verdict = judged.verdict;
        self.detail.clone_from(&judged.detail);
        self.act = judged.act;
        judged
    }

    /// Of a watch that is first evaluated now.
    pub fn new(now: &Now) -> Self {
        Self {
            first: Sight::now(now),
            verdict: Verdict::Unknown,
            detail: String::new(),
            act: Act::None,
            evidence: None,
            session: None,
            advance: std::collections::BTreeMap::new(),
            rise: std::collections::BTreeMap::new(),
            writers: Writers::default(),
            probed: Probed::default(),
        }
    }
}

/// Takes in the evidence; returns since when this very evidence is there.
pub(super) fn remember(watch: &Watch, seen: &Seen, memory: &mut WatchMemory, context: &Context) -> Sight {
    let now = context.now;
    let key = match seen {
        Seen::Missing => "missing".to_owned(),
        Seen::Malformed(what) => format!("malformed: {what}"),
        Seen::Beat(beat) => identity(beat),
    };
    if let Some((known, sight)) = &memory.evidence
        && *known == key
    {
        return sight.clone();
    }
    let sight = match seen {
        Seen::Beat(beat) => {
            memory.writers.see(now, beat);
            progress::see(memory, now, beat, &watch.advance, &watch.limit);
            // Only a watch that was looked at then can tell that the beat was not there.
            let last = context.last_look.filter(|_| memory.evidence.is_some());
            Sight::of(now, last, stamp(beat))
        }
        _ => Sight::now(now),
    };
    memory.evidence = Some((key, sight.clone()));
    sight
}

/// Tells a beat from the one before it, whoever wrote them.
fn identity(beat: &Beat) -> String {
    let mut identity = format!("beat at {} status {}", beat.at, beat.status);
    let text = |number: Option<u64>| number.map(|number| number.to_string());
    let parts = [("up", beat.up.map(|up| up.to_string())), ("seq", text(beat.seq)), ("pid", text(beat.pid))];
    for (key, value) in parts {
        if let Some(value) = value {
            let _ = write!(identity, " {key} {value}");
        }
    }
    identity
}

pub(super) fn stamp(beat: &Beat) -> Stamp<'_> {
    Stamp { wall: beat.at, up: beat.up, awake: beat.awake, boot: beat.boot.as_deref() }
}
