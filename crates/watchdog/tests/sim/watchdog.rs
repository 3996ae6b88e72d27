//! The real shell of the watchdog, as a process of the simulated host.

use std::sync::{Arc, PoisonError};

use holdfast::sys::sim::SimProcess;
use holdfast::sys::{Clock, Now};
use holdfast::watch::Act;
use holdfast_notify::{Reply, Sending, Transport};
use watchdog::{Deliverer, Watchdog};

use crate::world::World;

/// A watchdog that stays between checks.
pub(crate) struct Resident(Watchdog<'static>, Deliverer<'static>);

/// The way to the alert channel, without threads.
struct Wire(Arc<World>);

impl Transport for Wire {
    fn start(&self, sending: Sending, reply: Reply) {
        reply.give(self.0.hear(&sending));
    }
}

/// How things stood when an evaluation began.
pub(crate) struct Look {
    pub(crate) since: Now,
    pub(crate) faults: u64,
    pub(crate) steps: u32,
    /// What it is the first to see.
    pub(crate) news: bool,
    pub(crate) resumed: bool,
}

impl World {
    fn look(&self) -> Look {
        let since = self.host.clock.now();
        let waiting = self.unstored();
        let mut state = self.state();
        state.waiting = waiting;
        state.looking_since = state.seq;
        state.tried = None;
        let (news, resumed) = (std::mem::take(&mut state.unseen), std::mem::take(&mut state.resumed));
        Look { since, faults: state.faults, steps: state.steps, news, resumed }
    }

    /// What this look saw is not remembered.
    pub(crate) fn not_seen(&self, look: &Look) {
        let mut state = self.state();
        // A hand that came meanwhile has taken the record of that resume away.
        let edited = state.green && state.edited > state.looking_since;
        state.unseen |= look.news || look.resumed && edited;
        state.resumed |= look.resumed;
    }

    /// One check, by a watchdog that stays or by a new one.
    pub(crate) fn check(self: &Arc<Self>) {
        self.note(|| "watchdog: check".to_owned());
        let stays = self.state().manner.resident;
        let kept = self.resident.lock().unwrap_or_else(PoisonError::into_inner).take();
        let look = self.look();
        let done = self.host.run("watchdog", |_| {
            // What stays borrows it for as long as it stays. Never freed; it is small.
            let process: &'static SimProcess<'static> = Box::leak(Box::new(self.host.process("watchdog")));
            let sys = process.sys();
            let Resident(mut watchdog, mut deliverer) = kept.filter(|_| stays).unwrap_or_else(|| {
                let wire = Wire(Arc::clone(self));
                let deliverer = Deliverer::through(sys, self.root.clone(), wire);
                Resident(Watchdog::open(sys, self.root.clone()), deliverer)
            });
            let evaluated = watchdog.evaluate();
            self.note(|| {
                let word = |(watch, judged): &(String, holdfast::watch::Judged)| {
                    format!("{watch} {} {:?} ({})", judged.verdict.word(), judged.act, judged.detail)
                };
                evaluated.judged.iter().take(2).map(word).collect::<Vec<_>>().join(", ")
            });
            let asking = evaluated.judged.iter().filter(|(_, judged)| judged.act == Act::Trip);
            let asking = asking.map(|(watch, judged)| (watch.clone(), judged.detail.clone()));
            let work = watchdog.work();
            let texts = work.iter().flat_map(watchdog::Work::texts);
            self.ask_for_a_trip(&asking.collect(), texts, &look);
            self.after_evaluation(&look);
            if let Some(work) = work {
                let came = deliverer.deliver(&work);
                if let Some(more) = watchdog.take_in(&came) {
                    let came = deliverer.deliver(&more);
                    watchdog.take_in(&came);
                }
            }
            watchdog.save_if_changed();
            Resident(watchdog, deliverer)
        });
        self.remember_what_must_be_told();
        if done.is_none() {
            self.not_seen(&look);
            self.leave_messages();
            let mut state = self.state();
            state.steps_seen = state.steps_kept;
            drop(state);
            self.note(|| "watchdog: killed".to_owned());
        }
        *self.resident.lock().unwrap_or_else(PoisonError::into_inner) = done;
    }
}
