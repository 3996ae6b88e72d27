//! `check --unique`: no two decisions have the same value at a place.
//!
//! Exact, in bounded memory whatever the length of the log: with many lines it is read several times, and each time
//! only the values whose hash falls into one part are remembered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;

use holdfast::config::Pointer;
use holdfast::json::{self, Value};
use holdfast::sys::ReadAt;
use holdfast::text::printable;
use serde::Serialize;
use tlog::Hasher;

use crate::finding::{Finding, Findings, Kind};
use crate::lines::{count, each_line};

/// So many values are remembered at once: with 25 bytes each in a table of 2^21 places, 50 MiB.
const PART: u64 = 1_700_000;
/// How much of a value is shown, in characters.
const SHOWN: usize = 80;

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Unique {
    pub(crate) pointer: String,
    /// Lines that have a value there.
    pub(crate) values: u64,
    /// Lines that have none, or `null`, or are no JSON object, or are longer than 1 MiB.
    pub(crate) without: u64,
    #[serde(skip)]
    pub(crate) findings: Findings,
}

impl std::fmt::Display for Unique {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pointer, values, without, findings } = self;
        match findings.count {
            0 => write!(f, "{values} lines have a value at {pointer}, each another one; ")?,
            count => write!(
                f,
                "{values} lines have a value at {pointer}, and {count} of them one that was there before; "
            )?,
        }
        write!(f, "{without} lines have none")
    }
}

/// Looks for values that stand at `pointer` in more than one of the whole lines.
pub(crate) fn unique(file: &dyn ReadAt, shown: &str, pointer: &Pointer) -> io::Result<Unique> {
    unique_by(file, shown, pointer, PART)
}

fn unique_by(file: &dyn ReadAt, shown: &str, pointer: &Pointer, part: u64) -> io::Result<Unique> {
    // Lines that come meanwhile are for the next check.
    let size = file.size()?;
    let lines = count(file, size)?;
    let parts = lines.div_ceil(part).max(1);
    let mut found = Unique { pointer: pointer.to_string(), ..Unique::default() };
    let mut seen: HashMap<[u64; 2], u64> = HashMap::with_capacity(part.min(lines) as usize);
    for now in 0..parts {
        seen.clear();
        each_line(file, size, |line, byte, text| {
            let Some(value) = text.and_then(|text| value_of(text, pointer)) else {
                found.without += u64::from(now == 0);
                return;
            };
            found.values += u64::from(now == 0);
            let key = hash_of(&value);
            if key[0] % parts != now {
                return;
            }
            match seen.entry(key) {
                Entry::Vacant(place) => _ = place.insert(line),
                Entry::Occupied(first) => {
                    let value = printable(&value, SHOWN);
                    let says = format!("{pointer} is {value}, as in line {}", first.get());
                    found
                        .findings
                        .add(Finding::new(Kind::Duplicated, shown).line(line).byte(byte).says(says));
                }
            }
        })?;
    }
    found.findings.listed.sort_by_key(|finding| finding.line);
    Ok(found)
}

/// The value there, as JSON: `7`, `7.0` and `"7"` are three values.
fn value_of(text: &[u8], pointer: &Pointer) -> Option<String> {
    let object = json::object_of(text, &[pointer.first()]).ok()?;
    let value = pointer.get(&object).filter(|value| !value.is_null())?;
    Some(sorted(value.clone()).to_string())
}

/// The order of keys makes no other value.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(mut object) => {
            object.sort_keys();
            object.into_iter().map(|(key, value)| (key, sorted(value))).collect::<json::Object>().into()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect::<Vec<_>>().into(),
        other => other,
    }
}

/// 128 bits of SHA-256: no two values that anybody has found share them.
pub(crate) fn hash_of(value: &str) -> [u64; 2] {
    let mut hasher = Hasher::plain();
    hasher.update(value.as_bytes());
    let hash = hasher.finish();
    let half = |from: usize| {
        hash.as_bytes()[from..from + 8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    [half(0), half(8)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::LINE_MAX;

    fn doubled(log: &str, pointer: &str, part: u64) -> (Vec<(u64, u64, String)>, u64, u64) {
        let bytes = log.as_bytes();
        let pointer = pointer.parse().expect("a pointer");
        let found = unique_by(&bytes, "log", &pointer, part).expect("it is read");
        let told = found.findings.listed.iter();
        let told = told.map(|f| (f.line.expect("a line"), f.byte.expect("a byte"), f.detail.clone()));
        (told.collect(), found.values, found.without)
    }

    #[test]
    fn equal_values_are_told_with_both_lines_and_others_are_not() {
        let log = "{\"id\":1}\n{\"id\":\"1\"}\n{\"id\":1.0}\n\nno\n{\"id\":null}\n{\"x\":{\"id\":1}}\n[1]\n { \"id\" : 1 }\n{\"id\":1}";
        let (told, values, without) = doubled(log, "/id", PART);
        assert_eq!(told, [(9, 66, "/id is 1, as in line 1".to_owned())]);
        assert_eq!((values, without), (4, 5), "the torn last line counts as neither");
    }

    #[test]
    fn a_value_may_be_written_in_several_ways() {
        for (a, b) in [
            (r#"{"a":{"b":"\u0041"}}"#, r#"{"a":{"b":"A"}}"#),
            (r#"{"a":{"b":{"x":1,"y":[2]}}}"#, r#"{"z":0,"a":{"b":{"y":[2],"x":1}}}"#),
        ] {
            assert_eq!(doubled(&format!("{a}\n{b}\n"), "/a/b", PART).0.len(), 1, "{a} {b}");
        }
    }

    #[test]
    fn however_many_parts_there_are_the_same_is_found() {
        let line = |n: u64| format!("{{\"n\":{n},\"id\":\"o{}\"}}\n", n * n % 701);
        let log: String = (0..900).map(line).collect();
        let whole = doubled(&log, "/id", PART);
        assert!(whole.0.len() > 400);
        for part in [1, 7, 100, 899] {
            assert_eq!(doubled(&log, "/id", part), whole, "{part}");
        }
    }

    #[test]
    fn a_long_line_is_looked_into_up_to_its_bound() {
        let line = |pad: usize| format!("{{\"id\":5,\"pad\":\"{}\"}}\n", "x".repeat(pad));
        let log = format!("{}{}{}{}", line(1), line(LINE_MAX - 30), line(2 * LINE_MAX), line(2));
        let (told, values, without) = doubled(&log, "/id", PART);
        assert_eq!(told.iter().map(|told| told.0).collect::<Vec<_>>(), [2, 4]);
        assert_eq!((values, without), (3, 1));
    }
}
