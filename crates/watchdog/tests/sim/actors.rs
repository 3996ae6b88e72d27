//! Everybody on the host: pipelines, people, and what happens to machines.

use std::io;
use std::path::Path;
use std::sync::Arc;

use holdfast::Root;
use holdfast::circuit::{self, Confirmed, Listing, Mode, ResumeError, Trip};
use holdfast::heartbeat::{Draft, Status};
use holdfast::sys::sim::{Rng, SimHost};
use holdfast::sys::{Clock, Ended, Job, Outcome, Secrecy, Store};

use crate::world::World;

const CONFIG: &str = r#"
alerts_expire_after = "90d"

[[watch]]
name = "bot"
max_age = "15m"
max_run = "10m"
advance = ["/candle"]
limit = [{ field = "/usd", max = 20.0 }]

[[watch]]
name = "second"
heartbeat = "second"
max_age = "1h"

[[watch]]
name = "broker"
kind = "command"
command = ["ask-broker"]
timeout = "3s"
failures = 2

[[channel]]
kind = "command"
command = ["tell"]
"#;

/// A root as people have one.
pub(crate) fn furnish(host: &SimHost, rng: &mut Rng) -> Root {
    let process = host.process("hand");
    for dir in ["/r/data/heartbeats", "/r/data/outbox", "/r/memory"] {
        process.make_dir(Path::new(dir)).expect("an empty disk takes a folder");
    }
    let config = Path::new("/r/holdfast.toml");
    process.replace(config, CONFIG.as_bytes(), Secrecy::Shared).expect("an empty disk takes a file");
    host.set_tick(*rng.pick(&[0.004, 0.004, 1.0]));
    host.clock.drift(rng.between(-200.0, 200.0));
    if rng.chance(0.2) {
        host.clock.hide_boot_id();
    }
    Root::open(&process, "/r").expect("it has a data folder")
}

type Act = fn(&Arc<World>);

impl World {
    /// What the broker is asked by: it is well, fails, hangs until it is killed, or cannot be started.
    pub(crate) fn broker(&self, job: &Job) -> io::Result<Outcome> {
        let (down, calm) = {
            let mut state = self.state();
            let turns = state.rng.chance(0.15);
            state.broker_down = !state.calm && (state.broker_down != turns);
            (state.broker_down, state.calm)
        };
        let ended = match self.between(0.0, 1.0) {
            _ if calm => Ended::Code(0),
            often if often < 0.03 => return Err(io::ErrorKind::NotFound.into()),
            often if often < 0.08 => {
                self.host.clock.advance(job.timeout.as_secs_f64());
                Ended::TimedOut
            }
            _ => Ended::Code(i32::from(down)),
        };
        self.note(|| format!("the broker: {ended:?}"));
        Ok(Outcome { ended, output: "asked".to_owned() })
    }

    /// Something happens.
    pub(crate) fn turn(self: &Arc<Self>) {
        const ACTS: [(u64, Act); 17] = [
            (30, World::check),
            (30, World::pipeline),
            (5, World::trip),
            (8, World::resume),
            (3, World::edit_green),
            (2, World::edit_paused),
            (2, World::edit_broken),
            (3, World::restore),
            (2, World::restore_ledger),
            (2, World::delete),
            (4, World::step_wall),
            (3, World::suspend),
            (2, World::reboot),
            (3, World::fill),
            (4, World::channel),
            (6, World::fortune),
            (1, World::torn_beat),
        ];
        self.one_of(&ACTS);
    }

    /// Something happens in the middle of somebody's step.
    pub(crate) fn interrupt(self: &Arc<Self>) {
        const ACTS: [(u64, Act); 7] = [
            (6, World::trip),
            (4, World::resume),
            (2, World::edit_green),
            (2, World::restore),
            (2, World::pipeline),
            (1, World::step_wall),
            (1, World::suspend),
        ];
        self.one_of(&ACTS);
    }

    fn one_of(self: &Arc<Self>, acts: &[(u64, Act)]) {
        let all = acts.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.state().rng.below(all);
        for (weight, act) in acts {
            if drawn < *weight {
                return act(self);
            }
            drawn -= weight;
        }
    }

    /// What the pipeline reads; `None` if it was killed.
    fn look_at_circuit(&self) -> Option<bool> {
        let reader = format!("reader-{}", self.state().depth);
        self.state().refused.remove(&reader);
        let green =
            self.host.run(&reader, |process| circuit::check(&process.sys(), &self.root).verdict.is_green());
        if green == Some(true) && self.state().refused.contains(&reader) {
            self.breaks("fail-closed", "green, although the disk refused to be read".to_owned());
        }
        green
    }

