//! `hb-write` records a heartbeat, or runs a command between two of them.

mod child;
pub mod cli;
mod exec;
mod input;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use cli::{Cli, Command};
use holdfast::heartbeat::{Draft, Status};
use holdfast::sys::Sys;
use holdfast::{Exit, Root, circuit};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a code, ours or that of the command.
    Code(i32),
    /// By the signal that ended the command.
    Signal(i32),
}

impl From<Exit> for End {
    fn from(exit: Exit) -> Self {
        Self::Code(exit.code().into())
    }
}

impl End {
    /// Ends the program so. A signal is raised anew, so that who called sees what happened; where it does not
    /// end us (we are process 1) the code is the shell's, 128 and the number.
    pub fn leave(self) -> ExitCode {
        const OF_SIGNAL: i32 = 128;
        let code = match self {
            Self::Code(code) => code,
            Self::Signal(signal) => {
                child::die_of(signal);
                OF_SIGNAL + signal
            }
        };
        // Windows has more codes than can be passed on; a failure stays one.
        u8::try_from(code).unwrap_or(1).into()
    }
}

/// Does what the arguments say.
pub fn run(cli: &Cli, sys: &Sys) -> End {
    let root = match Root::find(sys.store, cli.root.as_deref()) {
        Ok(root) => root,
        Err(error) => {
            tell(&error);
            return Exit::Config.into();
        }
    };
    match &cli.command {
        None => beat_once(cli, sys, &root).into(),
        Some(Command::Exec { argv }) => exec::run(cli, argv, sys, &root),
    }
}

fn beat_once(cli: &Cli, sys: &Sys, root: &Root) -> Exit {
    let beat = &cli.beat;
    let draft = if beat.begin { Draft::begin() } else { Draft::new(Status::Ok) };
    let draft = match &beat.status {
        Some(word) => draft.status(word.as_str().into()),
        None if beat.held => draft.status(Status::Held),
        None => draft,
    };
    match input::add_fields(draft, beat, sys.store) {
        Ok(draft) => write(draft.pid(child::caller()), cli, sys, root),
        Err(error) => {
            tell(&error);
            error.exit()
        }
    }
}

/// Completes and writes a beat, and says so if that fails.
fn write(draft: Draft, cli: &Cli, sys: &Sys, root: &Root) -> Exit {
    let draft = draft.circuit(circuit::check(sys, root).verdict.word());
    let draft = cli.name.iter().cloned().fold(draft, Draft::name);
    let draft = cli.interval.into_iter().fold(draft, Draft::interval);
    match draft.write(sys, root) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            tell(&error);
            error.exit()
        }
    }
}

/// Tells an error on stderr. Nobody may be there to read it; that must not stop us.
fn tell(error: &dyn Display) {
    let _ = writeln!(std::io::stderr(), "hb-write: {error}");
}
