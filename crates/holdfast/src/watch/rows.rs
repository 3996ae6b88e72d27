//! The table of `docs/watchdog.md`, row by row: the first that matches is the verdict.

use super::age::{Sight, up_ahead};
use super::judge::{Context, Judged, Seen, stamp};
use super::memory::WatchMemory;
use super::progress;
use super::verdict::{Act, Verdict};
use crate::calendar::Session;
use crate::circuit::Mode;
use crate::config::Watch;
use crate::heartbeat::{Beat, Status};
use crate::text::printable;
use crate::time::{age, possible};

/// A beat this far in the future, in seconds, is not explained by clocks that differ a little.
const FUTURE: f64 = 60.0;
/// How much of a value of the pipeline's is shown, in characters.
const VALUE_MAX: usize = 80;

/// A span of time by the clock that counts suspend and by the one that does not.
#[derive(Clone, Copy)]
struct Span {
    all: f64,
    awake: f64,
}

/// One heartbeat and everything that it is judged by.
pub(super) struct Case<'a> {
    pub(super) watch: &'a Watch,
    pub(super) memory: &'a WatchMemory,
    /// Since when this very evidence is there.
    pub(super) sight: &'a Sight,
    pub(super) context: &'a Context<'a>,
    pub(super) session: Option<Session>,
}

