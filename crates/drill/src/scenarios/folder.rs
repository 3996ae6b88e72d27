//! What accidents do to the whole of `data/`: a disk that is not mounted, a restore (**fail-closed**, **no-lost-trip**).

use holdfast::json::Object;
use holdfast::sys::{Ended, Now};
use holdfast::watch::{CIRCUIT_WATCH, Verdict};

use super::circuit::{held, paused};
use crate::stage::{Crew, Seen, Stage, Trouble, broken, failed, text, world};

pub(super) fn gone(stage: &Stage) -> Result<Seen, Trouble> {
    let _crew = paused(stage)?;
    seen_by_the_watchdog(stage)?;
    let injected = stage.now();
    take_away(stage, "taken-away")?;
    let told = stage.until("people are told that data/ is gone", || {
        stage.inbox().contains("the folder data/ is gone").then(|| stage.now())
    })?;
    for program in ["circuit-ctl", "hb-write"] {
        refuses(stage, program)?;
    }
    if !matches!(stage.sys.store.stat(&stage.root.data()), Ok(None)) {
        return failed("data/ is there again, and no person made it");
    }
    let made = stage.now();
    stage.sys.store.make_dir(&stage.root.data()).map_err(|error| broken("data/ cannot be made")(&error))?;
    let seen = tripped_again(stage, &made)?;
    let told_s = told.up - injected.up;
    let words = format!("told after {told_s:.2} s, refused (78); made anew and empty: {}", seen.text);
    Ok(Seen { text: words, told_s: Some(told_s), ..seen })
}

/// All of it as it was before the trip, the watchdog's memory too, while no watchdog runs. Only the journal, in
/// `memory/`, can tell.
pub(super) fn restored(stage: &Stage) -> Result<Seen, Trouble> {
    let Crew { bot: _bot, watchdog } = stage.healthy()?;
    let backup = stage.dir.join("backup");
    world::copy_folder(&stage.root.data(), &backup).map_err(|error| broken("a backup")(&error))?;
    stage.trip_by_hand("the drill pauses before it puts back a backup")?;
    held(stage)?;
    seen_by_the_watchdog(stage)?;
    drop(watchdog);
    let injected = stage.now();
    take_away(stage, "replaced")?;
    world::put_back(&backup, &stage.root.data()).map_err(|error| broken("the backup")(&error))?;
    let _watchdog = stage.watchdog()?;
    tripped_again(stage, &injected)
}

fn take_away(stage: &Stage, to: &str) -> Result<(), Trouble> {
    world::put_back(&stage.root.data(), &stage.dir.join(to))
        .map_err(|error| broken("data/ cannot be moved")(&error))
}

/// It does not take the folder for a root.
fn refuses(stage: &Stage, program: &str) -> Result<(), Trouble> {
    let args: &[&str] = if program == "circuit-ctl" { &["check"] } else { &[] };
    match stage.run(program, args)?.ended {
        Ended::Code(78) => Ok(()),
        ended => failed(format!("without data/ {program} ended with {ended:?}, not 78")),
    }
}

/// The trip is in the watchdog's memory, and in the journal.
fn seen_by_the_watchdog(stage: &Stage) -> Result<(), Trouble> {
    stage.until("the watchdog has seen the trip", || {
        let knows = |memory: holdfast::watch::Memory| {
            memory.circuit.ledger_len > 0 && !memory.circuit.holds.is_empty()
        };
        stage.memory().is_some_and(knows).then_some(())
    })
}

/// Waits until the watchdog has paused again because trips were taken out. It may find more that is wrong.
fn tripped_again(stage: &Stage, injected: &Now) -> Result<Seen, Trouble> {
    let mut paused = None;
    stage.until("trading is paused again for the trips that are missing", || {
        if !stage.is_green() {
            paused.get_or_insert(stage.now().up);
        }
        let is_ours = |hold: &holdfast::circuit::Hold| hold.watch.as_deref() == Some(CIRCUIT_WATCH);
        stage.view().holds.iter().any(is_ours).then_some(())
    })?;
    // Its incident may be open already, for a folder that is gone.
    stage.until("the journal tells that trips are missing", || {
        let shrank = |line: &Object| text(line, "verdict") == Verdict::LedgerShrank.word();
        ["incident-opened", "incident-worse"].into_iter().find_map(|kind| stage.journalled(kind, shrank))
    })?;
    let seen = stage.tripped(injected, CIRCUIT_WATCH, Verdict::LedgerShrank)?;
    stage.check_refuses()?;
    Ok(Seen { paused_s: paused.map(|up| up - injected.up), ..seen })
}
