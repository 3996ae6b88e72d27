//! One host, everybody on it, and what really happened there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast::Root;
use holdfast::sys::Clock;
use holdfast::sys::sim::{Rng, SimHost, name_from};

use crate::director::Hand;
use crate::oracle::{Found, green};
use crate::watchdog::Resident;

/// The watch's bound on age, in seconds.
pub const MAX_AGE: f64 = 900.0;

/// A rule is broken.
#[derive(Clone)]
pub struct Broken {
    pub rule: &'static str,
    pub what: String,
    /// The last things that happened.
    pub story: Vec<String>,
}

/// How this seed's world is.
pub struct Manner {
    /// The pipeline is five lines of Python that write in place.
    pub plain: bool,
    /// The pipeline looks at the circuit before it works.
    pub honours: bool,
    /// The watchdog stays; else each check is a process of its own.
    pub resident: bool,
    /// How often a step goes wrong, is fatal, or is interrupted.
    pub faults: f64,
    pub kills: f64,
    pub interrupts: f64,
}

/// A beat of the watched pipeline, as it really happened.
#[derive(Clone, Copy)]
pub struct Truth {
    /// On the clock that does not count suspend.
    pub awake: f64,
    pub boots: u32,
    pub steps: u32,
}

/// What really happened. None of it is read by what is tested.
pub struct State {
    pub rng: Rng,
    pub manner: Manner,
    /// Counts every change of the disk.
    pub seq: u64,
    /// How deep in others' steps we are.
    pub depth: u32,
    /// Nothing goes wrong any more.
    pub calm: bool,
    /// Faults and kills so far.
    pub faults: u64,
    pub boots: u32,
    pub steps: u32,
    pub green: bool,
    /// Trips that were acknowledged: id, and when their line came into the ledger.
    pub trips: Vec<(String, u64)>,
    /// When the last line of each process came into the ledger.
    pub appended: Vec<(String, u64)>,
    /// Trips before this were lifted by a person.
    pub lifted_to: u64,
    pub beat: Option<Truth>,
    /// From when on, on the awake clock, a missing beat counts.
    pub late_from: f64,
    /// The watchdog has completed an evaluation; the wall clock was stepped this often then.
    pub looked: Option<u32>,
    /// Incidents that a power loss could not undo, and those that people have heard of.
    pub must_tell: BTreeSet<String>,
    pub told: String,
    pub channel_up: bool,
    pub alive: bool,
    pub bad: bool,
    pub stuck: bool,
    pub candle: u64,
    pub copies: Vec<Vec<u8>>,
    pub ledger_copies: Vec<Vec<u8>>,
    pub broken: Option<Broken>,
    pub tell: bool,
    pub story: Vec<String>,
}

pub struct World {
    pub host: &'static SimHost,
    pub root: Root,
    pub resident: Mutex<Option<Resident>>,
    state: Mutex<State>,
}

impl World {
    pub fn new(seed: u64, tell: bool) -> Arc<Self> {
        let mut rng = Rng::new(seed);
        name_from(Some(Rng::new(seed ^ 0x6e61_6d65)));
        let host: &'static SimHost = Box::leak(Box::new(SimHost::new("mini", 1_763_712_000.0)));
        let root = crate::actors::furnish(host, &mut rng);
        let world = Arc::new(Self {
            host,
            root,
            resident: Mutex::new(None),
            state: Mutex::new(State::new(rng, tell)),
        });
        host.direct(Some(Arc::new(Hand(Arc::clone(&world)))));
        let ear = Arc::clone(&world);
        host.run_with(Some(Arc::new(move |job| ear.hear(job))));
        world
    }

    /// Lets go of what refers to itself.
    pub fn end(&self) {
        *self.resident.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.host.wipe();
        name_from(None);
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides something.
    pub fn chance(&self, often: f64) -> bool {
        self.state().rng.chance(often)
    }

    pub fn between(&self, low: f64, high: f64) -> f64 {
        self.state().rng.between(low, high)
    }

    pub fn pick<T: Clone>(&self, all: &[T]) -> T {
        self.state().rng.pick(all).clone()
    }

    /// Tells what happens, for whoever reads a failure.
    pub fn note(&self, what: impl FnOnce() -> String) {
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
    pub fn breaks(&self, rule: &'static str, what: String) {
        self.note(|| format!("BROKEN {rule}: {what}"));
        let mut state = self.state();
        if state.broken.is_none() {
            let story = state.story.clone();
            state.broken = Some(Broken { rule, what, story });
        }
    }

    pub fn broken(&self) -> Option<Broken> {
        self.state().broken.clone()
    }

    pub fn story(&self) -> Vec<String> {
        self.state().story.clone()
    }

    /// A state file as readers see it.
    pub fn found(&self, path: &std::path::Path) -> Found {
        self.host.peek(path).zip(self.host.modified(path))
    }

    /// The circuit is green, by the oracle.
    pub fn is_green(&self) -> bool {
        green(&self.found(&self.root.circuit()), &self.found(&self.root.ledger()))
    }

    /// A history: things happen in any order, then the faults cease.
    pub fn live(&self) {
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
            boots: 0,
            steps: 0,
            green: true,
            trips: Vec::new(),
            appended: Vec::new(),
            lifted_to: 0,
            beat: None,
            late_from: f64::INFINITY,
            looked: None,
            must_tell: BTreeSet::new(),
            told: String::new(),
            channel_up: true,
            alive: true,
            bad: false,
            stuck: false,
            candle: 0,
            copies: Vec::new(),
            ledger_copies: Vec::new(),
            broken: None,
            tell,
            story: Vec::new(),
        }
    }
}
