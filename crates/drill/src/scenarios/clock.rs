//! The wall clock moved against the boot clock. The host's own clock is not touched: beats are forged that look
//! as if it had been.

use std::time::Duration;

use holdfast::json::{self, Object, Value};
use holdfast::sys::Secrecy;
use holdfast::watch::Verdict;

use crate::stage::{Crew, MAX_AGE, Seen, Stage, Trouble, broken, failed};

const HOUR: f64 = 3600.0;

pub(super) fn ahead(stage: &Stage) -> Result<Seen, Trouble> {
    let Crew { bot, watchdog: _watchdog } = stage.healthy()?;
    stage.leave(bot)?;
    let injected = stage.now();
    forge(stage, HOUR)?;
    let alarm = stage.alarmed(&injected, "bot", Verdict::ClockAhead)?;
    let trip = stage.tripped(&injected, "bot", Verdict::ClockAhead)?;
    Ok(Seen { detected_s: alarm.detected_s, told_s: alarm.told_s, ..trip })
}

pub(super) fn back(stage: &Stage) -> Result<Seen, Trouble> {
    const STEP: Duration = Duration::from_millis(200);
    let Crew { bot, watchdog: _watchdog } = stage.healthy()?;
    stage.leave(bot)?;
    let began = stage.now().up;
    let mut last = stage.now();
    while last.up - began < 1.5 * MAX_AGE.as_secs_f64() {
        last = stage.now();
        forge(stage, -HOUR)?;
        stage.sys.clock.wait(STEP);
        stage.still_green("although beats came all the time")?;
    }
    let seen = stage.tripped(&last, "bot", Verdict::Stale)?;
    Ok(Seen { text: format!("no trip while they came; then {}", seen.text), ..seen })
}

/// The next beat, by a wall clock that is off by `shift` seconds.
fn forge(stage: &Stage, shift: f64) -> Result<(), Trouble> {
    let Some(mut beat) = stage.beat() else { return failed("there is no heartbeat to forge from") };
    let now = stage.now();
    let next = |beat: &Object, key: &str| beat.get(key).and_then(Value::as_u64).unwrap_or_default() + 1;
    let (seq, candle_at) = (next(&beat, "seq"), next(&beat, "candle_at"));
    for (key, value) in [("at", now.wall + shift), ("up", now.up), ("awake", now.awake)] {
        beat.insert(key.to_owned(), json::number((value * 1e3).floor() / 1e3));
    }
    beat.insert("seq".to_owned(), seq.into());
    beat.insert("candle_at".to_owned(), candle_at.into());
    let bytes = Value::from(beat).to_string();
    stage
        .sys
        .store
        .replace(&stage.root.heartbeat(None), bytes.as_bytes(), Secrecy::Shared)
        .map_err(|error| broken("the heartbeat cannot be forged")(&error))
}