    /// One cycle of the pipeline, if it lives.
    fn pipeline(self: &Arc<Self>) {
        let (alive, plain, honours) = {
            let state = self.state();
            (state.alive, state.manner.plain, state.manner.honours)
        };
        if !alive {
            return;
        }
        let work = {
            let green = self.look_at_circuit();
            !honours || green == Some(true)
        };
        self.note(|| format!("pipeline: {}", if work { "works" } else { "holds" }));
        let (status, fields) = {
            let mut state = self.state();
            if !state.stuck {
                state.candle += 1;
            }
            let usd = if state.rng.chance(0.02) { 21.0 } else { 1.0 };
            let status = if !work {
                "held"
            } else if state.bad {
                "failed"
            } else {
                "ok"
            };
            (status, [("candle", state.candle as f64), ("usd", usd)])
        };
        if plain {
            let at = self.host.clock.now().wall;
            let text = format!(
                r#"{{"at":{at},"status":"{status}","candle":{},"usd":{}}}"#,
                fields[0].1, fields[1].1
            );
            let path = self.root.heartbeat(None);
            let _ = self.host.run("python", |python| python.overwrite(&path, text.as_bytes()));
        } else {
            self.host.run("pipeline", |process| {
                let sys = process.sys();
                if work && self.chance(0.5) {
                    let _ = Draft::begin().write(&sys, &self.root);
                    self.host.clock.advance(self.between(0.0, 200.0));
                }
                let drafted =
                    fields.iter().try_fold(Draft::new(Status::from(status)), |draft, (key, value)| {
                        draft.field(key, *value)
                    });
                let _ = drafted.expect("finite numbers").write(&sys, &self.root);
            });
        }
        self.host.run("pipeline", |process| {
            let name = "second".parse().expect("a name");
            let _ = Draft::new(Status::Ok).name(name).write(&process.sys(), &self.root);
        });
    }

    /// Somebody trips.
    fn trip(self: &Arc<Self>) {
        let depth = self.state().depth;
        let name = format!("trip-{depth}");
        let faults = self.state().faults;
        let mode = self.pick(&[Mode::Halt, Mode::Reduce]);
        let tripped = self.host.run(&name, |process| {
            // Of one length, as reasons often are.
            let trip =
                Trip { mode, reason: "by order".to_owned(), by: "ann".to_owned(), watch: None, id: None };
            circuit::trip(&process.sys(), &self.root, &trip)
        });
        let acknowledged = match &tripped {
            Some(Ok(tripped)) if tripped.shortcomings.is_empty() => Some(tripped.hold.id.clone()),
            _ => None,
        };
        self.note(|| format!("{name}: {tripped:?}"));
        let mut state = self.state();
        if let Some(id) = acknowledged {
            let seq = state.appended.iter().rfind(|(process, _)| *process == name).map_or(0, |(_, seq)| *seq);
            // Also of a trip that was on its way then, a face of another ledger may say that it is known.
            if seq <= state.foreign {
                state.lifted.insert(id.clone());
            }
            state.trips.push((id, seq));
            return;
        }
        let failed = matches!(tripped, Some(Err(_)));
        let undisturbed = state.faults == faults;
        drop(state);
        if failed && undisturbed {
            self.note(|| "a trip failed without a fault of the disk".to_owned());
        }
    }

    /// A person reads the listing, thinks, and lifts what stands.
    fn resume(self: &Arc<Self>) {
        let others_did = |world: &Self| {
            let state = world.state();
            // Also a copy that comes back may make it green.
            let by_hand = |path| state.changed_by.get(&(path, "hand".to_owned())).copied();
            let hands = by_hand(world.root.circuit()).max(by_hand(world.root.ledger()));
            (state.faults, hands, state.resumes)
        };
        let (faults, hands, resumes) = others_did(self);
        let was_green = self.is_green();
        let mut named = Vec::new();
        let lifted = self.host.run("resume", |process| {
            let sys = process.sys();
            let listing = Listing::now(&sys, &self.root);
            if listing.view().holds.is_empty() {
                return None;
            }
            self.host.clock.advance(self.between(0.1, 20.0));
            let thinking = {
                let mut state = self.state();
                let often = state.manner.interrupts;
                !state.calm && state.depth < 2 && state.rng.chance(often)
            };
            if thinking {
                self.state().depth += 1;
                self.interrupt();
                self.state().depth -= 1;
            }
            let mut holds: Vec<String> = listing.view().holds.iter().map(|hold| hold.id.clone()).collect();
            if self.chance(0.2) {
                holds.pop();
            }
            let confirmed =
                Confirmed { by: "bob".to_owned(), why: "looked".to_owned(), holds, overridden: Vec::new() };
            // What the person named may now become green at any moment.
            let mut state = self.state();
            let cut = std::mem::take(&mut state.cut);
            state.lifted.extend(cut);
            named = confirmed.holds.iter().filter(|id| state.lifted.insert((*id).clone())).cloned().collect();
            drop(state);
            Some(listing.lift(&sys, &self.root, &confirmed))
        });
        let ok = matches!(&lifted, Some(Some(Ok(_))));
        self.state().resumes += u64::from(ok);
        if !ok && !self.is_green() {
            self.not_lifted(&named);
        }
        self.note(|| format!("resume: {lifted:?}"));
        // One fault, and nobody else who made it green, before or meanwhile.
        let one_fault = !was_green && others_did(self) == (faults + 1, hands, resumes);
        if let Some(Some(Err(ResumeError::Face(_)))) = lifted
            && one_fault
            && self.is_green()
        {
            self.breaks("manual-resume", "a resume that failed reads as green".to_owned());
        }
    }

