//! `cargo xtask mutate`: makes one named mistake after the other in a copy of the project, and demands that the
//! simulation says which rule it breaks.

mod mutations;

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::project;
use mutations::{MUTATIONS, Mutation};

/// A mistake may also make a program go on for ever.
const MOST: Duration = Duration::from_mins(15);
const POLL: Duration = Duration::from_millis(50);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this one [default: all]
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Name them, and run nothing
    #[arg(long, conflicts_with = "only")]
    list: bool,
    /// How many seeds of the simulation a mistake may survive
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    seeds: u64,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let wanted = |mutation: &&Mutation| args.only.as_ref().is_none_or(|only| only == mutation.name);
    let wanted: Vec<&Mutation> = MUTATIONS.iter().filter(wanted).collect();
    ensure!(!wanted.is_empty(), "no mutation has that name: cargo xtask mutate --list");
    if args.list {
        for Mutation { name, rule, file, .. } in wanted {
            println!("{rule:16} {name:42} {file}");
        }
        return Ok(());
    }
    let copy = Copy::of_project()?;
    // A seed counts only if the rule holds there without the mistake.
    for simulation in [Simulation::Watchdog, Simulation::Sealer] {
        if wanted.iter().any(|mutation| mutation.simulation() == simulation) {
            fs::copy(copy.build(simulation)?, copy.whole(simulation))?;
        }
    }
    println!("| mutation | breaks | seen by seed | took |\n| --- | --- | --- | --- |");
    let mut survivors = Vec::new();
    for mutation in wanted {
        let began = Instant::now();
        let whole = copy.whole(mutation.simulation());
        let seen = copy.with(mutation, |program| caught(program, &whole, mutation, args.seeds))?;
        if seen.is_none() {
            survivors.push(mutation.name);
        }
        let seed = seen.map_or_else(|| "**survives**".to_owned(), |seed| seed.to_string());
        println!("| {} | {} | {seed} | {} s |", mutation.name, mutation.rule, began.elapsed().as_secs());
    }
    ensure!(survivors.is_empty(), "the simulation is too weak, it does not see: {}", survivors.join(", "));
    Ok(())
}

/// Which simulation is to see a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Simulation {
    Watchdog,
    Sealer,
}

impl Simulation {
    /// What cargo builds it as, and the name of that target.
    fn target(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Watchdog => (&["--package", "watchdog", "--test", "sim"], "sim"),
            Self::Sealer => (&["--package", "audit-pack", "--lib"], "audit_pack"),
        }
    }

    /// Which of the tests in that program it is.
    fn filter(self) -> &'static [&'static str] {
        match self {
            Self::Watchdog => &[],
            Self::Sealer => &["sim::"],
        }
    }
}

/// The seed by which the simulation sees the broken rule.
fn caught(program: &Path, whole: &Path, mutation: &Mutation, seeds: u64) -> Result<Option<u64>> {
    let all = [("HOLDFAST_SIM_SEEDS", seeds.to_string())];
    let Some((seed, rule)) = simulate(program, mutation, &all)? else { return Ok(None) };
    ensure!(rule == mutation.rule, "{}: seed {seed} breaks {rule} instead", mutation.name);
    let one = [("HOLDFAST_SIM_SEED", seed.to_string())];
    let without = simulate(whole, mutation, &one)?;
    ensure!(without.is_none(), "seed {seed} breaks {rule} without a mutation too");
    Ok(Some(seed))
}

/// The first seed that breaks a rule, and which.
fn simulate(program: &Path, mutation: &Mutation, which: &[(&str, String)]) -> Result<Option<(u64, String)>> {
    let log = program.with_extension("log");
    let out = File::create(&log)?;
    let mut command = Command::new(program);
    command.args(mutation.simulation().filter());
    command.stdout(out.try_clone()?).stderr(out);
    command.envs(which.iter().map(|(name, value)| (name, value)));
    command.env("HOLDFAST_SIM_RULE", mutation.rule).env("RUST_BACKTRACE", "0");
    let mut child = command.spawn().with_context(|| program.display().to_string())?;
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > MOST {
            child.kill()?;
            child.wait()?;
            bail!("{}: no end after {} minutes", mutation.name, MOST.as_secs() / 60);
        }
        thread::sleep(POLL);
    };
    let said = fs::read_to_string(&log)?;
    match (status.success(), broken(&said)) {
        (true, None) => Ok(None),
        (false, Some(broken)) => Ok(Some(broken)),
        _ => bail!("{}: the simulation ends with {status}, see {}", mutation.name, log.display()),
    }
}

