//! What is known of a watch that is asked: when the next question is due, and what the last answer is still worth.

use super::age::Sight;
use super::elsewhere;
use super::judge::{Context, Judged, Seen};
use super::memory::{Memory, Probed, WatchMemory};
use super::verdict::{Act, Verdict};
use crate::calendar::Session;
use crate::circuit::View;
use crate::config::{Config, Watch, WatchKind};
use crate::sys::Now;
use crate::time::age;

/// A watch that has not answered for so many of its intervals tells nothing any more.
const SILENT: f64 = 5.0;
/// A question may take this much longer than its timeout, in seconds, before that is said.
const LATE: f64 = 2.0;
/// And then for one interval, but for no longer than this, in seconds, until nothing is known any more.
const HUNG_MOST: f64 = 60.0;

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A server, a program or a log was looked at, or could not be.
    Found {
        /// Fresh, failed or unknown.
        verdict: Verdict,
        /// What it asks for.
        act: Act,
        /// In words.
        detail: String,
        /// All of a log was looked at.
        whole: bool,
    },
    /// What stands where a heartbeat elsewhere should be.
    Beat(Seen),
    /// Nobody could tell, and why.
    NoBeat(String),
}

impl Reply {
    /// All is well, and in what sense.
    pub fn fresh(detail: impl Into<String>) -> Self {
        Self::found(Verdict::Fresh, Act::None, detail)
    }

    /// It was asked, and is not as it should be.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self::found(Verdict::Failed, Act::Trip, detail)
    }

    /// It could not be asked, which is never health (**silence-is-not-health**).
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self::found(Verdict::Unknown, Act::Alert, detail)
    }

    /// A finding.
    pub fn found(verdict: Verdict, act: Act, detail: impl Into<String>) -> Self {
        Self::Found { verdict, act, detail: detail.into(), whole: false }
    }
}

/// A question is due; from now on it counts as asked. `Some(true)` where all of a log is to be looked at.
pub fn due(config: &Config, memory: &mut Memory, watch: &Watch, now: &Now) -> Option<bool> {
    let known = known(memory, watch, now);
    let opened = match session(config, watch, now) {
        Some(Session::Closed { .. }) if !elsewhere::is_beat(watch) => return None,
        session => opened(session.as_ref(), now),
    };
    let asked = known.probed.asked.as_ref().map(|asked| asked.age(now));
    if asked.is_some_and(|asked| asked < watch.probe.every.as_secs_f64() && asked <= opened) {
        return None;
    }
    known.probed.asked = Some(Sight::now(now));
    let WatchKind::Log { whole_every, .. } = &watch.kind else { return Some(false) };
    let whole = known.probed.whole.as_ref().map(|whole| whole.age(now));
    Some(whole.is_none_or(|whole| whole >= whole_every.as_secs_f64()))
}

/// Takes in what came of the question to `watch`.
pub fn take_reply(memory: &mut Memory, watch: &Watch, reply: Reply, now: &Now) {
    let known = known(memory, watch, now);
    match reply {
        Reply::Found { verdict, act, detail, whole } => {
            let whole = whole.then(|| Sight::now(now));
            found(known, watch, Judged::new(verdict, act, detail), whole, now);
        }
        Reply::Beat(seen) => elsewhere::hear(known, watch, seen, now),
        Reply::NoBeat(why) => known.probed.unheard = Some(why),
    }
    known.probed.answered = Some(Sight::now(now));
}

fn found(known: &mut WatchMemory, watch: &Watch, said: Judged, whole: Option<Sight>, now: &Now) {
    let is_log = matches!(watch.kind, WatchKind::Log { .. });
    let said = in_a_row(&mut known.probed.failures, watch.probe.failures, said);
    let Probed { whole: last_whole, known: known_well, verdict, act, .. } = &mut known.probed;
    // What a whole check has found a quick one may not see: then the next one is whole, too.
    match said.verdict {
        Verdict::Fresh if whole.is_some() => *last_whole = whole,
        Verdict::Fresh => {}
        _ if said.act == Act::Trip => *last_whole = None,
        _ => {}
    }
    *known_well |= said.verdict == Verdict::Fresh;
    // Of an unsealed log the age changes with each look, and a server fails in many words; the finding stays the same.
    let same_words = || known.evidence.as_ref().is_some_and(|(what, _)| *what == said.detail);
    let same =
        (*verdict, *act) == (said.verdict, said.act) && (!is_log || said.act != Act::Trip || same_words());
    (*verdict, *act) = (said.verdict, said.act);
    match &mut known.evidence {
        Some((what, _)) if same => *what = said.detail,
        evidence => *evidence = Some((said.detail, Sight::now(now))),
    }
}

/// A failure counts when there were enough in a row. What could not be asked neither counts nor ends the row.
fn in_a_row(failures: &mut u32, needed: u32, said: Judged) -> Judged {
    match said.verdict {
        Verdict::Fresh => *failures = 0,
        Verdict::Failed if said.act == Act::Trip => *failures = failures.saturating_add(1),
        _ => return said,
    }
    if *failures == 0 || needed == 1 {
        return said;
    }
    let detail = format!("{} ({failures} in a row, {needed} are a failure)", said.detail);
    if *failures < needed {
        return Judged::new(Verdict::Unknown, Act::None, detail);
    }
    Judged { detail, ..said }
}

