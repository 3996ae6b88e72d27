//! A disk that takes no more: in a small file system of its own, which nobody else sees and which is gone with the
//! drill; and a file size limit, which needs no right to mount.

use std::path::Path;
use std::time::Duration;

use holdfast::json::Value;
use holdfast::sys::{Job, Outcome, Sys};
use holdfast::watch::Verdict;

use crate::stage::{Crew, MAX_AGE, Seen, Stage, Trouble, broken, failed, world};

/// Longer than anything here takes.
const LONGEST: Duration = Duration::from_secs(40);

pub(super) fn full(stage: &Stage) -> Result<Seen, Trouble> {
    let mut refusals = Vec::new();
    for namespace in ["--mount", "--mount --map-root-user"] {
        match on_small_disk(stage, namespace) {
            Err(Trouble::NotRun(why)) => refusals.push(why),
            played => return played,
        }
    }
    refusals.dedup();
    Err(Trouble::NotRun(format!("a small file system cannot be mounted here: {}", refusals.join("; "))))
}

/// Plays [`filled`] in a mount namespace of its own.
fn on_small_disk(stage: &Stage, namespace: &str) -> Result<Seen, Trouble> {
    let ours = stage.programs.ours.display().to_string();
    let bin_dir = stage.programs.dir().display().to_string();
    let dir = stage.dir.display().to_string();
    let mut argv = vec!["unshare"];
    argv.extend(namespace.split(' '));
    argv.extend(["--", &ours, "--bin-dir", &bin_dir, "play", "full-disk", "--small-disk", "--dir", &dir]);
    let outcome = match run(&stage.sys, &argv) {
        Ok(outcome) => outcome,
        Err(error) => return Err(Trouble::NotRun(format!("unshare: {error}"))),
    };
    let said = outcome.output.lines().rev().find_map(|line| serde_json::from_str(line).ok());
    let last = || outcome.output.lines().last().unwrap_or("no word").to_owned();
    said.unwrap_or_else(|| Err(Trouble::NotRun(last())))
}

fn run(sys: &Sys, argv: &[&str]) -> std::io::Result<Outcome> {
    let argv = argv.iter().map(|&arg| arg.to_owned()).collect();
    sys.spawner.run(&Job { argv, env: Vec::new(), dir: None, stdin: Vec::new(), timeout: LONGEST })
}

/// Mounts the small file system; only ever called in a mount namespace of our own.
pub(crate) fn mount(sys: &Sys, at: &Path) -> Result<(), Trouble> {
    let at = at.display().to_string();
    let outcome = run(sys, &["mount", "-t", "tmpfs", "-o", "size=512k,mode=750", "tmpfs", &at]);
    match outcome {
        Ok(outcome) if outcome.ok() => Ok(()),
        Ok(outcome) => Err(Trouble::NotRun(outcome.output.trim().to_owned())),
        Err(error) => Err(Trouble::NotRun(format!("mount: {error}"))),
    }
}

/// Fills the disk below a working crew.
pub(crate) fn filled(stage: &Stage) -> Result<Seen, Trouble> {
    /// Three cycles of the bot.
    const QUIET_S: f64 = 0.6;
    let _crew = stage.healthy()?;
    stage.until("the watchdog sets aside data/reserve", || {
        matches!(stage.sys.store.stat(&stage.root.reserve()), Ok(Some(_))).then_some(())
    })?;
    let injected = stage.now();
    let filler = stage.root.data().join("filler");
    stage.until("the bot can no longer beat", || {
        // What a write under way gives back is filled again.
        if let Err(error) = world::fill(&filler) {
            return Some(Err(broken("the disk cannot be filled")(&error)));
        }
        let last = stage.beat().and_then(|beat| beat.get("up").and_then(Value::as_f64));
        last.is_some_and(|up| stage.now().up - up > QUIET_S).then_some(Ok(()))
    })??;
    let seen = stage.tripped(&injected, "bot", Verdict::Stale)?;
    stage.check_refuses()?;
    Ok(seen)
}

/// No file may grow at all.
pub(super) fn limited(stage: &Stage) -> Result<Seen, Trouble> {
    const SCRIPT: &str = "trap '' XFSZ; ulimit -f 0; exec \"$0\" check --root \"$1\"";
    let Crew { bot, watchdog } = stage.healthy()?;
    stage.leave(bot)?;
    drop(watchdog);
    stage.sys.clock.wait(MAX_AGE);
    let watchdog = stage.programs.path("watchdog").display().to_string();
    let root = stage.root.path().display().to_string();
    let injected = stage.now();
    let mut check = stage.start(Path::new("/bin/sh"), &["-c", SCRIPT, &watchdog, &root], &[])?;
    let paused = stage.until("trading is paused", || (!stage.is_green()).then(|| stage.now()))?;
    let status = stage.until("watchdog check ends", || check.ended())?;
    if status.code() != Some(74) {
        return failed(format!("paused, but watchdog check ended with {status}, not 74"));
    }
    stage.check_refuses()?;
    let reason = stage.view().holds.first().map(|hold| hold.reason.clone()).unwrap_or_default();
    let paused_s = Some(paused.up - injected.up);
    Ok(Seen { text: format!("paused: {reason}; watchdog check ended with 74"), paused_s, ..Seen::default() })
}
