//! One host, everybody on it, and what really happened there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast::Root;
use holdfast::sys::Clock;
use holdfast::sys::sim::{Rng, SimHost, name_from};

use crate::director::Hand;
use crate::oracle::{Found, green};
use crate::watchdog::Resident;

/// The watch's bound on age, in seconds.
pub(crate) const MAX_AGE: f64 = 900.0;

/// A rule is broken.
#[derive(Clone)]
pub(crate) struct Broken {
    pub(crate) rule: &'static str,
    pub(crate) what: String,
    /// The last things that happened.
    pub(crate) story: Vec<String>,
}

/// How this seed's world is.
pub(crate) struct Manner {
    /// The pipeline is five lines of Python that write in place.
    pub(crate) plain: bool,
    /// The pipeline looks at the circuit before it works.
    pub(crate) honours: bool,
    /// The watchdog stays; else each check is a process of its own.
    pub(crate) resident: bool,
    /// How often a step goes wrong, is fatal, or is interrupted.
    pub(crate) faults: f64,
    pub(crate) kills: f64,
    pub(crate) interrupts: f64,
}

/// A beat of the watched pipeline, as it really happened.
#[derive(Clone, Copy)]
pub(crate) struct Truth {
    /// On the clock that does not count suspend.
    pub(crate) awake: f64,
    pub(crate) boots: u32,
    pub(crate) steps: u32,
    pub(crate) seq: u64,
    /// The watchdog had looked, and kept that, in the same boot and since the last step before.
    pub(crate) watched: bool,
}

/// What really happened. None of it is read by what is tested.
#[expect(clippy::struct_excessive_bools, reason = "facts of a world, none of which implies another")]
pub(crate) struct State {
    pub(crate) rng: Rng,
    pub(crate) manner: Manner,
    /// Counts every change of the disk.
    pub(crate) seq: u64,
    /// How deep in others' steps we are.
    pub(crate) depth: u32,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
    /// Faults and kills so far.
    pub(crate) faults: u64,
    /// Processes that were refused a look.
    pub(crate) refused: BTreeSet<String>,
    pub(crate) boots: u32,
    pub(crate) steps: u32,
    pub(crate) green: bool,
    /// Trips that were acknowledged: id, and when their line came into the ledger.
    pub(crate) trips: Vec<(String, u64)>,
    /// When the last line of each process came into the ledger.
    pub(crate) appended: Vec<(String, u64)>,
    /// Trips that a person named and lifted.
    pub(crate) lifted: BTreeSet<String>,
    /// How many resumes did what they were to do.
    pub(crate) resumes: u64,
    /// Trips before this were voided by a hand.
    pub(crate) edited: u64,
    pub(crate) beat: Option<Truth>,
    /// From when on, on the awake clock, a missing beat counts.
    pub(crate) late_from: f64,
    /// When the present evaluation last tried to trip.
    pub(crate) tried: Option<u64>,
    /// When the present evaluation began.
    pub(crate) looking_since: u64,
    /// Trips that a hand took out of the ledger: only the length that the face knows tells of them.
    pub(crate) cut: BTreeSet<String>,
    /// A hand has put another ledger in the place of the ledger, or a power loss has taken what was not durable.
    pub(crate) rewritten: bool,
    /// When a hand last put a face that knows another ledger beside this one.
    pub(crate) foreign: u64,
    /// In which boot the watchdog has last kept what it saw.
    pub(crate) kept_in: Option<u32>,
    /// When each process last changed face or ledger.
    pub(crate) changed_by: BTreeMap<(PathBuf, String), u64>,
    /// What the watchdog has had to tell of failed watches, by incident and words; and what of it came from an
    /// evaluation that was asked for a trip and left the circuit green.
    pub(crate) composed: BTreeSet<(String, String)>,
    pub(crate) too_early: BTreeSet<(String, String)>,
    /// The circuit became green, and the watchdog has not seen it.
    pub(crate) resumed: bool,
    /// There is news that bears no time of a boot clock, and the watchdog has not seen it.
    pub(crate) unseen: bool,
    /// The watchdog has completed an evaluation.
    pub(crate) looked: bool,
    /// How often the wall clock had been stepped at the last evaluation that the watchdog remembers, and at the
    /// last one that outlives its process.
    pub(crate) steps_seen: Option<u32>,
    pub(crate) steps_kept: Option<u32>,
    /// The messages that wait in the watchdog's memory on the disk.
    pub(crate) waiting: BTreeMap<String, (String, f64)>,
    /// Incidents that a power loss could not undo, and those that people have heard of.
    pub(crate) must_tell: BTreeSet<String>,
    pub(crate) told: String,
    pub(crate) channel_up: bool,
    pub(crate) alive: bool,
    pub(crate) bad: bool,
    pub(crate) stuck: bool,
    /// What else is asked fails.
    pub(crate) broker_down: bool,
    pub(crate) candle: u64,
    pub(crate) copies: Vec<Vec<u8>>,
    pub(crate) ledger_copies: Vec<Vec<u8>>,
    pub(crate) broken: Option<Broken>,
    pub(crate) tell: bool,
    pub(crate) story: Vec<String>,
}