    /// A resume failed. What it had journalled already counts as named by a person all the same: without a face
    /// the journal is what is left to tell.
    fn not_lifted(&self, named: &[String]) {
        let journal = self.host.peek(&self.root.journal()).unwrap_or_default();
        let journal = String::from_utf8_lossy(&journal).into_owned();
        let journalled =
            |id: &str| journal.lines().any(|line| line.contains("\"kind\":\"resume\"") && line.contains(id));
        let mut state = self.state();
        for id in named.iter().filter(|id| !journalled(id)) {
            state.lifted.remove(id);
        }
    }

    fn step_wall(self: &Arc<Self>) {
        let seconds = self.pick(&[-90_000.0, -3600.0, -61.0, -30.0, 30.0, 61.0, 3600.0, 90_000.0]);
        self.note(|| format!("the wall clock is stepped by {seconds}"));
        self.host.clock.step_wall(seconds);
        let unnamed = self.host.clock.now().boot.is_none();
        let mut state = self.state();
        state.steps += 1;
        // Where boots have no name only the wall clock says of which boot a resume is, and now it says another one.
        state.unseen |= unnamed && state.resumed;
    }

    fn suspend(self: &Arc<Self>) {
        let seconds = self.between(1.0, 40_000.0);
        self.note(|| format!("asleep for {seconds:.0}"));
        self.host.clock.suspend(seconds);
    }

    /// The power goes, and everybody with it.
    fn reboot(self: &Arc<Self>) {
        let off = self.pick(&[1.0, 60.0, 4000.0, 100_000.0]);
        self.note(|| format!("no power for {off}"));
        *self.resident.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        let mut rng = Rng::new(self.state().rng.any());
        let trips = || self.host.peek(&self.root.ledger()).map_or(0, |ledger| ledger.len());
        let had = trips();
        self.host.reboot(&mut rng, off);
        let lost = trips() < had;
        let awake = self.host.clock.now().awake;
        let green = self.is_green();
        let mut state = self.state();
        state.boots += 1;
        // Copies of the face may know what was never durable: for them it is another ledger now.
        state.rewritten |= lost;
        state.steps_seen = state.steps_kept;
        state.green = green;
        state.late_from = awake;
        // A beat of before that nobody has seen bears no time of this boot.
        state.unseen = true;
    }

    fn fill(self: &Arc<Self>) {
        let room = self.pick(&[None, Some(0), Some(100), Some(1000), Some(20_000)]);
        self.note(|| format!("the disk has room for {room:?}"));
        self.host.set_room(room);
    }

    fn channel(self: &Arc<Self>) {
        let up = self.chance(0.5);
        self.note(|| format!("the channel is {}", if up { "up" } else { "down" }));
        self.state().channel_up = up;
    }

    /// The pipeline dies, lives again, fails, or gets stuck.
    fn fortune(self: &Arc<Self>) {
        {
            let mut state = self.state();
            match state.rng.below(4) {
                0 => state.alive = false,
                1 => state.bad = !state.bad,
                2 => state.stuck = !state.stuck,
                _ => (state.alive, state.bad, state.stuck) = (true, false, false),
            }
        }
        self.note(|| {
            let state = "the pipeline's fortune changes";
            state.to_owned()
        });
    }

    fn torn_beat(self: &Arc<Self>) {
        self.edit(&self.root.heartbeat(None), b"{\"at\": 17");
    }
}
