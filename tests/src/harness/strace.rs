//! Faults of the operating system, put in by strace: one system call of a program fails, or kills it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ended::Ended;
use super::running::Run;
use super::scratch::Scratch;

/// One system call that a program makes on the files of its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `openat`, `write`, …
    pub name: String,
    /// The how manieth of its name in the process, from 1: what strace counts by.
    pub nth: usize,
    /// The call as strace shows it, with paths for file descriptors and without the root.
    pub line: String,
}

impl Call {
    /// It can change a file, or make a change durable.
    pub fn changes(&self) -> bool {
        match self.name.as_str() {
            "openat" => ["O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC"].iter().any(|flag| self.line.contains(flag)),
            "read" | "lseek" | "statx" | "fstat" | "newfstatat" | "getdents64" | "flock" => false,
            _ => true,
        }
    }
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this error and does nothing.
    Error(&'static str),
    /// It is done, and then the process dies of SIGKILL.
    Kill,
}

impl Fault {
    fn action(self) -> String {
        match self {
            Fault::Error(error) => format!("error={error}"),
            Fault::Kill => "signal=SIGKILL".to_owned(),
        }
    }
}

/// Runs `command` undisturbed, and lists its calls of these names on files below the folder of `scratch`, in
/// their order. Only the first thread of the process is looked at.
#[track_caller]
pub fn calls(scratch: &Scratch, command: &Command, names: &str) -> (Vec<Call>, Ended) {
    let log = tempfile::NamedTempFile::new().expect("a file for strace");
    let ended = under_strace(scratch, command, log.path(), &["-y", "-s", "512", "-e", &format!("trace={names}")]);
    let log = fs::read_to_string(log.path()).expect("what strace wrote");
    let root = scratch.dir().to_str().expect("an UTF-8 path");
    let mut counts = std::collections::HashMap::<String, usize>::new();
    let mut found = Vec::new();
    for line in log.lines() {
        let Some((name, _)) = line.split_once('(') else { continue };
        let nth = counts.entry(name.to_owned()).or_default();
        *nth += 1;
        if line.contains(root) {
            found.push(Call { name: name.to_owned(), nth: *nth, line: line.replace(root, "") });
        }
    }
    assert!(!found.is_empty(), "no calls on files below {root} in:\n{log}\n{ended}");
    (found, ended)
}

/// Runs `command` while this one call of it suffers a fault.
#[track_caller]
pub fn with_fault(scratch: &Scratch, command: &Command, call: &Call, fault: Fault) -> Ended {
    inject(scratch, command, &format!("{}:{}:when={}", call.name, fault.action(), call.nth))
}

/// The same, and every later call of the name.
#[track_caller]
pub fn with_faults(scratch: &Scratch, command: &Command, call: &Call, fault: Fault) -> Ended {
    inject(scratch, command, &format!("{}:{}:when={}+", call.name, fault.action(), call.nth))
}

#[track_caller]
fn inject(scratch: &Scratch, command: &Command, what: &str) -> Ended {
    let name = what.split(':').next().unwrap_or_default();
    let log = tempfile::NamedTempFile::new().expect("a file for strace");
    let trace = format!("trace={name}");
    let ended = under_strace(scratch, command, log.path(), &["-e", &trace, "-e", &format!("inject={what}")]);
    let log = fs::read_to_string(log.path()).expect("what strace wrote");
    let hit = log.contains("(INJECTED)") || log.contains("killed by SIGKILL");
    assert!(hit, "{what} hit nothing in:\n{log}\n{ended}");
    ended
}

fn under_strace(scratch: &Scratch, command: &Command, log: &Path, options: &[&str]) -> Ended {
    let mut traced = scratch.any(strace());
    traced.current_dir(command.get_current_dir().unwrap_or_else(|| scratch.dir()));
    traced.args(["-qq", "-o"]).arg(log).args(options).arg("--");
    traced.arg(command.get_program()).args(command.get_args());
    traced.finish()
}

fn strace() -> PathBuf {
    let path = PathBuf::from("/usr/bin/strace");
    assert!(path.is_file(), "strace is missing: apt-get install strace");
    path
}
