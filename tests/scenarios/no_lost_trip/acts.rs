//! What people and programs do to a circuit, each as a process of its own that may be hit in the middle.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use fastrand::Rng;
use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Person, Pty, Run, Running, Scratch, eventually, read};
use rustix::process::Signal;

use super::Tally;
use super::oracle::{Done, What};

/// How long a trip may take when nobody stops it, on a busy machine; its wait for the lock ends after a second.
const TRIP_MAX: Duration = Duration::from_secs(20);
/// How many old copies of the face lie about.
const COPIES: usize = 12;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Trip,
    Resume,
    /// Lifts one hold, leaves the others.
    ResumeOne,
    /// Writes a new face in place, as the articles say; in Python, or in a shell.
    EditInPlace,
    EditInPython,
    /// Writes a new face as most editors do.
    EditByRename,
    /// Changes only `true` to `false`, in an editor that reads, waits and writes.
    ChangeInPlace,
    ChangeByRename,
    /// Puts an old copy back with the present time, or with its own.
    RestoreCopy,
    RestoreWithTime,
    PauseByHand,
    Remove,
}

/// What happens to a process in the middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    Runs,
    /// After so much of its usual time.
    Killed(f64),
    /// After so much of its usual time, for a moment.
    Stopped(f64, Duration),
    /// The same, until all others have ended.
    StoppedUntilLast(f64),
}

/// An act of a round.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    kind: Kind,
    fate: Fate,
    /// Before it begins.
    delay: Duration,
    /// Which old copy.
    copy: usize,
    number: u64,
}

/// Counts what happens, for all threads of a root.
#[derive(Debug, Default)]
pub(crate) struct Ticks(AtomicU64);

impl Ticks {
    pub(crate) fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// A root and all that is planned there.
pub(crate) struct Stage {
    pub(crate) scratch: Scratch,
    pub(crate) clock: Ticks,
    dice: Rng,
    copies: usize,
    acts: u64,
    /// How long such a process usually runs.
    usual: Mutex<HashMap<Kind, Duration>>,
}

impl Stage {
    pub(crate) fn new(seed: u64) -> Self {
        let scratch = Scratch::new();
        for folder in ["copies", "edits"] {
            fs::create_dir(scratch.path(folder)).expect(folder);
        }
        let dice = Rng::with_seed(seed);
        let usual = Mutex::default();
        Self { scratch, clock: Ticks::default(), dice, copies: 0, acts: 0, usual }
    }

    /// What is to happen in the next round.
    pub(crate) fn plan(&mut self) -> Vec<Plan> {
        let count = self.dice.usize(2..=5);
        (0..count).map(|_| self.plan_act()).collect()
    }

    fn plan_act(&mut self) -> Plan {
        self.acts += 1;
        Plan {
            kind: self.kind(),
            fate: self.fate(),
            delay: Duration::from_micros(self.dice.u64(0..8000)),
            copy: self.dice.usize(0..self.copies.max(1)),
            number: self.acts,
        }
    }

    fn kind(&mut self) -> Kind {
        match self.dice.u32(0..100) {
            0..38 => Kind::Trip,
            38..54 => Kind::Resume,
            54..58 => Kind::ResumeOne,
            58..64 => Kind::EditInPlace,
            64..67 => Kind::EditInPython,
            67..72 => Kind::EditByRename,
            72..77 => Kind::ChangeInPlace,
            77..82 => Kind::ChangeByRename,
            82..88 => Kind::RestoreCopy,
            88..94 => Kind::RestoreWithTime,
            94..98 => Kind::PauseByHand,
            _ => Kind::Remove,
        }
    }

    fn fate(&mut self) -> Fate {
        let when = self.dice.f64() * 1.2;
        match self.dice.u32(0..100) {
            0..64 => Fate::Runs,
            64..78 => Fate::Killed(when),
            78..90 => Fate::Stopped(when, Duration::from_micros(self.dice.u64(0..20_000))),
            _ => Fate::StoppedUntilLast(when),
        }
    }

