//! `circuit-ctl`: see `docs/circuit-ctl.md`.

use std::process::ExitCode;

use circuit_ctl::cli::Cli;
use holdfast::sys::Sys;

fn main() -> ExitCode {
    match Cli::read(std::env::args_os()) {
        Ok(cli) => circuit_ctl::run(&cli, &Sys::real()),
        Err(exit) => exit.into(),
    }
}
