//! `circuit-ctl`: see `docs/circuit-ctl.md`.

use std::process::ExitCode;

use circuit_ctl::cli::Cli;
use holdfast::sys::{Sys, real};

fn main() -> ExitCode {
    real::take_limits_as_errors();
    match Cli::read(std::env::args_os()) {
        Ok(cli) => circuit_ctl::run(&cli, &Sys::real()),
        Err(exit) => exit.into(),
    }
}
