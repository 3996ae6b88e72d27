//! The programs, the scripts and the roots of a run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use crate::project;

/// Packages whose programs are measured; xtask's examples are what some are measured against.
const PACKAGES: [&str; 5] = ["hb-write", "circuit-ctl", "watchdog", "audit-pack", "xtask"];
const EXAMPLES: [&str; 5] = ["empty", "bare_write", "bare_watch", "bare_wake", "cached_check"];
/// Not a shim of somebody's PATH.
const PYTHON: &str = "/usr/bin/python3";

pub(crate) struct Stage {
    release: PathBuf,
    scripts: PathBuf,
    /// On the disk that the project is on: what is made durable is made durable there.
    roots: PathBuf,
    /// Only to show that it runs.
    pub(crate) once: bool,
}

impl Stage {
    /// Builds what is measured.
    pub(crate) fn new(once: bool) -> Result<Self> {
        let top = project::top();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&top).args(["build", "--release", "--bins"]);
        cargo.args(PACKAGES.iter().flat_map(|name| ["--package", name]));
        cargo.args(EXAMPLES.iter().flat_map(|name| ["--example", name]));
        ensure!(cargo.status()?.success(), "the programs do not build");
        let roots = project::target().join("bench");
        // What a run that was interrupted has left.
        if roots.exists() {
            fs::remove_dir_all(&roots)?;
        }
        let release = release_folder()?;
        Ok(Self { release, scripts: top.join("xtask/bench"), roots, once })
    }

    /// How often something is done: `full` times, or a few to show that it runs.
    pub(crate) fn count(&self, full: usize) -> usize {
        if self.once { full.min(2) } else { full }
    }

    /// An empty root.
    pub(crate) fn root(&self, name: &str) -> Result<PathBuf> {
        let root = self.roots.join(name);
        fs::create_dir_all(root.join("data/heartbeats"))?;
        Ok(root)
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.release.join(name)
    }

    /// One of our programs.
    pub(crate) fn ours(&self, name: &str, root: &Path, args: &[&str]) -> Command {
        let mut command = bare(&self.program(name));
        command.env("HOLDFAST_ROOT", root).args(args);
        command
    }

    /// One of the small programs that others are measured against.
    pub(crate) fn example(&self, name: &str, root: &Path) -> Command {
        let mut command = bare(&self.release.join("examples").join(name));
        command.arg(root);
        command
    }

    pub(crate) fn python(&self, script: &str, root: &Path) -> Command {
        let mut command = bare(Path::new(PYTHON));
        command.arg(self.scripts.join(script)).arg(root);
        command
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Nothing but space depends on it.
        let _ = fs::remove_dir_all(&self.roots);
    }
}

/// xtask itself lies in `target/debug`.
fn release_folder() -> Result<PathBuf> {
    let release = project::target().join("release");
    ensure!(release.is_dir(), "{} is missing", release.display());
    Ok(release)
}

/// With nothing of the caller's environment.
fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// How long a program takes from its start to its end, in seconds. It must succeed.
pub(crate) fn seconds(command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    let status = command.status().with_context(|| format!("{command:?}"))?;
    let took = began.elapsed().as_secs_f64();
    ensure!(status.success(), "{command:?}: {status}");
    Ok(took)
}
