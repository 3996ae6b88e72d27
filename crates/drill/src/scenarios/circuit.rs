//! What accidents do to the circuit's files (**fail-closed**, **no-lost-trip**).

use std::time::{Duration, SystemTime};

use holdfast::circuit::{Verdict as Circuit, Why};
use holdfast::json::{self, Object};
use holdfast::sys::Now;
use holdfast::watch::Verdict;

use crate::stage::{Crew, Seen, Stage, Trouble, broken, failed, world};

/// As a resume would have left it before there was any trip.
const OLDER: &[u8] = b"{\"v\":1,\"paused\":false,\"trips\":0}\n";
const BY_HAND: &[u8] = b"{\"paused\": false}\n";

pub(super) fn deleted(stage: &Stage) -> Result<Seen, Trouble> {
    let _crew = paused(stage)?;
    let injected = stage.now();
    world::delete(&stage.root.circuit()).map_err(|error| broken("data/circuit.json")(&error))?;
    put_right(stage, &injected, "the file was back")
}

pub(super) fn restored(stage: &Stage) -> Result<Seen, Trouble> {
    let _crew = paused(stage)?;
    let hour_ago = SystemTime::UNIX_EPOCH + Duration::from_secs_f64(stage.now().wall - 3600.0);
    let injected = stage.now();
    overwrite(stage, OLDER)?;
    let first = put_right(stage, &injected, "put right")?;
    // A copy that a hand wrote, with its old time, as a backup puts it back.
    let again = stage.now();
    let aside = stage.root.data().join(".older-copy.tmp");
    world::write(&aside, BY_HAND)
        .and_then(|()| world::date(&aside, hour_ago))
        .map_err(|error| broken("a copy")(&error))?;
    world::put_back(&aside, &stage.root.circuit()).map_err(|error| broken("data/circuit.json")(&error))?;
    let second = put_right(stage, &again, "put right")?;
    let (one, two) = (first.detected_s.unwrap_or_default(), second.detected_s.unwrap_or_default());
    Ok(Seen {
        text: format!("never green; put right after {one:.2} s, and a hand's copy after {two:.2} s"),
        ..first
    })
}

pub(super) fn corrupted(stage: &Stage) -> Result<Seen, Trouble> {
    let crew = stage.healthy()?;
    overwrite(stage, BY_HAND)?;
    stage.still_green("with a face that a hand has written")?;
    let decided = stage.decisions();
    stage.until("the bot goes on", || (stage.decisions() > decided).then_some(()))?;
    let injected = stage.now();
    world::tear(&stage.root.circuit()).map_err(|error| broken("data/circuit.json")(&error))?;
    let paused = stage.until("trading is paused", || (!stage.is_green()).then(|| stage.now()))?;
    if !matches!(stage.view().verdict, Circuit::Paused { why: Why::FaceMalformed(_), .. }) {
        return failed(format!("paused for another reason: {:?}", stage.view().verdict));
    }
    stage.check_refuses()?;
    let known =
        |id: &str| stage.memory().is_some_and(|memory| memory.circuit.holds.iter().any(|hold| hold.id == id));
    let detected = stage.until("the watchdog knows", || known("face-malformed").then(|| stage.now()))?;
    stage.until("people are told", || stage.inbox().contains("PAUSED").then_some(()))?;
    let told = stage.now();
    held(stage)?;
    drop(crew);
    Ok(Seen {
        text: "paused as malformed, told; the bot beats held".to_owned(),
        detected_s: Some(detected.up - injected.up),
        paused_s: Some(paused.up - injected.up),
        told_s: Some(told.up - injected.up),
    })
}

/// Face and ledger agree that there never was a trip. Only who has seen it can tell.
pub(super) fn backup_restored(stage: &Stage) -> Result<Seen, Trouble> {
    let _crew = paused(stage)?;
    stage.until("the watchdog has seen the trip", || {
        stage
            .memory()
            .is_some_and(|memory| memory.circuit.ledger_len > 0 && !memory.circuit.holds.is_empty())
            .then_some(())
    })?;
    let injected = stage.now();
    for path in [stage.root.ledger(), stage.root.circuit()] {
        world::delete(&path).map_err(|error| broken("the files of the circuit")(&error))?;
    }
    stage.tripped(&injected, "holdfast/circuit", Verdict::LedgerShrank)
}

/// A healthy crew, paused by hand.
pub(super) fn paused(stage: &Stage) -> Result<Crew, Trouble> {
    let crew = stage.healthy()?;
    stage.trip_by_hand("the drill pauses before it damages the circuit's files")?;
    held(stage)?;
    Ok(crew)
}

pub(super) fn held(stage: &Stage) -> Result<(), Trouble> {
    let is_held = |beat: Object| beat.get("status").is_some_and(|status| status == "held");
    stage.until("the bot beats held", || stage.beat().is_some_and(is_held).then_some(()))
}

fn overwrite(stage: &Stage, bytes: &[u8]) -> Result<(), Trouble> {
    world::write(&stage.root.circuit(), bytes).map_err(|error| broken("data/circuit.json")(&error))
}

/// Waits until the face itself says paused again; on the way no reader may find green.
fn put_right(stage: &Stage, injected: &Now, what: &str) -> Result<Seen, Trouble> {
    let mut first = None;
    let says_paused = || {
        let bytes = stage.sys.store.read(&stage.root.circuit()).ok()?;
        Some(json::object(&bytes).ok()?.get("paused")? == true)
    };
    stage.until("the face says paused again", || {
        if stage.is_green() {
            return Some(failed("a reader found the circuit green, although a trip stands"));
        }
        first.get_or_insert(stage.now().up);
        says_paused().is_some_and(|paused| paused).then_some(Ok(()))
    })??;
    let repaired = stage.now().up;
    stage.check_refuses()?;
    Ok(Seen {
        text: format!("never green; {what} after {:.2} s", repaired - injected.up),
        detected_s: Some(repaired - injected.up),
        paused_s: first.map(|up| up - injected.up),
        told_s: None,
    })
}
