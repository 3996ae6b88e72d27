//! One history of a log, its writers and its sealers.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holdfast::Exit;
use holdfast::sys::sim::{Director, Fault, Rng, SimHost, Step, Verb, name_from};
use holdfast::sys::{Secrecy, Store as _};
use sshsig::NewKey;

use crate::check::{Checked, Options, Pin, check};
use crate::guard::Guard;
use crate::log::Log;
use crate::place::Folder;
use crate::progress::Progress;
use crate::sealing;
use crate::sidecar::Sidecar;

const LOG: &str = "/bot/memory/decisions.jsonl";
/// The keys, one after another.
pub(super) const KEYS: [&str; 3] = ["/key/one", "/key/two", "/key/three"];
const STEPS: u64 = 30;

/// The world, with what is true in it.
pub(super) struct World {
    pub(super) host: &'static SimHost,
    pub(super) log: Log,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) rng: Rng,
    /// How often a step goes wrong, and how often a sealer is killed at one.
    faults: f64,
    kills: f64,
    /// How often the pipeline writes in the middle of somebody's step.
    interrupts: f64,
    calm: bool,
    depth: u32,
    written: u64,
    /// Which key signs, and whether it is to be the next one.
    pub(super) key: usize,
    pub(super) rekeying: bool,
    /// The names that the log was given, oldest first.
    pub(super) renamed: Vec<String>,
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
            key: 0,
            rekeying: false,
            renamed: Vec::new(),
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
        for path in KEYS {
            let key = NewKey::make("desk").expect("a key");
            setup.replace(Path::new(path), key.private.as_bytes(), Secrecy::Secret).expect("written");
        }
        host.direct(Some(Arc::new(Hand(Arc::clone(&world)))));
        world
    }

    /// Lives through it, and says how many lines were sealed.
    pub(super) fn live(self: &Arc<Self>) -> u64 {
        self.state().calm = false;
        for _ in 0..STEPS {
            let passes = *self.state().rng.pick(&[7.0, 7.0, 70.0]);
            self.host.clock.advance(passes);
            let what = self.state().rng.below(13);
            match what {
                0..=3 => self.write(),
                4..=7 => self.seal(),
                8 => self.lose_power(),
                9 => self.rename(),
                10 => self.name_renamed(),
                11 => self.change_key(),
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
        self.end_torn_lines();
        self.write();
        // What was renamed a moment ago is quiet by then.
        self.host.clock.advance(70.0);
        if self.state().rekeying {
            self.change_key();
        }
        // It says whether a person is needed.
        let first = self.as_sealer(sealing::seal_and_tell);
        self.judge("sealer", first.map(|exit| if exit == Exit::Unsealed { Exit::Ok } else { exit }));
        self.name_renamed();
        self.seal();
        // The second makes whole what the first may have found done by half.
        self.seal();
        self.all_is_sealed()
    }

    pub(super) fn judge(&self, who: &str, exit: Option<Exit>) {
        self.note(|| format!("{who}: {exit:?}"));
        if exit == Some(Exit::No) {
            self.breaks(|| format!("{who} says that something was changed"));
        }
        if self.state().calm && exit != Some(Exit::Ok) {
            self.breaks(|| format!("nothing goes wrong, and {who} ends with {exit:?}"));
        }
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

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, text: impl FnOnce() -> String) {
        let text = text();
        self.state().story.push(text);
    }

    pub(super) fn breaks(&self, what: impl FnOnce() -> String) {
        let what = what();
        self.note(|| format!("BROKEN {what}\n{}", self.shown()));
        self.state().broken.get_or_insert(what);
    }

    /// The files of the log, and what SEALS says of them.
    fn shown(&self) -> String {
        let seals = self.host.peek(&self.log.in_sidecar("SEALS")).unwrap_or_default();
        let short = |line: &str| line.split(' ').take(5).collect::<Vec<_>>().join(" ");
        let mut shown: Vec<String> = String::from_utf8_lossy(&seals).lines().map(short).collect();
        for name in self.host.names(&self.log.dir) {
            let bytes = self.host.peek(&self.log.dir.join(&name)).unwrap_or_default();
            shown.push(format!(
                "{name}: {} bytes, {} lines",
                bytes.len(),
                memchr::memchr_iter(b'\n', &bytes).count()
            ));
        }
        format!("    {}", shown.join("\n    "))
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
        let exit = self.as_sealer(sealing::seal_and_tell);
        self.judge("sealer", exit);
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
    pub(super) fn remembered(&self) -> Vec<PathBuf> {
        let dirs = KEYS.iter().map(|key| PathBuf::from(format!("{key}.signed")));
        let paths = dirs.flat_map(|dir| self.host.names(&dir).into_iter().map(move |name| dir.join(name)));
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    /// Every whole line is sealed and signed.
    fn all_is_sealed(&self) -> u64 {
        let log = self.whole_log(|path| self.host.peek(path));
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

    /// All its files, one after another.
    fn whole_log(&self, read: impl Fn(&Path) -> Option<Vec<u8>>) -> Vec<u8> {
        let names = self.state().renamed.clone();
        let paths = names.iter().map(|name| self.log.dir.join(name)).chain([self.log.path()]);
        paths.filter_map(|path| read(&path)).flatten().collect()
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
        let log = self.whole_log(|path| self.host.durable(path)).len();
        if sealed.is_some_and(|sealed| sealed > log) {
            self.breaks(|| format!("{sealed:?} bytes are sealed and signed, and {log} are durable"));
        }
        let before = std::mem::replace(&mut self.state().seals, signed.clone());
        if !signed.starts_with(&before) {
            self.breaks(|| "two histories are signed".to_owned());
        }
        let eye = self.host.process("eye");
        let memories = self.remembered();
        let known =
            memories.iter().filter_map(|path| Some(Guard::read(&eye, path).ok()??.state.records)).max();
        if known.is_none_or(|known| known < records as u64) {
            self.breaks(|| format!("{records} records are signed, and {known:?} remembered"));
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
            let renames = world.state().rng.chance(0.2);
            if renames {
                world.rename();
            } else {
                world.write();
            }
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
