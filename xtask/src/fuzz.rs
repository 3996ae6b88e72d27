//! `cargo xtask fuzz`: libFuzzer on a stable compiler. What it needs besides is a C++ compiler.
//!
//! `cargo fuzz` (with a nightly) works in `fuzz/` too. It is not needed, because all that it adds here is the address
//! sanitizer, and the workspace forbids `unsafe`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, bail, ensure};

use crate::project;

/// As `cargo fuzz` has them: counters at every edge, and what is compared with what.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Functions with counters are not inlined across units.
    "-Ccodegen-units=1",
];
/// An input that takes longer is a finding, in seconds.
const SLOW: u32 = 10;
/// How much of a report is shown, in lines.
const SHOWN: usize = 30;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each target runs
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only this one [default: all]
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Run one input of the target, as a crash told
    #[arg(long, value_name = "FILE", requires = "target")]
    replay: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let fuzz = project::top().join("fuzz");
    let mut targets = targets(&fuzz)?;
    if let Some(only) = &args.target {
        ensure!(targets.contains(only), "no target is named {only}: there are {}", targets.join(", "));
        targets.retain(|target| target == only);
    }
    let programs = build(&fuzz, &targets)?;
    if let (Some(input), [target]) = (&args.replay, targets.as_slice()) {
        let status = Command::new(programs.join(target)).arg(input).status()?;
        ensure!(status.success(), "{target} does not stand {}", input.display());
        return Ok(());
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let queue = Mutex::new(VecDeque::from(targets));
    let next = || queue.lock().ok().and_then(|mut queue| queue.pop_front());
    let failures: Vec<String> = thread::scope(|scope| {
        let work = || -> Vec<String> {
            std::iter::from_fn(next)
                .filter_map(|target| one(&fuzz, &programs, &target, args.seconds).err())
                .map(|error| format!("{error:#}"))
                .collect()
        };
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|_| vec!["a worker died".to_owned()]))
            .collect()
    });
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

/// Each has a file of its own.
fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(fuzz.join("fuzz_targets")).context("fuzz/fuzz_targets")? {
        let path = entry?.path();
        targets.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    targets.sort();
    Ok(targets)
}

/// Returns the folder of the programs.
fn build(fuzz: &Path, targets: &[String]) -> Result<PathBuf> {
    let cxx = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let found = Command::new(&cxx).arg("--version").output().is_ok_and(|output| output.status.success());
    ensure!(found, "{cxx} is missing, and libFuzzer is C++: scripts/install-test-tools.sh installs it");
    let version = project::output(fuzz, "rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let folder = project::target().join("fuzz");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(fuzz).args(["build", "--release", "--target", host]);
    cargo.arg("--target-dir").arg(&folder);
    // Only what is built for a named target gets these: build scripts run without them.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}")).env_remove("RUSTFLAGS");
    for target in targets {
        cargo.args(["--bin", target]);
    }
    ensure!(cargo.status()?.success(), "the fuzz targets do not build");
    Ok(folder.join(host).join("release"))
}

/// Fuzzes one target from its seeds and from what earlier runs found.
fn one(fuzz: &Path, programs: &Path, target: &str, seconds: u32) -> Result<()> {
    let found = project::target().join("fuzz").join("corpus").join(target);
    let artifacts = fuzz.join("artifacts").join(target);
    for folder in [&found, &artifacts] {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let seeds = fuzz.join("corpus").join(target);
    ensure!(seeds.is_dir(), "{target} has no seeds: {} is missing", seeds.display());
    let output = Command::new(programs.join(target))
        .args([&found, &seeds])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={SLOW}"))
        .arg(format!("-dict={}", fuzz.join("words.dict").display()))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .output()
        .with_context(|| target.to_owned())?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{}", report(target, &said));
    }
    ensure!(
        said.contains("inline 8-bit counters"),
        "{target} was built without coverage: it searches in the dark"
    );
    let inputs = stat(&said, "number_of_executed_units");
    let new = stat(&said, "new_units_added");
    eprintln!("fuzz: {target}: {inputs} inputs in {seconds} s, {new} of them went new ways, none failed");
    Ok(())
}

fn stat<'a>(said: &'a str, name: &str) -> &'a str {
    let mut lines = said.lines().filter_map(|line| line.strip_prefix("stat::")?.strip_prefix(name));
    lines.next().map_or("?", |rest| rest.trim_start_matches(':').trim())
}

/// The panic, the input, and how to come back to it.
fn report(target: &str, said: &str) -> String {
    let story =
        said.lines().skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR: libFuzzer"));
    let mut report = format!("{target} failed:\n");
    for line in story.take_while(|line| !line.starts_with("stack backtrace")).take(SHOWN) {
        let _ = writeln!(report, "  {line}");
    }
    let input =
        said.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path.trim());
    let Some(input) = input else { return report + said };
    let top = project::top();
    let input = Path::new(input).strip_prefix(&top).unwrap_or(Path::new(input)).display().to_string();
    let _ = write!(
        report,
        "the input is in {input}\n  see it again: cargo xtask fuzz --target {target} --replay {input}\n  \
         and when it is mended, keep it: mv {input} fuzz/corpus/{target}/"
    );
    report
}

#[cfg(test)]
mod tests {
    use super::{report, stat};

    #[test]
    fn a_crash_tells_its_cause_its_input_and_how_to_see_it_again() {
        let said = "#2 NEW\nthread 'x' panicked at fuzz_targets/circuit.rs:3:1:\nit says paused\nstack backtrace:\n 0: x\n\
                    artifact_prefix='/f/'; Test unit written to /f/crash-1\nstat::number_of_executed_units: 7\n";
        let told = report("circuit", said);
        for part in [
            "it says paused",
            "in /f/crash-1",
            "--target circuit --replay /f/crash-1",
            "fuzz/corpus/circuit/",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("0: x"), "{told}");
        assert_eq!(stat(said, "number_of_executed_units"), "7");
    }
}
