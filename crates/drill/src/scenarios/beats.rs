//! Beats that say that something is wrong.

use std::time::Duration;

use holdfast::watch::Verdict;

use crate::bot::Mood;
use crate::stage::{Crew, Seen, Stage, Trouble, broken, world};

pub(super) fn bad_status(stage: &Stage) -> Result<Seen, Trouble> {
    told_to(stage, Mood::Fails, Verdict::Reported)
}

pub(super) fn not_advancing(stage: &Stage) -> Result<Seen, Trouble> {
    told_to(stage, Mood::Stuck, Verdict::NotAdvancing)
}

pub(super) fn cost_limit(stage: &Stage) -> Result<Seen, Trouble> {
    told_to(stage, Mood::Spends, Verdict::Limit)
}

fn told_to(stage: &Stage, mood: Mood, verdict: Verdict) -> Result<Seen, Trouble> {
    let mut crew = stage.healthy()?;
    let injected = stage.now();
    crew.bot.turn(mood);
    stage.tripped(&injected, "bot", verdict)
}

pub(super) fn torn(stage: &Stage) -> Result<Seen, Trouble> {
    let Crew { bot, watchdog: _watchdog } = stage.healthy()?;
    stage.leave(bot)?;
    let injected = stage.now();
    world::tear(&stage.root.heartbeat(None))
        .map_err(|error| broken("the heartbeat cannot be torn")(&error))?;
    stage.tripped(&injected, "bot", Verdict::Malformed)
}

pub(super) fn two_writers(stage: &Stage) -> Result<Seen, Trouble> {
    /// Long enough for a trip that comes late.
    const AFTER: Duration = Duration::from_millis(500);
    let _crew = stage.healthy()?;
    let injected = stage.now();
    // In step with the first it might always beat just before it, where nobody sees it.
    let _second = stage.bot_with(&["--every", "270ms"])?;
    let seen = stage.alarmed(&injected, "bot", Verdict::TwoWriters)?;
    stage.all_the_while(AFTER, || stage.still_green("although two writers are no reason to"))?;
    Ok(seen)
}
