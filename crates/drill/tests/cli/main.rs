//! `drill` as a process, with the real programs and with sabotaged ones.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "a test plays the world around the program")]

mod evidence;
mod rehearsals;
mod sabotage;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const PROGRAMS: [&str; 5] = ["hb-write", "circuit-ctl", "watchdog", "resume-reminder", "audit-pack"];

/// Where the drill and the programs were built.
fn built() -> PathBuf {
    let dir = Path::new(env!("CARGO_BIN_EXE_drill")).parent().expect("a folder").to_owned();
    for program in PROGRAMS {
        assert!(dir.join(program).is_file(), "{program} is missing: cargo build --workspace --bins");
    }
    dir
}

/// A folder for one test, and perhaps programs of its own.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a scratch folder"))
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// The real programs but for one, which is this shell script.
    fn sabotaged(program: &str, script: &str) -> Self {
        let scratch = Self::new();
        let bin = scratch.path("bin");
        fs::create_dir(&bin).expect("bin");
        for real in PROGRAMS.iter().filter(|real| **real != program) {
            symlink(built().join(real), bin.join(real)).expect("a link");
        }
        let path = bin.join(program);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        scratch
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drill"));
        command.current_dir(self.0.path()).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.args(args).stdin(Stdio::null());
        if self.path("bin").is_dir() {
            command.args(["--bin-dir", "bin"]);
        } else {
            built();
        }
        command
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.command(args).output().expect("it starts").into()
    }

    /// Plays these in `here`, and answers in JSON.
    fn plays(&self, names: &[&str], more: &[&str]) -> Ended {
        let mut args = vec!["--root", "here", "--json"];
        args.extend(names.iter().flat_map(|name| ["--only", name]));
        args.extend(more);
        self.run(&args)
    }
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
    fn report(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

#[test]
fn help() {
    insta::assert_snapshot!(Scratch::new().run(&["--help"]).expect(0).out);
}

#[test]
fn the_list_names_every_scenario() {
    insta::assert_snapshot!(Scratch::new().run(&["--list"]).expect(0).out);
}

#[test]
fn the_list_is_json_where_a_machine_asks() {
    let list = Scratch::new().run(&["--list", "--json"]).expect(0).out;
    let list: Value = serde_json::from_str(&list).expect("JSON");
    assert!(list.as_array().is_some_and(|rows| rows.iter().all(|row| row["name"].is_string())), "{list}");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_begins() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("full")).expect("a folder");
    fs::write(scratch.path("full/file"), "").expect("a file");
    for (args, code, says) in [
        (&["--only", "kil", "--root", "here"][..], 64, "drill --list names all of them"),
        (&["--onli", "kill"], 64, "unexpected argument"),
        (&["--root", "full"], 74, "is not empty"),
        (&["--root", "here", "--out", "full/file"], 74, "full/file cannot be made"),
        (&["--journal-root", "full", "--root", "here"], 78, "mkdir -p full/data"),
        (&["--bin-dir", "full", "--root", "here"], 78, "hb-write is not in"),
    ] {
        let ended = scratch.run(args).expect(code);
        assert!(ended.err.contains(says), "{args:?}: {}", ended.err);
    }
    assert!(!scratch.path("here").exists());
}
