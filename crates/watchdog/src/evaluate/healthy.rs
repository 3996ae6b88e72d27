//! `on_healthy`: actions that are run while all is well, and lapse by not being run.

use std::time::Duration;

use holdfast::circuit;
use holdfast::config::Action;
use holdfast::journal::Entry;
use holdfast::sys::{Job, Sys};
use holdfast::text::printable;
use holdfast::time::age;
use holdfast::watch::{Act, HealthyRun, Judged, Sight, Verdict};

use super::probes::Prober;
use super::{BY, Watchdog};
use crate::action;
use crate::system::ACTIONS;

/// A watchdog that stays runs them not more often than this, in seconds: exchanges switch off after a minute or so.
const EVERY: f64 = 15.0;
/// In a check they end within this time of its beginning, in seconds, so that what is to be told has its own.
const CHECK_MOST: f64 = 16.0;
/// An action may take this much longer than its timeout, in seconds, before that is said.
const LATE: f64 = 2.0;
/// How much of an output is told, in characters.
const WORDS_MAX: usize = 200;

/// A run that has ended.
pub(crate) struct Ran {
    name: String,
    ended: String,
    failed: bool,
    output: String,
}

impl Ran {
    fn of(name: String, job: &Job, sys: &Sys) -> Self {
        match sys.spawner.run(job) {
            Ok(outcome) => {
                let (failed, ended) = (!outcome.ok(), action::ended(&outcome, job.timeout));
                Self { name, ended, failed, output: outcome.output }
            }
            Err(error) => Self {
                name,
                ended: format!("could not be started: {error}"),
                failed: true,
                output: String::new(),
            },
        }
    }

    /// Of a failure its last words.
    fn said(&self) -> String {
        let last = self.output.lines().map(str::trim).rfind(|line| !line.is_empty());
        last.filter(|_| self.failed)
            .map(|last| format!(": {}", printable(last, WORDS_MAX)))
            .unwrap_or_default()
    }
}

impl Watchdog<'_> {
    /// Runs what is due if every watch is well and the circuit is green, and says how the runs end. `began` is when this
    /// evaluation did.
    pub(super) fn tend(&mut self, judged: &[(String, Judged)], began: f64) -> Option<(String, Judged)> {
        let config = &self.settings.config.actions;
        let healthy = config.iter().filter(|(_, action)| action.on_healthy);
        let actions: Vec<(String, Action)> =
            healthy.map(|(name, action)| (name.clone(), action.clone())).collect();
        self.memory.healthy.retain(|name, _| actions.iter().any(|(known, _)| known == name));
        if actions.is_empty() {
            return None;
        }
        self.take_runs();
        let well = |judged: &Judged| matches!(judged.verdict, Verdict::Fresh | Verdict::OffHours);
        // Somebody may have tripped while probes were waited for.
        let all_well = judged.iter().all(|(_, judged)| well(judged))
            && circuit::view(&self.sys, &self.root).verdict.is_green();
        if all_well {
            let mut waiting = 0;
            for (name, action) in &actions {
                waiting += usize::from(self.run_healthy(name, action, began));
            }
            self.wait_for_runs(waiting, began);
        }
        let now = self.now();
        let due = self.memory.healthy.values().map(|run| EVERY - run.begun.age(&now));
        let next = due.filter(|next| all_well && *next > 0.0).min_by(f64::total_cmp);
        Some((ACTIONS.to_owned(), Judged { next, ..self.how_they_end(&actions) }))
    }

    /// Begins it if it is due; true where its end has yet to come.
    fn run_healthy(&mut self, name: &str, action: &Action, began: f64) -> bool {
        let now = self.now();
        let last = self.memory.healthy.get(name);
        let stays = matches!(&self.prober, Prober::Beside(beside) if !beside.actions.is_waited_for());
        let too_early = stays && last.is_some_and(|run| run.begun.age(&now) < EVERY);
        if too_early || matches!(&self.prober, Prober::Beside(beside) if beside.actions.is_at(name)) {
            return false;
        }
        let ended = last.and_then(|run| run.ended.clone());
        let said = last.map(|run| run.said.clone()).unwrap_or_default();
        let failed = last.is_some_and(|run| run.failed);
        let begun = Sight::now(&now);
        self.memory.healthy.insert(name.to_owned(), HealthyRun { begun, ended, said, failed });
        let left = Duration::from_secs_f64((began + CHECK_MOST - now.up).max(0.0));
        // One that began while all was well may not go on for long after a trip.
        let most = if stays { Duration::from_secs_f64(EVERY) } else { left };
        let job = action::job(self.root.path(), name, action, None, action.timeout.0.min(most));
        let run = match &mut self.prober {
            Prober::InTurn => Ran::of(name.to_owned(), &job, &self.sys),
            Prober::Beside(beside) => {
                let (sys, owned) = (beside.sys, name.to_owned());
                match beside.actions.begin(name, move |_| Ran::of(owned, &job, &sys)) {
                    Ok(()) => return true,
                    Err(error) => {
                        let ended = format!("could not be started: no thread can be had: {error}");
                        Ran { name: name.to_owned(), ended, failed: true, output: String::new() }
                    }
                }
            }
        };
        self.take_run(run);
        false
    }

    fn take_runs(&mut self) {
        if let Prober::Beside(beside) = &self.prober {
            beside.actions.come().into_iter().for_each(|run| self.take_run(run));
        }
    }

    /// In a single check.
    fn wait_for_runs(&mut self, waiting: usize, began: f64) {
        for _ in 0..waiting {
            let left = Duration::from_secs_f64((began + CHECK_MOST + LATE - self.now().up).max(0.0));
            let run = match &self.prober {
                Prober::Beside(beside) if beside.actions.is_waited_for() => beside.actions.next_within(left),
                _ => None,
            };
            let Some(run) = run else { return };
            self.take_run(run);
        }
    }

    /// Journalled when it ends otherwise than before: not each minute, and not for other words.
    fn take_run(&mut self, run: Ran) {
        let said = run.said();
        let Some(known) = self.memory.healthy.get_mut(&run.name) else { return };
        let before = known.ended.replace(run.ended.clone());
        (known.said, known.failed) = (said, run.failed);
        if before.as_ref() != Some(&run.ended) {
            let entry = Entry::new("action", BY).with("action", run.name).with("on", "healthy");
            // Said on stderr where it cannot be written.
            let _ = self.journal([entry.with("ended", run.ended).with("output", run.output)]);
        }
    }

    fn how_they_end(&self, actions: &[(String, Action)]) -> Judged {
        let now = self.now();
        let stuck = |name: &str, action: &Action| {
            let begun = self.memory.healthy.get(name)?.begun.age(&now);
            let is_at = matches!(&self.prober, Prober::Beside(beside) if beside.actions.is_at(name));
            (is_at && begun > action.timeout.as_secs_f64() + LATE)
                .then(|| format!("[action.{name}] began {} ago and has not ended", age(begun)))
        };
        let failed = |name: &str| {
            let run = self.memory.healthy.get(name).filter(|run| run.failed)?;
            Some(format!("[action.{name}] failed: {}{}", run.ended.as_deref().unwrap_or_default(), run.said))
        };
        let wrong: Vec<String> = actions
            .iter()
            .filter_map(|(name, action)| stuck(name, action).or_else(|| failed(name)))
            .collect();
        match wrong.join("; ") {
            none if none.is_empty() => {
                Judged::new(Verdict::Fresh, Act::None, "no on_healthy action has failed")
            }
            wrong => Judged::new(Verdict::Failed, Act::Alert, wrong),
        }
    }
}
