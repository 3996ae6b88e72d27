//! The committed test vectors are what this implementation says, and what a second one in Python says.
//!
//! `TLOG_BLESS=1 cargo test -p tlog` writes them anew; a change of them is a change of the format.

mod notes;
pub(crate) mod proof_files;
mod seals;
mod trees;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// A file below `audit/` of the project.
pub(crate) fn audit(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../audit", path].iter().collect()
}

/// The committed text must be `now`, unless it is to be written anew.
pub(crate) fn committed(path: &str, now: &str) {
    let path = audit(path);
    if std::env::var_os("TLOG_BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    if let Some(line) =
        (0..).take(then.lines().count() + 1).find(|&i| then.lines().nth(i) != now.lines().nth(i))
    {
        let (then, now) = (then.lines().nth(line), now.lines().nth(line));
        panic!("{} line {}: {then:?} is now {now:?}", path.display(), line + 1);
    }
    assert_eq!(then, now);
}

fn vectors(name: &str, value: &Value) {
    committed(&format!("vectors/{name}.json"), &format!("{value:#}\n"));
}

#[test]
fn trees_tiles_and_proofs() {
    vectors("hashes", &trees::hashes());
    vectors("trees", &trees::trees());
    vectors("tiles", &trees::tiles());
    vectors("proofs", &trees::proofs());
}

#[test]
fn seals_files() {
    vectors("seals", &seals::files());
}

#[test]
fn notes_and_keys() {
    vectors("notes", &notes::notes());
}

#[test]
fn proofs_as_files() {
    vectors("proof_files", &proof_files::proof_files());
}

#[test]
fn a_second_implementation_agrees() {
    let script = [env!("CARGO_MANIFEST_DIR"), "tests/it/vectors/second.py"].iter().collect::<PathBuf>();
    let output =
        Command::new("/usr/bin/python3").arg(script).arg(audit("vectors")).output().expect("python3");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    // It counts what it checked: a script that reads nothing agrees with everything.
    let checked: usize = stdout.trim().parse().unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    assert!(checked > 250, "only {checked} checks");
}