/// From `seed 52 breaks clock-honest: …`.
fn broken(said: &str) -> Option<(u64, String)> {
    said.lines().find_map(|line| {
        let (seed, rest) = line.strip_prefix("seed ")?.split_once(" breaks ")?;
        Some((seed.parse().ok()?, rest.split_once(':')?.0.to_owned()))
    })
}

/// A copy of the project, with a build folder of its own.
struct Copy {
    folder: PathBuf,
    workspace: PathBuf,
}

impl Copy {
    fn of_project() -> Result<Self> {
        let folder = project::target().join("mutate");
        let workspace = folder.join("workspace");
        let texts = project::texts(&project::top())?;
        let paths: HashSet<PathBuf> = texts.iter().map(|text| workspace.join(&text.path)).collect();
        remove_others(&workspace, &paths)?;
        for (text, path) in texts.iter().map(|text| (&text.text, workspace.join(&text.path))) {
            fs::create_dir_all(path.parent().unwrap_or(&workspace))?;
            write_if_new(&path, text)?;
        }
        Ok(Self { folder, workspace })
    }

    /// Where the simulation without a mistake is.
    fn whole(&self, simulation: Simulation) -> PathBuf {
        self.folder.join(format!("whole-{}", simulation.target().1))
    }

    /// Builds the simulation and returns its program.
    fn build(&self, simulation: Simulation) -> Result<PathBuf> {
        let (target, name) = simulation.target();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(&self.workspace).args(["test", "--quiet"]).args(target);
        cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]);
        // A mistake may leave something unused.
        cargo.arg("--target-dir").arg(self.folder.join("build")).env("RUSTFLAGS", "--cap-lints allow");
        let built = cargo.output().context("cargo test")?;
        ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let artifacts = String::from_utf8(built.stdout)?;
        let mut program = artifacts.lines().filter_map(|line| {
            let artifact: Value = serde_json::from_str(line).ok()?;
            let is_sim = artifact["target"]["name"] == name;
            artifact["executable"].as_str().filter(|_| is_sim).map(PathBuf::from)
        });
        program.next_back().context("cargo built no simulation")
    }

    /// Builds with one mistake, does `what`, and takes the mistake back.
    fn with<T>(&self, mutation: &Mutation, what: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        let path = self.workspace.join(mutation.file);
        let original = fs::read_to_string(&path).with_context(|| mutation.file.to_owned())?;
        let mistaken = mutation.apply(&original)?;
        fs::write(&path, mistaken)?;
        let built = self.build(mutation.simulation());
        fs::write(&path, original)?;
        let program = built.with_context(|| format!("{} does not build", mutation.name))?;
        what(&program)
    }
}

impl Mutation {
    fn simulation(&self) -> Simulation {
        let of_sealer = self.file.starts_with("crates/audit-pack/");
        if of_sealer { Simulation::Sealer } else { Simulation::Watchdog }
    }

    fn apply(&self, original: &str) -> Result<String> {
        let Self { name, file, old, new, .. } = self;
        let found = original.matches(old).count();
        ensure!(found == 1, "{name}: {file} has {found} times, not once: {old}");
        Ok(original.replacen(old, new, 1))
    }
}

/// What has not changed keeps its time, so that cargo builds only what has.
fn write_if_new(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// Removes the files of `folder` that are not in `kept`.
fn remove_others(folder: &Path, kept: &HashSet<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{HashSet, MUTATIONS, broken};
    use crate::project;

    #[test]
    fn every_mutation_fits_the_code_as_it_is_now() {
        let mut names = HashSet::new();
        for mutation in &MUTATIONS {
            assert!(names.insert(mutation.name), "{} twice", mutation.name);
            let path = project::top().join(mutation.file);
            let original = std::fs::read_to_string(&path).expect(mutation.file);
            mutation.apply(&original).expect("exactly once");
        }
    }

    #[test]
    fn every_mutation_stands_in_the_documentation() {
        let page = std::fs::read_to_string(project::top().join("docs/testing.md")).expect("the page");
        for mutation in &MUTATIONS {
            let row = format!("| `{}` | {} |", mutation.name, mutation.rule);
            assert!(page.contains(&row), "docs/testing.md lacks {row}");
        }
    }

    #[test]
    fn the_simulation_names_seed_and_rule() {
        let said = "\nthread panicked:\nseed 52 breaks clock-honest: green, although\n  1 up\n";
        assert_eq!(broken(said), Some((52, "clock-honest".to_owned())));
        assert_eq!(broken("test result: ok"), None);
    }
}
