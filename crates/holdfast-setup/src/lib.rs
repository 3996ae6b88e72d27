//! `holdfast-setup` makes a root, installs the units of the scheduler, and looks whether all of it works.

pub mod cli;
mod doctor;
mod files;
mod init;
pub mod install;
mod out;
mod ran;
pub mod render;
mod scaffold;
mod templates;
mod users;

use cli::{Cli, Command};
use holdfast::Exit;
use holdfast::sys::Sys;

/// Does what the arguments say.
pub fn run(cli: &Cli, sys: &Sys) -> Exit {
    let done = match &cli.command {
        Command::Init(args) => init::init(args, cli, sys),
        Command::Doctor(args) => doctor::doctor(args, cli, sys),
        Command::Install(args) => install::install(args, cli, sys),
        Command::Scaffold(args) => scaffold::scaffold(args, cli, sys),
        Command::Uninstall(args) => install::uninstall(args, cli, sys),
    };
    done.unwrap_or_else(|refusal| refusal.tell(cli.json))
}
