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
    let what = "`watchdog check`, 1,000 heartbeats, durable";
    Ok(vec![Row::faster(what, "a Python loop of the same checks, without fsync", 10.0, pairs)])
}
