//! How a program ended, with all that a person needs to understand a failed test.

use std::fmt::{self, Write};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

/// More of a file is not shown.
const SHOWN_MAX: usize = 2000;

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
    /// How long it ran.
    pub took: Duration,
    command: String,
    dir: PathBuf,
}

impl Ended {
    pub(super) fn new(
        status: ExitStatus,
        [stdout, stderr]: [String; 2],
        took: Duration,
        (command, dir): (String, PathBuf),
    ) -> Self {
        Self { code: status.code(), signal: status.signal(), stdout, stderr, took, command, dir }
    }

    /// Fails the test unless the exit code is this.
    #[expect(clippy::return_self_not_must_use, reason = "it asserts")]
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "expected exit code {code}\n{self}");
        self
    }

    /// Fails the test unless stdout or stderr holds this.
    #[expect(clippy::return_self_not_must_use, reason = "it asserts")]
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "expected the words {text:?}\n{self}"
        );
        self
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ cd {}", self.dir.display())?;
        writeln!(f, "$ {}", self.command)?;
        match (self.code, self.signal) {
            (Some(code), _) => writeln!(f, "exit code {code} after {:?}", self.took)?,
            (None, signal) => writeln!(f, "signal {} after {:?}", signal.unwrap_or(0), self.took)?,
        }
        writeln!(f, "--- stdout\n{}--- stderr\n{}--- files", self.stdout, self.stderr)?;
        f.write_str(&files(&self.dir))
    }
}

/// Every file below a folder, small ones with their content.
pub(super) fn files(dir: &Path) -> String {
    let mut text = String::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = path.strip_prefix(dir).unwrap_or(&path).display();
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => folders.push(path.clone()),
                Ok(meta) if meta.is_file() => {
                    let content = fs::read(&path).unwrap_or_default();
                    let start = content.len().saturating_sub(SHOWN_MAX);
                    let shown = String::from_utf8_lossy(&content[start..]);
                    let _ = writeln!(text, "{name}, {} bytes: {}", meta.len(), shown.trim_end());
                }
                Ok(_) => drop(writeln!(text, "{name}, no regular file")),
                Err(error) => drop(writeln!(text, "{name}: {error}")),
            }
        }
    }
    text
}
