//! `resume-reminder`: see `docs/resume-reminder.md`.

use std::process::ExitCode;

use holdfast::sys::Sys;
use resume_reminder::cli::Cli;

fn main() -> ExitCode {
    match Cli::read(std::env::args_os()) {
        Ok(cli) => resume_reminder::run(&cli, Sys::real()).into(),
        Err(exit) => exit.into(),
    }
}
