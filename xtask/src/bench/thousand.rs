//! `watchdog check` of a thousand heartbeats.

use anyhow::Result;

use super::pairs::Pairs;
use super::stage::{Stage, seconds};
use super::table::Row;

const HEARTBEATS: usize = 1000;
const PAIRS: usize = 60;

pub(crate) fn rows(stage: &Stage) -> Result<Vec<Row>> {
    let root = stage.root("thousand")?;
    for number in 0..HEARTBEATS {
        let name = format!("trader-{number:04}");
        seconds(&mut stage.ours("hb-write", &root, &["--name", &name, "--set", "candle_at=1763711940"]))?;
    }
    let mut ours = stage.ours("watchdog", &root, &["check"]);
    // Nobody is told of anything: all is well.
    ours.stderr(std::process::Stdio::null());
    let mut python = stage.python("watch.py", &root);
    let pairs = Pairs::measure(stage.count(PAIRS), || seconds(&mut ours), || seconds(&mut python))?;
    let python_is = "a Python loop of the same checks, without fsync";
    let what = "`watchdog check`, 1,000 heartbeats, durable";
    let whole = Row::faster(what, python_is, 10.0, pairs);

    // How fast anything could be that reads a thousand files and keeps what it knows.
    let mut bare = stage.example("bare_watch", &root);
    let pairs = Pairs::measure(stage.count(PAIRS), || seconds(&mut bare), || seconds(&mut python))?;
    let what = "a bare program that reads those files and the memory, and writes it durably";
    Ok(vec![whole, Row::faster(what, python_is, 10.0, pairs).without_target()])
}
