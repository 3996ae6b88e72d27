//! Checks and chores of the project: `cargo xtask --help`. One module for each command.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a developer's tool: nothing of it runs beside a trader"
)]

mod bench;
mod fuzz;
mod heavy;
mod mutate;
mod project;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks and chores of the project")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure the figures of docs/performance.md, side by side with what they are compared with
    Bench(bench::Args),
    /// Fuzz every parser of bytes from outside
    Fuzz(fuzz::Args),
    /// Run what is too long for every run of the CI, and print one table
    Heavy(heavy::Args),
    /// Make named mistakes in a copy of the project, each of which the simulation must see
    Mutate(mutate::Args),
    /// Check the house rules that compiler and clippy do not know
    Tidy,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Bench(args) => bench::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Heavy(args) => heavy::run(&args),
        Command::Mutate(args) => mutate::run(&args),
        Command::Tidy => tidy::run(),
    };
    done.map_or_else(
        |error| {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}
