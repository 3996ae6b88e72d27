//! Shells with their userlands: folders with nothing but what the script says that it needs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::SCRIPT;
use crate::world::Ran;

/// What every userland has, beside an awk, a program for SHA-256, ssh-keygen and openssl.
pub(super) const TOOLS: [&str; 25] = [
    "cat",
    "cmp",
    "cp",
    "cut",
    "date",
    "dd",
    "dirname",
    "find",
    "fold",
    "grep",
    "head",
    "ln",
    "ls",
    "mkdir",
    "mktemp",
    "od",
    "rm",
    "sed",
    "sort",
    "tail",
    "tr",
    "wc",
    "xargs",
    "ssh-keygen",
    "openssl",
];

/// Name, shell, where most tools come from, and others by the names that they have here.
type Make =
    (&'static str, &'static [&'static str], Option<&'static str>, &'static [(&'static str, &'static str)]);

/// The last has the awk and the `shasum` of macOS and the BSDs. No tar is among them: the script has its own reader.
const LANDS: [Make; 4] = [
    ("dash", &["dash"], None, &[("awk", "mawk"), ("sha256sum", "sha256sum")]),
    ("busybox", &["busybox", "ash"], Some("busybox"), &[("awk", "busybox"), ("sha256sum", "busybox")]),
    ("bash", &["bash", "--posix"], None, &[("awk", "gawk"), ("sha256sum", "sha256sum")]),
    ("bsd", &["dash"], None, &[("awk", "original-awk"), ("shasum", "shasum"), ("perl", "perl")]),
];

/// Where a program lies.
pub(super) fn found(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    let place = places.find(|place| place.is_file());
    place.unwrap_or_else(|| panic!("{program} is not there; scripts/install-test-tools.sh has it"))
}

pub(crate) struct Land {
    pub(crate) name: &'static str,
    shell: Vec<String>,
    bin: TempDir,
    tmp: TempDir,
}

pub(crate) struct Lands(Vec<Land>);

impl Lands {
    pub(crate) fn new() -> Self {
        Self(LANDS.iter().map(Land::new).collect())
    }

    pub(crate) fn all(&self) -> &[Land] {
        &self.0
    }

    /// One of them, in turn.
    pub(crate) fn turn(&self, number: usize) -> &Land {
        &self.0[number % self.0.len()]
    }
}

impl Land {
    fn new((name, shell, from, others): &Make) -> Self {
        let (bin, tmp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for tool in TOOLS {
            let own = ["ssh-keygen", "openssl"].contains(&tool);
            let target = found(from.filter(|_| !own).unwrap_or(tool));
            symlink(target, bin.path().join(tool)).unwrap();
        }
        for (tool, target) in *others {
            symlink(found(target), bin.path().join(tool)).unwrap();
        }
        let program = found(shell[0]).to_str().unwrap().to_owned();
        let words = shell[1..].iter().map(|&word| word.to_owned());
        let shell = std::iter::once(program).chain(words).collect();
        Self { name, shell, bin, tmp }
    }

    pub(super) fn bin(&self) -> &Path {
        self.bin.path()
    }

    /// The same without one tool.
    pub(super) fn without(&self, tool: &str) -> Self {
        let bin = tempfile::tempdir().unwrap();
        for entry in
            fs::read_dir(self.bin()).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != tool)
        {
            symlink(fs::read_link(entry.path()).unwrap(), bin.path().join(entry.file_name())).unwrap();
        }
        Self { name: self.name, shell: self.shell.clone(), bin, tmp: tempfile::tempdir().unwrap() }
    }

    /// Runs the script. It leaves nothing behind.
    #[track_caller]
    pub(crate) fn verify(&self, arguments: &[&str], folder: &Path) -> Ran {
        let mut command = Command::new(&self.shell[0]);
        command.args(&self.shell[1..]).arg(SCRIPT).args(arguments).current_dir(folder).stdin(Stdio::null());
        command.env_clear().env("PATH", self.bin()).env("TMPDIR", self.tmp.path());
        let ran = Ran::of(&command.output().unwrap());
        let left: Vec<_> = fs::read_dir(self.tmp.path()).unwrap().collect();
        assert!(left.is_empty(), "{}: {left:?}", self.name);
        let is_verdict = [0, 1, 5].contains(&ran.code);
        assert!(!is_verdict || ran.err.is_empty(), "{} {arguments:?}: {}{}", self.name, ran.out, ran.err);
        ran
    }
}
