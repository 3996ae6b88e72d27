//! Pausing. The ledger first, then the face, then a look whether it worked.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, SystemTime};

use super::check::{Checked, Verdict, Why, check};
use super::face::{Face, Resumed};
use super::hold::{Hold, Mode, TEXT_MAX, new_id};
use super::holds::{LOCK_PATIENCE, bounded, paused_face};
use crate::json::{Object, Value};
use crate::root::Root;
use crate::sys::{Appended, Secrecy, Sys};
use crate::time::iso;

/// Hands that come between a trip and its last look are outdone so often.
const RACES: usize = 3;

/// What is to be paused, and why.
#[derive(Clone, Debug)]
pub struct Trip {
    /// What is forbidden.
    pub mode: Mode,
    /// The cause, in words.
    pub reason: String,
    /// Which person or program trips.
    pub by: String,
    /// The watch whose verdict it is.
    pub watch: Option<String>,
    /// The hold's id, when it stands elsewhere already; a new one otherwise.
    pub id: Option<String>,
}

/// The circuit is paused.
#[derive(Debug)]
pub struct Tripped {
    /// The cause as it is recorded.
    pub hold: Hold,
    /// What could not be written although the circuit is paused; the trip is then not fully recorded, and a
    /// program ends with [`crate::Exit::Io`].
    pub shortcomings: Vec<String>,
    /// Somebody resumed, or edited the face by hand, after the trip had entered the ledger.
    pub lifted_already: bool,
}

/// The circuit could not be paused.
#[derive(Debug, thiserror::Error)]
#[error(
    "THE CIRCUIT IS NOT PAUSED: {}\n  stop the pipeline by hand now, then mend the disk or the permissions of data/",
    .0.join("; ")
)]
pub struct TripError(pub Vec<String>);

/// Pauses the circuit of `root`, durably. Never waits longer than about a second, whatever others do.
///
/// From the moment that its line is in the ledger the trip holds (**no-lost-trip**). On a full disk, and only there,
/// the reserve is freed; failing that the face is overwritten in place, which is paused from its first byte on.
pub fn trip(sys: &Sys, root: &Root, trip: &Trip) -> Result<Tripped, TripError> {
    trip_all(sys, root, std::slice::from_ref(trip)).swap_remove(0)
}

/// [`trip()`] for several causes at once, one result for each: all of them enter the ledger before anything is
/// waited for, and together they wait no longer than one.
pub fn trip_all(sys: &Sys, root: &Root, trips: &[Trip]) -> Vec<Result<Tripped, TripError>> {
    let holds: Vec<Hold> = trips.iter().map(|trip| hold_of(sys, trip)).collect();
    let mut before = Before::look(sys, root);
    // If this fails the ledger still follows.
    let first = if before.unsure { update_face(sys, root, &holds, &[], before) } else { Ok(()) };
    let lines: Vec<io::Result<Appended>> =
        holds.iter().map(|hold| with_reserve(sys, root, || append(sys, root, hold))).collect();
    if lines.iter().any(Result::is_ok) {
        before = before.again(sys, root);
        keep_newer(sys, root, before.hand_edit);
    }
    // Somebody who was stopped may hold the lock for ever, or own a lock file that we cannot open.
    let lock = sys.lock_within(&root.circuit_lock(), LOCK_PATIENCE).ok().flatten();
    let mut updated = update_face(sys, root, &holds, &lines, before);
    let mut after = check(sys, root);
    for _ in 0..RACES {
        let told = holds.iter().zip(&lines).all(|(hold, line)| accounted(&after, hold, line, before));
        if updated.is_err() || told || !after.verdict.is_green() {
            break;
        }
        // Lifted by a hand, and then another trip, lifted too: nothing tells any more that ours was done. In a race a
        // trip wins.
        updated = update_face(sys, root, &holds, &lines, before);
        after = check(sys, root);
    }
    drop(lock);
    // A face that nobody can read is left as it is, also when it was the first try that emptied it.
    let updated = if after.face.is_none() { updated.and(first) } else { updated };
    let results = holds.into_iter().zip(lines);
    results.map(|(hold, line)| result(hold, &line, updated.as_ref().err(), &after, before)).collect()
}

