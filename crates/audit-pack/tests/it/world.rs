//! A root with logs, state and a key, and programs that run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) struct World {
    pub(crate) dir: TempDir,
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n{}\n{}", self.out, self.err);
        self
    }
}

impl World {
    /// A root with a sealed log of three lines, a beat, and a key beside it.
    pub(crate) fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        for folder in ["home", "root", "root/data", "root/memory"] {
            fs::create_dir(world.path(folder)).unwrap();
        }
        let key = world.path("key");
        run(
            "ssh-keygen",
            &["-q", "-t", "ed25519", "-N", "", "-C", "desk", "-f", key.to_str().unwrap()],
            &world.path(""),
        );
        world.write("root/holdfast.toml", "[audit]\nkey = \"../key\"\norigin = \"example.com/bot1\"\n");
        world.write("root/data/heartbeat.json", "{\"at\":1795248000.5,\"status\":\"ok\"}\n");
        world.write("root/memory/decisions.jsonl", "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
        let public = fs::read_to_string(world.path("key.pub")).unwrap();
        world.write("allowed_signers", &format!("desk@example.com {public}"));
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        use std::io::Write;
        fs::OpenOptions::new()
            .append(true)
            .open(self.path(name))
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    pub(crate) fn audit_pack(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audit-pack"));
        command.args(arguments).current_dir(self.path("root")).env("HOME", self.path("home"));
        command.env_remove("SSH_AUTH_SOCK").env_remove("HOLDFAST_ROOT");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.audit_pack(arguments).output().unwrap())
    }

    /// Packs into `x.tar` beside the root, which must go well.
    #[track_caller]
    pub(crate) fn pack(&self) -> Ran {
        self.run(&["pack", "-o", "../x.tar"]).ends(0)
    }

    /// `x.tar`, unpacked by GNU tar.
    pub(crate) fn unpack(&self) -> PathBuf {
        run("tar", &["-xf", "x.tar"], &self.path(""));
        self.path("x")
    }

    /// What stands in a file of `x.tar`.
    pub(crate) fn packed(&self, name: &str) -> Option<Vec<u8>> {
        let tar = fs::read(self.path("x.tar")).unwrap();
        let bag = bag::Bag::open_tar(&tar, Some("x")).unwrap();
        bag.find(name).map(|entry| bag.read(entry, 1 << 30).unwrap())
    }

    #[track_caller]
    pub(crate) fn packed_text(&self, name: &str) -> String {
        let bytes = self.packed(name);
        String::from_utf8(bytes.unwrap_or_else(|| panic!("{name} is not packed: {:#?}", self.paths())))
            .unwrap()
    }

    pub(crate) fn facts(&self) -> serde_json::Value {
        serde_json::from_str(&self.packed_text("data/host/facts.json")).unwrap()
    }

    /// The paths in `x.tar`.
    pub(crate) fn paths(&self) -> Vec<String> {
        let tar = fs::read(self.path("x.tar")).unwrap();
        let bag = bag::Bag::open_tar(&tar, Some("x")).unwrap();
        bag.entries().iter().map(|entry| entry.path.to_string()).collect()
    }
}

/// Runs a program that must succeed; its stdout.
#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let ran = try_run(program, arguments, folder);
    assert_eq!(ran.code, 0, "{program} {arguments:?}: {}{}", ran.out, ran.err);
    ran.out
}

pub(crate) fn try_run(program: &str, arguments: &[&str], folder: &Path) -> Ran {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("LC_ALL", "C");
    let output = command.output();
    Ran::of(
        &output.unwrap_or_else(|error| panic!("{program}: {error}; scripts/install-test-tools.sh has it")),
    )
}
