//! Which holds stand: the face's, and those of the ledger that it has not taken into account.

use std::collections::HashSet;
use std::io;
use std::time::{Duration, SystemTime};

use super::check::{Checked, Verdict, Why, check};
use super::face::Face;
use super::history;
use super::hold::{Hold, Mode};
use crate::journal;
use crate::json::{self, Value};
use crate::root::Root;
use crate::sys::{MAX_READ, Secrecy, Stat, Sys};

/// How much of the ledger is taken into account at once, in bytes. What is beyond keeps the circuit paused.
const LEDGER_READ: usize = 1 << 20;
/// How many holds a face names; one hold stands for the rest.
const HOLDS_MAX: usize = 1000;
/// The same in bytes: keeps the face within what is read.
const HOLDS_BYTES_MAX: usize = MAX_READ as usize / 2;
/// Begins the id of the one that stands for the rest.
const FURTHER: &str = "further-";

/// The circuit as people look at it.
#[derive(Clone, Debug)]
pub struct View {
    /// The verdict of [`check`].
    pub verdict: Verdict,
    /// Every cause that stands, oldest first; empty when green.
    pub holds: Vec<Hold>,
    /// The face, where it could be read.
    pub face: Option<Face>,
    /// When the face was last written.
    pub face_modified: Option<SystemTime>,
    /// The ledger's length in bytes.
    pub ledger_len: u64,
    /// Why the ledger cannot be looked at.
    pub ledger_error: Option<String>,
    /// Face or ledger could not be read, or not to its end: nobody is known to have paused or resumed anything.
    pub refused: bool,
    /// How much of it `holds` accounts for: less only while an enormous number of trips is unseen.
    pub accounted: u64,
}

/// Verdict and holds. Never fails: what cannot be read becomes a hold that says so.
pub fn view(sys: &Sys, root: &Root) -> View {
    let checked = check(sys, root);
    let (mut holds, accounted) = standing(sys, root, &checked);
    holds.sort_by(|one, other| one.since.total_cmp(&other.since));
    let ledger_len = checked.ledger_len();
    let (face, face_modified) = checked.face.unzip();
    View {
        verdict: checked.verdict,
        holds,
        face,
        face_modified,
        ledger_len,
        ledger_error: checked.ledger.err(),
        refused: checked.refused || accounted < ledger_len,
        accounted,
    }
}

/// The holds that stand, and how many bytes of the ledger they account for.
pub(super) fn standing(sys: &Sys, root: &Root, checked: &Checked) -> (Vec<Hold>, u64) {
    let Verdict::Paused { why, .. } = &checked.verdict else {
        return (Vec::new(), checked.ledger_len());
    };
    let (mut holds, read) = match &checked.face {
        None => from_history(sys, root),
        Some((face, written)) => {
            let mut holds = face.standing(*written);
            let (unseen, read) = unseen(sys, root, face, *written, &checked.ledger);
            holds.extend(unseen);
            (holds, read)
        }
    };
    // What keeps us from reading is a cause of its own, beside the holds that could be found.
    if matches!(why, Why::FaceMalformed(_) | Why::LedgerUnreadable(_)) || holds.is_empty() {
        holds.push(synthetic(sys, why));
    }
    let mut seen = HashSet::new();
    holds.retain(|hold| seen.insert(hold.id.clone()));
    (bounded(holds), read)
}

/// A hold in the name of the state of the files.
fn synthetic(sys: &Sys, why: &Why) -> Hold {
    let id = match why {
        Why::Face => "by-hand",
        Why::FaceMissing => "face-missing",
        Why::FaceMalformed(_) => "face-malformed",
        Why::LedgerUnreadable(_) => "ledger-unreadable",
        Why::Unseen { .. } | Why::LedgerNewer => "ledger-unseen",
        Why::LedgerShrank { .. } => "ledger-shrank",
    };
    Hold {
        id: id.to_owned(),
        mode: Mode::Halt,
        reason: why.to_string(),
        by: "fail-closed".to_owned(),
        watch: None,
        host: sys.host.to_owned(),
        since: sys.clock.now().wall,
    }
}

/// Trips of the ledger that `face` does not know, and the length up to which it was read.
fn unseen(
    sys: &Sys,
    root: &Root,
    face: &Face,
    written: SystemTime,
    ledger: &Result<Option<Stat>, String>,
) -> (Vec<Hold>, u64) {
    let found = match ledger {
        Ok(stat) => stat.map_or(0, |stat| stat.len),
        Err(what) => {
            let why = Why::LedgerUnreadable(what.clone());
            return (vec![synthetic(sys, &why)], face.trips.unwrap_or(0));
        }
    };
    match face.trips {
        Some(known) if known <= found => ledger_from(sys, root, known),
        // What is left of it was known once, or came since it shrank: nobody can tell them apart by length.
        Some(known) => {
            let (mut holds, read) = from_history(sys, root);
            holds.push(synthetic(sys, &Why::LedgerShrank { known, found }));
            (holds, read)
        }
        // Who paused by hand lifted nothing: "lifting one never lifts another" (**no-lost-trip**).
        None if face.paused => from_history(sys, root),
        // Who resumed by hand knew what was there before, as far as clocks can tell.
        None => {
            let written =
                written.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
            let (mut holds, read) = ledger_from(sys, root, 0);
            // The last line is news in any case: it made the ledger newer than the face.
            let last = holds.pop();
            holds.retain(|hold| hold.since >= written);
            holds.extend(last);
            (holds, read)
        }
    }
}

