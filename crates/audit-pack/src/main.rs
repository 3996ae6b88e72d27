//! `audit-pack`: see `docs/audit-pack.md`.

use std::process::ExitCode;

use audit_pack::cli::Cli;
use holdfast::sys::{Sys, real};

fn main() -> ExitCode {
    real::take_limits_as_errors();
    match Cli::read(std::env::args_os()) {
        Ok(cli) => audit_pack::run(&cli, &Sys::real()).into(),
        Err(exit) => exit.into(),
    }
}
