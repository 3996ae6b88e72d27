//! One history of a log, its writers and its sealers.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast::Exit;
use holdfast::sys::sim::{Director, Fault, Rng, SimHost, Step, Verb, name_from};
use holdfast::sys::{Secrecy, Store as _};
use sshsig::NewKey;

use crate::check::{Checked, Options, Pin, check};
use crate::context::{Chosen, Context};
use crate::guard::Guard;
use crate::log::Log;
use crate::place::Folder;
use crate::progress::Progress;
use crate::sealing;
use crate::sidecar::Sidecar;

const LOG: &str = "/bot/memory/decisions.jsonl";
const KEY: &str = "/key/audit_ed25519";
const STEPS: u64 = 30;

/// The world, with what is true in it.
pub(super) struct World {
    host: &'static SimHost,
    log: Log,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    /// How often a step goes wrong, and how often a sealer is killed at one.
    faults: f64,
    kills: f64,
    /// How often the pipeline writes in the middle of somebody's step.
    interrupts: f64,
    calm: bool,
    depth: u32,
    written: u64,
    /// Of what was signed last: lines of SEALS that stood before must stand for ever.
    seals: Vec<u8>,
    broken: Option<String>,
    story: Vec<String>,
}

/// The hand of fate.
struct Hand(Arc<World>);

impl World {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        let host: &'static SimHost = Box::leak(Box::new(SimHost::new("mini", 1_795_000_000.0)));
        let mut rng = Rng::new(seed);
        name_from(Some(Rng::new(rng.any())));
        let rate = |rng: &mut Rng, most: f64| if rng.chance(0.3) { 0.0 } else { rng.between(0.0, most) };
        let state = State {
            faults: rate(&mut rng, 0.06),
            kills: rate(&mut rng, 0.03),
            interrupts: rate(&mut rng, 0.1),
            calm: true,
            depth: 0,
            written: 0,
            seals: Vec::new(),
            broken: None,
            story: Vec::new(),
            rng,
        };
        let log = Log::new(Path::new(LOG)).expect("a log");
        let world = Arc::new(Self { host, log, state: Mutex::new(state) });
        let setup = host.process("setup");
        for dir in ["/bot/memory", "/key"] {
            setup.make_dir(Path::new(dir)).expect("a folder");
        }
        let key = NewKey::make("desk").expect("a key");
        setup.replace(Path::new(KEY), key.private.as_bytes(), Secrecy::Secret).expect("written");
        host.direct(Some(Arc::new(Hand(Arc::clone(&world)))));
        world
    }

    /// Lives through it, and says how many lines were sealed.
    pub(super) fn live(self: &Arc<Self>) -> u64 {
        self.state().calm = false;
        for _ in 0..STEPS {
            self.host.clock.advance(7.0);
            let what = self.state().rng.below(10);
            match what {
                0..=3 => self.write(),
                4..=7 => self.seal(),
                8 => self.lose_power(),
                _ => {
                    let room = *self.state().rng.pick(&[None, None, Some(0), Some(700), Some(9000)]);
                    self.note(|| format!("the disk has room for {room:?}"));
                    self.host.set_room(room);
                }
            }
            self.look();
        }
        self.note(|| "the faults cease".to_owned());
        self.state().calm = true;
        self.host.set_room(None);
        self.write();
        self.seal();
        // The second makes whole what the first may have found done by half.
        self.seal();
        self.all_is_sealed()
    }

    pub(super) fn end(&self) {
        self.host.direct(None);
        self.host.wipe();
        name_from(None);
    }

    pub(super) fn broken(&self) -> Option<String> {
        self.state().broken.clone()
    }

    pub(super) fn story(&self) -> Vec<String> {
        self.state().story.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, text: impl FnOnce() -> String) {
        let text = text();
        self.state().story.push(text);
    }

    fn breaks(&self, what: impl FnOnce() -> String) {
        let what = what();
        self.note(|| format!("BROKEN {what}"));
        self.state().broken.get_or_insert(what);
    }

    /// The pipeline appends some lines, as Python does: nothing of it is durable.
    fn write(&self) {
        let many = self.state().rng.below(4);
        for _ in 0..=many {
            let (number, len) = {
                let mut state = self.state();
                state.written += 1;
                (state.written, state.rng.below(400) as usize)
            };
            let line = format!("{{\"id\":{number},\"why\":\"{}\"}}", "x".repeat(len));
            let done = self
                .host
                .run("pipeline", |process| process.append(&self.log.path(), &line).is_ok())
                .is_some();
            self.note(|| format!("pipeline: line {number}{}", if done { "" } else { ", killed" }));
        }
    }

    fn seal(&self) {
        let exit = self.host.run("sealer", |process| {
            let sys = process.sys();
            let context = Context { sys: &sys, told_root: None, json: false, threads: 1 };
            let chosen = Chosen { log: self.log.clone(), key: Some(PathBuf::from(KEY)), configured: true };
            sealing::seal_and_tell(&context, &chosen)
        });
        self.note(|| format!("sealer: {exit:?}"));
        if exit == Some(Exit::No) {
            self.breaks(|| "the sealer says that something was changed".to_owned());
        }
        if self.state().calm && exit != Some(Exit::Ok) {
            self.breaks(|| format!("nothing goes wrong, and the sealer ends with {exit:?}"));
        }
    }

    fn lose_power(&self) {
        let mut rng = Rng::new(self.state().rng.any());
        self.note(|| "no power".to_owned());
        self.host.reboot(&mut rng, 60.0);
    }

    /// What an auditor finds now.
    fn look(&self) -> Option<Checked> {
        let eye = self.host.process("eye");
        self.host.peek(&self.log.in_sidecar("chain"))?;
        let folder = Folder { store: &eye, dir: self.log.dir.clone() };
        let remembered = self.remembered();
        let pins = remembered.iter().filter_map(|path| {
            let state = Guard::read(&eye, path).ok().flatten()?.state;
            let seals = Some((state.records, state.head));
            Some(Pin {
                label: "the memory of the key".to_owned(),
                size: state.lines,
                root: state.root,
                seals,
            })
        });
        let progress = Progress::hidden();
        let options = Options { deep: true, pins: pins.collect(), threads: 1, progress: &progress };
        match check(&Sidecar::new(&folder, &self.log.name), &options) {
            Err(error) => self.breaks(|| format!("check cannot read: {error}")),
            Ok(checked) if !checked.findings.is_empty() => {
                self.breaks(|| format!("nobody changed anything, and check says:\n{}", checked.findings));
            }
            Ok(checked) => return Some(checked),
        }
        None
    }

    /// What the key remembers to have signed.
    fn remembered(&self) -> Vec<PathBuf> {
        let dir = Path::new("/key/audit_ed25519.signed");
        let paths = self.host.names(dir).into_iter().map(|name| dir.join(name));
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    /// Every whole line is sealed and signed.
    fn all_is_sealed(&self) -> u64 {
        let log = self.host.peek(&self.log.path()).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', &log).count() as u64;
        let Some(checked) = self.look() else {
            self.breaks(|| "there are no signed seals in the end".to_owned());
            return 0;
        };
        let sealed = checked.state.map_or(0, |state| state.lines);
        if (sealed, checked.signed_lines) != (lines, lines) || checked.unsealed != 0 {
            self.breaks(|| {
                format!("{lines} lines, of which {sealed} are sealed and {} signed", checked.signed_lines)
            });
        }
        lines
    }

    /// A signature is there for others to see: what it covers must outlive a power loss, and extend what was signed.
    fn signed(&self) {
        let durable = |path: &Path| self.host.durable(path).unwrap_or_default();
        let (chain, seals) =
            (self.host.peek(&self.log.in_sidecar("chain")), durable(&self.log.in_sidecar("SEALS")));
        let records = chain.and_then(|chain| {
            let text = String::from_utf8(chain).ok()?;
            text.lines().nth(1)?.parse::<usize>().ok()
        });
        let Some(records) = records else {
            return self.breaks(|| "a chain note that says nothing".to_owned());
        };
        let lines: Vec<&[u8]> = seals.split_inclusive(|byte| *byte == b'\n').collect();
        let Some(signed) = lines.get(..records).map(<[&[u8]]>::concat) else {
            return self.breaks(|| format!("{records} records are signed and {} are durable", lines.len()));
        };
        let last = lines.get(records - 1).map(|line| String::from_utf8_lossy(line).into_owned());
        let sealed = last.and_then(|line| line.strip_prefix("s1 ")?.split(' ').nth(3)?.parse::<usize>().ok());
        let log = durable(&self.log.path()).len();
        if sealed.is_some_and(|sealed| sealed > log) {
            self.breaks(|| format!("{sealed:?} bytes are sealed and signed, and {log} are durable"));
        }
        let before = std::mem::replace(&mut self.state().seals, signed.clone());
        if !signed.starts_with(&before) {
            self.breaks(|| "two histories are signed".to_owned());
        }
        if self.remembered().is_empty() {
            self.breaks(|| "signed before it is remembered".to_owned());
        }
    }
}