pub(crate) struct World {
    pub(crate) host: &'static SimHost,
    pub(crate) root: Root,
    pub(crate) resident: Mutex<Option<Resident>>,
    /// Of the rules only this one is asked.
    only: Option<String>,
    state: Mutex<State>,
}

impl World {
    pub(crate) fn new(seed: u64, tell: bool) -> Arc<Self> {
        let mut rng = Rng::new(seed);
        name_from(Some(Rng::new(seed ^ 0x6e61_6d65)));
        let host: &'static SimHost = Box::leak(Box::new(SimHost::new("mini", 1_763_712_000.0)));
        let root = crate::actors::furnish(host, &mut rng);
        let world = Arc::new(Self {
            host,
            root,
            resident: Mutex::new(None),
            only: std::env::var("HOLDFAST_SIM_RULE").ok(),
            state: Mutex::new(State::new(rng, tell)),
        });
        host.direct(Some(Arc::new(Hand(Arc::clone(&world)))));
        let broker = Arc::clone(&world);
        host.run_with(Some(Arc::new(move |job| broker.broker(job))));
        world
    }

    /// Lets go of what refers to itself.
    pub(crate) fn end(&self) {
        *self.resident.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.host.wipe();
        name_from(None);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides something.
    pub(crate) fn chance(&self, often: f64) -> bool {
        self.state().rng.chance(often)
    }

    pub(crate) fn between(&self, low: f64, high: f64) -> f64 {
        self.state().rng.between(low, high)
    }

    pub(crate) fn pick<T: Clone>(&self, all: &[T]) -> T {
        self.state().rng.pick(all).clone()
    }

    /// Tells what happens, for whoever reads a failure.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        const KEPT: usize = 200;
        let now = self.host.clock.now();
        let mut state = self.state();
        let line =
            format!("{:>5} up {:>10.3} {}{}", state.seq, now.up, "  ".repeat(state.depth as usize), what());
        if state.tell {
            println!("{line}");
        }
        if state.story.len() >= KEPT {
            state.story.remove(0);
        }
        state.story.push(line);
    }

    /// A rule is broken, unless one was before.
    pub(crate) fn breaks(&self, rule: &'static str, what: String) {
        if self.only.as_ref().is_some_and(|only| only != rule) {
            return;
        }
        self.note(|| format!("BROKEN {rule}: {what}"));
        let mut state = self.state();
        if state.broken.is_none() {
            let story = state.story.clone();
            state.broken = Some(Broken { rule, what, story });
        }
    }

    pub(crate) fn broken(&self) -> Option<Broken> {
        self.state().broken.clone()
    }

    pub(crate) fn story(&self) -> Vec<String> {
        self.state().story.clone()
    }

    /// A state file as readers see it.
    pub(crate) fn found(&self, path: &std::path::Path) -> Found {
        self.host.peek(path).zip(self.host.modified(path))
    }

    /// The circuit is green, by the oracle.
    pub(crate) fn is_green(&self) -> bool {
        green(&self.found(&self.root.circuit()), &self.found(&self.root.ledger()))
    }

    /// A history: things happen in any order, then the faults cease.
    pub(crate) fn live(self: &Arc<Self>) {
        let turns = 30 + self.state().rng.below(60);
        for _ in 0..turns {
            let pause = self.pick(&[0.01, 1.0, 20.0, 60.0, 300.0]);
            let pause = self.between(0.0, pause);
            self.host.clock.advance(pause);
            self.turn();
            self.probe();
            if self.broken().is_some() {
                return;
            }
        }
        self.calm_down();
    }
}

impl State {
    fn new(mut rng: Rng, tell: bool) -> Self {
        let rate = |rng: &mut Rng, all: &[f64]| *rng.pick(all);
        let manner = Manner {
            plain: rng.chance(0.4),
            honours: rng.chance(0.8),
            resident: rng.chance(0.5),
            faults: rate(&mut rng, &[0.0, 0.0, 0.01, 0.05, 0.2]),
            kills: rate(&mut rng, &[0.0, 0.0, 0.005, 0.03]),
            interrupts: rate(&mut rng, &[0.0, 0.02, 0.1]),
        };
        Self {
            rng,
            manner,
            seq: 0,
            depth: 0,
            calm: false,
            faults: 0,
            refused: BTreeSet::new(),
            boots: 0,
            steps: 0,
            green: true,
            trips: Vec::new(),
            appended: Vec::new(),
            lifted: BTreeSet::new(),
            resumes: 0,
            edited: 0,
            beat: None,
            late_from: f64::INFINITY,
            tried: None,
            looking_since: 0,
            cut: BTreeSet::new(),
            rewritten: false,
            foreign: 0,
            kept_in: None,
            changed_by: BTreeMap::new(),
            composed: BTreeSet::new(),
            too_early: BTreeSet::new(),
            resumed: false,
            unseen: false,
            looked: false,
            steps_seen: None,
            steps_kept: None,
            waiting: BTreeMap::new(),
            must_tell: BTreeSet::new(),
            told: String::new(),
            channel_up: true,
            alive: true,
            bad: false,
            stuck: false,
            broker_down: false,
            candle: 0,
            copies: Vec::new(),
            ledger_copies: Vec::new(),
            broken: None,
            tell,
            story: Vec::new(),
        }
    }
}
