//! Probes, side by side, each tripping by itself as it answers. They come after every local trip (**trip-first**).

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::Duration;

use holdfast::calendar::Session;
use holdfast::circuit::View;
use holdfast::config::{Watch, WatchKind};
use holdfast::sys::{Now, Sys};
use holdfast::watch::{Act, Judged, Probed, Sight, TripDone, Verdict, WatchMemory};

use super::Watchdog;
use crate::events::Wake;
use crate::logs::{Answer, Question};
use crate::tell;

/// A check of everything must end within 30 s, and the sends need their time.
pub(crate) const CHECK_MOST: Duration = Duration::from_secs(10);
/// A probe that has not answered for so many of its intervals tells nothing any more.
const SILENT: f64 = 5.0;

/// How probes are run.
#[derive(Default)]
pub(crate) enum Prober {
    /// The evaluation waits for them: there is no later one.
    #[default]
    AtOnce,
    /// In threads of their own, so that no evaluation waits for one.
    Beside(Beside),
}

pub(crate) struct Beside {
    sys: Sys<'static>,
    sender: SyncSender<Answer>,
    answers: Receiver<Answer>,
    wake: SyncSender<Wake>,
    /// Watches that have not answered yet.
    running: BTreeSet<String>,
}

impl Prober {
    /// For a watchdog that stays, and is woken by an answer.
    pub(crate) fn beside(sys: Sys<'static>, wake: SyncSender<Wake>) -> Self {
        const WAITING: usize = 1024;
        let (sender, answers) = sync_channel(WAITING);
        Self::Beside(Beside { sys, sender, answers, wake, running: BTreeSet::new() })
    }

    fn most(&self) -> Duration {
        match self {
            Self::AtOnce => CHECK_MOST,
            Self::Beside(_) => Duration::MAX,
        }
    }

    fn is_running(&self, watch: &str) -> bool {
        matches!(self, Self::Beside(beside) if beside.running.contains(watch))
    }
}

impl Beside {
    fn start(&mut self, question: Question) {
        let (sys, sender, wake, name) =
            (self.sys, self.sender.clone(), self.wake.clone(), question.watch.clone());
        let ask = move || {
            // Nobody listens to a watchdog that has ended.
            let _ = sender.send(question.ask(&sys));
            let _ = wake.try_send(Wake);
        };
        match std::thread::Builder::new().name("probe".to_owned()).spawn(ask) {
            Ok(_) => _ = self.running.insert(name),
            Err(error) => tell(&format_args!("no thread can be had for the probe of {name}: {error}")),
        }
    }
}

