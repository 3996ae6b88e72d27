//! `holdfast-setup` as a process: arguments, files, what the scheduler is told, exit codes.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests look at the real files and processes from outside")]

mod doctor;
mod init;
mod install;
mod page;
mod scaffold;

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder with a root, programs, and a scheduler that only writes down what it is told.
struct Scratch(TempDir);

/// Answers `is-enabled` and `is-active` for what was enabled before, and keeps the rest.
const SYSTEMCTL: &str = r#"#!/bin/sh
cd "$(dirname "$0")/.." || exit 9
test "$1" = --user && shift
case $1 in
is-enabled | is-active) grep -qx "$3" enabled 2>/dev/null ;;
is-failed) test -e "failed-$3" ;;
enable) shift 2; printf '%s\n' "$@" >>enabled; echo "enable $*" >>told ;;
disable) shift 2; for unit; do grep -vx "$unit" enabled >rest; mv rest enabled; done; echo "disable $*" >>told ;;
*) echo "$*" >>told; test ! -e "fail-$1" || { echo "no $1 today" >&2; exit 1; } ;;
esac
"#;

impl Scratch {
    fn new() -> Self {
        let scratch = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(scratch.path("größe 1/data")).unwrap();
        scratch.program("bin/systemctl", SYSTEMCTL);
        for name in ["watchdog", "circuit-ctl", "hb-write", "resume-reminder", "audit-pack"] {
            scratch.program(&format!("programs/{name}"), "#!/bin/sh\n");
        }
        scratch
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn shown(&self, relative: &str) -> String {
        self.path(relative).to_str().unwrap().to_owned()
    }

    fn put(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, relative: &str, text: &str) {
        self.put(relative, text);
        fs::set_permissions(self.path(relative), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn text(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_default()
    }

    /// With nothing of the caller's environment; a scheduler that is ours comes first in `PATH`.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast-setup"));
        command.current_dir(self.0.path()).env_clear().stdin(Stdio::null()).args(args);
        command.env("PATH", format!("{}:/usr/bin:/bin", self.shown("bin"))).env("HOME", self.0.path());
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        let output = self.command(args).output().unwrap();
        let text =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(self.0.path().to_str().unwrap(), "[here]");
        Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs it, expects this exit code, and returns what it said.
    fn says(&self, code: i32, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!(ended.code, Some(code), "{args:?}: {ended}");
        ended.stdout
    }
}

/// How a program ended, and what it said.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit {}\n--- stdout\n{stdout}--- stderr\n{stderr}", code.unwrap_or(-1))
    }
}

/// The names in a folder.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).map(|entries| entries.map(|entry| entry.unwrap()).collect());
    let entries: Vec<fs::DirEntry> = entries.unwrap_or_default();
    let mut names: Vec<String> =
        entries.iter().map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}
