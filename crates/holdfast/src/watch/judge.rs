//! The verdict of one heartbeat: first row that matches.

use super::age::{Sight, Stamp, own_age, up_ahead};
use super::memory::WatchMemory;
use super::progress;
use super::verdict::{Act, Verdict};
use super::writers::Writers;
use crate::calendar::{Calendar, Session};
use crate::circuit::Mode;
use crate::config::Watch;
use crate::heartbeat::{Beat, Status};
use crate::sys::Now;
use crate::time::age;

/// A beat this far in the future, in seconds, is not explained by clocks that differ a little.
const FUTURE: f64 = 60.0;

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
    /// The clocks at the last complete evaluation.
    pub last_check: Option<&'a Now>,
    /// The last resume.
    pub resumed: Option<&'a Sight>,
    /// The pause that stands, and what it forbids.
    pub paused: Option<(&'a Sight, Mode)>,
    /// The watch's calendar; `None` is always in session.
    pub calendar: Option<&'a Calendar>,
    /// By how many seconds the wall clock was moved since the last check.
    pub step: Option<f64>,
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

    fn until(self, next: f64) -> Self {
        Self { next: Some(next.max(0.0)), ..self }
    }
}

/// Judges a heartbeat and remembers what was seen.
pub fn judge(
    watch: &Watch,
    seen: &Seen,
    memory: Option<&WatchMemory>,
    context: &Context,
) -> (Judged, WatchMemory) {
    let mut memory = memory.cloned().unwrap_or_else(|| WatchMemory::new(context.now));
    let sight = remember(watch, seen, &mut memory, context);
    let session = context.calendar.map(|calendar| calendar.session(context.now.wall));
    let case = Case { watch, memory: &memory, sight: &sight, context, session };
    let judged = case.excused(match seen {
        Seen::Missing => case.missing(),
        Seen::Malformed(what) => Judged::new(Verdict::Malformed, Act::Trip, format!("the heartbeat {what}")),
        Seen::Beat(beat) => case.beat(beat),
    });
    memory.verdict = judged.verdict;
    memory.detail.clone_from(&judged.detail);
    memory.act = judged.act;
    (judged, memory)
}

impl WatchMemory {
    /// Of a watch that is first evaluated now.
    pub fn new(now: &Now) -> Self {
        Self {
            first: Sight::now(now),
            verdict: Verdict::Unknown,
            detail: String::new(),
            act: Act::None,
            evidence: None,
            advance: std::collections::BTreeMap::new(),
            rise: std::collections::BTreeMap::new(),
            writers: Writers::default(),
        }
    }
}

/// Takes in the evidence; returns since when this very evidence is there.
fn remember(watch: &Watch, seen: &Seen, memory: &mut WatchMemory, context: &Context) -> Sight {
    let now = context.now;
    let key = match seen {
        Seen::Missing => "missing".to_owned(),
        Seen::Malformed(what) => format!("malformed: {what}"),
        Seen::Beat(beat) => {
            format!("beat {} {:?} {:?} {:?} {}", beat.at, beat.up, beat.seq, beat.pid, beat.status)
        }
    };
    if let Some((known, sight)) = &memory.evidence
        && *known == key
    {
        return sight.clone();
    }
    let sight = match seen {
        Seen::Beat(beat) => {
            memory.writers.see(now, beat);
            progress::see(memory, now, &beat.fields, &watch.advance, &watch.limit);
            // Only a watch that was looked at then can tell that the beat was not there.
            let last = context.last_check.filter(|_| memory.evidence.is_some());
            Sight::of(now, last, stamp(beat))
        }
        _ => Sight::now(now),
    };
    memory.evidence = Some((key, sight.clone()));
    sight
}

fn stamp(beat: &Beat) -> Stamp<'_> {
    Stamp { wall: beat.at, up: beat.up, awake: beat.awake, boot: beat.boot.as_deref() }
}

