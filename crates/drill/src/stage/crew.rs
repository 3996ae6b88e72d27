//! Who is on the stage, and what they see.

use holdfast::json::Value;
use holdfast::sys::Now;
use holdfast::watch::Verdict;

use super::{Proc, Seen, Stage, Trouble, failed, text};
use crate::bot::Mood;

/// The bot at work.
pub(crate) struct Bot(pub(crate) Proc);

impl Bot {
    /// Tells it to misbehave.
    pub(crate) fn turn(&mut self, mood: Mood) {
        self.0.say(&format!("{}\n", mood.word()));
    }
}

/// A bot that works and a watchdog that has seen it.
pub(crate) struct Crew {
    pub(crate) bot: Bot,
    pub(crate) watchdog: Proc,
}

impl Stage<'_> {
    /// Starts the bot.
    pub(crate) fn bot(&self) -> Result<Bot, Trouble> {
        self.bot_with(&[])
    }

    /// Starts one with these arguments too.
    pub(crate) fn bot_with(&self, more: &[&str]) -> Result<Bot, Trouble> {
        let (dir, root) = (self.programs.dir().display().to_string(), self.root.path().display().to_string());
        let args = ["--bin-dir", &dir, "bot", "--trades-in", &root];
        self.start(&self.programs.ours, &[&args, more].concat(), &[]).map(Bot)
    }

    /// Starts the resident watchdog.
    pub(crate) fn watchdog(&self) -> Result<Proc, Trouble> {
        self.start(&self.programs.path("watchdog"), &["run", "--every", "1s"], &[])
    }

    /// Starts both, and waits until all is well: a fault put into something ill shows nothing.
    pub(crate) fn healthy(&self) -> Result<Crew, Trouble> {
        let mut bot = self.bot()?;
        // A watchdog that comes first would tell that the heartbeat is missing.
        self.until("the bot beats", || match bot.0.ended() {
            Some(status) => Some(failed(format!("the bot ended by itself: {status}; see bot.log"))),
            None => self.beat().map(|_| Ok(())),
        })??;
        let mut crew = Crew { bot, watchdog: self.watchdog()? };
        self.until("the watchdog finds the bot fresh", || {
            if let Some(status) = crew.watchdog.ended() {
                return Some(failed(format!("the watchdog ended by itself: {status}; see watchdog.log")));
            }
            let fresh = self.memory().is_some_and(|memory| {
                memory.watches.get("bot").is_some_and(|watch| watch.verdict == Verdict::Fresh)
            });
            (fresh && self.decisions() >= 2).then_some(Ok(()))
        })??;
        self.still_green("before anything was injected")?;
        Ok(crew)
    }

    /// Lets the bot finish its cycle and leave.
    pub(crate) fn leave(&self, mut bot: Bot) -> Result<(), Trouble> {
        bot.0.hang_up();
        self.until("the bot leaves", || bot.0.ended()).map(drop)
    }

    pub(crate) fn still_green(&self, when: &str) -> Result<(), Trouble> {
        match self.view().holds.first() {
            None => Ok(()),
            Some(hold) => failed(format!("paused {when}: {}", hold.reason)),
        }
    }

    /// Waits until `watch` has paused trading with this verdict, and people know.
    pub(crate) fn tripped(&self, injected: &Now, watch: &str, verdict: Verdict) -> Result<Seen, Trouble> {
        let (seen, incident) = self.paused_by(injected, watch, verdict)?;
        let told_s = Some(self.told(injected, &incident)?);
        Ok(Seen { text: format!("{}; paused, then told", seen.text), told_s, ..seen })
    }

    /// Waits until `watch` has paused trading with this verdict, whoever is told. Also returns the incident.
    pub(crate) fn paused_by(
        &self,
        injected: &Now,
        watch: &str,
        verdict: Verdict,
    ) -> Result<(Seen, String), Trouble> {
        let paused = self.until("trading is paused on disk", || (!self.is_green()).then(|| self.now()))?;
        let is_ours = |hold: &&holdfast::circuit::Hold| hold.watch.as_deref() == Some(watch);
        let hold = match self.view().holds.iter().find(is_ours) {
            Some(hold) => hold.clone(),
            None => {
                return failed(format!("paused, but not by the watch {watch}: {:?}", self.view().verdict));
            }
        };
        let of_it = |line: &holdfast::json::Object| text(line, "incident") == hold.id;
        let line = self.until("the journal tells of the incident", || {
            self.journalled("incident-worse", of_it).or_else(|| self.journalled("incident-opened", of_it))
        })?;
        if text(&line, "verdict") != verdict.word() {
            let (found, detail) = (text(&line, "verdict"), text(&line, "detail"));
            return failed(format!("found {found}, not {}: {detail}", verdict.word()));
        }
        let seen = Seen {
            text: format!("{}: {}", verdict.word(), without_name(&hold.reason, watch)),
            detected_s: Some(since(injected.wall, hold.since)),
            paused_s: Some(since(injected.up, paused.up)),
            told_s: None,
        };
        Ok((seen, hold.id))
    }

    /// Waits until `watch` has raised an alarm with this verdict, and people know.
    pub(crate) fn alarmed(&self, injected: &Now, watch: &str, verdict: Verdict) -> Result<Seen, Trouble> {
        let what = format!("the watchdog finds {watch} {}", verdict.word());
        let opened = self.until(&what, || {
            self.journalled("incident-opened", |line| {
                text(line, "watch") == watch && text(line, "verdict") == verdict.word()
            })
        })?;
        let told_s = Some(self.told(injected, text(&opened, "incident"))?);
        let detected_s = opened.get("at").and_then(Value::as_f64).map(|at| since(injected.wall, at));
        let text = format!("{}: {}; told", verdict.word(), text(&opened, "detail"));
        Ok(Seen { text, detected_s, paused_s: None, told_s })
    }

    /// Waits until people are told of the incident; how long that took, in seconds.
    fn told(&self, injected: &Now, incident: &str) -> Result<f64, Trouble> {
        self.until("people are told", || self.inbox().contains(incident).then_some(()))?;
        Ok(since(injected.up, self.now().up))
    }
}

/// From then to now on one clock, in seconds. Two processes may read it within one tick of each other.
pub(crate) fn since(then: f64, now: f64) -> f64 {
    (now - then).max(0.0)
}

/// The reason of a hold begins with the watch, which everybody knows here.
fn without_name<'r>(reason: &'r str, watch: &str) -> &'r str {
    reason.strip_prefix(watch).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(reason)
}
