//! `audit-pack` seals append-only logs, finds and names what was changed in them, and packs signed evidence.
//!
//! The bytes on disk are those of `audit/FORMAT.md`; what they mean is decided in the library `tlog`.

mod age;
mod anchor;
mod anchored;
mod append;
mod base;
mod check;
pub mod cli;
mod context;
pub mod finding;
mod guard;
mod html;
mod init;
mod keys;
mod lines;
mod log;
mod moved;
mod out;
mod pack;
mod past;
mod pieces;
mod place;
mod progress;
mod prove;
mod reconcile;
mod rekey;
mod report;
mod rotate;
#[cfg(test)]
mod scribe;
mod seal;
mod sealing;
mod seals;
mod sidecar;
#[cfg(test)]
mod sim;
mod unique;
mod verify;
mod verify_proof;

use cli::{Cli, Command};
use context::Context;
use holdfast::Exit;
use holdfast::sys::Sys;

/// Does what the arguments say.
pub fn run(cli: &Cli, sys: &Sys) -> Exit {
    let context = Context::new(sys, cli.root.as_deref(), cli.json);
    match &cli.command {
        Command::Init(args) => init::run(args, &context),
        Command::Append(args) => append::run(args, &context),
        Command::Seal(args) => sealing::run(args, &context),
        Command::Rotate(args) => rotate::run(args, &context),
        Command::Rekey(args) => rekey::run(args, &context),
        Command::Check(args) => report::run(args, &context),
        Command::Anchor(args) => anchor::run(args, &context),
        Command::Pack(args) => pack::run(args, &context),
        Command::Verify(args) => verify::run(args, &context),
        Command::Prove(args) => prove::run(args, &context),
        Command::VerifyProof(args) => verify_proof::run(args, &context),
        Command::Report(args) => html::run(args, &context),
    }
}
