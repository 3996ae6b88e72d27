//! `circuit-ctl` asks, trips and resumes the circuit.

mod ack;
mod check;
pub mod cli;
mod guard;
mod history;
mod out;
mod resume;
mod says;
mod show;
mod status;
mod tail;
mod trip;
mod tty;

use std::process::ExitCode;

use cli::{Cli, Command};
use holdfast::advice::Advice;
use holdfast::sys::Sys;
use holdfast::{Exit, Root};

/// Does what the arguments say.
pub fn run(cli: &Cli, sys: &Sys) -> ExitCode {
    let root = match Root::find(sys.store, cli.root.as_deref()) {
        Ok(root) => root,
        Err(error) => {
            let exit = out::refuse(cli.command.json(), &error, Exit::Config);
            if matches!(cli.command, Command::Trip(_)) {
                out::tell(&"NOTHING WAS PAUSED: name the root, or stop the pipeline by hand");
            }
            return exit.into();
        }
    };
    let advice = Advice::told(cli.root.as_deref());
    let exit = match &cli.command {
        Command::Guard(args) => return guard::run(args, sys, &root, &advice),
        Command::Status(answer) => status::run(*answer, sys, &root, &advice),
        Command::Check(args) => check::run(args, sys, &root, &advice),
        Command::Trip(args) => trip::run(args, sys, &root, &advice),
        Command::Resume(args) => resume::run(args, sys, &root, &advice),
        Command::History(args) => history::run(args, sys, &root),
        Command::Ack(args) => ack::run(args, sys, &root),
    };
    exit.into()
}
