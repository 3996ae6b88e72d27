//! `audit-pack`: sealing and proving one line, checking and verifying a large log, and the memory for it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::pairs::{Pairs, Spread};
use super::stage::{Stage, seconds};
use super::table::{Row, Target};

const SEALS: usize = 40;
const PROOFS: usize = 40;
const CHECKS: usize = 7;
const MIB: f64 = 1024.0 * 1024.0;
/// Of the log that is checked, in bytes.
const LINE: usize = 300;

pub(crate) fn rows(stage: &Stage) -> Result<Vec<Row>> {
    let mut rows = seal(stage)?;
    rows.extend(check(stage)?);
    Ok(rows)
}

/// What sealing one more line costs in a long log, against a short one, and proving one of its lines.
fn seal(stage: &Stage) -> Result<Vec<Row>> {
    const SHORT_LINE: usize = 100;
    let (many, few) = if stage.once { (20_000, 2_000) } else { (10_000_000, 10_000) };
    let long = Log::new(stage, "seal-long", many, SHORT_LINE)?;
    let short = Log::new(stage, "seal-short", few, SHORT_LINE)?;
    let one_more = |log: &Log| {
        log.append(1, SHORT_LINE)?;
        seconds(&mut log.audit_pack(stage, &["seal"]))
    };
    let pairs = Pairs::measure(stage.count(SEALS), || one_more(&long), || one_more(&short))?;
    let (what, against) = (format!("`seal` of one line more, after {many}"), format!("after {few}"));
    let sealed = Row::cost(&what, &against, 1.2, pairs);
    let mut rows = vec![sealed];
    rows.extend(prove(stage, (&long, many), (&short, few))?);
    Ok(rows)
}

/// The proof of one line to stdout, another line each time. The start of the program is in it.
fn prove(stage: &Stage, (log, lines): (&Log, usize), (short, few): (&Log, usize)) -> Result<Vec<Row>> {
    let mut times = Vec::new();
    for proof in 0..stage.count(PROOFS) {
        let line = (1 + proof * 7_654_321 % lines).to_string();
        let mut prove = log.audit_pack(stage, &["prove", "--line", &line]);
        times.push(seconds(prove.stderr(Stdio::null()))?);
    }
    let spread = Spread::of(times.into_iter().map(|seconds| seconds * 1e3));
    let what = format!("`prove` of one line in {lines}");
    let time = Row::new(what, "", Target::at_most(5.0, "ms"), spread.median).with(spread);
    let peak = |log: &Log, line: usize| log.peak(stage, &["prove", "--line", &line.to_string()]);
    let note = format!("{:.1} MiB for {few} lines", peak(short, few / 2)?);
    let memory = Row::new("its memory, at most", "", Target::at_most(64.0, "MiB"), peak(log, lines / 2)?);
    let size = |log: &Log, line: usize| -> Result<f64> {
        let proof = log.audit_pack(stage, &["prove", "--line", &line.to_string()]).output()?;
        ensure!(proof.status.success(), "prove: {}", String::from_utf8_lossy(&proof.stderr));
        Ok(proof.stdout.len() as f64)
    };
    let smaller = format!("{} bytes for {few} lines", size(short, few / 2)?);
    let size =
        Row::new("its size, with the line", "", Target::at_most(4096.0, "bytes"), size(log, lines / 2)?);
    Ok(vec![time, memory.note(note), size.note(smaller)])
}

