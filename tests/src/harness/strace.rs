//! Faults of the operating system, put in by strace: one system call of a program fails, kills or stops it.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::NamedTempFile;

use super::ended::Ended;
use super::running::Run;
use super::scratch::Scratch;
use super::wait::eventually;

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
            "openat" => {
                ["O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC"].iter().any(|flag| self.line.contains(flag))
            }
            "read" | "lseek" | "statx" | "fstat" | "newfstatat" | "getdents64" | "flock" => false,
            _ => true,
        }
    }
}

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this error and does nothing.
    Error(&'static str),
    /// Every one from it on fails with this error.
    ErrorsFrom(&'static str),
    /// SIGKILL ends the process before it.
    Kill,
    /// SIGSTOP stops the process after it.
    Stop,
}

impl Fault {
    fn expression(self, call: &Call) -> String {
        let Call { name, nth, .. } = call;
        match self {
            Fault::Error(error) => format!("inject={name}:error={error}:when={nth}"),
            Fault::ErrorsFrom(error) => format!("inject={name}:error={error}:when={nth}+"),
            Fault::Kill => format!("inject={name}:signal=SIGKILL:when={nth}"),
            Fault::Stop => format!("inject={name}:signal=SIGSTOP:when={nth}"),
        }
    }
}

/// A command under strace. Only its first thread is looked at.
#[derive(Debug)]
pub struct Traced {
    /// The command with strace before it.
    pub command: Command,
    log: NamedTempFile,
    root: String,
}

impl Traced {
    /// `command`, undisturbed; its calls of these names are written down.
    pub fn listing(scratch: &Scratch, command: &Command, names: &str) -> Self {
        Self::new(scratch, command, &["-y", "-s", "512", "-e", &format!("trace={names}")])
    }

    /// `command`, to which this happens at one call.
    pub fn with(scratch: &Scratch, command: &Command, call: &Call, fault: Fault) -> Self {
        if fault == Fault::Stop {
            return Self::resident(scratch, command, call, fault);
        }
        let [trace, inject] = [format!("trace={}", call.name), fault.expression(call)];
        Self::new(scratch, command, &["-e", &trace, "-e", &inject])
    }

    /// The same for one that does not end by itself. What is started is the command itself, and strace its guest:
    /// signals reach it.
    pub fn resident(scratch: &Scratch, command: &Command, call: &Call, fault: Fault) -> Self {
        let [trace, inject] = [format!("trace={}", call.name), fault.expression(call)];
        Self::new(scratch, command, &["-D", "-e", &trace, "-e", &inject])
    }

    /// As [`Traced::listing`], of one that does not end by itself.
    pub fn listing_resident(scratch: &Scratch, command: &Command, names: &str) -> Self {
        Self::new(scratch, command, &["-D", "-y", "-s", "512", "-e", &format!("trace={names}")])
    }

    fn new(scratch: &Scratch, command: &Command, options: &[&str]) -> Self {
        let strace = PathBuf::from("/usr/bin/strace");
        assert!(strace.is_file(), "strace is missing: apt-get install strace");
        let log = NamedTempFile::new().expect("a file for strace");
        let mut traced = scratch.any(strace);
        traced.current_dir(command.get_current_dir().unwrap_or_else(|| scratch.dir()));
        traced.args(["-qq", "-o"]).arg(log.path()).args(options).arg("--");
        traced.arg(command.get_program()).args(command.get_args());
        let root = scratch.dir().to_str().expect("an UTF-8 path").to_owned();
        Self { command: traced, log, root }
    }

    /// What strace wrote so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log.path()).expect("what strace wrote")
    }

    /// The calls on files of the root that were written down, in their order.
    #[track_caller]
    pub fn calls(&self) -> Vec<Call> {
        let log = self.log();
        let mut counts = HashMap::<&str, usize>::new();
        let mut found = Vec::new();
        for (name, line) in log.lines().filter_map(|line| Some((line.split_once('(')?.0, line))) {
            let nth = counts.entry(name).or_default();
            *nth += 1;
            // The folder in which the program was started stands in every call that takes a path.
            let told = line.replace(&format!("AT_FDCWD<{}>", self.root), "AT_FDCWD");
            let ours = told.contains(&self.root) || told.contains("\"data/") || told.contains("\"memory");
            // This one is on no file at all.
            if ours || told.contains("\"./") || name == "getrandom" {
                found.push(Call { name: name.to_owned(), nth: *nth, line: told.replace(&self.root, "") });
            }
        }
        assert!(!found.is_empty(), "no calls on files below {} in:\n{log}", self.root);
        found
    }

    /// The fault has come.
    pub fn was_hit(&self) -> bool {
        let log = self.log();
        log.contains("(INJECTED)") || log.contains("killed by SIGKILL")
    }

    /// Waits until the command stands still.
    pub fn wait_until_stopped(&self) {
        eventually("a process stops at a call", || self.log().contains("stopped by SIGSTOP"));
    }
}

/// Runs `command` undisturbed, and lists its calls of these names on files of the root.
#[track_caller]
pub fn calls(scratch: &Scratch, command: &Command, names: &str) -> (Vec<Call>, Ended) {
    let mut traced = Traced::listing(scratch, command, names);
    let ended = traced.command.finish();
    (traced.calls(), ended)
}

/// Runs `command` while this happens at one call. Fails the test if the call did not come.
#[track_caller]
pub fn with_fault(scratch: &Scratch, command: &Command, call: &Call, fault: Fault) -> Ended {
    let mut traced = Traced::with(scratch, command, call, fault);
    let ended = traced.command.finish();
    assert!(traced.was_hit(), "{fault:?} did not come to {call:?} in:\n{}\n{ended}", traced.log());
    ended
}
