//! `cargo xtask heavy`: what is too long for every run of the CI, as one table.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::project;

/// Where the last table stands.
const PAGE: &str = "docs/testing.md";
const DENY: &str = "0.20.2";

/// One run. The first word of its command is `cargo`, `xtask`, `cargo-deny` or a script; `N` stands for `--seconds`.
struct Run {
    name: &'static str,
    env: &'static [(&'static str, &'static str)],
    command: &'static str,
}

const RUNS: [Run; 12] = [
    Run { name: "licences and sources", env: &[], command: "cargo-deny check bans licenses sources" },
    Run { name: "types on macOS and Windows", env: &[], command: "scripts/check-platforms.sh" },
    Run { name: "long fuzzing", env: &[], command: "xtask fuzz --seconds N" },
    Run {
        name: "50,000 seeds of the simulation",
        env: &[("HOLDFAST_SIM_SEEDS", "50000")],
        command: "cargo test --release --package watchdog --test sim",
    },
    Run {
        name: "20,000 seeds of the sealer",
        env: &[("HOLDFAST_SIM_SEEDS", "20000")],
        command: "cargo test --release --package audit-pack --lib -- sim::",
    },
    Run { name: "mutations", env: &[], command: "xtask mutate" },
    Run { name: "programs for the scenarios", env: &[], command: "cargo build --workspace --bins" },
    Run {
        name: "10,000 rounds of no-lost-trip",
        env: &[("HOLDFAST_ROUNDS", "10000")],
        command: "cargo test --package holdfast-tests --test scenarios -- no_interleaving_loses_a_trip",
    },
    Run {
        name: "every call of the sealer",
        env: &[("HOLDFAST_ALL_CALLS", "1")],
        command: "cargo test --package holdfast-tests --test scenarios -- audit",
    },
    Run {
        name: "10,000 changes of sealed logs",
        env: &[("HOLDFAST_MUTATIONS", "10000")],
        command: "cargo test --package audit-pack --lib -- every_change",
    },
    Run { name: "bots in freqtrade and nautilus_trader", env: &[], command: "scripts/test-python-bots.sh" },
    Run { name: "bench", env: &[], command: "xtask bench --write" },
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each fuzz target runs
    #[arg(long, value_name = "N", default_value_t = 300)]
    seconds: u32,
    /// Only the runs with this in their name
    #[arg(long, value_name = "WORDS")]
    only: Option<String>,
    /// Put the table into docs/testing.md; with --only, these rows of it
    #[arg(long)]
    write: bool,
}

/// How a run went.
struct Ran {
    run: &'static Run,
    command: String,
    result: Result<()>,
    took: Duration,
}

/// Goes on after a failure, so that one night shows everything; then fails.
pub(crate) fn run(args: &Args) -> Result<()> {
    let logs = project::target().join("heavy");
    fs::create_dir_all(&logs)?;
    let wanted = |run: &&Run| args.only.as_ref().is_none_or(|words| run.name.contains(words.as_str()));
    let mut ran = Vec::new();
    for run in RUNS.iter().filter(wanted) {
        let command = run.command.replace(" N", &format!(" {}", args.seconds));
        let log = logs.join(format!("{}.log", run.name.replace([' ', ','], "-")));
        eprintln!("heavy: {}: {command}\n  its output: {}", run.name, log.display());
        let began = Instant::now();
        let result = perform(run, &command, &log);
        let took = began.elapsed();
        eprintln!("heavy: {}: {} after {}", run.name, word(&result), minutes(took));
        ran.push(Ran { run, command, result, took });
    }
    ensure!(!ran.is_empty(), "no run has that in its name");
    let state = state()?;
    let rows: Vec<String> = ran.iter().map(|ran| row(ran, &state)).collect();
    println!("{}", rows.join("\n"));
    if args.write {
        let old = fs::read_to_string(project::top().join(PAGE)).context(PAGE)?;
        project::write_between(PAGE, "heavy", &table(&project::machine()?, &rows, &old))?;
    }
    match ran.iter().filter(|ran| ran.result.is_err()).count() {
        0 => Ok(()),
        failed => bail!("{failed} of {} failed", ran.len()),
    }
}

