//! Where words go: the answer to stdout, the story to stderr.

use std::fmt::Display;
use std::io;

use anstyle::Style;
use holdfast::{Exit, say};

const PROGRAM: &str = "circuit-ctl";

/// Gives the answer.
pub(crate) fn answer(text: &str) -> Exit {
    say::answer(PROGRAM, text)
}

/// Tells a fact and what to do.
pub(crate) fn tell(text: &dyn Display) {
    say::tell(PROGRAM, text);
}

/// Says why there is no answer; also on stdout, where a machine asked.
pub(crate) fn refuse(json: bool, what: &dyn Display, exit: Exit) -> Exit {
    say::refuse(PROGRAM, json, what, exit)
}

/// A colour for the answer, where it goes to a terminal and nobody asked for none (`NO_COLOR`).
pub(crate) fn colour(style: Style) -> Style {
    match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => Style::new(),
        _ => style,
    }
}
