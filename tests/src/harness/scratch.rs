//! A root for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use holdfast::json::Value;
use tempfile::TempDir;

use super::ended::Ended;
use super::programs::{program, python};
use super::running::Run;

/// A root for one test, and the programs in it with nothing of the caller's environment.
#[derive(Debug)]
pub struct Scratch {
    dir: PathBuf,
    /// Removes the folder at the end, where it is ours.
    _ours: Option<TempDir>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// An empty root.
    pub fn new() -> Self {
        let ours = tempfile::tempdir().expect("a scratch folder");
        let dir = fs::canonicalize(ours.path()).expect("its real path");
        fs::create_dir(dir.join("data")).expect("data");
        Self { dir, _ours: Some(ours) }
    }

    /// An empty root in a folder that somebody else removes.
    pub fn at(dir: &Path) -> Self {
        fs::create_dir_all(dir.join("data")).expect("data");
        Self { dir: dir.to_owned(), _ours: None }
    }

    /// A root with the same files, times and modes.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        let mut copying = copy.any("/bin/cp");
        copying.arg("-a").arg(self.path(".")).arg(copy.dir()).finish().expect(0);
        copy
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The root as the library knows it.
    pub fn root(&self) -> holdfast::Root {
        holdfast::Root::open(holdfast::sys::Sys::real().store, &self.dir).expect("a root")
    }

    /// A path below it.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.dir.join(relative)
    }

    /// Writes a file, in place.
    pub fn put(&self, relative: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(relative), bytes).unwrap_or_else(|error| panic!("{relative}: {error}"));
    }

    /// What is in a file.
    pub fn text(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    /// What is in a file, as JSON.
    pub fn json(&self, relative: &str) -> Value {
        let text = self.text(relative);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{relative}: {error}: {text}"))
    }

    /// What is in a file of one JSON value a line. Missing reads as no lines.
    pub fn lines(&self, relative: &str) -> Vec<Value> {
        let bytes = read(&self.path(relative)).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// The journal's entries of a kind.
    pub fn journal(&self, kind: &str) -> Vec<Value> {
        let lines = self.lines("memory/journal.jsonl");
        lines.into_iter().filter(|line| line["kind"] == kind).collect()
    }

    /// The names in a folder, hidden ones too.
    pub fn names(&self, relative: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(relative)).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Any program in this root, with nothing of the caller's environment.
    pub fn any(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.dir).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// One of our programs in this root.
    pub fn ours(&self, name: &str, args: &[&str]) -> Command {
        let mut command = self.any(program(name));
        command.args(args);
        command
    }

    /// `circuit-ctl`.
    pub fn ctl(&self, args: &[&str]) -> Command {
        self.ours("circuit-ctl", args)
    }

    /// `hb-write`.
    pub fn hb(&self, args: &[&str]) -> Command {
        self.ours("hb-write", args)
    }

    /// `watchdog`.
    pub fn watchdog(&self, args: &[&str]) -> Command {
        self.ours("watchdog", args)
    }

    /// A shell script.
    pub fn sh(&self, script: &str) -> Command {
        let mut command = self.any("/bin/sh");
        command.args(["-c", script]);
        command
    }

    /// A script of `tests/python`.
    pub fn python(&self, script: &str, args: &[&str]) -> Command {
        let mut command = self.any("/usr/bin/python3");
        command.arg("-S").arg(python(script)).args(args);
        command
    }

    /// Trips, and returns the hold's id.
    #[track_caller]
    pub fn trip(&self, reason: &str) -> String {
        let ended = self.ctl(&["trip", "--json", "--by", "test", "--reason", reason]).finish().expect(0);
        id_of(&ended).unwrap_or_else(|| panic!("an answer without an id\n{ended}"))
    }

    /// `circuit-ctl check`: 0 green, 2 paused, 3 reduce.
    #[track_caller]
    pub fn check(&self) -> i32 {
        let ended = self.ctl(&["check"]).finish();
        match ended.code {
            Some(code @ (0 | 2 | 3)) => code,
            _ => panic!("no verdict\n{ended}"),
        }
    }

    /// Fails the test unless the circuit is paused in full and says why.
    #[track_caller]
    pub fn paused(&self, because: &str) {
        self.ctl(&["status"]).finish().expect(2).says(because);
    }
}

/// The id in the answer of `circuit-ctl trip --json`.
fn id_of(ended: &Ended) -> Option<String> {
    let answer: Value = serde_json::from_str(&ended.stdout).ok()?;
    Some(answer["id"].as_str()?.to_owned())
}

/// The bytes of a file; `None` if it is missing.
pub fn read(path: &Path) -> Option<Vec<u8>> {
    match fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}
