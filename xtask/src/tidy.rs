//! `cargo xtask tidy`: the house rules that compiler and clippy do not know, as ordinary checks.

mod links;
mod packages;
mod text;

use anyhow::{Result, bail};

use crate::project;

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// `path` or `path:line`.
    at: String,
    what: String,
    severity: Severity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Warning,
    Error,
}

impl Finding {
    fn error(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into(), severity: Severity::Error }
    }

    fn warning(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into(), severity: Severity::Warning }
    }
}

/// Prints what is found and fails if any of it is an error.
pub(crate) fn run() -> Result<()> {
    let top = project::top();
    let texts = project::texts(&top)?;
    let packages = project::packages(&top)?;
    let machine = text::machine_paths(&top);

    let mut findings = Vec::new();
    for file in &texts {
        findings.extend(text::length(file));
        findings.extend(text::machine(file, &machine));
        findings.extend(text::words(file));
    }
    findings.extend(links::check(&top, &texts));
    findings.extend(packages::described(&packages));
    findings.extend(packages::documented(&packages, &texts));
    findings.extend(packages::slim(&top, &packages));
    findings.sort();

    for Finding { at, what, severity } in &findings {
        let severity = if *severity == Severity::Error { "error" } else { "warning" };
        eprintln!("{severity}: {at}: {what}");
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors > 0 {
        bail!("{errors} of the house rules are broken: see CONTRIBUTING.md");
    }
    eprintln!("tidy: {} files, {} packages", texts.len(), packages.len());
    Ok(())
}
