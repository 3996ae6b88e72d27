//! The words in which other programs are spoken of.

use std::path::PathBuf;
use std::time::Duration;

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Program and arguments; the first is looked up in `PATH`.
    pub argv: Vec<String>,
    /// Environment variables beside the inherited ones.
    pub env: Vec<(String, String)>,
    /// Where it runs; without one, or where it is gone (somebody must be told of that), where we do.
    pub dir: Option<PathBuf>,
    /// What it reads on stdin.
    pub stdin: Vec<u8>,
    /// After this it is killed, with its whole process group.
    pub timeout: Duration,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with a code.
    Code(i32),
    /// By a signal.
    Signal(i32),
    /// At its deadline, killed by us.
    TimedOut,
}

/// What came of a [`Job`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ended: Ended,
    /// The last 8 KiB of stdout and stderr together, for people to read.
    pub output: String,
}

impl Outcome {
    /// It ended by itself with 0.
    pub fn ok(&self) -> bool {
        self.ended == Ended::Code(0)
    }
}
