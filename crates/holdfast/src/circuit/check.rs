//! The verdict, cheap: one read, one stat, no lock, no write.

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime};

use super::face::Face;
use super::hold::Mode;
use crate::exit::Exit;
use crate::root::Root;
use crate::sys::{Kind, ReadError, Stat, Sys};

/// Simple writers write in place: bytes that do not parse are read again for this long before they count.
const REREAD: Duration = Duration::from_millis(200);
const REREAD_STEP: Duration = Duration::from_millis(10);
/// How often face and ledger are read again until they are of one moment.
const STEADY: usize = 8;

/// May the system trade?
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Armed: go.
    Green,
    /// Tripped, or not known to be green (**fail-closed**).
    Paused {
        /// What is forbidden.
        mode: Mode,
        /// How we know.
        why: Why,
    },
}

/// Why the circuit reads as paused.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The face says so.
    Face,
    /// The face is missing, but the ledger says that there were trips.
    FaceMissing,
    /// The face cannot be read, or says something else than a face says.
    FaceMalformed(String),
    /// The ledger cannot be looked at.
    LedgerUnreadable(String),
    /// The ledger holds trips that the face has not taken into account.
    Unseen {
        /// Bytes that the face knows.
        known: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The ledger is shorter than the face knows: a trip may have been taken out of it.
    LedgerShrank {
        /// Bytes that the face knows.
        known: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The face was written by hand before the ledger's last trip.
    LedgerNewer,
}

impl Verdict {
    /// Exit code of `circuit-ctl check`.
    pub fn exit(&self) -> Exit {
        match self {
            Verdict::Green => Exit::Ok,
            Verdict::Paused { mode: Mode::Halt, .. } => Exit::Paused,
            Verdict::Paused { mode: Mode::Reduce, .. } => Exit::Reduce,
        }
    }

    /// `green`, `paused` or `reduce`, as a beat records it.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Green => "green",
            Verdict::Paused { mode: Mode::Halt, .. } => "paused",
            Verdict::Paused { mode: Mode::Reduce, .. } => "reduce",
        }
    }

    /// Nothing stands in the way of trading.
    pub fn is_green(&self) -> bool {
        *self == Verdict::Green
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Face => f.write_str("data/circuit.json says paused"),
            Why::FaceMissing => f.write_str(
                "data/circuit.json is missing, but data/trips.jsonl holds trips: it was there once",
            ),
            Why::FaceMalformed(what) => write!(f, "data/circuit.json {what}"),
            Why::LedgerUnreadable(what) => write!(f, "data/trips.jsonl {what}"),
            Why::Unseen { known, found } => write!(
                f,
                "data/trips.jsonl holds a trip that data/circuit.json has not taken in ({found} bytes, it knows {known})"
            ),
            Why::LedgerShrank { known, found } => write!(
                f,
                "data/trips.jsonl shrank: {found} bytes, data/circuit.json knows {known}; a trip may have been taken out"
            ),
            Why::LedgerNewer => {
                f.write_str("data/circuit.json was written by hand before the last trip in data/trips.jsonl")
            }
        }
    }
}

/// The verdict and what it was drawn from.
#[derive(Clone, Debug)]
pub struct Checked {
    /// May the system trade?
    pub verdict: Verdict,
    /// The face and its modification time, where it could be read.
    pub face: Option<(Face, SystemTime)>,
    /// The ledger; `None` when it is missing, an error when it cannot be looked at.
    pub ledger: Result<Option<Stat>, String>,
    /// The operating system refused to read; it may do so no longer in a moment.
    pub(super) refused: bool,
}

impl Checked {
    /// The ledger's length in bytes; 0 when it is missing or cannot be looked at.
    pub fn ledger_len(&self) -> u64 {
        self.ledger.as_ref().map_or(0, |found| found.map_or(0, |stat| stat.len))
    }

    /// Paused by what stands in the files, not by an error of reading them.
    pub(super) fn rests_on_files(&self) -> bool {
        self.face.as_ref().is_some_and(|(face, _)| face.paused) || !self.refused
    }

