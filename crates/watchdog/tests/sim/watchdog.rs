//! The real shell of the watchdog, as a process of the simulated host.

use std::sync::PoisonError;

use holdfast::sys::sim::SimProcess;
use watchdog::{Deliverer, Watchdog};

use crate::world::World;

/// A watchdog that stays between checks.
pub struct Resident(Watchdog<'static>, Deliverer);

impl World {
    /// One check, by a watchdog that stays or by a new one.
    pub fn check(&self) {
        self.note(|| "watchdog: check".to_owned());
        let stays = self.state().manner.resident;
        let kept = self.resident.lock().unwrap_or_else(PoisonError::into_inner).take();
        let faults = self.state().faults;
        let done = self.host.run("watchdog", |_| {
            // Threads that send may outlive the check, so it is never freed; it is small.
            let process: &'static SimProcess<'static> = Box::leak(Box::new(self.host.process("watchdog")));
            let sys = process.sys();
            let Resident(mut watchdog, mut deliverer) = kept.filter(|_| stays).unwrap_or_else(|| {
                Resident(Watchdog::open(sys, self.root.clone()), Deliverer::new(sys, self.root.clone()))
            });
            let evaluated = watchdog.evaluate();
            let clean = self.state().faults == faults;
            self.note(|| {
                let word = |(watch, judged): &(String, holdfast::watch::Judged)| {
                    format!("{watch} {} {:?}", judged.verdict.word(), judged.act)
                };
                evaluated.judged.iter().map(word).collect::<Vec<_>>().join(", ")
            });
            self.after_evaluation(clean);
            if let Some(work) = watchdog.work() {
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
            self.note(|| "watchdog: killed".to_owned());
        }
        *self.resident.lock().unwrap_or_else(PoisonError::into_inner) = done;
    }
}