fn perform(run: &Run, command: &str, log: &Path) -> Result<()> {
    let mut words = command.split(' ');
    let program = match words.next() {
        Some("cargo") => PathBuf::from(env!("CARGO")),
        Some("xtask") => std::env::current_exe()?,
        Some("cargo-deny") => deny()?,
        Some(script) if script.starts_with("scripts/") => project::top().join(script),
        other => bail!("nobody knows {other:?}"),
    };
    let log_file = File::create(log).with_context(|| log.display().to_string())?;
    let mut command = Command::new(program);
    command.args(words).envs(run.env.iter().copied()).current_dir(project::top());
    command.stdout(log_file.try_clone()?).stderr(log_file);
    let status = command.status()?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// Installs it where it is missing, once for each version, into the folder that cargo builds into.
fn deny() -> Result<PathBuf> {
    let tools = project::target().join("tools").join(format!("cargo-deny-{DENY}"));
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["install", "--locked", "--quiet", "cargo-deny", "--version", DENY, "--root"]).arg(&tools);
        ensure!(cargo.status()?.success(), "cargo-deny {DENY} cannot be installed");
    }
    Ok(program)
}

fn word(result: &Result<()>) -> String {
    result.as_ref().map_or_else(|error| format!("**failed**: {error}"), |()| "passed".to_owned())
}

fn minutes(took: Duration) -> String {
    let seconds = took.as_secs();
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

/// Which state of the project was run: its commit, with a `+` where more was changed than the page itself.
fn state() -> Result<String> {
    let top = project::top();
    let commit = project::output(&top, "git", &["rev-parse", "--short=10", "HEAD"])?;
    let changed = project::output(&top, "git", &["status", "--porcelain"])?;
    // The pages that these runs write are no part of what was run.
    let more = changed.lines().any(|line| !line.contains(" docs/"));
    Ok(format!("{}{}", commit.trim(), if more { "+" } else { "" }))
}

fn row(Ran { run, command, result, took }: &Ran, state: &str) -> String {
    let env = run.env.iter().fold(String::new(), |env, (key, value)| env + key + "=" + value + " ");
    let command = command.strip_prefix("xtask").map_or(command.clone(), |rest| format!("cargo xtask{rest}"));
    format!("| {} | `{env}{command}` | {} | {} | {state} |", run.name, word(result), minutes(*took))
}

/// The rows of this run, and of earlier ones those that were not run now.
fn table(machine: &[String], rows: &[String], old: &str) -> String {
    let mut text = format!(
        "The last of these runs was made on: {}\n\n| run | command | result | time | commit |\n| --- | --- | --- | --- | --- |",
        machine.join("; ")
    );
    for run in &RUNS {
        let begin = format!("| {} | ", run.name);
        let is_its = |row: &&str| row.starts_with(&begin);
        let row = rows.iter().map(String::as_str).find(is_its).or_else(|| old.lines().find(is_its));
        let _ = row.map(|row| write!(text, "\n{row}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Duration, RUNS, Ran, row, table};

    #[test]
    fn the_table_tells_what_failed_and_how_to_run_it_and_keeps_what_was_not_run() {
        let ran = |name: &str, result| {
            let run = RUNS.iter().find(|run| run.name == name).expect(name);
            row(
                &Ran { run, command: run.command.to_owned(), result, took: Duration::from_secs(61) },
                "abc123",
            )
        };
        let simulation = "50,000 seeds of the simulation";
        let rows = [ran(simulation, Ok(())), ran("bench", Err(anyhow::anyhow!("code 1")))];
        let old = format!(
            "{}\n{}\n| gone | `x` | passed | 1 min 01 s | old |",
            ran("licences and sources", Ok(())),
            ran(simulation, Err(anyhow::anyhow!("old")))
        );
        let table = table(&["a machine".to_owned()], &rows, &old);
        for part in [
            "a machine\n",
            "| licences and sources | `cargo-deny check",
            "`HOLDFAST_SIM_SEEDS=50000 cargo test",
            "| passed | 1 min 01 s | abc123 |",
            "`cargo xtask bench --write` | **failed**: code 1",
        ] {
            assert!(table.contains(part), "{part}: {table}");
        }
        assert!(!table.contains("old |") && !table.contains("gone"), "{table}");
    }
}
