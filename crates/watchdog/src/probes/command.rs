//! `kind = "command"`: a program of the operator's own that must end with exit code 0.

use std::io::{Error, ErrorKind};

use holdfast::sys::{Ended, Sys};
use holdfast::watch::Reply;

use super::{Question, ended, last_line};

/// Runs it in a process group of its own, which is killed at the deadline.
pub(super) fn ask(question: &Question, sys: &Sys, command: &[String]) -> Reply {
    let program = command.first().map_or("", String::as_str);
    let outcome = match sys.spawner.run(&question.job(command.to_vec())) {
        Ok(outcome) => outcome,
        Err(error) => return Reply::unknown(not_started(program, &error)),
    };
    match outcome.ended {
        Ended::Code(0) => match last_line(&outcome.output) {
            Some(line) => Reply::fresh(format!("{program} ended with exit code 0: {line}")),
            None => Reply::fresh(format!("{program} ended with exit code 0")),
        },
        Ended::TimedOut => question.too_slow(&ended(program, &outcome, question.seconds())),
        Ended::Code(_) | Ended::Signal(_) => Reply::failed(ended(program, &outcome, question.seconds())),
    }
}

/// Why nothing is known, and what to do.
pub(super) fn not_started(program: &str, error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            format!("{program} was not found: install it, or name it by its full path")
        }
        ErrorKind::PermissionDenied => {
            format!("{program} may not be run: chmod +x it, or check who owns it")
        }
        _ => format!("{program} could not be run: {error}"),
    }
}
