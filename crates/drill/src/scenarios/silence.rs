//! A bot that says nothing any more.

use holdfast::watch::Verdict;

use crate::stage::{Seen, Stage, Trouble};

pub(super) fn kill(stage: &Stage) -> Result<Seen, Trouble> {
    let mut crew = stage.healthy()?;
    let injected = stage.now();
    crew.bot.0.kill();
    stage.tripped(&injected, "bot", Verdict::Stale)
}

pub(super) fn stop(stage: &Stage) -> Result<Seen, Trouble> {
    let crew = stage.healthy()?;
    let injected = stage.now();
    crew.bot.0.stop()?;
    let seen = stage.tripped(&injected, "bot", Verdict::Stale)?;
    crew.bot.0.go_on()?;
    stage.until("the bot, woken, beats held", || {
        stage.beat().is_some_and(|beat| beat.get("status").is_some_and(|is| is == "held")).then_some(())
    })?;
    Ok(Seen { text: format!("{}; woken, it beats held", seen.text), ..seen })
}
