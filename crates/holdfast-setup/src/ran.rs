//! Other programs that are asked or told something.

use std::io;
use std::time::Duration;

use holdfast::sys::{Job, Outcome, Sys};

/// Runs a program with nothing on stdin; its words in English, whatever the user reads.
pub(crate) fn run(sys: &Sys, argv: Vec<String>, timeout: Duration) -> io::Result<Outcome> {
    sys.spawner.run(&job(argv, timeout))
}

/// The same; what it says on stdout comes by itself, whole.
pub(crate) fn answer(sys: &Sys, argv: Vec<String>, timeout: Duration) -> io::Result<(Outcome, String)> {
    let mut said = Vec::new();
    let outcome = sys.spawner.stream(&job(argv, timeout), &mut said)?;
    Ok((outcome, String::from_utf8_lossy(&said).into_owned()))
}

fn job(argv: Vec<String>, timeout: Duration) -> Job {
    let env = vec![("LC_ALL".to_owned(), "C".to_owned())];
    Job { argv, env, dir: None, stdin: Vec::new(), timeout }
}
