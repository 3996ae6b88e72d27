//! What others said, in words. Which class it is of is always told.

use std::fmt::Write as _;

use holdfast::time::iso;
use tlog::seals::State;

use super::{Anchored, Class, Source};
use crate::age::ago;

/// What stands against another history of all these logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Held {
    /// Nothing: one of them has no anchor that counts, or there is none that could have one.
    Nowhere,
    /// Each was there by then, and so may another one have been.
    Existence,
    /// Up to the last anchor of each there is no other one.
    Uniqueness,
}

impl Held {
    /// The least that one of them has.
    pub(crate) fn of<'a>(logs: impl Iterator<Item = &'a Anchored>) -> Self {
        let held = logs.map(|log| match (log.sources.is_empty(), log.has(Class::Uniqueness)) {
            (true, _) => Self::Nowhere,
            (false, false) => Self::Existence,
            (false, true) => Self::Uniqueness,
        });
        held.min().unwrap_or(Self::Nowhere)
    }

    /// What no log can prove, about its anchors: for the end of a verdict.
    pub(crate) fn limits(self) -> &'static str {
        match self {
            Self::Uniqueness => {
                "who had the key. Its owner could have written anew what came after the last anchor."
            }
            Self::Nowhere => {
                "who had the key. Without an anchor outside, its owner could have written everything anew."
            }
            Self::Existence => {
                "who had the key. Its owner could have had another history stamped as well: only a witness, or what\n             \
                 other people hold, stands against that."
            }
        }
    }
}

/// Lines for a log, each behind what is told before it.
pub(crate) fn lines(anchored: &Anchored, state: &State, now_s: u64) -> Vec<String> {
    let mut lines = Vec::new();
    if anchored.sources.is_empty() {
        let nowhere = if anchored.unchecked.is_empty() { "nowhere" } else { "nowhere that counts" };
        lines.push(format!("{nowhere}: who has the key could have written everything anew"));
    }
    for source in &anchored.sources {
        lines.push(line(source, state, now_s));
    }
    if !anchored.sources.is_empty() && !anchored.has(Class::Uniqueness) {
        lines.push("no anchor against a second history: only that this one was there by then".to_owned());
    }
    lines.extend(anchored.unchecked.iter().map(|what| format!("not counted: {what}")));
    lines
}

fn line(source: &Source, state: &State, now_s: u64) -> String {
    let class = match source.class {
        Class::Uniqueness => "uniqueness",
        Class::Existence => "existence",
    };
    let mut line = format!("{class}: {}, ", source.name);
    let _ = if source.covers_all {
        write!(line, "all {} lines", state.lines)
    } else {
        write!(line, "the first {} of {} lines", source.lines, state.lines)
    };
    match source.time_s {
        Some(time) => {
            let _ = write!(line, "; at {}, {}", iso(time as f64), ago(now_s, time));
        }
        None => line.push_str("; when, it does not say"),
    }
    line
}
