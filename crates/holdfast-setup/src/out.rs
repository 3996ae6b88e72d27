//! Where words go: the answer to stdout, the story to stderr.

use std::fmt::Display;

use holdfast::{Exit, say};
use serde::Serialize;

pub(crate) const PROGRAM: &str = "holdfast-setup";

/// Gives the answer.
pub(crate) fn answer(text: &str) -> Exit {
    say::answer(PROGRAM, text)
}

/// Gives the answer as one line of JSON.
pub(crate) fn answer_json(value: &impl Serialize) -> Exit {
    match serde_json::to_string(value) {
        Ok(text) => answer(&format!("{text}\n")),
        Err(error) => refuse(true, &error, Exit::Data),
    }
}

/// Says why there is no answer; also on stdout, where a machine asked.
pub(crate) fn refuse(json: bool, what: &dyn Display, exit: Exit) -> Exit {
    say::refuse(PROGRAM, json, what, exit)
}

/// Why something was not done, and how the program ends.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) text: String,
    pub(crate) exit: Exit,
}

impl Refusal {
    pub(crate) fn new(exit: Exit, text: impl Display) -> Self {
        Self { text: text.to_string(), exit }
    }

    /// Tells it.
    pub(crate) fn tell(&self, json: bool) -> Exit {
        refuse(json, &self.text, self.exit)
    }
}