    /// A readable face that has not taken the whole ledger into account.
    pub fn lags(&self) -> bool {
        match &self.face {
            Some((face, written)) => self.ledger.is_ok() && unseen(face, *written, &self.ledger),
            None => matches!(self.verdict, Verdict::Paused { why: Why::FaceMissing, .. }),
        }
    }
}

/// Reads face and ledger. Never fails: whatever keeps us from knowing is in the verdict.
///
/// The face is read before the ledger's length, so that a trip which returned before this call is seen.
pub fn check(sys: &Sys, root: &Root) -> Checked {
    let mut face = read_face(sys, root);
    let mut found = ledger(sys, root);
    // Against a face that a hand left green times decide: only if the face is still that one. Else the clock may
    // have been set back between the two, and trips that came then would count as lifted (**no-lost-trip**).
    for _ in 0..STEADY {
        if !rests_on_times(&face) || found.is_err() {
            break;
        }
        let again = read_face(sys, root);
        if matches!((&face, &again), (Ok(was), Ok(is)) if was == is) {
            break;
        }
        face = again;
        found = ledger(sys, root);
    }
    let ledger = found;
    // Nothing at all is green in a root, not where its disk is gone or a restore is at work (**fail-closed**).
    if matches!((&face, &ledger), (Ok(None), Ok(None))) {
        face = data_is_there(sys, root);
    }
    let verdict = judge(&face, &ledger);
    let refused = matches!(face, Err(Unread::Refused(_))) || ledger.is_err();
    Checked { verdict, face: face.ok().flatten(), ledger, refused }
}

fn rests_on_times(face: &FoundFace) -> bool {
    matches!(face, Ok(Some((face, _))) if !face.paused && face.trips.is_none())
}

type FoundFace = Result<Option<(Face, SystemTime)>, Unread>;
type FoundLedger = Result<Option<Stat>, String>;

/// The table of `docs/formats/circuit.md`.
fn judge(face: &FoundFace, ledger: &FoundLedger) -> Verdict {
    let halt = |why| Verdict::Paused { mode: Mode::Halt, why };
    let face = match face {
        Ok(face) => face,
        Err(Unread::NotYet(what) | Unread::Never(what) | Unread::Refused(what)) => {
            return halt(Why::FaceMalformed(what.clone()));
        }
    };
    if let Some((face, written)) = face
        && face.paused
    {
        // The mode of a trip that the face has not seen is unknown to so cheap a look: the strict one.
        let mode = if unseen(face, *written, ledger) { Mode::Halt } else { face.mode.max(strictest(face)) };
        return Verdict::Paused { mode, why: Why::Face };
    }
    let (len, modified) = match ledger {
        Ok(stat) => (stat.map_or(0, |stat| stat.len), stat.map(|stat| stat.modified)),
        Err(what) => return halt(Why::LedgerUnreadable(what.clone())),
    };
    match face {
        None if len == 0 => Verdict::Green,
        None => halt(Why::FaceMissing),
        Some((Face { trips: Some(known), .. }, _)) => match len.cmp(known) {
            std::cmp::Ordering::Equal => Verdict::Green,
            std::cmp::Ordering::Greater => halt(Why::Unseen { known: *known, found: len }),
            std::cmp::Ordering::Less => halt(Why::LedgerShrank { known: *known, found: len }),
        },
        // Equal times are of one clock tick: which came first is unknown, so paused.
        Some((_, written)) if len == 0 || modified.is_some_and(|modified| modified < *written) => {
            Verdict::Green
        }
        Some(_) => halt(Why::LedgerNewer),
    }
}

/// The ledger is not exactly what the face has taken into account.
fn unseen(face: &Face, written: SystemTime, ledger: &FoundLedger) -> bool {
    match (ledger, face.trips) {
        (Err(_), _) => true,
        (Ok(stat), Some(known)) => stat.map_or(0, |stat| stat.len) != known,
        (Ok(stat), None) => stat.is_some_and(|stat| stat.len > 0 && stat.modified >= written),
    }
}

/// A hand may have set a milder mode on top than a hold demands.
fn strictest(face: &Face) -> Mode {
    face.holds.iter().map(|hold| hold.mode).max().unwrap_or(Mode::Reduce)
}

fn ledger(sys: &Sys, root: &Root) -> FoundLedger {
    match sys.store.stat(&root.ledger()) {
        Ok(Some(stat)) if stat.kind != Kind::File => Err("is not a regular file".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("cannot be looked at: {error}")),
    }
}

