//! `circuit-ctl` as a process: arguments, files, terminals, exit codes.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the real files, clocks and processes from outside"
)]

mod ack;
mod alone;
mod broken;
mod guard;
mod history;
mod page;
mod person;
mod refuse;
mod resume;
mod trip;
mod watchdog;
mod words;

use std::fmt;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use regex::Regex;
use tempfile::TempDir;

/// The root of one test.
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
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a folder")).expect(relative);
        fs::write(path, bytes).expect(relative);
    }

    fn text(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).expect(relative)
    }

    /// `circuit-ctl` in this root, with nothing of the caller's environment.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_circuit-ctl"));
        command.current_dir(self.0.path()).env_clear().stdin(Stdio::null()).args(args);
        command.envs([("PATH", "/usr/bin:/bin"), ("TZ", "Europe/Berlin"), ("USER", "alice")]);
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::of(&mut self.command(args))
    }

    /// Runs it, expects this exit code, and returns what it said on stdout.
    fn says(&self, code: i32, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code(), Some(code), "{args:?}: {ended}");
        ended.stdout
    }

    /// Trips, and returns the hold's id.
    fn trip(&self, reason: &str) -> String {
        let said = self.says(0, &["trip", "--reason", reason, "--json"]);
        let (_, rest) = said.split_once("\"id\":\"").expect("an id");
        rest.split('"').next().expect("an id").to_owned()
    }

    /// Text with this root and whatever differs from run to run taken out.
    fn redacted(&self, text: &str) -> String {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("a host");
        let text = text.replace(&self.0.path().display().to_string(), "[root]").replace('\r', "");
        let text = text.replace(&format!("on {}", host.trim()), "on [host]");
        [
            (r"\d{8}T\d{6}Z-([0-9a-f]{6})", "[id]"),
            (
                r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \((\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d CES?T, ",
                "[utc] ([local], ",
            ),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[iso-time]        "),
            (r"\d+s ago", "[age] ago"),
            (r"Type [0-9a-f]{6} ", "Type [word] "),
            (r"«[0-9a-f]{6}»", "«[word]»"),
            (r#""host":"[^"]*""#, "\"host\":\"[host]\""),
            (r#""(since|at|age)":[0-9.e-]+"#, r#""$1":[number]"#),
        ]
        .into_iter()
        .fold(text, |text, (pattern, with)| {
            Regex::new(pattern).expect(pattern).replace_all(&text, with).into_owned()
        })
    }
}

/// How a program ended, and what it said.
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
    took: Duration,
}

impl Ended {
    fn of(command: &mut Command) -> Self {
        let begin = Instant::now();
        let output = command.output().expect("it starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Self { status: output.status, stdout, stderr, took: begin.elapsed() }
    }

    fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, stdout, stderr, took } = self;
        write!(f, "{status} (signal {:?}) after {took:?}\n{stdout}---\n{stderr}", status.signal())
    }
}

/// Seconds since 1970.
fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

/// A FIFO, which must hold nobody up.
fn make_fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
}
