//! What was found, and what mends it.

use std::fmt::Write as _;
use std::io;

use anstyle::{AnsiColor, Style};
use holdfast::Exit;
use holdfast::text::printable;
use serde::Serialize;

use crate::out;

/// The longest fact that is shown, in characters.
const FACT_MAX: usize = 500;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Less than there could be, or not known.
    Warn,
    /// It does not protect as it is.
    Bad,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "WARN",
            Self::Bad => "BAD",
        }
    }

    fn colour(self) -> Style {
        let colour = match self {
            Self::Ok => AnsiColor::Green,
            Self::Warn => AnsiColor::Yellow,
            Self::Bad => AnsiColor::Red,
        };
        colour.on_default().bold()
    }
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) level: Level,
    pub(super) fact: String,
    /// The command that mends it, or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, fact: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, fact: fact.into(), mend: None }
    }

    pub(super) fn warn(check: &'static str, fact: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, level: Level::Warn, fact: fact.into(), mend: Some(mend.into()) }
    }

    pub(super) fn bad(check: &'static str, fact: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { level: Level::Bad, ..Self::warn(check, fact, mend) }
    }
}

/// A bad finding is a no; a warning is not.
fn exit(findings: &[Finding]) -> Exit {
    if findings.iter().any(|finding| finding.level == Level::Bad) { Exit::No } else { Exit::Ok }
}

/// Gives the answer.
pub(super) fn answer(findings: &[Finding], json: bool) -> Exit {
    let exit = exit(findings);
    let said = if json {
        out::answer_json(&serde_json::json!({ "exit": exit.code(), "findings": findings }))
    } else {
        let is_plain = anstream::AutoStream::choice(&io::stdout()) == anstream::ColorChoice::Never;
        out::answer(&words(findings, !is_plain))
    };
    exit.and(said)
}

/// A line for each fact, and what mends it below.
pub(super) fn words(findings: &[Finding], is_coloured: bool) -> String {
    let mut text = String::new();
    for Finding { check, level, fact, mend } in findings {
        let style = if is_coloured { level.colour() } else { Style::new() };
        let _ =
            writeln!(text, "{style}{:<5}{style:#}{check:<10} {}", level.word(), printable(fact, FACT_MAX));
        if let Some(mend) = mend {
            let _ = writeln!(text, "{:<16}mend: {}", "", printable(mend, FACT_MAX));
        }
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let _ = match (count(Level::Bad), count(Level::Warn)) {
        (0, 0) => writeln!(text, "\nAll is well."),
        (0, warn) => writeln!(text, "\nNothing is bad; {warn} to look at."),
        (bad, warn) => writeln!(text, "\n{bad} BAD, {warn} to look at."),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_finding_is_a_no_and_a_warning_is_not() {
        let (ok, warn, bad) =
            (Finding::ok("a", "b"), Finding::warn("a", "b", "c"), Finding::bad("a", "b", "c"));
        assert_eq!(exit(&[ok.clone(), warn.clone()]), Exit::Ok);
        assert_eq!(exit(&[ok.clone(), bad.clone(), warn.clone()]), Exit::No);
        insta::assert_snapshot!(words(&[ok, warn, bad, Finding::ok("hostile", "\u{1b}[2J\ngreen")], false));
    }

    #[test]
    fn colours_stand_around_the_level_only() {
        let text = words(&[Finding::ok("a", "b")], true);
        assert!(text.starts_with("\u{1b}[1m\u{1b}[32mok   \u{1b}[0ma "), "{text:?}");
    }
}
