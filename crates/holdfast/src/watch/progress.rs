//! Alive is not enough: what must advance, and what must not rise.

use serde_json::Value;

use super::age::Sight;
use super::memory::WatchMemory;
use crate::config::Limit;
use crate::config::Pointer;
use crate::heartbeat::{Beat, Status};
use crate::json::Object;
use crate::sys::Now;
use crate::time::age;

/// How long a rise is measured over, in seconds.
const HOUR: f64 = 3600.0;
/// Samples closer than this replace each other, in seconds: an hour of beats every second stays small.
const SAMPLE: f64 = 60.0;

/// A cycle that has only begun, or is held, has not measured anything yet.
pub(super) fn complete(beat: &Beat) -> bool {
    beat.status == Status::Ok && !beat.running()
}

/// Takes in what the fields of a new beat say.
pub(super) fn see(memory: &mut WatchMemory, now: &Now, beat: &Beat, advance: &[Pointer], limits: &[Limit]) {
    let fields = &beat.fields;
    for pointer in advance {
        // A field that is missing from a beat which need not have it has not changed.
        let value = match pointer.get(fields) {
            None if !complete(beat) => continue,
            value => value.cloned().unwrap_or(Value::Null),
        };
        match memory.advance.get(pointer.as_str()) {
            Some((last, _)) if *last == value => {}
            _ => drop(memory.advance.insert(pointer.as_str().to_owned(), (value, Sight::now(now)))),
        }
    }
    memory.advance.retain(|key, _| advance.iter().any(|pointer| pointer.as_str() == key));
    for limit in limits.iter().filter(|limit| limit.max_rise_per_hour.is_some()) {
        if let Some(value) = number(&limit.field, fields) {
            sample(memory.rise.entry(limit.field.as_str().to_owned()).or_default(), now, value);
        }
    }
}

fn sample(samples: &mut Vec<(f64, Sight)>, now: &Now, value: f64) {
    // A fall is a new day or a new count: the rise begins again.
    if samples.last().is_some_and(|(last, _)| value < *last) {
        samples.clear();
    }
    // What is older than an hour counts only as the start of the window.
    while samples.len() > 1 && samples[1].1.age(now) >= HOUR {
        samples.remove(0);
    }
    match samples.as_mut_slice() {
        [.., (_, before), (last, seen)] if seen.age(now) + SAMPLE > before.age(now) => {
            *last = value;
            *seen = Sight::now(now);
        }
        _ => samples.push((value, Sight::now(now))),
    }
}

/// The first field that has not advanced for longer than `allowed` seconds, and for how long.
pub(super) fn stuck<'a>(memory: &'a WatchMemory, now: &Now) -> Option<(&'a str, &'a Value, f64, f64)> {
    memory
        .advance
        .iter()
        .map(|(field, (value, seen))| (field.as_str(), value, seen.age(now), seen.awake_age(now)))
        .max_by(|one, other| one.2.total_cmp(&other.2))
}

/// The first limit that is crossed, in words.
pub(super) fn crossed(
    memory: &WatchMemory,
    now: &Now,
    fields: &Object,
    limits: &[Limit],
    complete: bool,
) -> Option<String> {
    limits.iter().find_map(|limit| {
        let field = &limit.field;
        let Some(value) = number(field, fields) else {
            let what = field.get(fields).map_or("is not in the beat", |_| "is not a number");
            return complete.then(|| format!("{field} {what}, but has a limit"));
        };
        if let Some(bound) = limit.bounds.crossed(value) {
            return Some(format!("{field} is {value}, {bound}"));
        }
        let max = limit.max_rise_per_hour?;
        let (first, since) = memory.rise.get(field.as_str())?.first()?;
        let (rise, seconds) = (value - first, since.age(now));
        // In less than an hour nothing is made of it that has not happened.
        (rise / (seconds / HOUR).max(1.0) > max)
            .then(|| format!("{field} rose by {rise} in {}, limit {max} an hour", age(seconds)))
    })
}

fn number(field: &Pointer, fields: &Object) -> Option<f64> {
    field.get(fields)?.as_f64()
}
