//! `[action.NAME]`: what is run, and how it ended.

use std::path::Path;
use std::time::Duration;

use holdfast::config::Action;
use holdfast::sys::{Ended, Job, Outcome};

/// The program of an action, for an incident or because all is well.
pub(crate) fn job(
    root: &Path,
    name: &str,
    action: &Action,
    incident: Option<&str>,
    timeout: Duration,
) -> Job {
    // It runs elsewhere than we do.
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let mut env = vec![
        ("HOLDFAST_ROOT".to_owned(), root.display().to_string()),
        ("HOLDFAST_ACTION".to_owned(), name.to_owned()),
    ];
    env.extend(incident.map(|incident| ("HOLDFAST_INCIDENT".to_owned(), incident.to_owned())));
    Job { argv: action.command.clone(), env, dir: Some(root), stdin: Vec::new(), timeout }
}

/// As the journal has it.
pub(crate) fn ended(outcome: &Outcome, timeout: Duration) -> String {
    match outcome.ended {
        Ended::Code(code) => format!("exit {code}"),
        Ended::Signal(signal) => format!("signal {signal}"),
        Ended::TimedOut => format!("timed out after {:.1}s", timeout.as_secs_f64()),
    }
}
