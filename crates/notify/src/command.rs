//! The channel `command`: a program of the operator's own.

use std::io::ErrorKind;
use std::path::Path;

use holdfast::sys::{Ended, Job, Outcome, Spawner};

use crate::alert::{Alert, one_line};
use crate::transport::{Sending, Verdict};

pub(crate) const EMPTY: &str = "the command is empty: name a program";
/// Where the message goes in an argument, for scripts that take it there.
const PLACEHOLDER: &str = "{message}";
/// The longest message in UTF-16 units: operating systems bound arguments (Windows: 32,767 in all).
const MESSAGE_MAX: usize = 16_000;
/// How much of a program's last line is repeated.
const LAST_LINE_MAX: usize = 200;

/// Runs the program in the root. Exit code 0 means that it took the message.
pub(crate) fn send(spawner: &dyn Spawner, root: &Path, command: &[String], sending: &Sending) -> Verdict {
    let Some(program) = command.first() else {
        return Verdict::refused(EMPTY);
    };
    match spawner.run(&job(root, command, sending)) {
        Ok(outcome) if outcome.ok() => Verdict::Accepted,
        Ok(outcome) => Verdict::later(failure(program, &outcome, sending)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Verdict::refused(format!("{program} was not found: install it, or name it by its full path"))
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Verdict::refused(format!("{program} may not be run: chmod +x it, or check who owns it"))
        }
        Err(error) => Verdict::later(format!("{program} could not be run: {error}")),
    }
}

fn job(root: &Path, command: &[String], sending: &Sending) -> Job {
    let alert = &sending.alert;
    let message = alert.message(MESSAGE_MAX);
    let argv = command.iter().map(|argument| argument.replace(PLACEHOLDER, &message)).collect();
    let dir = Some(root.to_owned());
    Job { argv, env: env(alert), dir, stdin: stdin(alert), timeout: sending.timeout }
}

fn env(alert: &Alert) -> Vec<(String, String)> {
    let clean = |text: &str| text.replace('\0', "");
    [
        ("HOLDFAST_ALERT_ID", clean(&alert.id)),
        ("HOLDFAST_INCIDENT", clean(alert.incident.as_deref().unwrap_or_default())),
        ("HOLDFAST_KIND", alert.kind.as_str().to_owned()),
        ("HOLDFAST_LEVEL", alert.level.to_string()),
        ("HOLDFAST_SUBJECT", one_line(&alert.subject, MESSAGE_MAX)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// The message whole, however long: a pipe has no bound.
fn stdin(alert: &Alert) -> Vec<u8> {
    let mut message = alert.message(usize::MAX);
    message.push('\n');
    message.into_bytes()
}

/// How a program ended that did not take the message.
pub(crate) fn failure(program: &str, outcome: &Outcome, sending: &Sending) -> String {
    let ended = match outcome.ended {
        Ended::Code(code) => format!("ended with {code}"),
        Ended::Signal(signal) => format!("was ended by signal {signal}"),
        Ended::TimedOut => format!("did not end within {} and was killed", sending.given()),
    };
    match outcome.output.lines().rev().map(|line| one_line(line, LAST_LINE_MAX)).find(|line| !line.is_empty())
    {
        Some(line) => format!("{program} {ended}: {line}"),
        None => format!("{program} {ended}"),
    }
}
