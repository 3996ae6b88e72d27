//! The committed test vectors are what this implementation says, and what a second one in Python says.
//!
//! `TLOG_BLESS=1 cargo test -p tlog` writes them anew; a change of them is a change of the format.

mod committed;
mod cosignatures;
mod notes;
pub(crate) mod proof_files;
mod seals;
mod trees;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

pub(crate) use committed::{audit, committed};

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
fn cosignatures_and_keys_of_witnesses() {
    vectors("cosignatures", &cosignatures::cosignatures());
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
