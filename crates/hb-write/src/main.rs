//! `hb-write`: see `docs/hb-write.md`.

use std::process::ExitCode;

use hb_write::cli::Cli;
use holdfast::sys::{Sys, real};

fn main() -> ExitCode {
    real::take_limits_as_errors();
    match Cli::read(std::env::args_os()) {
        Ok(cli) => hb_write::run(&cli, &Sys::real()).leave(),
        Err(exit) => exit.into(),
    }
}
