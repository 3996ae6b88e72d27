//! `watchdog` as a process: what it says, what it writes, how it ends.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the real files, clocks and processes from outside"
)]
#![allow(clippy::disallowed_macros, reason = "a test may print")]

mod channels;
mod config;
mod healthy;
mod metrics;
mod ping;
mod probes;
mod probing;
mod resident;
mod silence;
mod source;
mod words;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything that must happen may take. Never reached by a test that passes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A root of one test.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir(dir.path().join("data")).expect("data");
        Self(dir)
    }

    /// With this `holdfast.toml`.
    fn with(config: &str) -> Self {
        let scratch = Self::new();
        scratch.put("holdfast.toml", config);
        scratch
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn put(&self, relative: &str, text: &str) {
        fs::write(self.path(relative), text).expect(relative);
    }

    fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_default()
    }

    fn json(&self, relative: &str) -> Value {
        serde_json::from_str(&self.read(relative)).expect(relative)
    }

    /// A beat with what a simple writer would leave, `ago` seconds old. Never torn: on a busy machine that could last.
    fn beat(&self, ago: f64, status: &str) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64() - ago;
        self.put("next-beat", &format!("{{\"at\":{at},\"status\":\"{status}\"}}"));
        fs::rename(self.path("next-beat"), self.path("data/heartbeat.json")).expect("renamed");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchdog"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TZ", "Europe/Berlin")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        Ended::of(&self.command(args).output().expect("watchdog starts"))
    }

    /// Kinds of the journal's lines.
    fn journal(&self) -> Vec<String> {
        let text = self.read("memory/journal.jsonl");
        let kind =
            |line: &str| serde_json::from_str::<Value>(line).expect(line)["kind"].as_str().map(str::to_owned);
        text.lines().filter_map(kind).collect()
    }

    fn paused(&self) -> bool {
        serde_json::from_str::<Value>(&self.read("data/circuit.json"))
            .is_ok_and(|face| face["paused"] == true)
    }
}

/// How a run of the program ended.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Waits until `is` holds; fails with `what` when it does not within a long time.
fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !is() {
        assert!(std::time::Instant::now() < end, "did not happen: {what}");
        std::thread::yield_now();
    }
}