/// No face, and no wonder.
fn data_is_there(sys: &Sys, root: &Root) -> FoundFace {
    match sys.store.stat(&root.data()) {
        Ok(Some(stat)) if stat.kind == Kind::Dir => Ok(None),
        Ok(_) => Err(Unread::Refused("cannot be looked for: the folder data/ is gone".to_owned())),
        Err(error) => Err(Unread::Refused(cannot(&error))),
    }
}

/// `Ok(None)` when it is missing.
fn read_face(sys: &Sys, root: &Root) -> FoundFace {
    let path = root.circuit();
    // The clock is asked only after a first failure: `circuit-ctl check` should cost what a stat costs.
    let mut give_up = None;
    loop {
        match face_once(sys, &path) {
            Ok(face) => return Ok(face),
            Err(Unread::NotYet(what)) => {
                let up = sys.clock.now().up;
                if up >= *give_up.get_or_insert(up + REREAD.as_secs_f64()) {
                    return Err(Unread::NotYet(what));
                }
                sys.clock.wait(REREAD_STEP);
            }
            Err(unread) => return Err(unread),
        }
    }
}

enum Unread {
    /// May be a writer at work.
    NotYet(String),
    /// Reading again will not help.
    Never(String),
    /// An error of the operating system.
    Refused(String),
}

fn face_once(sys: &Sys, path: &std::path::Path) -> Result<Option<(Face, SystemTime)>, Unread> {
    // The time is taken before the content: a write in between makes a hand-written face look older, not newer.
    let modified = match sys.store.stat(path) {
        Ok(Some(stat)) => stat.modified,
        Ok(None) => return Ok(None),
        Err(error) => return Err(Unread::Refused(cannot(&error))),
    };
    match sys.store.read(path) {
        Ok(bytes) => Face::parse(&bytes).map(|face| Some((face, modified))).map_err(Unread::NotYet),
        Err(ReadError::Missing) => Err(Unread::NotYet("vanished while it was read".to_owned())),
        Err(ReadError::Io(error)) => Err(Unread::Refused(cannot(&error))),
        Err(error) => Err(Unread::Never(error.to_string())),
    }
}

fn cannot(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

/// How face and ledger look from outside.
type Looks = [Option<Stat>; 2];

/// [`check`] for a loop: while both files stay as they are, a call costs two stats.
pub struct Cached<'a> {
    sys: Sys<'a>,
    face: std::path::PathBuf,
    ledger: std::path::PathBuf,
    root: Root,
    last: Option<(Looks, Verdict)>,
}

impl<'a> Cached<'a> {
    /// Watches the circuit of `root`.
    pub fn new(sys: Sys<'a>, root: Root) -> Self {
        Self { sys, face: root.circuit(), ledger: root.ledger(), root, last: None }
    }

    /// The verdict now.
    pub fn check(&mut self) -> Verdict {
        if let Some((looks, verdict)) = &self.last
            && self.looks_like(looks)
        {
            return verdict.clone();
        }
        let before = self.look();
        let verdict = check(&self.sys, &self.root).verdict;
        self.last = before
            .filter(|before| self.settled(before) && self.look().as_ref() == Some(before))
            .map(|before| (before, verdict.clone()));
        verdict
    }

    /// Compared one by one where they are: each move of what was found would show beside two stats.
    fn looks_like(&self, [face, ledger]: &Looks) -> bool {
        let same = |path, last: &Option<Stat>| self.sys.store.stat(path).is_ok_and(|found| found == *last);
        same(&self.face, face) && same(&self.ledger, ledger)
    }

    fn look(&self) -> Option<Looks> {
        Some([self.sys.store.stat(&self.face).ok()?, self.sys.store.stat(&self.ledger).ok()?])
    }

    /// A file written within this tick of the clock may be written again without looking different.
    fn settled(&self, [face, ledger]: &Looks) -> bool {
        const TICK: f64 = 0.1;
        // Without both, the folder itself may be gone.
        let Some(face) = face else { return ledger.is_some() };
        let written =
            face.modified.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        self.sys.clock.now().wall - written > TICK
    }
}
