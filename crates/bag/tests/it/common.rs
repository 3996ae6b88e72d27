//! A small bag, and programs to show it to.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bag::{Bag, Mode, Payload, Recipe, Written, check_all};
use holdfast::sys::ReadAt;

pub(crate) const NAME: &str = "evidence-bot-3";
pub(crate) const MTIME: u64 = 1_795_000_000;
pub(crate) const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";

pub(crate) fn info() -> Vec<(String, String)> {
    [("Source-Organization", "Holdfast"), ("External-Identifier", "bot, J\u{fc}rg's")]
        .map(|(label, value)| (label.to_owned(), value.to_owned()))
        .to_vec()
}

/// Files of every kind that a pack has: empty, one block, more, long and deep paths, a program.
pub(crate) fn payload() -> Vec<Payload<'static>> {
    let long = format!("data/{}/{}", "p".repeat(120), "n".repeat(95));
    let deep = format!("data/{}x", "d/".repeat(13));
    vec![
        Payload::of_bytes("data/log/decisions.jsonl", Mode::Plain, b"{\"n\":1}\n{\"n\":2}\n".to_vec()),
        Payload::of_bytes("data/log/decisions.jsonl.audit/tile/0/000.p/2", Mode::Plain, vec![7; 64]),
        Payload::of_bytes("data/log/decisions.jsonl.audit/SEALS", Mode::Plain, Vec::new()),
        Payload::of_bytes("data/block", Mode::Plain, vec![b'x'; 512]),
        Payload::of_bytes("data/blocks", Mode::Plain, vec![b'y'; 1300]),
        Payload::of_bytes("data/source/run.sh", Mode::Executable, b"#!/bin/sh\n".to_vec()),
        Payload::of_bytes(long, Mode::Plain, b"long\n".to_vec()),
        Payload::of_bytes(deep, Mode::Plain, b"deep\n".to_vec()),
    ]
}

pub(crate) fn written_of(payload: Vec<Payload>) -> (Vec<u8>, Written) {
    let mut tar = Vec::new();
    let recipe = Recipe { name: NAME, mtime: MTIME, info: &info(), guide: "Check the signature first.\n" };
    let written = bag::write(&mut tar, &recipe, payload, |_| Ok(SIGNATURE.to_owned())).unwrap();
    (tar, written)
}

pub(crate) fn small() -> Vec<u8> {
    written_of(payload()).0
}

/// Everything that is said against a tar, structure first.
pub(crate) fn said_against(tar: &dyn ReadAt) -> Vec<String> {
    match Bag::open_tar(tar, None) {
        Err(error) => vec![error.to_string()],
        Ok(bag) => said_against_bag(&bag),
    }
}

pub(crate) fn said_against_bag(bag: &Bag) -> Vec<String> {
    let findings = check_all(bag, bag.manifests(), 2, &|_| {}).into_first();
    findings.iter().map(ToString::to_string).collect()
}

/// Runs a program in `folder`, in the same locale for everybody.
pub(crate) fn run(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments).env("LC_ALL", "C");
    command
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/install-test-tools.sh has it"))
}

/// Runs a program that must succeed; its stdout.
pub(crate) fn passes(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = run(folder, program, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn fails(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = run(folder, program, arguments);
    assert!(!output.status.success(), "{program} {arguments:?} accepts it");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The Python that has the `bagit` package, of scripts/install-test-tools.sh.
pub(crate) fn bagit_python() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = top.join("scripts/install-test-tools.sh");
    let path = passes(&top, script.to_str().unwrap(), &["--bagit-python"]);
    PathBuf::from(path.trim_end())
}

/// A tar on disk, and unpacked beside it by GNU tar.
pub(crate) fn unpacked(tar: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x.tar"), tar).unwrap();
    passes(dir.path(), "tar", &["-xf", "x.tar"]);
    let folder = dir.path().join(NAME);
    (dir, folder)
}
