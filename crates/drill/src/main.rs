//! `drill`: see `docs/drill.md`.

use std::process::ExitCode;

use drill::cli::Cli;
use holdfast::sys::Sys;

fn main() -> ExitCode {
    match Cli::read(std::env::args_os()) {
        Ok(cli) => drill::run(&cli, Sys::real()).into(),
        Err(exit) => exit.into(),
    }
}
