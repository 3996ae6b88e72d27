//! `watchdog run`: how soon it notices, how soon that is on disk, what it costs meanwhile.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::pairs::Spread;
use super::stage::{Stage, seconds};
use super::table::{Row, Target};

/// Expiries in a full run.
const TRIALS: usize = 300;
const MAX_AGE: f64 = 0.5;
/// Nothing may take longer.
const PATIENCE: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(5);
const IDLE: Duration = Duration::from_mins(1);

pub(crate) fn rows(stage: &Stage) -> Result<Vec<Row>> {
    let mut rows = detection(stage)?;
    rows.extend(idle(stage)?);
    rows.extend(monit(stage)?);
    Ok(rows)
}

/// A program that is killed when this goes.
struct Resident(Child);

impl Resident {
    fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.stderr(Stdio::null()).spawn().with_context(|| format!("{command:?}"))?))
    }

    /// A number of `/proc/PID/status`, in MiB.
    fn mib(&self, key: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .context("no such line in /proc/PID/status")?;
        let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }

    /// How long its threads were on a processor, in seconds.
    fn on_cpu(&self) -> Result<f64> {
        let mut nanos = 0.0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let stat = fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += stat.split(' ').next().unwrap_or_default().parse::<f64>()?;
        }
        Ok(nanos / 1e9)
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // Ended already, or ended by this.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A pipeline that stops beating, again and again. After each trip a person edits the face by hand.
fn detection(stage: &Stage) -> Result<Vec<Row>> {
    let root = stage.root("detection")?;
    fs::write(
        root.join("holdfast.toml"),
        format!("[[watch]]\nname = \"bot\"\nmax_age = \"{}ms\"\n", MAX_AGE * 1e3),
    )?;
    let beat = || seconds(&mut stage.ours("hb-write", &root, &[]));
    let face = || json(&root.join("data/circuit.json"));
    let seen = || json(&root.join("data/watchdog.json"));
    beat()?;
    let _watchdog = Resident::start(&mut stage.ours("watchdog", &root, &["run", "--every", "1s"]))?;
    until("the watchdog's own heartbeat", || seen().is_some())?;
    let (mut late, mut durable) = (Vec::new(), Vec::new());
    for trial in 0..stage.count(TRIALS) {
        if trial > 0 {
            // The pause at the end spreads the beats over the watchdog's second.
            fs::write(root.join("data/circuit.json"), "{\"paused\": false}")?;
            until("a resume taken in", || {
                seen().is_some_and(|seen| seen["circuit_seen"]["paused"].is_null())
            })?;
            sleep(Duration::from_millis(17 * (trial as u64 % 12)));
        }
        beat()?;
        let at =
            json(&root.join("data/heartbeat.json")).and_then(|beat| beat["at"].as_f64()).context("a beat")?;
        until("a trip", || {
            face().is_some_and(|face| face["paused"] == true && face["holds"][0]["watch"] == "bot")
        })?;
        let face = face().context("a face")?;
        let (id, since) =
            (face["holds"][0]["id"].clone(), face["holds"][0]["since"].as_f64().context("since")?);
        late.push(since - (at + MAX_AGE));
        let mut journalled = None;
        until("the trip in the journal", || {
            journalled = trip_in_journal(&root, &id);
            journalled.is_some()
        })?;
        durable.push(journalled.context("at")? - since);
    }
    let (late, durable) = (Spread::of(late).times(1e3), Spread::of(durable).times(1e3));
    let trials = format!("{} expiries", late.count);
    let against = "the deadline (monit with a 1 s cycle: 1.04 s)";
    let median = |spread: Spread| format!("median {:.1} ms; {trials}", spread.median);
    let detection =
        Row::new("`watchdog run`, detection, p99", against, Target::at_most(250.0, "ms"), late.p99);
    // The journal's line is written after the ledger and the face are durable: the trip itself is faster.
    let against = "the detection; ledger and face on disk, up to the line in the journal";
    let trip =
        Row::new("`watchdog run`, trip durable, p99", against, Target::at_most(20.0, "ms"), durable.p99);
    Ok(vec![detection.with(late).note(median(late)), trip.with(durable).note(median(durable))])
}

