//! Are all programs there, and of one version?

use std::path::Path;

use super::finding::Finding;
use super::{PATIENCE, Patient, word};
use crate::ran;

const CHECK: &str = "programs";
const NAMES: [&str; 5] = ["hb-write", "circuit-ctl", "watchdog", "resume-reminder", "audit-pack"];
const OURS: &str = env!("CARGO_PKG_VERSION");

/// A program, and its version or why nobody knows it.
pub(super) struct Program {
    name: &'static str,
    version: Result<String, String>,
}

pub(super) fn look(patient: &Patient<'_>) -> Vec<Program> {
    NAMES.map(|name| Program { name, version: version(patient, name) }).into()
}

/// `watchdog 0.1.0 (source …)`.
fn version(patient: &Patient<'_>, name: &str) -> Result<String, String> {
    let argv = vec![patient.program(name).to_string_lossy().into_owned(), "--version".to_owned()];
    let (outcome, said) = ran::answer(patient.sys, argv, PATIENCE).map_err(|error| error.to_string())?;
    match said.split_whitespace().nth(1) {
        Some(version) if outcome.ok() => Ok(version.to_owned()),
        _ => Err("it does not say its version".to_owned()),
    }
}

pub(super) fn judge(programs: &[Program], bin: &Path) -> Vec<Finding> {
    let mend = "install all of one version in one folder, or name that folder with --bin DIR";
    let wrong: Vec<Finding> = programs
        .iter()
        .filter_map(|Program { name, version }| match version {
            Err(why) => {
                Some(Finding::bad(CHECK, format!("{name} in {} cannot be used: {why}", bin.display()), mend))
            }
            Ok(version) if version != OURS => {
                Some(Finding::bad(CHECK, format!("{name} is {version}, holdfast-setup is {OURS}"), mend))
            }
            Ok(_) => None,
        })
        .collect();
    if wrong.is_empty() {
        return vec![Finding::ok(
            CHECK,
            format!("all {} are of version {OURS}, in {}", programs.len(), word(bin)),
        )];
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_must_be_there_and_of_our_version() {
        let ours = || Program { name: "watchdog", version: Ok(OURS.to_owned()) };
        let judged = |programs: &[Program]| {
            judge(programs, Path::new("/b")).iter().map(|finding| finding.fact.clone()).collect::<Vec<_>>()
        };
        assert_eq!(judged(&[ours()]), [format!("all 1 are of version {OURS}, in /b")]);
        let old = Program { name: "hb-write", version: Ok("0.0.9".to_owned()) };
        let gone = Program { name: "audit-pack", version: Err("gone".to_owned()) };
        assert_eq!(
            judged(&[ours(), old, gone]),
            [
                format!("hb-write is 0.0.9, holdfast-setup is {OURS}"),
                "audit-pack in /b cannot be used: gone".to_owned()
            ]
        );
    }
}