impl Director for Hand {
    fn before(&self, step: &Step) -> Fault {
        let world = &self.0;
        if matches!(step.process.as_str(), "eye" | "setup") {
            return Fault::None;
        }
        let interrupted = {
            let mut state = world.state();
            let often = state.interrupts;
            !state.calm && state.depth == 0 && step.process == "sealer" && state.rng.chance(often)
        };
        if interrupted {
            world.state().depth += 1;
            world.note(|| format!("meanwhile, before {:?} {}:", step.verb, step.name()));
            world.write();
            world.state().depth -= 1;
        }
        let mut state = world.state();
        let share = if step.verb.writes() { 1.0 } else { 0.1 };
        let (faults, kills) = (state.faults * share, state.kills * share);
        let fault = if step.process == "pipeline" {
            // Its lines are there for readers at once, and durable when the system likes.
            let ways = if state.calm { 8 } else { 10 };
            match state.rng.below(ways) {
                8 => Fault::Torn(ErrorKind::Other),
                9 => Fault::KilledWithin,
                _ => Fault::Applied(ErrorKind::Other),
            }
        } else if state.calm {
            Fault::None
        } else {
            Fault::at_random(&mut state.rng, step.verb, kills, faults)
        };
        drop(state);
        if fault != Fault::None && step.process != "pipeline" {
            world.note(|| format!("{}: {:?} {} -> {fault:?}", step.process, step.verb, step.name()));
        }
        fault
    }

    fn changed(&self, step: &Step) {
        if step.path.ends_with("chain") && step.verb == Verb::Replace {
            self.0.signed();
        }
    }
}
