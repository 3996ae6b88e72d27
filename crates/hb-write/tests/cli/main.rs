//! `hb-write` as a process: arguments, files, streams, signals, exit codes.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the real files, clocks and processes from outside"
)]

mod errors;
mod exec;
mod races;
mod signals;
mod single;

use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use holdfast::heartbeat::Beat;
use tempfile::TempDir;

/// The system's own Python, not a shim of the user's.
const PYTHON: &str = "/usr/bin/python3";

/// A root of one test.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir(dir.path().join("data")).expect("data");
        Self(dir)
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn put(&self, relative: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(relative), bytes).expect(relative);
    }

    /// `program` in this root, with nothing of the caller's environment.
    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.0.path()).env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        command
    }

    fn hb(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_hb-write"));
        command.args(args);
        command
    }

    /// `hb-write exec` of a Python script.
    fn hb_python(&self, script: &str) -> Command {
        self.hb(&["exec", "--", PYTHON, "-c", script])
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.hb(args).output().expect("hb-write starts"))
    }

    /// Runs it and expects nothing but success.
    fn beats(&self, args: &[&str]) -> Beat {
        let ended = self.run(args);
        assert!(ended.silent_success(), "{args:?}: {ended}");
        self.beat()
    }

    fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Ended {
        let mut command = self.hb(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("hb-write starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        std::thread::scope(|scope| {
            // It need not read all of it.
            scope.spawn(move || drop(pipe.write_all(stdin)));
            Ended::of(child.wait_with_output().expect("it ends"))
        })
    }

    /// Runs it where no file can grow, as on a full disk.
    fn run_on_full_disk(&self, args: &[&str]) -> Command {
        let mut command = self.command("/bin/sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_hb-write")]);
        command.args(args);
        command
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path("data/heartbeat.json")).expect("data/heartbeat.json")
    }

    fn beat(&self) -> Beat {
        self.beat_at("data/heartbeat.json")
    }

    fn beat_at(&self, relative: &str) -> Beat {
        let bytes = fs::read(self.path(relative)).expect(relative);
        Beat::parse(&bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)))
    }

    /// Everything in `data/`.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("data")).expect("data");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// How a run ended.
struct Ended {
    code: Option<i32>,
    signal: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn silent_success(&self) -> bool {
        self.code == Some(0) && self.stdout.is_empty() && self.stderr.is_empty()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => writeln!(f, "exit {code}")?,
            (None, signal) => writeln!(f, "signal {}", signal.unwrap_or(0))?,
        }
        f.write_str(&String::from_utf8_lossy(&self.stdout))?;
        f.write_str(&self.stderr)
    }
}