    /// Sometimes keeps a copy of the face as it is, for a later restore.
    pub(crate) fn keep_copy(&mut self) {
        let face = self.scratch.path("data/circuit.json");
        if self.dice.u32(0..3) > 0 || !face.is_file() {
            return;
        }
        let slot = if self.copies < COPIES { self.copies } else { self.dice.usize(0..COPIES) };
        let copy = self.scratch.path(&format!("copies/{slot}"));
        fs::copy(&face, &copy).expect("a copy");
        let modified = fs::metadata(&face).and_then(|meta| meta.modified()).expect("its time");
        fs::File::options()
            .append(true)
            .open(&copy)
            .and_then(|copy| copy.set_modified(modified))
            .expect("its time");
        self.copies = self.copies.max(slot + 1);
    }

    /// Does one thing, to its end.
    pub(crate) fn act(&self, plan: &Plan, busy: &AtomicUsize) -> Done {
        std::thread::sleep(plan.delay);
        let from = self.clock.tick();
        let (ended, stopped) = self.run(plan, busy);
        let to = self.clock.tick();
        let killed = ended.signal.is_some();
        if !stopped && !killed {
            let mut usual = self.usual.lock().unwrap();
            let usual = usual.entry(plan.kind).or_insert(ended.took);
            *usual = (*usual * 3 + ended.took) / 4;
        }
        Done { time: (from, to), what: self.what(plan, &ended, stopped), killed, stopped }
    }

    fn run(&self, plan: &Plan, busy: &AtomicUsize) -> (Ended, bool) {
        let usual = self.usual.lock().unwrap().get(&plan.kind).copied();
        let usual = usual.unwrap_or(Duration::from_millis(10));
        if let Some(person) = person(plan) {
            let pty = Pty::start(&self.scratch, &self.scratch.ctl(&["resume"]));
            let stopped = std::thread::scope(|scope| {
                let fate = scope.spawn(|| befall(pty.running(), plan.fate, usual, busy));
                person.answer(&pty);
                fate.join().expect("a fate")
            });
            (pty.ended(), stopped)
        } else {
            let running = self.command(plan).start();
            let stopped = befall(&running, plan.fate, usual, busy);
            (running.ended(), stopped)
        }
    }

    fn command(&self, plan: &Plan) -> Command {
        let Plan { kind, number, copy, .. } = plan;
        // Each script is one process at the moment in which it touches the face, so that a kill ends it.
        let sh = |script: String| self.scratch.sh(&script);
        match kind {
            Kind::Trip => self.scratch.ctl(&["trip", "--json", "--reason", &format!("act {number}")]),
            Kind::Resume | Kind::ResumeOne => unreachable!("a person does it"),
            Kind::EditInPlace => sh("echo '{\"paused\": false}' > data/circuit.json".to_owned()),
            Kind::EditInPython => self.scratch.python("resume.py", &[]),
            Kind::EditByRename => sh(format!(
                "echo '{{\"paused\": false}}' > edits/{number} && exec mv edits/{number} data/circuit.json"
            )),
            Kind::ChangeInPlace => {
                sh(format!("{} && exec cat edits/{number} > data/circuit.json", change(*number)))
            }
            Kind::ChangeByRename => sh(format!(
                "{} && cp edits/{number} edits/{number}.tmp && exec mv edits/{number}.tmp data/circuit.json",
                change(*number)
            )),
            Kind::RestoreCopy => sh(format!("exec cp copies/{copy} data/circuit.json")),
            Kind::RestoreWithTime => sh(format!(
                "cp -p copies/{copy} edits/{number}.tmp && exec mv edits/{number}.tmp data/circuit.json"
            )),
            Kind::PauseByHand => {
                sh("echo '{\"paused\": true, \"reason\": \"by hand\"}' > data/circuit.json".to_owned())
            }
            Kind::Remove => sh("exec rm -f data/circuit.json".to_owned()),
        }
    }