fn idle(stage: &Stage) -> Result<Vec<Row>> {
    let root = stage.root("idle")?;
    seconds(&mut stage.ours("hb-write", &root, &[]))?;
    let watchdog = Resident::start(&mut stage.ours("watchdog", &root, &["run", "--every", "1s"]))?;
    until("the watchdog's own heartbeat", || root.join("data/watchdog.json").exists())?;
    let ours = share(stage, &watchdog)?;
    let bare = Resident::start(&mut stage.example("bare_wake", &root))?;
    let floor = share(stage, &bare)?;
    let over = format!("over {} s, one heartbeat, --every 1s", idle_span(stage).as_secs());
    let what = "for comparison: a bare program that wakes each second, CPU";
    Ok(vec![
        Row::new("`watchdog run`, idle, CPU", "", Target::at_most(0.1, "% of a core"), ours).note(over),
        Row::reference(what, Spread::of([floor]), "% of a core"),
        Row::new("`watchdog run`, idle, RSS", "", Target::at_most(8.0, "MiB"), watchdog.mib("VmRSS")?),
    ])
}

fn idle_span(stage: &Stage) -> Duration {
    if stage.once { Duration::from_secs(1) } else { IDLE }
}

/// How much of a core it takes while nothing happens, in percent.
fn share(stage: &Stage, resident: &Resident) -> Result<f64> {
    sleep(Duration::from_secs(1));
    let (before, began) = (resident.on_cpu()?, Instant::now());
    sleep(idle_span(stage));
    Ok((resident.on_cpu()? - before) / began.elapsed().as_secs_f64() * 100.0)
}

/// Where monit is installed: the same stillness, seen by its check of a file's timestamp in a cycle of a second.
fn monit(stage: &Stage) -> Result<Option<Row>> {
    const TRIALS: usize = 30;
    const MAX_AGE_S: u32 = 2;
    let program = Path::new("/usr/bin/monit");
    if !program.exists() {
        eprintln!("bench: monit is not installed, its row is not run");
        return Ok(None);
    }
    let root = stage.root("monit")?;
    let (beat, saw, rc) = (root.join("beat"), root.join("saw"), root.join("monitrc"));
    let state = root.join("monit");
    let config = format!(
        "set daemon 1\nset logfile {0}.log\nset pidfile {0}.pid\nset idfile {0}.id\nset statefile {0}.state\n\
         check file beat with path {1}\n  if timestamp > {MAX_AGE_S} seconds then exec \"/usr/bin/touch {2}\"\n",
        state.display(),
        beat.display(),
        saw.display()
    );
    fs::write(&rc, config)?;
    // Or monit refuses it.
    ensure!(Command::new("chmod").arg("600").arg(&rc).status()?.success(), "chmod 600 {}", rc.display());
    fs::write(&beat, "")?;
    let monit = Resident::start(Command::new(program).args(["-I", "-c"]).arg(&rc).stdout(Stdio::null()))?;
    let mut late = Vec::new();
    for trial in 0..stage.count(TRIALS) {
        // Long enough for a cycle to find the file young again.
        sleep(Duration::from_millis(1300 + 37 * trial as u64 % 1000));
        let _ = fs::remove_file(&saw);
        fs::write(&beat, "beat")?;
        let at = SystemTime::now();
        until("monit", || saw.exists())?;
        let late_by = fs::metadata(&saw)?.modified()?.duration_since(at).unwrap_or_default();
        late.push(late_by.as_secs_f64() - f64::from(MAX_AGE_S));
    }
    let late = Spread::of(late).times(1e3);
    let note = format!("p99 {:.0} ms; {} expiries; RSS {:.1} MiB", late.p99, late.count, monit.mib("VmRSS")?);
    Ok(Some(
        Row::reference("for comparison: monit, 1 s cycle, detection past the deadline", late, "ms")
            .note(note),
    ))
}

/// When the trip of this hold entered the journal, in Unix seconds.
fn trip_in_journal(root: &Path, id: &Value) -> Option<f64> {
    let journal = fs::read_to_string(root.join("memory/journal.jsonl")).ok()?;
    let entries = journal.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let trip = entries.into_iter().find(|entry| entry["kind"] == "trip" && entry["id"] == *id)?;
    trip["at"].as_f64()
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) -> Result<()> {
    let began = Instant::now();
    while !is_so() {
        ensure!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain: {what}");
        sleep(STEP);
    }
    Ok(())
}
