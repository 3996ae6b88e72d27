//! `doctor`: what is wrong with an installation, and what mends it. Facts are collected first; judging them is pure.

mod channels;
mod finding;
mod host;
mod key;
mod logs;
mod programs;
mod rights;
mod units;
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use holdfast::advice::{Advice, quoted};
use holdfast::settings::Settings;
use holdfast::sys::Sys;
use holdfast::{Exit, Root};

use crate::cli::{Cli, DoctorArgs};
use crate::install::{Where, place};
use crate::out::Refusal;

/// A program that is asked something small.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is looked at.
struct Patient<'a> {
    sys: &'a Sys<'a>,
    root: &'a Root,
    settings: Settings,
    place: Where,
    /// The folder of the programs.
    bin: PathBuf,
    advice: Advice,
}

impl Patient<'_> {
    fn program(&self, name: &str) -> PathBuf {
        self.bin.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A call of one of our programs about this root.
    fn call(&self, program: &str, words: &[&str]) -> Vec<String> {
        let root = self.root.path().to_string_lossy().into_owned();
        let program = self.program(program).to_string_lossy().into_owned();
        let words = words.iter().copied().map(str::to_owned);
        std::iter::once(program).chain(words).chain(["--root".to_owned(), root]).collect()
    }
}

pub(crate) fn doctor(args: &DoctorArgs, cli: &Cli, sys: &Sys) -> Result<Exit, Refusal> {
    let root = Root::find(sys.store, cli.root.as_deref()).map_err(|error| {
        let make = "or let it be made: holdfast-setup init --root DIR";
        Refusal::new(Exit::Config, format!("{error}\n  {make}"))
    })?;
    let bin = match &args.bin {
        Some(dir) => std::path::absolute(dir).unwrap_or_else(|_| dir.clone()),
        None => place::own_folder()?,
    };
    let patient = Patient {
        sys,
        settings: Settings::read(sys, &root),
        place: place::found(sys.store, args.scheduler, args.unit_dir.as_deref())?,
        bin,
        advice: Advice::elsewhere(root.path()),
        root: &root,
    };
    let units = units::look(&patient)?;
    let findings = [
        programs::judge(&programs::look(&patient), &patient.bin),
        rights::judge(&rights::look(&patient, &units), &patient.advice),
        units::judge(&units, &patient.advice),
        watch::judge(&watch::look(&patient), &patient.advice),
        channels::judge(&channels::look(&patient), sys.clock.now().wall, &patient.advice),
        key::judge(key::look(&patient).as_ref(), &patient.advice),
        host::judge(&host::look(&patient), &patient.advice),
        logs::judge(&logs::look(&patient, args.quick), &patient.advice),
    ];
    Ok(finding::answer(&findings.concat(), cli.json))
}

/// A path as a shell takes it.
fn word(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}
