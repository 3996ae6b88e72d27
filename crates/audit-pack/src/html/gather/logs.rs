//! The sealed logs of a pack: when they were sealed, which files they are, and how much was decided when.

use std::collections::HashSet;

use bag::Bag;
use holdfast::json;
use holdfast::json::{Object, Value};
use holdfast::sys::ReadAt;
use holdfast::time::{parse_utc, possible};
use tlog::seals::{Record, State};

use super::tally::Tally;
use crate::lines::each_line;
use crate::seals::walk;
use crate::sidecar::Sidecar;
use crate::verify::logs::{LOGS, LogVerdict};

/// Spans in which something is counted.
pub(super) const SPANS_MAX: usize = 4096;
const MINUTE: u64 = 60;
pub(crate) const DAY: u64 = 86_400;
/// A log with more files was not rotated by anybody.
const FILES_MAX: usize = 10_000;
/// Where a decision may bear its time: as the beats do, and what else is usual.
const TIMES: [&str; 7] = ["at", "iso", "ts", "time", "timestamp", "datetime", "created_at"];
/// A number that is larger counts milliseconds; as seconds it would be after the year 5000.
const MILLIS_FROM: f64 = 1e11;

/// One sealed log.
pub(crate) struct LogStory {
    /// Below `data/log/`.
    pub(crate) log: String,
    pub(crate) state: Option<State>,
    pub(crate) signed_lines: u64,
    /// By the key that signed the pack.
    pub(crate) by_packs_key: bool,
    /// When the first record was made, by the sealer's clock.
    pub(crate) begun: Option<f64>,
    pub(crate) seals: Tally,
    /// The longest time between two seals: from when to when.
    pub(crate) gap: Option<(f64, f64)>,
    /// Times at which another key took over.
    pub(crate) key_changes: u64,
    /// Lines by the time at which they were sealed.
    pub(crate) by_seal: Tally,
    /// The files, oldest first.
    files: Vec<String>,
    pub(crate) unreadable: Option<String>,
}

/// How many lines a day a log has.
pub(crate) struct Days {
    pub(crate) log: String,
    pub(crate) tally: Tally,
    /// By the time that the lines bear, not that of their seal.
    pub(crate) own_time: bool,
    /// Lines without a time that could be read.
    pub(crate) without: u64,
}

impl LogStory {
    /// With so many spans at most: a pack may have a thousand logs.
    pub(super) fn of(bag: &Bag<'_>, verdict: &LogVerdict, by_packs_key: bool, spans: usize) -> Self {
        let path = format!("{LOGS}{}", verdict.log);
        let sidecar = Sidecar::new(bag, &*path);
        let mut story = Self {
            log: verdict.log.clone(),
            state: verdict.state.clone(),
            signed_lines: verdict.signed_lines,
            by_packs_key,
            begun: None,
            seals: Tally::new(MINUTE, spans),
            gap: None,
            key_changes: 0,
            by_seal: Tally::new(DAY, spans),
            files: Vec::new(),
            unreadable: None,
        };
        let (mut lines, mut last, mut named) = (0, None, HashSet::new());
        let read = sidecar.open(&sidecar.name("SEALS")).map_err(|error| error.to_string()).and_then(|file| {
            let Some(file) = file else { return Ok(()) };
            let walked = walk(&*file, |record, _, _| {
                let at = record.time_ms() as f64 / 1e3;
                if !possible(at) {
                    return;
                }
                story.begun.get_or_insert(at);
                match record {
                    Record::Seal(seal) => {
                        story.seals.add(at, 1);
                        let more = seal.lines.saturating_sub(lines);
                        lines = lines.max(seal.lines);
                        if more > 0 {
                            story.by_seal.add(at, more);
                        }
                        story.between(last.replace(at), at);
                    }
                    // Damaged SEALS may name one again and again.
                    Record::Rotation(rotation) if story.files.len() < FILES_MAX => {
                        let file = sidecar.beside(&rotation.closed);
                        if named.insert(file.clone()) {
                            story.files.push(file);
                        }
                    }
                    Record::KeyChange(_) => story.key_changes += 1,
                    Record::Rotation(_) | Record::Genesis(_) => {}
                }
            });
            walked.map(drop).map_err(|error| error.to_string())
        });
        story.unreadable = read.err();
        let now = story.state.as_ref().and_then(|state| state.file.as_ref());
        let current = now.map_or(path.clone(), |file| sidecar.beside(file));
        if !named.contains(&current) {
            story.files.push(current);
        }
        story
    }

    fn between(&mut self, last: Option<f64>, at: f64) {
        let longest = self.gap.map_or(0.0, |(from, to)| to - from);
        if let Some(last) = last.filter(|last| at - last > longest) {
            self.gap = Some((last, at));
        }
    }

    /// Shows each line of it, oldest first.
    pub(super) fn each_line(&self, bag: &Bag<'_>, mut look: impl FnMut(Option<&[u8]>)) -> Result<(), String> {
        for file in &self.files {
            each_line_of(bag, file, &mut look)?;
        }
        Ok(())
    }

    /// How much of it there was each day: by the times of its lines, where most bear one.
    pub(super) fn days(&self, bag: &Bag<'_>) -> Days {
        let mut own = Tally::new(DAY, SPANS_MAX);
        let mut without = 0;
        let read = self.each_line(bag, |line| match line.and_then(time_of) {
            Some(at) => own.add(at, 1),
            None => without += 1,
        });
        let own_time = read.is_ok() && own.total() > without;
        let (tally, without) = if own_time { (own, without) } else { (self.by_seal.clone(), 0) };
        Days { log: self.log.clone(), tally, own_time, without }
    }
}

/// Shows each line of a file, without one that is torn, which is no part of a sealed log; where there is no file it has
/// none.
pub(super) fn each_line_of(
    bag: &Bag<'_>,
    path: &str,
    mut look: impl FnMut(Option<&[u8]>),
) -> Result<(), String> {
    let Some(entry) = bag.find(path) else { return Ok(()) };
    let file = bag.open(entry).map_err(|error| error.to_string())?;
    let file: &dyn ReadAt = &file;
    let read = file.size().and_then(|size| each_line(file, size, |_, _, line| look(line)));
    read.map(drop).map_err(|error| format!("{path} cannot be read: {error}"))
}

/// When a decision was made, as it says itself.
fn time_of(line: &[u8]) -> Option<f64> {
    let object: Object = json::object_of(line, &TIMES).ok()?;
    TIMES.iter().find_map(|key| moment(object.get(*key)?)).filter(|at| possible(*at))
}

fn moment(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => {
            number.as_f64().map(|at| if at > MILLIS_FROM { at / 1e3 } else { at }).filter(|at| *at > 0.0)
        }
        Value::String(text) => parse_utc(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_bears_its_time_in_one_of_the_usual_ways() {
        for (line, at) in [
            (r#"{"at":1795248000.5,"n":1}"#, Some(1_795_248_000.5)),
            (r#"{"ts":1795248000500}"#, Some(1_795_248_000.5)),
            (r#"{"timestamp":"2026-11-21T08:00:00Z"}"#, Some(1_795_248_000.0)),
            (r#"{"at":"soon","iso":"2026-11-21T09:00:00+01:00"}"#, Some(1_795_248_000.0)),
            (r#"{"at":null,"time":[1]}"#, None),
            (r#"{"at":-5}"#, None),
            (r#"{"at":1e300}"#, None),
            (r#"{"at":1,"at":2}"#, None),
            (r#"{"n":1}"#, None),
            ("no JSON", None),
        ] {
            assert_eq!(time_of(line.as_bytes()), at, "{line}");
        }
    }
}