impl Watchdog<'_> {
    /// The same, asking in another manner.
    pub(crate) fn asking(self, prober: Prober) -> Self {
        Self { prober, ..self }
    }

    /// Asks what is due, trips what an answer demands at once, and says what every probed watch is.
    pub(super) fn probe(&mut self, watches: &[Watch], view: &View) -> (Vec<(String, Judged)>, Vec<TripDone>) {
        let logs: Vec<&Watch> =
            watches.iter().filter(|watch| matches!(watch.kind, WatchKind::Log { .. })).collect();
        let mut trips = Vec::new();
        if logs.is_empty() {
            return (Vec::new(), trips);
        }
        let now = self.now();
        let due: Vec<Question> = logs.iter().filter_map(|watch| self.due(watch, &now)).collect();
        let sys = self.sys;
        match &mut self.prober {
            Prober::AtOnce => std::thread::scope(|scope| {
                let (sender, answers) = channel();
                for question in due {
                    let sender = sender.clone();
                    let ask = move || drop(sender.send(question.ask(&sys)));
                    if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, ask) {
                        tell(&format_args!("no thread can be had for a probe: {error}"));
                    }
                }
                drop(sender);
                for answer in answers {
                    trips.extend(self.take_answer(answer, view));
                }
            }),
            Prober::Beside(beside) => {
                for question in due {
                    beside.start(question);
                }
                let answers: Vec<Answer> = beside.answers.try_iter().collect();
                for answer in answers {
                    trips.extend(self.take_answer(answer, view));
                }
            }
        }
        let now = self.now();
        let judged: Vec<(String, Judged)> =
            logs.iter().map(|watch| (watch.name.to_string(), self.said(watch, &now))).collect();
        // What stood before this evaluation may demand its trip still: a trip that failed is tried again.
        let told: Vec<&String> = trips.iter().map(|trip: &TripDone| &trip.demand.watch).collect();
        let left: Vec<_> = judged.iter().filter(|(name, _)| !told.contains(&name)).cloned().collect();
        let again = self.trip(&left, view);
        trips.extend(again);
        (judged, trips)
    }

    /// The question that is due now; from now on it counts as asked.
    fn due(&mut self, watch: &Watch, now: &Now) -> Option<Question> {
        let WatchKind::Log { whole_every, .. } = &watch.kind else { return None };
        let name = watch.name.to_string();
        let over =
            |sight: &Option<Sight>, span: f64| sight.as_ref().is_none_or(|sight| sight.age(now) >= span);
        if self.prober.is_running(&name) || self.is_off(watch, now) {
            return None;
        }
        let memory = self.memory.watches.entry(name).or_insert_with(|| WatchMemory::new(now));
        if !over(&memory.probed.asked, watch.probe.every.as_secs_f64()) {
            return None;
        }
        memory.probed.asked = Some(Sight::now(now));
        let whole = over(&memory.probed.whole, whole_every.as_secs_f64());
        Question::of(self.root.path(), watch, whole, memory.probed.known, self.prober.most())
    }

    fn is_off(&self, watch: &Watch, now: &Now) -> bool {
        let calendar = watch.during.as_ref().and_then(|name| self.settings.config.calendars.get(name));
        calendar.is_some_and(|calendar| matches!(calendar.session(now.wall), Session::Closed { .. }))
    }

    /// Remembers an answer, and trips if it demands that.
    fn take_answer(&mut self, answer: Answer, view: &View) -> Vec<TripDone> {
        let now = self.now();
        if let Prober::Beside(beside) = &mut self.prober {
            beside.running.remove(&answer.watch);
        }
        // It may not be watched any more.
        let Some(memory) = self.memory.watches.get_mut(&answer.watch) else { return Vec::new() };
        memory.take_answer(&answer, &now);
        let act = self.act_of(&answer.watch, &now);
        self.trip(&[(answer.watch, Judged::new(answer.verdict, act, answer.detail))], view)
    }

    /// What the last answer asks for. What a person has resumed over does not trip again, until something else is found.
    fn act_of(&self, watch: &str, now: &Now) -> Act {
        let Some(memory) = self.memory.watches.get(watch) else { return Act::None };
        let resumed = self.memory.circuit.resumed.as_ref().map(|resumed| resumed.age(now));
        let seen = memory.evidence.as_ref().map(|(_, seen)| seen.age(now));
        let over = matches!((resumed, seen), (Some(resumed), Some(seen)) if resumed < seen);
        if over && memory.probed.act == Act::Trip { Act::Alert } else { memory.probed.act }
    }

    /// What is known of a watch now (**silence-is-not-health**).
    fn said(&mut self, watch: &Watch, now: &Now) -> Judged {
        let name = watch.name.to_string();
        let every = watch.probe.every.as_secs_f64();
        let act = self.act_of(&name, now);
        let off = self.is_off(watch, now);
        let memory = self.memory.watches.entry(name).or_insert_with(|| WatchMemory::new(now));
        let since_asked = memory.probed.asked.as_ref().map_or(0.0, |asked| asked.age(now));
        let silent = memory.probed.answered.as_ref().unwrap_or(&memory.first).age(now);
        let patience = SILENT * every + watch.probe.timeout.as_secs_f64();
        let found = memory.evidence.as_ref().map(|(what, _)| what.clone());
        let judged = if off && memory.probed.act == Act::None {
            Judged::new(Verdict::OffHours, Act::None, "the session is over; the log is not looked at")
        } else if let Some(found) =
            found.clone().filter(|_| silent <= patience || memory.probed.act == Act::Trip)
        {
            Judged::new(memory.probed.verdict, act, found)
        } else if found.is_none() && silent <= patience {
            // Asked, and not answered yet: nothing is known, and nothing is late.
            Judged::new(Verdict::Unknown, Act::None, "it is being looked at for the first time")
        } else {
            let silent = holdfast::time::age(silent);
            Judged::new(Verdict::Unknown, Act::Alert, format!("no answer about the log for {silent}"))
        };
        (memory.verdict, memory.act) = (judged.verdict, judged.act);
        memory.detail.clone_from(&judged.detail);
        Judged { next: Some(every - since_asked).filter(|next| *next > 0.0), ..judged }
    }
}

/// How an answer is remembered.
trait TakeAnswer {
    fn take_answer(&mut self, answer: &Answer, now: &Now);
}

impl TakeAnswer for WatchMemory {
    fn take_answer(&mut self, answer: &Answer, now: &Now) {
        let Probed { answered, whole, known, verdict, act, .. } = &mut self.probed;
        *answered = Some(Sight::now(now));
        // What a whole check has found a quick one may not see: then the next one is whole, too.
        match answer.verdict {
            Verdict::Fresh if answer.whole => *whole = Some(Sight::now(now)),
            Verdict::Fresh => {}
            _ if answer.act == Act::Trip => *whole = None,
            _ => {}
        }
        *known |= answer.verdict == Verdict::Fresh;
        // Of an unsealed log the age changes with each look; the finding stays the same.
        let same = (*verdict, *act) == (answer.verdict, answer.act)
            && (answer.act != Act::Trip
                || self.evidence.as_ref().is_some_and(|(what, _)| *what == answer.detail));
        (*verdict, *act) = (answer.verdict, answer.act);
        match &mut self.evidence {
            Some((what, _)) if same => what.clone_from(&answer.detail),
            evidence => *evidence = Some((answer.detail.clone(), Sight::now(now))),
        }
    }
}
