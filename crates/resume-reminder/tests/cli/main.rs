//! `resume-reminder` as a process: once per day, whatever happens in between.
#![allow(clippy::disallowed_methods, reason = "a test plays the world around the program")]

mod channels;
mod days;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use holdfast::Root;
use holdfast::circuit::{self, Mode, Trip};
use holdfast::sys::Sys;
use holdfast_notify::standin::{CHAT, Telegram};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(10);

/// A root of one test.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a scratch folder");
        fs::create_dir(dir.path().join("data")).expect("data");
        Self(dir)
    }

    /// A root whose one channel is this server.
    fn with(telegram: &Telegram) -> Self {
        let scratch = Self::new();
        Telegram::token_file(scratch.0.path());
        scratch.configure(&telegram_channel(telegram));
        scratch
    }

    fn configure(&self, text: &str) {
        fs::write(self.path("holdfast.toml"), text).expect("holdfast.toml");
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn root(&self) -> Root {
        Root::open(Sys::real().store, self.0.path()).expect("a root")
    }

    /// Pauses, and returns the hold's id.
    fn trip(&self, reason: &str) -> String {
        let trip = Trip {
            mode: Mode::Halt,
            reason: reason.to_owned(),
            by: "test".to_owned(),
            watch: None,
            id: None,
        };
        circuit::trip(&Sys::real(), &self.root(), &trip).expect("paused").hold.id
    }

    /// What a hand does in an editor.
    fn resume(&self) {
        fs::write(self.path("data/circuit.json"), "{\"paused\": false}").expect("the face");
        let later = std::time::SystemTime::now() + Duration::from_secs(1);
        let face = fs::File::options().append(true).open(self.path("data/circuit.json")).expect("the face");
        face.set_modified(later).expect("newer than the ledger");
    }

    /// The program in this root, with nothing of the caller's environment.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_resume-reminder"));
        command.current_dir(self.0.path()).env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC");
        command.args(args).stdin(Stdio::null());
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Ended {
        Ended::from(self.command(args).output().expect("it starts"))
    }

    /// The journal's lines as they stand there.
    fn journal(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path("memory/journal.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.journal().iter().map(|line| line["kind"].as_str().expect("a kind").to_owned()).collect()
    }

    /// The alerts in the outbox.
    fn outbox(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("data/outbox")).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }
}

fn telegram_channel(telegram: &Telegram) -> String {
    format!(
        "[[channel]]\nkind = \"telegram\"\ntoken_file = \"telegram-token\"\nchat = \"{CHAT}\"\n\
         base_url = \"{}\"\ntimeout = \"2s\"\n",
        telegram.base_url()
    )
}

/// How a run ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Ended {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.out.contains(text) || self.err.contains(text), "{text:?}: {}{}", self.out, self.err);
        self
    }

    #[track_caller]
    fn silent(self) -> Self {
        assert!(self.out.is_empty() && self.err.is_empty(), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}

#[test]
fn help() {
    let ended = Scratch::new().run(&["--help"]).expect(0);
    insta::assert_snapshot!(ended.out);
}

#[test]
fn arguments_that_make_no_sense_are_no_pause() {
    let scratch = Scratch::new();
    for args in [&["--digests"][..], &["now"], &["--root"]] {
        let ended = scratch.run(args).expect(64);
        assert!(ended.out.is_empty() && ended.err.contains("--help"), "{}", ended.err);
    }
}

#[test]
fn a_folder_that_is_no_root_is_refused() {
    let scratch = Scratch::new();
    fs::remove_dir(scratch.path("data")).expect("removed");
    scratch.run(&[]).expect(78).says("mkdir -p");
}