    fn what(&self, plan: &Plan, ended: &Ended, stopped: bool) -> What {
        match plan.kind {
            Kind::Trip if ended.signal.is_none() => {
                assert_eq!(ended.code, Some(0), "a trip on a sound disk works\n{ended}");
                assert!(stopped || ended.took < TRIP_MAX, "a trip waits for nobody\n{ended}");
                let answer: Value = serde_json::from_str(&ended.stdout).expect("an answer in JSON");
                What::Tripped(answer["id"].as_str().expect("an id").to_owned())
            }
            Kind::Resume | Kind::ResumeOne => {
                let usual = [None, Some(0), Some(1), Some(2), Some(75)];
                assert!(usual.contains(&ended.code), "no way for a resume to end\n{ended}");
                What::Resumed(person(plan).expect("a person").name, ended.code)
            }
            Kind::EditInPlace | Kind::EditInPython | Kind::EditByRename => What::Edited(None),
            Kind::ChangeInPlace | Kind::ChangeByRename => {
                self.lifting(plan, &format!("edits/{}", plan.number))
            }
            // A copy with the present time is what somebody wrote by hand once, written by hand once more.
            Kind::RestoreCopy => match self.lifting(plan, &format!("copies/{}", plan.copy)) {
                What::Edited(Some(_)) => What::Other(format!("{plan:?}")),
                other => other,
            },
            Kind::Trip | Kind::RestoreWithTime | Kind::PauseByHand | Kind::Remove => {
                What::Other(format!("{plan:?}"))
            }
        }
    }

    /// What it means to write this file as the face.
    fn lifting(&self, plan: &Plan, file: &str) -> What {
        let face =
            read(&self.scratch.path(file)).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        match face {
            Some(face) if face["paused"] == false => What::Edited(face["trips"].as_u64()),
            _ => What::Other(format!("{plan:?}")),
        }
    }
}

impl Tally {
    pub(crate) fn count(&mut self, done: &Done) {
        self.killed += usize::from(done.killed);
        self.stopped += usize::from(done.stopped);
        match &done.what {
            What::Tripped(_) => self.trips += 1,
            What::Resumed(_, Some(0)) => self.resumed += 1,
            What::Resumed(..) => self.resumes_refused += 1,
            What::Edited(_) => self.edited += 1,
            What::Other(_) => {}
        }
    }
}

/// An editor's buffer: the face as it was read, with one word changed.
fn change(number: u64) -> String {
    format!("sed 's/\"paused\": *true/\"paused\": false/' data/circuit.json > edits/{number}")
}

fn person(plan: &Plan) -> Option<Person> {
    let name = format!("person-{}", plan.number);
    match plan.kind {
        Kind::Resume => Some(Person { name, lifts_all: true }),
        Kind::ResumeOne => Some(Person { name, lifts_all: false }),
        _ => None,
    }
}

/// Lets a process meet its fate. Returns whether it was stopped in the middle. `busy` counts the acts that are
/// neither over nor stopped until the last.
fn befall(running: &Running, fate: Fate, usual: Duration, busy: &AtomicUsize) -> bool {
    let wait = |share: f64| std::thread::sleep(usual.mul_f64(share));
    let mut stopped = false;
    match fate {
        Fate::Runs => {}
        Fate::Killed(share) => {
            wait(share);
            running.send(Signal::KILL);
        }
        Fate::Stopped(share, pause) => {
            wait(share);
            stopped = running.stop();
            std::thread::sleep(pause);
            running.send(Signal::CONT);
        }
        Fate::StoppedUntilLast(share) => {
            wait(share);
            stopped = running.stop();
            busy.fetch_sub(1, Ordering::SeqCst);
            eventually("the others end", || busy.load(Ordering::SeqCst) == 0);
            running.send(Signal::CONT);
            return stopped;
        }
    }
    eventually("an act ends", || running.is_over());
    busy.fetch_sub(1, Ordering::SeqCst);
    stopped
}
