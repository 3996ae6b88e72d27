//! Where words go: the answer to stdout, the story to stderr.

use std::fmt::Display;

use holdfast::{Exit, say};
use serde::Serialize;

const PROGRAM: &str = "audit-pack";
/// Thousands of simulated runs have nobody to talk to. Processes in tests are no unit tests, and talk.
const SILENT: bool = cfg!(test);

/// Gives the answer.
pub(crate) fn answer(text: &str) -> Exit {
    if SILENT { Exit::Ok } else { say::answer(PROGRAM, text) }
}

/// Gives the answer for machines, one line.
pub(crate) fn json(value: &impl Serialize) -> Exit {
    match serde_json::to_string(value) {
        Ok(text) => answer(&format!("{text}\n")),
        Err(error) => {
            tell(&error);
            Exit::Io
        }
    }
}

/// Says why there is no answer; where a machine asked, as the answer, too.
pub(crate) fn refuse(json: bool, text: &dyn Display, exit: Exit) -> Exit {
    say::refuse(PROGRAM, json, text, exit)
}

/// Tells a fact and what to do.
pub(crate) fn tell(text: &dyn Display) {
    if !SILENT {
        say::tell(PROGRAM, text);
    }
}

/// What to do about a file that could not be read or written, as a line of its own; nothing for other failures.
pub(crate) fn advice(exit: Exit, then: &dyn Display) -> String {
    match exit {
        Exit::Io => format!("\n  no line is lost: see to that file or its disk, then: {then}"),
        _ => String::new(),
    }
}
