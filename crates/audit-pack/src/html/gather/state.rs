//! State files of a pack: they are as they stood when it was made, and what came before them they do not say.

use std::collections::HashSet;

use bag::Bag;
use holdfast::circuit::Face;
use holdfast::heartbeat::Beat;
use holdfast::json::{self, Value};
use holdfast::text::printable;
use holdfast::time::possible;

const STATE: &str = "data/state/";
/// A state file is not longer, in bytes.
const LEN_MAX: u64 = 1 << 20;
/// At most so many beats, watches and rehearsals are shown.
const BEATS_MAX: usize = 200;
const WATCHES_MAX: usize = 200;
const ROWS_MAX: usize = 300;
/// So many open incidents are known again.
const INCIDENTS_MAX: usize = 1000;
const NAME_MAX: usize = 80;
const WORDS_MAX: usize = 300;

/// The last beat of a pipeline.
pub(crate) struct LastBeat {
    pub(crate) name: String,
    /// When and in which state, or why it is none.
    pub(crate) beat: Result<(f64, String), String>,
}

/// What the watchdog said of a watch at last.
pub(crate) struct Watch {
    pub(crate) name: String,
    pub(crate) verdict: String,
    pub(crate) detail: String,
}

/// One rehearsal of a drill.
pub(crate) struct Rehearsal {
    pub(crate) name: String,
    pub(crate) injected: String,
    pub(crate) expected: String,
    pub(crate) result: String,
    pub(crate) seen: String,
}

/// A drill's report.
pub(crate) struct Drill {
    pub(crate) at: Option<f64>,
    pub(crate) rows: Vec<Rehearsal>,
    pub(crate) left_out: usize,
}

/// What the state files say.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) beats: Vec<LastBeat>,
    pub(crate) beats_left_out: usize,
    pub(crate) watches: Vec<Watch>,
    pub(crate) watches_left_out: usize,
    /// The incidents that the watchdog has open.
    pub(crate) open_incidents: HashSet<String>,
    /// When the watchdog looked last.
    pub(crate) last_check: Option<f64>,
    pub(crate) face: Option<Result<Face, String>>,
    pub(crate) drill: Option<Drill>,
}

impl State {
    pub(super) fn of(bag: &Bag<'_>) -> Self {
        let mut state = Self::default();
        state.beats(bag);
        state.watchdog(bag);
        state.face = read(bag, &format!("{STATE}circuit.json")).map(|bytes| {
            bytes.and_then(|bytes| Face::parse(&bytes)).map_err(|error| printable(&error, WORDS_MAX))
        });
        state.drill = drill(bag);
        state
    }

    fn beats(&mut self, bag: &Bag<'_>) {
        let own = format!("{STATE}heartbeat.json");
        let others = format!("{STATE}heartbeats/");
        let is_beat = |path: &str| path == own || path.starts_with(&others);
        let files = bag.entries().iter().map(|entry| &*entry.path).filter(|path| is_beat(path));
        for path in files {
            if self.beats.len() == BEATS_MAX {
                self.beats_left_out += 1;
                continue;
            }
            let name = path.strip_prefix(&others).unwrap_or("heartbeat.json");
            let name = printable(name.strip_suffix(".json").unwrap_or(name), NAME_MAX);
            let Some(bytes) = read(bag, path) else { continue };
            let beat = bytes.and_then(|bytes| Beat::parse(&bytes).map_err(|error| error.0));
            let beat = beat.map(|beat| (beat.at, printable(beat.status.as_str(), NAME_MAX)));
            let beat = beat.map_err(|error| printable(&error, WORDS_MAX));
            self.beats.push(LastBeat { name, beat });
        }
    }

    fn watchdog(&mut self, bag: &Bag<'_>) {
        let Some(Ok(bytes)) = read(bag, &format!("{STATE}watchdog.json")) else { return };
        let Ok(object) = json::object_of(&bytes, &["watches", "last_check", "incidents"]) else { return };
        let last = object.get("last_check").and_then(|last| last.get("wall")).and_then(Value::as_f64);
        self.last_check = last.filter(|at| possible(*at));
        let open = object.get("incidents").and_then(Value::as_array).into_iter().flatten();
        self.open_incidents = open.take(INCIDENTS_MAX).map(|it| text(it, "id", NAME_MAX)).collect();
        let watches = object.get("watches").and_then(Value::as_object).into_iter().flatten();
        for (name, watch) in watches {
            if self.watches.len() == WATCHES_MAX {
                self.watches_left_out += 1;
                continue;
            }
            self.watches.push(Watch {
                name: printable(name, NAME_MAX),
                verdict: text(watch, "verdict", NAME_MAX),
                detail: text(watch, "detail", WORDS_MAX),
            });
        }
    }
}

/// The report in `data/drill/`.
fn drill(bag: &Bag<'_>) -> Option<Drill> {
    let is_report =
        |path: &&str| path.strip_prefix("data/drill/").and_then(|it| it.strip_suffix(".json")).is_some();
    let path = bag.entries().iter().map(|entry| &*entry.path).find(is_report)?;
    let object = json::object_of(&read(bag, path)?.ok()?, &["at", "rows"]).ok()?;
    let rows = object.get("rows").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let row = |row: &Value| Rehearsal {
        name: text(row, "name", NAME_MAX),
        injected: text(row, "injected", WORDS_MAX),
        expected: text(row, "expected", WORDS_MAX),
        result: text(row, "result", NAME_MAX),
        seen: text(row, "seen", WORDS_MAX),
    };
    Some(Drill {
        at: object.get("at").and_then(Value::as_f64).filter(|at| possible(*at)),
        left_out: rows.len().saturating_sub(ROWS_MAX),
        rows: rows.iter().take(ROWS_MAX).map(row).collect(),
    })
}

/// A file that is not too long; nothing where there is none.
fn read(bag: &Bag<'_>, path: &str) -> Option<Result<Vec<u8>, String>> {
    let entry = bag.find(path)?;
    Some(bag.read(entry, LEN_MAX).map_err(|error| error.error.to_string()))
}

fn text(value: &Value, key: &str, max: usize) -> String {
    value.get(key).and_then(Value::as_str).map(|text| printable(text, max)).unwrap_or_default()
}
