//! `drill` rehearses failures with the real programs, in scratch folders, and reports what was seen.

mod bot;
pub mod cli;
mod evidence;
mod play;
mod programs;
mod report;
mod scenarios;
mod stage;
mod start;

use std::path::{Path, PathBuf};

use holdfast::sys::Sys;
use holdfast::{Exit, Root, say};

use cli::{Cli, Part};
use evidence::Story;
use play::Lanes;
use programs::Programs;
use report::Report;
use scenarios::{ALL, Scenario};
use stage::{Pack, world};

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
    let (dir, out) = match folders(&sys, cli) {
        Ok(folders) => folders,
        Err(error) => return refuse(cli.json, &error, Exit::Io),
    };
    let pack = Pack::new(&out);
    if let Err(error) = clear(&sys, &pack) {
        return refuse(cli.json, &error, Exit::Io);
    }
    let began = sys.clock.now();
    let (rows, story) = std::thread::scope(|scope| {
        let story = scope.spawn(|| Story::live(sys, programs, &dir));
        let rows = Lanes { sys, programs, dir: &dir, keep: cli.keep }.play(&scenarios);
        (rows, story.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let report = Report::new(&sys, &began, programs.dir(), rows);
    let evidence = evidence::end(story, &report, &pack, &dir, cli.keep);
    let report = report.with(evidence);
    let path = cli.report.clone().unwrap_or_else(|| out.join(report::FILE));
    let mut exit = report.exit().and(written(&sys, &report, &path));
    if let Some(root) = journal_root
        && let Err(error) = report.journal(&sys, &root)
    {
        let journal = root.journal();
        exit = exit.and(complain(&format!("{} cannot be written: {error}", journal.display()), Exit::Io));
    }
    if cli.keep {
        say::tell(PROGRAM, &format_args!("folders: {}", dir.display()));
    } else if cli.root.is_none() {
        // Where anything is left in it, it stays.
        let _ = world::clear_empty(&dir);
    }
    let answer = if cli.json { report.json() } else { report.text(report::width()) };
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

/// Where the drill takes place, and where it leaves its evidence.
fn folders(sys: &Sys, cli: &Cli) -> Result<(PathBuf, PathBuf), String> {
    let out = match (&cli.out, &cli.root) {
        (Some(out), _) => Some(made(sys, out)?),
        (None, Some(_)) => None,
        (None, None) => Some(made(sys, Path::new("drill-evidence"))?),
    };
    let dir = scratch(sys, cli.root.as_deref())?;
    let out = out.unwrap_or_else(|| dir.clone());
    Ok((dir, out))
}

/// Makes a folder, if it is not there. Programs are started from other folders: its path is a whole one.
fn made(sys: &Sys, dir: &Path) -> Result<PathBuf, String> {
    let dir = std::path::absolute(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    sys.store.make_dir(&dir).map_err(|error| format!("{} cannot be made: {error}", dir.display()))?;
    Ok(dir)
}

/// An empty folder.
fn scratch(sys: &Sys, told: Option<&Path>) -> Result<PathBuf, String> {
    let Some(dir) = told else {
        let made = tempfile::Builder::new().prefix("holdfast-drill-").tempdir();
        return made
            .map(tempfile::TempDir::keep)
            .map_err(|error| format!("no folder for temporary files: {error}"));
    };
    let dir = made(sys, dir)?;
    match sys.store.list(&dir) {
        Ok(names) if names.is_empty() => Ok(dir),
        Ok(_) => Err(format!("{} is not empty\n  name a new folder: a drill starts afresh", dir.display())),
        Err(error) => Err(format!("{} cannot be read: {error}", dir.display())),
    }
}

/// Takes away the evidence of an earlier drill: what lies there is of this one, or nothing does.
fn clear(sys: &Sys, pack: &Pack) -> Result<(), String> {
    [pack.signature(), pack.tar.clone(), pack.signers.clone()].iter().try_for_each(|path| {
        sys.store.remove(Path::new(path)).map_err(|error| format!("{path} cannot be removed: {error}"))
    })
}

fn written(sys: &Sys, report: &Report, path: &Path) -> Exit {
    match report.write(sys.store, path) {
        Ok(()) => {
            say::tell(PROGRAM, &format_args!("report: {}", path.display()));
            Exit::Ok
        }
        Err(error) => complain(&format!("{} cannot be written: {error}", path.display()), Exit::Io),
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