/// What came of one trip, as the circuit is `after` it.
fn result(
    hold: Hold,
    line: &io::Result<Appended>,
    face: Option<&io::Error>,
    after: &Checked,
    before: Before,
) -> Result<Tripped, TripError> {
    let of_ledger = line.as_ref().err().map(|error| format!("data/trips.jsonl cannot be written: {error}"));
    let of_face = face.map(|error| format!("data/circuit.json cannot be brought up to date: {error}"));
    let mut shortcomings: Vec<String> = of_ledger.into_iter().chain(of_face).collect();
    if line.is_err() && !after.rests_on_files() {
        shortcomings.push("it reads as paused only as long as it cannot be read".to_owned());
        return Err(TripError(shortcomings));
    }
    let lifted_already = after.verdict.is_green();
    if lifted_already && !accounted(after, &hold, line, before) {
        shortcomings.push("it still reads as green".to_owned());
        return Err(TripError(shortcomings));
    }
    Ok(Tripped { hold, shortcomings, lifted_already })
}

fn hold_of(sys: &Sys, trip: &Trip) -> Hold {
    let wall = sys.clock.now().wall;
    Hold {
        id: trip.id.clone().unwrap_or_else(|| new_id(wall)),
        mode: trip.mode,
        reason: trip.reason.chars().take(TEXT_MAX).collect(),
        by: trip.by.chars().take(TEXT_MAX).collect(),
        watch: trip.watch.clone(),
        host: sys.host.to_owned(),
        since: wall,
    }
}

fn append(sys: &Sys, root: &Root, hold: &Hold) -> io::Result<Appended> {
    let mut object = Object::new();
    object.insert("v".into(), 1.into());
    object.extend(hold.to_object());
    object.insert("iso".into(), iso(hold.since).into());
    sys.store.append(&root.ledger(), &Value::from(object).to_string())
}

/// Does `write`; when the disk is full, frees the reserve and does it once more. The watchdog restores the reserve.
fn with_reserve<T>(sys: &Sys, root: &Root, mut write: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    write().or_else(|error| {
        // Room mends nothing else, and the reserve is for the day on which it does.
        if no_room(&error) && sys.store.remove(&root.reserve()).is_ok() { write() } else { Err(error) }
    })
}

/// The disk is full, or a quota of it; a disk that had room for a part of the line is full, too.
fn no_room(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull, WriteZero};
    matches!(error.kind(), StorageFull | QuotaExceeded | WriteZero)
}

/// What stood in the face before the trip.
#[derive(Clone, Copy, Default)]
struct Before {
    /// When a face that a hand left green, without `trips`, was written. The verdict then rests on times.
    hand_edit: Option<SystemTime>,
    /// It could not be looked at.
    unknown: bool,
    /// That, or it rests on times, or knows more of the ledger than there is: with the new line it could turn green
    /// until it is brought up to date, or take lines that came since the ledger shrank for known.
    unsure: bool,
}

impl Before {
    fn look(sys: &Sys, root: &Root) -> Self {
        let checked = check(sys, root);
        let Some((face, modified)) = &checked.face else {
            let unknown = !checked.rests_on_files();
            return Self { unknown, unsure: unknown, ..Self::default() };
        };
        let by_hand = !face.paused && face.trips.is_none();
        let shrank = checked.ledger.is_ok() && face.trips.is_some_and(|known| known > checked.ledger_len());
        let hand_edit = by_hand.then_some(*modified);
        Self { hand_edit, unknown: false, unsure: by_hand || shrank }
    }

    /// An edit by hand that came between that look and this one may be older than the line in the ledger, whatever
    /// its time says where the wall clock was set back: in a race the trip wins.
    fn again(self, sys: &Sys, root: &Root) -> Self {
        let Self { hand_edit, unknown, .. } = Self::look(sys, root);
        Self { hand_edit: hand_edit.or(self.hand_edit), unknown: self.unknown || unknown, ..self }
    }
}

