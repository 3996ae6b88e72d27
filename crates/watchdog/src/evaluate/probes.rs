//! Probes, side by side, each tripping by itself as it answers. They come after every local trip (**trip-first**).

use std::collections::BTreeMap;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use holdfast::circuit::View;
use holdfast::config::Watch;
use holdfast::sys::Sys;
use holdfast::watch::{Judged, TripDone, due, judge_asked, take_reply};

use super::healthy::Ran;
use super::{SAVE_EVERY, Watchdog};
use crate::events::Wake;
use crate::probes::{Alive, Answer, Crew, Question};

/// A check of everything must end within 30 s, and the sends need their time.
pub(crate) const CHECK_MOST: Duration = Duration::from_secs(10);
/// An answer may come this much after its deadline, where somebody waits for it.
const LATE: Duration = Duration::from_secs(1);

/// The watches that are asked, by name.
type Asked<'w> = BTreeMap<&'w str, &'w Watch>;

/// How probes are run.
#[derive(Default)]
pub(crate) enum Prober {
    /// One after the other, in this thread: on a host where nothing hangs.
    #[default]
    InTurn,
    /// In threads of their own.
    Beside(Box<Beside>),
}

/// Those threads, and those of actions that are run while all is well.
pub(crate) struct Beside {
    pub(super) sys: Sys<'static>,
    probes: Crew<Answer>,
    pub(super) actions: Crew<Ran>,
}

impl Prober {
    /// For a watchdog that stays: it waits for no answer, and is woken by each.
    pub(crate) fn beside(sys: Sys<'static>, wake: SyncSender<Wake>) -> Self {
        Self::threads(sys, Some(wake))
    }

    /// For a single check, which has no later evaluation: it waits for the answers, but not for what hangs.
    pub(crate) fn waited_for(sys: Sys<'static>) -> Self {
        Self::threads(sys, None)
    }

    fn threads(sys: Sys<'static>, wake: Option<SyncSender<Wake>>) -> Self {
        Self::Beside(Box::new(Beside { sys, probes: Crew::new(wake.clone()), actions: Crew::new(wake) }))
    }

    fn most(&self) -> Duration {
        match self {
            Self::Beside(beside) if !beside.probes.is_waited_for() => Duration::MAX,
            _ => CHECK_MOST,
        }
    }

    fn is_asking(&self, watch: &str) -> bool {
        matches!(self, Self::Beside(beside) if beside.probes.is_at(watch))
    }
}

impl Watchdog<'_> {
    /// The same, asking in another manner.
    pub(crate) fn asking(self, prober: Prober) -> Self {
        Self { prober, ..self }
    }

    /// Asks what is due, trips what an answer demands at once, and says what every probed watch is.
    pub(super) fn probe(&mut self, watches: &[Watch], view: &View) -> (Vec<(String, Judged)>, Vec<TripDone>) {
        let asked = watches.iter().filter(|watch| watch.kind.is_asked());
        let asked: Asked = asked.map(|watch| (watch.name.as_str(), watch)).collect();
        let mut trips = Vec::new();
        let mut waiting = Vec::new();
        for question in asked.values().filter_map(|watch| self.due(watch)).collect::<Vec<_>>() {
            match self.ask(&question) {
                Some(answer) => trips.extend(self.take_answer(&asked, answer, view)),
                None => waiting.push(question),
            }
        }
        // In a single check all are waited for, those that were quick too.
        if let Prober::Beside(beside) = &self.prober
            && !beside.probes.is_waited_for()
        {
            let come = beside.probes.come();
            trips.extend(come.into_iter().filter_map(|answer| self.take_answer(&asked, answer, view)));
        }
        trips.extend(self.wait_for(waiting, &asked, view));
        let now = self.now();
        let judged: Vec<(String, Judged)> = asked
            .iter()
            .map(|(name, watch)| {
                ((*name).to_owned(), judge_asked(&self.settings.config, &mut self.memory, view, watch, &now))
            })
            .collect();
        // What stood before this evaluation may demand its trip still: a trip that failed is tried again.
        let told: Vec<&String> = trips.iter().map(|trip: &TripDone| &trip.demand.watch).collect();
        let left: Vec<_> = judged.iter().filter(|(name, _)| !told.contains(&name)).cloned().collect();
        let again = self.trip(&left, view);
        trips.extend(again);
        (judged, trips)
    }

    /// The question that is due now; from now on it counts as asked.
    fn due(&mut self, watch: &Watch) -> Option<Question> {
        let name = watch.name.as_str();
        if self.prober.is_asking(name) {
            return None;
        }
        let now = self.now();
        let whole = due(&self.settings.config, &mut self.memory, watch, &now)?;
        if watch.probe.every.as_secs_f64() > SAVE_EVERY {
            // Else a watchdog that ends now would forget that it has asked.
            self.saved = None;
        }
        Some(Question::of(self.root.path(), watch, &self.memory.watches[name], whole, self.prober.most()))
    }

    /// Asks; the answer, where it is there at once.
    fn ask(&mut self, question: &Question) -> Option<Answer> {
        match &mut self.prober {
            Prober::InTurn => Some(question.ask(&self.sys, &Alive::default())),
            Prober::Beside(beside) => {
                let (sys, asking) = (beside.sys, question.clone());
                let begun = beside.probes.begin(&question.watch, move |alive| asking.ask(&sys, alive));
                let no_thread = |error| format!("no thread can be had to ask it: {error}");
                begun.err().map(|error| question.unanswered(no_thread(error)))
            }
        }
    }

    /// In a single check: the answers as they come, and what is known without those that do not.
    fn wait_for(&mut self, mut waiting: Vec<Question>, asked: &Asked, view: &View) -> Vec<TripDone> {
        let mut trips = Vec::new();
        let end = self.now().up + (CHECK_MOST + LATE).as_secs_f64();
        while !waiting.is_empty() {
            let left = Duration::from_secs_f64((end - self.now().up).max(0.0));
            let come = match &self.prober {
                Prober::Beside(beside) if beside.probes.is_waited_for() => beside.probes.next_within(left),
                _ => break,
            };
            let Some(answer) = come else {
                let late = format!("no answer within {}s", CHECK_MOST.as_secs());
                let late = waiting.drain(..).map(|question| question.unanswered(late.clone()));
                trips.extend(late.filter_map(|answer| self.take_answer(asked, answer, view)));
                break;
            };
            waiting.retain(|question| question.watch != answer.watch);
            trips.extend(self.take_answer(asked, answer, view));
        }
        trips
    }

    /// Remembers an answer, and trips if it demands that.
    fn take_answer(&mut self, asked: &Asked, answer: Answer, view: &View) -> Option<TripDone> {
        // It may not be watched any more.
        let watch = asked.get(answer.watch.as_str())?;
        let now = self.now();
        take_reply(&mut self.memory, watch, answer.reply, &now);
        let judged = judge_asked(&self.settings.config, &mut self.memory, view, watch, &now);
        self.trip(&[(answer.watch, judged)], view).pop()
    }
}
