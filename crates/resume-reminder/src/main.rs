//! `resume-reminder`: see `docs/resume-reminder.md`.

use std::process::ExitCode;

use holdfast::sys::{Sys, real};
use resume_reminder::cli::Cli;

fn main() -> ExitCode {
    real::take_limits_as_errors();
    match Cli::read(std::env::args_os()) {
        Ok(cli) => resume_reminder::run(&cli, Sys::real()).into(),
        Err(exit) => exit.into(),
    }
}
