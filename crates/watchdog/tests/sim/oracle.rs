//! The tables of the design once more, from raw bytes and as short as can be: what the rules are asked against.

use std::time::SystemTime;

use serde_json::Value;

/// A file as it is read: its bytes and when they last changed.
pub(crate) type Found = Option<(Vec<u8>, SystemTime)>;

/// The circuit is green by the table of `docs/formats/circuit.md`.
pub(crate) fn green(face: &Found, ledger: &Found) -> bool {
    let (length, changed) = match ledger {
        Some((bytes, changed)) => (bytes.len() as u64, Some(*changed)),
        None => (0, None),
    };
    let Some((face, written)) = face else { return length == 0 };
    let Ok(Value::Object(face)) = serde_json::from_slice::<Value>(face) else { return false };
    if face.get("v").is_some_and(|version| version != 1) {
        return false;
    }
    if face.get("mode").is_some_and(|mode| mode != "halt" && mode != "reduce") {
        return false;
    }
    match (face.get("paused"), face.get("trips")) {
        (Some(Value::Bool(false)), Some(trips)) => trips.as_u64() == Some(length),
        (Some(Value::Bool(false)), None) => length == 0 || changed.is_some_and(|changed| changed < *written),
        _ => false,
    }
}

/// One line of a message: of which watch, which verdict, in words.
pub(crate) struct Line<'a> {
    pub(crate) watch: &'a str,
    pub(crate) verdict: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) incident: &'a str,
}

/// The incidents that a message says are new or worse.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(rest) = ["NEW: ", "WORSE: "].iter().find_map(|word| line.strip_prefix(word)) else {
            continue;
        };
        let Some((watch, rest)) = rest.split_once(" is ") else { continue };
        let Some((verdict, detail)) = rest.split_once(": ") else { continue };
        let incident = lines.peek().and_then(|next| next.strip_prefix("  incident ")).unwrap_or_default();
        found.push(Line { watch, verdict, detail, incident });
    }
    found
}

/// A verdict that always pauses, unless its words say that it will only do so later.
pub(crate) fn trips(line: &Line) -> bool {
    const TRIP: [&str; 6] = ["malformed", "reported", "overrun", "stale", "not-advancing", "limit"];
    TRIP.contains(&line.verdict) && !line.detail.contains("trips in")
}

/// A message that says that nothing is paused.
pub(crate) fn not_paused(text: &str) -> bool {
    text.contains("THE CIRCUIT IS NOT PAUSED")
}

/// A message that says that neither the ledger nor the face could take the trip as they should.
pub(crate) fn not_recorded(text: &str) -> bool {
    const BOTH: [&str; 2] =
        ["data/trips.jsonl cannot be written", "data/circuit.json cannot be brought up to date"];
    BOTH.iter().all(|what| text.contains(what))
}