/// What is known of `watch` now. Asks nobody.
pub fn judge_asked(config: &Config, memory: &mut Memory, view: &View, watch: &Watch, now: &Now) -> Judged {
    known(memory, watch, now);
    let Memory { watches, circuit, last_check, .. } = memory;
    let Some(known) = watches.get_mut(watch.name.as_str()) else {
        return Judged::new(Verdict::Unknown, Act::Alert, "nothing is known of it");
    };
    let session = session(config, watch, now);
    let waited = Waited::of(known, watch, session.as_ref(), now);
    let judged = if elsewhere::is_beat(watch) {
        let context = Context::of(config, circuit, view, watch, now, last_check.as_ref());
        let context = Context { last_look: last_check.as_ref(), ..context };
        elsewhere::judge(known, watch, &context, &waited)
    } else {
        let resumed = circuit.resumed.as_ref().map(|resumed| resumed.age(now));
        said(known, watch, session, resumed, &waited, now)
    };
    let is_asked = elsewhere::is_beat(watch) || judged.verdict != Verdict::OffHours;
    let next = soonest([judged.next, waited.next.filter(|_| is_asked)]);
    known.keep(Judged { next, ..judged })
}

/// How long a question and its answer have been waited for.
pub(super) struct Waited {
    /// Since the last answer, in seconds.
    pub(super) silent: f64,
    /// The answer is of this session, and not too old.
    pub(super) current: bool,
    /// Nobody answers.
    pub(super) overdue: bool,
    /// In how many seconds there is something to ask or to say.
    next: Option<f64>,
}

impl Waited {
    fn of(known: &WatchMemory, watch: &Watch, session: Option<&Session>, now: &Now) -> Self {
        let Probed { asked, answered, .. } = &known.probed;
        let (every, timeout) = (watch.probe.every.as_secs_f64(), watch.probe.timeout.as_secs_f64());
        let opened = opened(session, now);
        let answer = answered.as_ref().map(|answered| answered.age(now));
        let out = asked.as_ref().map_or(0.0, |asked| asked.awake_age(now));
        let asked = asked.as_ref().map_or(0.0, |asked| asked.age(now));
        let silent = answer.unwrap_or_else(|| known.first.age(now)).min(opened);
        let patience = SILENT * every + timeout;
        let (late, waits) = (timeout + LATE, answer.is_none_or(|answer| answer > asked));
        // Long beyond its deadline a question says that something hangs, whatever was answered before.
        let hung = late + every.min(HUNG_MOST);
        let stuck = waits && out > hung;
        let deadline =
            if waits { (hung - out).min((patience - silent).max(late - asked)) } else { every - asked };
        Self {
            silent,
            current: !stuck && answer.is_some_and(|answer| answer <= patience && answer <= opened),
            overdue: stuck || silent > patience && asked > late,
            next: Some(deadline).filter(|next| *next > 0.0),
        }
    }
}

/// A server, a program or a log.
fn said(
    known: &WatchMemory,
    watch: &Watch,
    session: Option<Session>,
    resumed: Option<f64>,
    waited: &Waited,
    now: &Now,
) -> Judged {
    let is_log = matches!(watch.kind, WatchKind::Log { .. });
    let Probed { verdict, act, .. } = known.probed;
    // That a log was changed is so at night, too.
    if let Some(Session::Closed { next }) = session
        && !(is_log && act == Act::Trip)
    {
        let judged = Judged::new(
            Verdict::OffHours,
            Act::None,
            "the session is over; it is asked when the next begins",
        );
        return Judged { next: next.map(|next| next - now.wall), ..judged };
    }
    match &known.evidence {
        Some((what, seen)) if waited.current || act == Act::Trip => {
            // What a person has resumed over does not trip again, until something else is found.
            let over = resumed.is_some_and(|resumed| resumed < seen.age(now));
            let act = if over { act.min(Act::Alert) } else { act };
            Judged::new(verdict, act, what.clone())
        }
        _ if waited.overdue => {
            Judged::new(Verdict::Unknown, Act::Alert, format!("no answer for {}", age(waited.silent)))
        }
        // Asked, and not answered yet: nothing is known, and nothing is late.
        _ => Judged::new(Verdict::Unknown, Act::None, "it is being asked, and has not answered yet"),
    }
}

fn known<'m>(memory: &'m mut Memory, watch: &Watch, now: &Now) -> &'m mut WatchMemory {
    memory.watches.entry(watch.name.to_string()).or_insert_with(|| WatchMemory::new(now))
}

fn session(config: &Config, watch: &Watch, now: &Now) -> Option<Session> {
    let calendar = watch.during.as_ref().and_then(|name| config.calendars.get(name))?;
    Some(calendar.session(now.wall))
}

/// How long ago the session opened, in seconds.
fn opened(session: Option<&Session>, now: &Now) -> f64 {
    match session {
        Some(Session::Open { since, .. }) => (now.wall - since).max(0.0),
        _ => f64::INFINITY,
    }
}

fn soonest(times: [Option<f64>; 2]) -> Option<f64> {
    times.into_iter().flatten().filter(|next| *next > 0.0).min_by(f64::total_cmp)
}