/// A log of 1 GiB and a pack with it, in the page cache, against programs that only hash it.
fn check(stage: &Stage) -> Result<Vec<Row>> {
    let (size, small) = if stage.once { (4 << 20, 1 << 20) } else { (1 << 30, 64 << 20) };
    let log = Log::new(stage, "check", size / LINE, LINE)?;
    let count = stage.count(CHECKS);
    let mut check = log.audit_pack(stage, &["check"]);
    let what = format!("`audit-pack check`, {LINE}-byte lines, {} MiB", size >> 20);
    let mut openssl = hasher("openssl", &["dgst", "-sha256"], &log.path);
    let pairs = Pairs::measure(count, || seconds(&mut check), || seconds(&mut openssl))?;
    let mut rows = vec![Row::cost(&what, "`openssl dgst -sha256` of that file", 1.0, pairs)];
    let mut sha256sum = hasher("sha256sum", &[], &log.path);
    let pairs = Pairs::measure(count, || seconds(&mut check), || seconds(&mut sha256sum))?;
    rows.push(Row::faster(&what, "`sha256sum` of that file", 2.5, pairs));

    let short = Log::new(stage, "check-short", small / LINE, LINE)?;
    let of_short = short.peak(stage, &["check"])?;
    let note = format!("{of_short:.1} MiB for {} MiB", small >> 20);
    let memory = Target::at_most(64.0, "MiB");
    rows.push(Row::new("its memory, at most", "", memory, log.peak(stage, &["check"])?).note(note));

    let tar = log.root.join("pack.tar");
    let out = tar.to_str().context("a path in UTF-8")?;
    seconds(&mut log.audit_pack(stage, &["pack", "-o", out]))?;
    let allowed = log.root.join("allowed");
    let public = fs::read_to_string(log.root.join("key.pub"))?;
    fs::write(&allowed, format!("desk@example.com {public}"))?;
    let allowed = allowed.to_str().context("a path in UTF-8")?;
    let args = ["verify", out, "--allowed-signers", allowed, "--signer", "desk@example.com"];
    let mut verify = log.audit_pack(stage, &args);
    let mut openssl = hasher("openssl", &["dgst", "-sha256"], &tar);
    let pairs = Pairs::measure(count, || seconds(&mut verify), || seconds(&mut openssl))?;
    let of_pack = "`audit-pack verify` of a pack with that log";
    rows.push(Row::cost(of_pack, "`openssl dgst -sha256` of the tar", 2.5, pairs));
    rows.push(Row::new("its memory, at most", "", memory, log.peak(stage, &args)?));
    Ok(rows)
}

fn hasher(program: &str, args: &[&str], file: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(args).arg(file).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// A sealed log of decisions, and its key.
struct Log {
    root: PathBuf,
    path: PathBuf,
}

impl Log {
    fn new(stage: &Stage, name: &str, lines: usize, line: usize) -> Result<Self> {
        let root = stage.root(name)?;
        let path = root.join("memory/decisions.jsonl");
        fs::create_dir_all(root.join("memory"))?;
        let key = root.join("key");
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f"]).arg(&key);
        ensure!(keygen.status().context("ssh-keygen")?.success(), "{keygen:?}");
        File::create(&path)?;
        let log = Self { root, path };
        let key = key.to_str().context("a path in UTF-8")?;
        seconds(&mut log.audit_pack(stage, &["init", "--key", key]))?;
        log.append(lines, line)?;
        seconds(&mut log.audit_pack(stage, &["seal"]))?;
        Ok(log)
    }

    /// Lines of `line` bytes each.
    fn append(&self, lines: usize, line: usize) -> Result<()> {
        let file = OpenOptions::new().append(true).open(&self.path)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        let start = "{\"act\":\"buy\",\"symbol\":\"BTC/USD\",\"number\":1";
        for number in 0..lines {
            let head = format!("{start}{number:09},\"why\":\"");
            let width = line.saturating_sub(head.len() + 3);
            writeln!(file, "{head}{number:0>width$}\"}}")?;
        }
        Ok(file.flush()?)
    }

    /// With the log behind the command, where none is packed or verified.
    fn audit_pack(&self, stage: &Stage, args: &[&str]) -> Command {
        let mut command = stage.ours("audit-pack", &self.root, args);
        if matches!(args, ["init" | "seal" | "check" | "prove", ..]) {
            command.arg(&self.path);
        }
        command
    }

    /// The most memory that it takes, in MiB.
    fn peak(&self, stage: &Stage, args: &[&str]) -> Result<f64> {
        let ours = self.audit_pack(stage, args);
        let mut peak = stage.python("peak.py", ours.get_program().as_ref());
        peak.args(ours.get_args()).env("HOLDFAST_ROOT", &self.root).stdout(Stdio::piped());
        let output = peak.output()?;
        ensure!(output.status.success(), "{peak:?}: {}", output.status);
        Ok(String::from_utf8(output.stdout)?.trim().parse::<f64>()? / MIB)
    }
}
