//! Whole processes: a beat, a check; the check of a loop; how large the programs are.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::pairs::{Pairs, Spread};
use super::stage::{Stage, seconds};
use super::table::{Row, Target};

const PAIRS: usize = 300;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) fn rows(stage: &Stage) -> Result<Vec<Row>> {
    let root = stage.root("starts")?;
    // Green by a face and a ledger that are there: what a circuit looks like after its first year.
    fs::write(
        root.join("data/trips.jsonl"),
        "{\"v\":1,\"id\":\"20251121T080000Z-7f3a01\",\"mode\":\"halt\"}\n",
    )?;
    let ledger = fs::metadata(root.join("data/trips.jsonl"))?.len();
    fs::write(root.join("data/circuit.json"), format!("{{\"v\":1,\"paused\":false,\"trips\":{ledger}}}\n"))?;

    let mut rows = Vec::new();
    let (beat, check) = ("`hb-write`, whole process, durable", "`circuit-ctl check`, whole process");
    let mut hb_write = stage.ours("hb-write", &root, &[]);
    let mut ctl = stage.ours("circuit-ctl", &root, &["check"]);
    let count = stage.count(PAIRS);

    let mut python = stage.python("writer.py", &root);
    let pairs = Pairs::measure(count, || seconds(&mut hb_write), || seconds(&mut python))?;
    rows.push(Row::faster(beat, "a Python writer of the same file, without fsync", 8.0, pairs));
    let mut bare = stage.example("bare_write", &root);
    let pairs = Pairs::measure(count, || seconds(&mut hb_write), || seconds(&mut bare))?;
    rows.push(Row::cost(beat, "a bare program doing the same system calls", 1.3, pairs));

    let mut python = stage.python("check.py", &root);
    let pairs = Pairs::measure(count, || seconds(&mut ctl), || seconds(&mut python))?;
    rows.push(Row::faster(check, "the same check in Python", 12.0, pairs));
    let mut empty = stage.example("empty", &root);
    let pairs = Pairs::measure(count, || seconds(&mut ctl), || seconds(&mut empty))?;
    rows.push(Row::cost(check, "an empty program", 1.3, pairs));

    rows.push(cached(stage, &root)?);
    for program in ["hb-write", "circuit-ctl"] {
        rows.push(size(stage, program)?);
    }
    Ok(rows)
}

fn cached(stage: &Stage, root: &Path) -> Result<Row> {
    const NANO: f64 = 1e-9;
    let batches = stage.count(PAIRS).to_string();
    let mut example = stage.example("cached_check", root);
    let output = example.arg(batches).stdout(std::process::Stdio::piped()).output()?;
    ensure!(output.status.success(), "{example:?}: {}", output.status);
    let pair = |line: &str| {
        let (ours, stat) = line.split_once(' ')?;
        Some((ours.parse::<f64>().ok()? * NANO, stat.parse::<f64>().ok()? * NANO))
    };
    let text = String::from_utf8(output.stdout)?;
    let pairs: Vec<_> = text.lines().filter_map(pair).collect();
    ensure!(!pairs.is_empty(), "{example:?} said {text:?}");
    Ok(Row::cost("library, `circuit::Cached` of an unchanged circuit", "one `stat`", 2.0, Pairs::of(&pairs)))
}

fn size(stage: &Stage, program: &str) -> Result<Row> {
    let path = stage.program(program);
    let bytes = fs::metadata(&path).with_context(|| path.display().to_string())?.len();
    let size = Spread::of([bytes as f64 / MIB]);
    Ok(Row::new(format!("`{program}`, stripped size"), "", Target::at_most(1.5, "MiB"), size.median))
}