/// The ledger's lines from byte `offset` on. A torn or foreign line is a hold too: somebody began to trip.
fn ledger_from(sys: &Sys, root: &Root, offset: u64) -> (Vec<Hold>, u64) {
    let Ok(bytes) = sys.store.read_at(&root.ledger(), offset, LEDGER_READ) else {
        return (Vec::new(), offset);
    };
    // A line beyond the bound is taken at the next time; a torn one at the end of the file is taken as it is.
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        Some(last) if bytes.len() == LEDGER_READ => &bytes[..=last],
        _ => &bytes[..],
    };
    let mut at = offset;
    let mut holds = Vec::new();
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        if !line.iter().all(u8::is_ascii_whitespace) {
            holds.push(from_line(sys, line, at));
        }
        at += line.len() as u64;
    }
    (holds, at)
}

fn from_line(sys: &Sys, line: &[u8], offset: u64) -> Hold {
    let read = json::object(line).and_then(|object| Hold::from_value(&Value::Object(object)));
    read.unwrap_or_else(|error| Hold {
        id: format!("ledger-{offset}"),
        mode: Mode::Halt,
        reason: format!("a trip whose line in data/trips.jsonl at byte {offset} cannot be read: it {error}"),
        by: "unknown".to_owned(),
        watch: None,
        host: "unknown".to_owned(),
        since: sys.clock.now().wall,
    })
}

/// Without a face: every trip of the ledger that the journal does not say was lifted.
fn from_history(sys: &Sys, root: &Root) -> (Vec<Hold>, u64) {
    let (mut holds, read) = ledger_from(sys, root, 0);
    let entries = journal::recent(sys, root).map(|(entries, _)| entries).unwrap_or_default();
    let lifted = history::lifted(&entries);
    holds.retain(|hold| !lifted.contains(hold.id.as_str()));
    (holds, read)
}

/// Trips that the journal tells of, that nobody has lifted, and that are not in the ledger: face and ledger are
/// older than the journal, as after a restored backup (**no-lost-trip**). As far back as the journal is read at once.
pub fn lost_trips(sys: &Sys, root: &Root) -> Vec<String> {
    let entries = journal::recent(sys, root).map(|(entries, _)| entries).unwrap_or_default();
    let mut lost = history::standing(&entries);
    let mut at = 0;
    while !lost.is_empty() {
        let (holds, read) = ledger_from(sys, root, at);
        lost.retain(|id| !holds.iter().any(|hold| hold.id == *id));
        if read == at {
            break;
        }
        at = read;
    }
    lost
}

/// How many holds a face can name without becoming too long to be read.
fn room(holds: &[Hold]) -> usize {
    let mut bytes = 0;
    let fits = |hold: &&Hold| {
        bytes += Value::from(hold.to_object()).to_string().len();
        bytes <= HOLDS_BYTES_MAX
    };
    holds.iter().take_while(fits).count().min(HOLDS_MAX)
}

/// No more of them than a face can name.
pub(super) fn bounded(mut holds: Vec<Hold>) -> Vec<Hold> {
    let room = room(&holds);
    if holds.len() > room {
        holds.truncate(room.max(1));
        // The last that is named stands for all after it. It may have done so before.
        if let Some(last) = holds.last_mut().filter(|last| !last.id.starts_with(FURTHER)) {
            last.reason = format!("this and further trips, see data/trips.jsonl; this one: {}", last.reason);
            last.id = format!("{FURTHER}{}", last.short());
            last.mode = Mode::Halt;
        }
    }
    holds
}

/// Brings a face that lags behind the ledger up to date; `true` if it did. A face that cannot be read is left
/// for a person to look at. Without the lock, which somebody else may hold, it does nothing.
pub fn repair(sys: &Sys, root: &Root) -> io::Result<bool> {
    if !check(sys, root).lags() {
        return Ok(false);
    }
    let Some(_lock) = sys.lock_within(&root.circuit_lock(), LOCK_PATIENCE)? else { return Ok(false) };
    let checked = check(sys, root);
    let lags = checked.lags();
    if lags {
        write(sys, root, &checked)?;
    }
    Ok(lags)
}

/// How long a writer of the face waits for another one, and then goes on without the lock (**no-lost-trip**).
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Writes a paused face with all that stands.
pub(super) fn write(sys: &Sys, root: &Root, checked: &Checked) -> io::Result<()> {
    sys.store.replace(&root.circuit(), &paused_face(sys, root, checked).to_bytes(), Secrecy::Shared)
}

/// The face that says what stands.
pub(super) fn paused_face(sys: &Sys, root: &Root, checked: &Checked) -> Face {
    let (holds, read) = standing(sys, root, checked);
    let old = checked.face.as_ref().map(|(face, _)| face.clone()).unwrap_or_default();
    Face::paused_by(holds, read, old.resumed, old.extra)
}
