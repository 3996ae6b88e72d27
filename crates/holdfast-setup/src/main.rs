//! `holdfast-setup`: see `docs/holdfast-setup.md`.

use std::process::ExitCode;

use holdfast::sys::{Sys, real};
use holdfast_setup::cli::Cli;

fn main() -> ExitCode {
    real::take_limits_as_errors();
    match Cli::read(std::env::args_os()) {
        Ok(cli) => holdfast_setup::run(&cli, &Sys::real()).into(),
        Err(exit) => exit.into(),
    }
}