/// A span of time by the clock that counts suspend and by the one that does not.
#[derive(Clone, Copy)]
struct Span {
    all: f64,
    awake: f64,
}

struct Case<'a> {
    watch: &'a Watch,
    memory: &'a WatchMemory,
    sight: &'a Sight,
    context: &'a Context<'a>,
    session: Option<Session>,
}

impl Case<'_> {
    fn max_age(&self) -> f64 {
        self.watch.max_age.as_secs_f64()
    }

    fn span(&self, sight: &Sight) -> Span {
        let now = self.context.now;
        Span { all: sight.age(now), awake: sight.awake_age(now) }
    }

    /// Time counts from the latest of the beat, the last resume and the first sight of the watch.
    fn since(&self, span: Span) -> Span {
        [Some(&self.memory.first), self.context.resumed].into_iter().flatten().fold(span, |span, sight| {
            let other = self.span(sight);
            Span { all: span.all.min(other.all), awake: span.awake.min(other.awake) }
        })
    }

    /// And from the opening of the session; `None` while it is over.
    fn in_session(&self, span: Span) -> Option<Span> {
        let open = match self.session {
            None => f64::INFINITY,
            Some(Session::Open { since, .. }) => (self.context.now.wall - since).max(0.0),
            Some(Session::Closed { .. }) => return None,
        };
        let span = self.since(span);
        Some(Span { all: span.all.min(open), awake: span.awake.min(open) })
    }

    /// A stillness that began under a pause is that of a pipeline which honours it: no trip, and no blocked
    /// resume. Under a milder pause people are told, for the pipeline may still be at work.
    fn under_pause(&self, still: f64, allowed: f64, act: Act) -> Act {
        match self.context.paused {
            Some((paused, mode)) if still - allowed < paused.age(self.context.now) => match mode {
                Mode::Halt => Act::None,
                Mode::Reduce => act.min(Act::Alert),
            },
            _ => act,
        }
    }

    /// What stood there before a person resumed has been judged by that person, for one `max_age`.
    fn excused(&self, judged: Judged) -> Judged {
        let Some(resumed) = self.context.resumed else { return judged };
        let now = self.context.now;
        let left = self.max_age() - resumed.age(now);
        if judged.act == Act::Trip && left >= 0.0 && self.sight.age(now) > resumed.age(now) {
            let detail = format!(
                "{} (known at the resume; trips in {} if nothing newer comes)",
                judged.detail,
                age(left)
            );
            return Judged { act: Act::Alert, detail, next: Some(left), ..judged };
        }
        judged
    }

    fn missing(&self) -> Judged {
        let forever = Span { all: f64::INFINITY, awake: f64::INFINITY };
        let Some(waited) = self.in_session(forever) else { return self.off_hours() };
        let max_age = self.max_age();
        let detail = format!("there is no heartbeat; waited {}, allowed {}", age(waited.all), age(max_age));
        let act = if waited.awake > max_age { Act::Trip } else { Act::Alert };
        let act = self.under_pause(waited.all, max_age, act);
        Judged::new(Verdict::Missing, act, detail).until(max_age - waited.awake)
    }

    fn off_hours(&self) -> Judged {
        let judged = Judged::new(Verdict::OffHours, Act::None, "the session is over; no beat is expected");
        match self.session {
            Some(Session::Closed { next: Some(next) }) => judged.until(next - self.context.now.wall),
            _ => judged,
        }
    }

    fn beat(&self, beat: &Beat) -> Judged {
        reported(beat)
            .or_else(|| self.clock_ahead(beat))
            .or_else(|| self.overrun(beat))
            .or_else(|| self.stale())
            .or_else(|| self.not_advancing(beat))
            .or_else(|| self.limit(beat))
            .or_else(|| self.trip_ignored(beat))
            .or_else(|| self.two_writers())
            .or_else(|| self.clock_stepped())
            .or_else(|| self.out_of_hours())
            .unwrap_or_else(|| self.fresh(beat))
    }

    fn clock_ahead(&self, beat: &Beat) -> Option<Judged> {
        let now = self.context.now;
        let ahead = beat.at - now.wall;
        let up_ahead = up_ahead(now, stamp(beat));
        if ahead <= FUTURE && !up_ahead {
            return None;
        }
        let span = self.since(self.span(self.sight));
        let second = own_age(now, stamp(beat)).map_or(span.all, |own| own.max(span.all));
        let what = if up_ahead {
            "its boot clock is ahead of ours on the same boot"
        } else {
            "its time is ahead of ours"
        };
        let by = if ahead > FUTURE { format!(" by {}", age(ahead)) } else { String::new() };
        let detail = format!("the beat is from the future: {what}{by}; seen {} ago", age(span.all));
        let stale = second > self.max_age() && span.awake > self.max_age();
        let act = if stale { Act::Trip } else { Act::Alert };
        Some(Judged::new(Verdict::ClockAhead, act, detail).until(self.max_age() - span.awake))
    }

    /// How long the cycle has been running: since its begin, by the clocks of its beat.
    fn running(&self, beat: &Beat) -> Option<Span> {
        let begun = beat.begun.filter(|_| beat.running())?;
        let before = (beat.at - begun).max(0.0);
        let span = self.span(self.sight);
        Some(self.since(Span { all: span.all + before, awake: span.awake + before }))
    }

    fn overrun(&self, beat: &Beat) -> Option<Judged> {
        let max_run = self.watch.max_run.as_secs_f64();
        let ran = self.running(beat).filter(|ran| ran.all > max_run)?;
        if ran.awake <= max_run {
            return Some(slept(ran, max_run));
        }
        let detail =
            format!("the cycle began {} ago and has not ended; allowed {}", age(ran.all), age(max_run));
        let act = self.under_pause(ran.all, max_run, Act::Trip);
        Some(Judged::new(Verdict::Overrun, act, detail))
    }

    fn stale(&self) -> Option<Judged> {
        let max_age = self.max_age();
        let raw = self.span(self.sight);
        let Some(still) = self.in_session(raw) else {
            return Some(self.off_hours()).filter(|_| raw.all > max_age);
        };
        if still.all > max_age && still.awake <= max_age {
            return Some(slept(still, max_age));
        }
        let detail = format!("heartbeat stale: last beat {} ago, allowed {}", age(raw.all), age(max_age));
        if still.all > max_age {
            let act = self.under_pause(still.all, max_age, Act::Trip);
            return Some(Judged::new(Verdict::Stale, act, detail));
        }
        // It was stale before anybody watched: said at once, tripped when the watch has waited long enough.
        let first = self.span(&self.memory.first);
        let never_fresh = raw.all > max_age && still.all >= first.all && self.context.resumed.is_none();
        never_fresh.then(|| {
            let left = max_age - first.awake;
            let detail = format!("{detail}; watched for {}, trips in {}", age(first.all), age(left));
            let act = self.under_pause(raw.all, max_age, Act::Alert);
            Judged::new(Verdict::Stale, act, detail).until(left)
        })
    }

    fn not_advancing(&self, beat: &Beat) -> Option<Judged> {
        if beat.status == Status::Held {
            return None;
        }
        let max_age = self.max_age();
        let (field, value, all, awake) = progress::stuck(self.memory, self.context.now)?;
        let still = self.in_session(Span { all, awake }).filter(|still| still.all > max_age)?;
        if still.awake <= max_age {
            return Some(slept(still, max_age));
        }
        let detail =
            format!("beats come, but {field} has been {value} for {}, allowed {}", age(all), age(max_age));
        let act = self.under_pause(still.all, max_age, Act::Trip);
        Some(Judged::new(Verdict::NotAdvancing, act, detail))
    }

    fn limit(&self, beat: &Beat) -> Option<Judged> {
        // A cycle that has only begun, or is held, has not measured anything yet.
        let complete = beat.status == Status::Ok && !beat.running();
        let crossed = progress::crossed(self.memory, &beat.fields, &self.watch.limit, complete)?;
        Some(Judged::new(Verdict::Limit, Act::Trip, crossed))
    }

    fn trip_ignored(&self, beat: &Beat) -> Option<Judged> {
        let Some((paused, Mode::Halt)) = self.context.paused else { return None };
        if beat.status != Status::Ok {
            return None;
        }
        let paused = paused.age(self.context.now);
        let begun =
            self.sight.age(self.context.now) + beat.begun.map_or(0.0, |begun| (beat.at - begun).max(0.0));
        let interval = beat.interval.unwrap_or_else(|| self.max_age());
        (paused - begun > interval).then(|| {
            let detail = format!(
                "a cycle began {} after trading was paused: the pipeline does not honour the circuit",
                age(paused - begun)
            );
            Judged::new(Verdict::TripIgnored, Act::Alert, detail)
        })
    }

    fn two_writers(&self) -> Option<Judged> {
        let conflict = self.memory.writers.conflict(self.context.now, self.max_age())?;
        let detail = format!("two processes write this heartbeat: {conflict}; decisions may be doubled");
        Some(Judged::new(Verdict::TwoWriters, Act::Alert, detail).until(self.max_age()))
    }

    fn clock_stepped(&self) -> Option<Judged> {
        let step = self.context.step?;
        let direction = if step > 0.0 { "forward" } else { "back" };
        let detail =
            format!("the wall clock was moved {direction} by {} since the last check", age(step.abs()));
        Some(Judged::new(Verdict::ClockStepped, Act::Alert, detail))
    }

    fn out_of_hours(&self) -> Option<Judged> {
        let calendar = self.context.calendar?;
        let recent = self.span(self.sight).all;
        let closed_at =
            |ago: f64| matches!(calendar.session(self.context.now.wall - ago), Session::Closed { .. });
        // A cycle that began in time may end within its own bound.
        (closed_at(recent) && closed_at(recent + self.watch.max_run.as_secs_f64())).then(|| {
            let detail = format!("a beat came {} ago, when no session was under way", age(recent));
            Judged::new(Verdict::OutOfHours, Act::Alert, detail).until(self.max_age() - recent)
        })
    }

    fn fresh(&self, beat: &Beat) -> Judged {
        let raw = self.span(self.sight);
        let word = match beat.status {
            Status::Held => "held: ",
            _ if beat.running() => "running: ",
            _ => "",
        };
        let detail = format!("{word}last beat {} ago, allowed {}", age(raw.all), age(self.max_age()));
        let still = self.in_session(raw).map(|still| self.max_age() - still.awake);
        let running = self.running(beat).map(|ran| self.watch.max_run.as_secs_f64() - ran.awake);
        let stuck = progress::stuck(self.memory, self.context.now)
            .and_then(|(.., all, awake)| Some(self.max_age() - self.in_session(Span { all, awake })?.awake));
        let next = [still, running, stuck].into_iter().flatten().min_by(f64::total_cmp);
        match next {
            Some(next) => Judged::new(Verdict::Fresh, Act::None, detail).until(next),
            None => Judged { detail, ..self.off_hours() },
        }
    }
}

fn reported(beat: &Beat) -> Option<Judged> {
    let Status::Other(status) = &beat.status else { return None };
    let ending = |key| beat.fields.get(key).map(|value| format!(" ({key} {value})"));
    let ending = ending("exit").or_else(|| ending("signal")).unwrap_or_default();
    let detail = format!("the pipeline reports status {status:?}{ending}");
    Some(Judged::new(Verdict::Reported, Act::Trip, detail))
}

fn slept(still: Span, allowed: f64) -> Judged {
    let detail = format!(
        "last beat {} ago, but the host was awake for only {} of it; looking again within {}",
        age(still.all),
        age(still.awake),
        age(allowed - still.awake)
    );
    Judged::new(Verdict::Slept, Act::None, detail).until(allowed - still.awake)
}