/// After the wall clock was set back a ledger may look older than the face that was there before it. Its time then
/// follows the face's, so that the trip holds. Within one tick both are equal, which is paused as it is: to date the
/// ledger anew would set its time back for a trip that comes meanwhile (**manual-resume**).
fn keep_newer(sys: &Sys, root: &Root, hand_edit: Option<SystemTime>) {
    let Some(edited) = hand_edit else { return };
    if let Ok(Some(ledger)) = sys.store.stat(&root.ledger())
        && ledger.modified < edited
    {
        // If this fails the face still follows, and the last look at the verdict tells.
        let _ = sys.store.set_modified(&root.ledger(), edited + Duration::from_millis(1));
    }
}

fn update_face(
    sys: &Sys,
    root: &Root,
    holds: &[Hold],
    lines: &[io::Result<Appended>],
    before: Before,
) -> io::Result<()> {
    let checked = check(sys, root);
    let unreadable = checked.face.is_none() && !missing(&checked);
    if unreadable && !checked.rests_on_files() {
        return Err(io::Error::other("it cannot be read now"));
    }
    // A malformed face is paused for everybody already, and a person should see it as it is. Where the ledger could
    // not take the trip, that is what the pause rests on.
    if unreadable {
        return if lines.iter().all(Result::is_ok) { Ok(()) } else { sys.store.sync(&root.circuit()) };
    }
    let accounted = |(hold, line): (&Hold, &io::Result<Appended>)| accounted(&checked, hold, line, before);
    if !lines.is_empty() && holds.iter().zip(lines).all(accounted) {
        return Ok(());
    }
    let bytes = face_with(sys, root, &checked, holds).to_bytes();
    with_reserve(sys, root, || sys.store.replace(&root.circuit(), &bytes, Secrecy::Shared)).or_else(|error| {
        // For readers who know only the face it must not stay green, nor a pause that somebody else could not make
        // durable be lost with the power.
        let green = checked.face.as_ref().is_none_or(|(face, _)| !face.paused);
        let store = sys.store;
        let last = if green { store.overwrite(&root.circuit(), &bytes) } else { store.sync(&root.circuit()) };
        last.map_err(|second| io::Error::other(format!("{error}; {second}")))?;
        Err(error)
    })
}

/// The face has taken this line in: the hold stands there, or was lifted since by a resume or a hand edit.
fn accounted(checked: &Checked, hold: &Hold, line: &io::Result<Appended>, before: Before) -> bool {
    // A face that nobody knows from before proves nothing: in a race a trip wins.
    if line.is_err() || before.unknown {
        return false;
    }
    checked.face.as_ref().is_some_and(|(face, modified)| match face.trips {
        // Only names count: who brings the face up to date may take what is in the ledger for lifted or known, by the
        // times of a clock that was set back, or because the ledger shrank.
        Some(_) => names(face, hold) && !checked.lags(),
        None => checked.verdict.is_green() && Some(*modified) != before.hand_edit,
    })
}

/// It stands in the face, or the face says that a person lifted it.
fn names(face: &Face, hold: &Hold) -> bool {
    let lifted = |resumed: &Resumed| resumed.lifted.contains(&hold.id);
    face.holds.iter().any(|standing| standing.id == hold.id) || face.resumed.as_ref().is_some_and(lifted)
}

/// No face is there at all.
fn missing(checked: &Checked) -> bool {
    matches!(
        &checked.verdict,
        Verdict::Green | Verdict::Paused { why: Why::FaceMissing | Why::LedgerUnreadable(_), .. }
    )
}

/// The face with what stands and these holds, whether or not the ledger could take them.
fn face_with(sys: &Sys, root: &Root, checked: &Checked, holds: &[Hold]) -> Face {
    let mut face = paused_face(sys, root, checked);
    let known: HashSet<String> = face.holds.iter().map(|standing| standing.id.clone()).collect();
    face.holds.extend(holds.iter().filter(|hold| !known.contains(&hold.id)).cloned());
    let Face { holds, trips, resumed, extra, .. } = face;
    Face::paused_by(bounded(holds), trips.unwrap_or(0), resumed, extra)
}
