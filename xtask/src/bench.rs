//! `cargo xtask bench`: the figures of the project against what they are compared with, side by side in one run.

mod audit;
mod pairs;
mod resident;
mod stage;
mod starts;
mod table;
mod thousand;

use anyhow::{Context as _, Result};

use crate::project;
use stage::Stage;
use table::Table;

/// Where the last table stands.
const PAGE: &str = "docs/performance.md";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run each row once and quickly: shows only that it runs
    #[arg(long, conflicts_with = "write")]
    once: bool,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    /// Put the table into docs/performance.md
    #[arg(long)]
    write: bool,
}

/// Fails if a program fails, never because of a time.
pub(crate) fn run(args: &Args) -> Result<()> {
    let stage = Stage::new(args.once)?;
    let mut table = Table::new(&stage)?;
    for (what, rows) in [
        ("starts of programs", starts::rows as fn(&Stage) -> Result<Vec<table::Row>>),
        ("a thousand heartbeats", thousand::rows),
        ("the resident watchdog", resident::rows),
        ("sealing, checking, verifying", audit::rows),
    ] {
        eprintln!("bench: {what}");
        table.rows.extend(rows(&stage).context(what)?);
    }
    if args.write {
        project::write_between(PAGE, "bench", &table.markdown())?;
    }
    if args.json {
        println!("{}", table.json());
    } else {
        println!("{}", table.markdown());
    }
    Ok(())
}