impl Case<'_> {
    /// The verdict.
    pub(super) fn judge(&self, seen: &Seen) -> Judged {
        self.excused(match seen {
            Seen::Missing => self.missing(),
            Seen::Malformed(what) => {
                Judged::new(Verdict::Malformed, Act::Trip, format!("the heartbeat {what}"))
            }
            Seen::Beat(beat) => self.beat(beat),
        })
    }

    fn max_age(&self) -> f64 {
        self.watch.max_age.as_secs_f64()
    }

    fn span(&self, sight: &Sight) -> Span {
        let now = self.context.now;
        Span { all: sight.age(now), awake: sight.awake_age(now) }
    }

    /// How long somebody has had time since then: of another machine, while this one slept, too.
    fn patience(&self, sight: &Sight) -> Span {
        let span = self.span(sight);
        if self.watch.kind.is_asked() { Span { awake: span.all, ..span } } else { span }
    }

    /// Time counts from the latest of the beat, the last resume and the first sight of the watch.
    fn since(&self, span: Span) -> Span {
        [Some(&self.memory.first), self.context.resumed].into_iter().flatten().fold(span, |span, sight| {
            let other = self.patience(sight);
            Span { all: span.all.min(other.all), awake: span.awake.min(other.awake) }
        })
    }

    /// And from the opening of the session; `None` while it is over.
    fn in_session(&self, span: Span) -> Option<Span> {
        if matches!(self.session, Some(Session::Closed { .. })) {
            return None;
        }
        let span = self.since(span);
        let opened = self.memory.session.as_ref().map(|(_, opened)| self.patience(opened));
        let open = opened.unwrap_or(Span { all: f64::INFINITY, awake: f64::INFINITY });
        Some(Span { all: span.all.min(open.all), awake: span.awake.min(open.awake) })
    }

    /// A stillness that began under a pause is that of a pipeline which honours it: no trip, and no blocked
    /// resume. Under a milder pause people are told, for the pipeline may still be at work.
    fn under_pause(&self, still: f64, allowed: f64, act: Act) -> Act {
        match self.context.paused {
            // What has tripped stays tripped, however clocks drift apart by then.
            _ if self.memory.act == Act::Trip => act,
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

    /// Of a beat elsewhere, when nobody says what it is now: that is no verdict on the pipeline, until the last beat is
    /// too old. Then its host may be dead (**fail-closed**).
    pub(super) fn unheard(&self, judged: Judged, why: &str) -> Judged {
        if matches!(self.session, Some(Session::Closed { .. })) {
            return self.off_hours();
        }
        let Judged { verdict, act, detail, next } = judged;
        if act > Act::None {
            return Judged { detail: format!("{detail}; and no answer: {why}"), verdict, act, next };
        }
        let detail = format!("no answer: {why}; heard before: {detail}");
        Judged { next, ..Judged::new(Verdict::Unknown, Act::Alert, detail) }
    }

    /// The same where there was no answer ever, or not yet, without a reason.
    pub(super) fn never_heard(&self, why: Option<&str>) -> Judged {
        let forever = Span { all: f64::INFINITY, awake: f64::INFINITY };
        let Some(waited) = self.in_session(forever) else { return self.off_hours() };
        let max_age = self.max_age();
        let left = max_age - waited.awake;
        let act = if why.is_some() { Act::Alert } else { Act::None };
        let why = why.unwrap_or("it is being asked");
        if left < 0.0 {
            let allowed = age(max_age);
            let detail = format!("no beat was heard for {}, allowed {allowed}: {why}", age(waited.all));
            let act = self.under_pause(waited.all, max_age, Act::Trip);
            return self.excused(Judged::new(Verdict::Stale, act, detail));
        }
        let detail = format!("no beat was heard yet: {why}; stale in {}", age(left));
        Judged::new(Verdict::Unknown, act, detail).until(left)
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
        let raw = self.span(self.sight);
        let what = if up_ahead {
            "its boot clock is ahead of ours on the same boot"
        } else {
            "its time is ahead of ours"
        };
        let by = match ahead {
            _ if !possible(beat.at) => " (an impossible time)".to_owned(),
            ahead if ahead > FUTURE => format!(" by {}", age(ahead)),
            _ => String::new(),
        };
        let detail = format!("the beat is from the future: {what}{by}; seen {} ago", age(raw.all));
        let judged = Judged::new(Verdict::ClockAhead, Act::Alert, detail);
        // Outside the sessions nobody is late.
        let Some(still) = self.in_session(raw) else { return Some(judged) };
        if still.all <= self.max_age() || still.awake <= self.max_age() {
            return Some(judged.until(self.max_age() - still.awake));
        }
        let act = self.under_pause(still.all, self.max_age(), Act::Trip).max(Act::Alert);
        Some(Judged { act, ..judged })
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
            return Some(slept("the cycle began", ran, max_run));
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
            return Some(slept("last beat", still, max_age));
        }
        let detail = format!("heartbeat stale: last beat {} ago, allowed {}", age(raw.all), age(max_age));
        if still.all > max_age {
            let act = self.under_pause(still.all, max_age, Act::Trip);
            return Some(Judged::new(Verdict::Stale, act, detail));
        }
        if raw.all <= max_age {
            return None;
        }
        let left = max_age - still.awake;
        let first = self.span(&self.memory.first);
        if let Some(resumed) =
            self.context.resumed.filter(|resumed| resumed.age(self.context.now) <= still.all)
        {
            // A whole `max_age` of patience is not health (**silence-is-not-health**).
            let ago = age(resumed.age(self.context.now));
            let detail = format!("{detail}; resumed {ago} ago, trips in {}", age(left));
            return Some(Judged::new(Verdict::Stale, Act::None, detail).until(left));
        }
        // It was stale before anybody watched: said at once, tripped when the watch has waited long enough.
        (still.all >= first.all).then(|| {
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
            return Some(slept(&format!("{field} last advanced"), still, max_age));
        }
        let pointer = self.watch.advance.iter().find(|pointer| pointer.as_str() == field);
        let there = pointer.is_some_and(|pointer| pointer.get(&beat.fields).is_some());
        let detail = if value.is_null() && !there {
            // As often as not a typo in the configuration.
            format!("beats come, but {field} is not in the beat: for {}, allowed {}", age(all), age(max_age))
        } else {
            let value = printable(&value.to_string(), VALUE_MAX);
            format!("beats come, but {field} has been {value} for {}, allowed {}", age(all), age(max_age))
        };
        let act = self.under_pause(still.all, max_age, Act::Trip);
        Some(Judged::new(Verdict::NotAdvancing, act, detail))
    }

    fn limit(&self, beat: &Beat) -> Option<Judged> {
        let complete = progress::complete(beat);
        let crossed =
            progress::crossed(self.memory, self.context.now, &beat.fields, &self.watch.limit, complete)?;
        Some(Judged::new(Verdict::Limit, Act::Trip, crossed))
    }

    fn trip_ignored(&self, beat: &Beat) -> Option<Judged> {
        let Some((paused, Mode::Halt)) = self.context.paused else { return None };
        // Another machine has a circuit of its own.
        if beat.status != Status::Ok || self.watch.kind.is_asked() {
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
        let recent = Some(self.span(self.sight).all).filter(|recent| *recent <= self.max_age())?;
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
        let mut detail = format!("{word}last beat {} ago, allowed {}", age(raw.all), age(self.max_age()));
        let still = self.in_session(raw).map(|still| self.max_age() - still.awake);
        if let Some(left) = still.filter(|_| raw.all > self.max_age()) {
            detail = format!("no beat yet in this session; due within {}", age(left));
        }
        let running = self.running(beat).map(|ran| self.watch.max_run.as_secs_f64() - ran.awake);
        let stuck = progress::stuck(self.memory, self.context.now)
            .and_then(|(.., all, awake)| Some(self.max_age() - self.in_session(Span { all, awake })?.awake));
        if still.is_none() && running.is_none() {
            return Judged { detail, ..self.off_hours() };
        }
        let next = [still, running, stuck].into_iter().flatten().filter(|next| *next > 0.0);
        Judged { next: next.min_by(f64::total_cmp), ..Judged::new(Verdict::Fresh, Act::None, detail) }
    }
}

fn reported(beat: &Beat) -> Option<Judged> {
    let Status::Other(status) = &beat.status else { return None };
    let shown = |value: &str| printable(value, VALUE_MAX);
    let ending = |key| beat.fields.get(key).map(|value| format!(" ({key} {})", shown(&value.to_string())));
    let ending = ending("exit").or_else(|| ending("signal")).unwrap_or_default();
    let detail = format!("the pipeline reports status \"{}\"{ending}", shown(status));
    Some(Judged::new(Verdict::Reported, Act::Trip, detail))
}

fn slept(what: &str, still: Span, allowed: f64) -> Judged {
    let detail = format!(
        "{what} {} ago, but the host was awake for only {} of it; looking again within {}",
        age(still.all),
        age(still.awake),
        age(allowed - still.awake)
    );
    Judged::new(Verdict::Slept, Act::None, detail).until(allowed - still.awake)
}
