//! `drill` rehearses failures with the real programs, in scratch folders, and reports what was seen.

mod bot;
pub mod cli;
mod play;
mod programs;
mod report;
mod scenarios;
mod stage;
mod start;

use std::path::{Path, PathBuf};

use holdfast::journal::{self, Entry};
use holdfast::sys::{Secrecy, Sys};
use holdfast::{Exit, Root, say};

use cli::{Cli, Part};
use play::Lanes;
use programs::Programs;
use report::Report;
use scenarios::{ALL, Scenario};

/// The name in the journal and on stderr.
const PROGRAM: &str = "drill";

/// Does what the arguments say.
pub fn run(cli: &Cli, sys: Sys<'static>) -> Exit {
    if let Some(Part::Start(args)) = &cli.part {
        return start::run(args);
    }
    if cli.list {
        if cli.json {
            let row = |scenario: &Scenario| serde_json::json!({ "name": scenario.name, "injected": scenario.injected });
            let rows: serde_json::Value = ALL.iter().map(row).collect();
            return say::answer(PROGRAM, &format!("{rows}\n"));
        }
        let names = ALL.iter().map(|scenario| format!("{:<18} {}\n", scenario.name, scenario.injected));
        return say::answer(PROGRAM, &names.collect::<String>());
    }
    let programs = match Programs::find(&sys, cli.bin_dir.as_deref()) {
        Ok(programs) => programs,
        Err(error) => return refuse(cli.json, &error, Exit::Config),
    };
    match &cli.part {
        Some(Part::Bot(args)) => bot::run(args, &sys, &programs),
        Some(Part::Play(args)) => play::one(args, sys, &programs),
        _ => drill(cli, sys, &programs),
    }
}

fn drill(cli: &Cli, sys: Sys<'static>, programs: &Programs) -> Exit {
    let scenarios = match chosen(&cli.only) {
        Ok(scenarios) => scenarios,
        Err(error) => return refuse(cli.json, &error, Exit::Usage),
    };
    let journal_root = match cli.journal_root.as_ref().map(|dir| Root::open(sys.store, dir)).transpose() {
        Ok(root) => root,
        Err(error) => return refuse(cli.json, &error.to_string(), Exit::Config),
    };
    let dir = match folder(&sys, cli.root.as_deref()) {
        Ok(dir) => dir,
        Err(error) => return refuse(cli.json, &error, Exit::Io),
    };
    let began = sys.clock.now();
    let rows = Lanes { sys, programs, dir: &dir, keep: cli.keep }.play(&scenarios);
    let report = Report::new(&sys, &began, programs.dir(), rows);
    let path = cli.report.clone().unwrap_or_else(|| dir.join("drill-report.txt"));
    let mut exit = report.exit();
    exit = exit.and(written(&sys, &report, &path));
    if let Some(root) = journal_root {
        exit = exit.and(journalled(&sys, &root, &report));
    }
    let answer = if cli.json { report.json() + "\n" } else { report.text(report::width()) };
    exit.and(say::answer(PROGRAM, &answer))
}

/// The scenarios of these names; without any, all.
fn chosen(names: &[String]) -> Result<Vec<&'static Scenario>, String> {
    let named = |name: &String| {
        scenarios::named(name)
            .ok_or_else(|| format!("there is no scenario {name:?}\n  drill --list names all of them"))
    };
    if names.is_empty() { Ok(ALL.iter().collect()) } else { names.iter().map(named).collect() }
}

/// Where the drill takes place.
fn folder(sys: &Sys, told: Option<&Path>) -> Result<PathBuf, String> {
    let Some(dir) = told else {
        let made = tempfile::Builder::new().prefix("holdfast-drill-").tempdir();
        return made
            .map(tempfile::TempDir::keep)
            .map_err(|error| format!("no folder for temporary files: {error}"));
    };
    // Programs are started from other folders.
    let dir = std::path::absolute(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    sys.store.make_dir(&dir).map_err(|error| format!("{} cannot be made: {error}", dir.display()))?;
    match sys.store.list(&dir) {
        Ok(names) if names.is_empty() => Ok(dir),
        Ok(_) => Err(format!("{} is not empty\n  name a new folder: a drill starts afresh", dir.display())),
        Err(error) => Err(format!("{} cannot be read: {error}", dir.display())),
    }
}

fn written(sys: &Sys, report: &Report, path: &Path) -> Exit {
    let mut exit = Exit::Ok;
    for (path, text) in
        [(path.to_owned(), report.text(report::WIDTH)), (path.with_extension("json"), report.json() + "\n")]
    {
        match sys.store.replace(&path, text.as_bytes(), Secrecy::Shared) {
            Ok(()) => say::tell(PROGRAM, &format_args!("report: {}", path.display())),
            Err(error) => {
                exit = complain(&format!("{} cannot be written: {error}", path.display()), Exit::Io);
            }
        }
    }
    exit
}

fn journalled(sys: &Sys, root: &Root, report: &Report) -> Exit {
    let (passed, failed, not_run) = report.counts();
    let entry =
        Entry::new("drill", PROGRAM).with("passed", passed).with("failed", failed).with("not_run", not_run);
    match journal::append(sys, root, &entry) {
        Ok(_) => Exit::Ok,
        Err(error) => complain(&format!("{} cannot be written: {error}", root.journal().display()), Exit::Io),
    }
}

/// Something that stands beside the answer.
fn complain(what: &str, exit: Exit) -> Exit {
    say::tell(PROGRAM, &what);
    exit
}

/// Says why there is no answer; also on stdout, where a machine asked.
fn refuse(json: bool, what: &str, exit: Exit) -> Exit {
    say::refuse(PROGRAM, json, &what, exit)
}
