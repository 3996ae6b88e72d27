//! What the fuzz targets share: inputs of several parts, and a host without a disk.

use std::time::Duration;

use holdfast::Root;
use holdfast::sys::sim::{SimHost, SimProcess};
use holdfast::sys::{Clock, Now, Secrecy, Sys};

/// Where the simulated host's wall clock begins.
pub const WALL: f64 = 1_763_712_000.0;

/// An input as parts that a NUL byte separates. So a seed is a real file, or a few, with its choices at the end.
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// A host whose root holds these files.
pub struct Host(SimHost);

impl Host {
    /// Writes each file a second after the one before; an empty one is left out.
    pub fn with(files: &[(&str, &[u8])]) -> Self {
        let host = SimHost::new("fuzz", WALL);
        let process = host.process("setup");
        let sys = process.sys();
        for dir in ["/bot/data/heartbeats", "/bot/memory"] {
            sys.store.make_dir(dir.as_ref()).expect("a folder");
        }
        for (path, bytes) in files.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            host.clock.advance(1.0);
            let path = format!("/bot/{path}");
            sys.store.replace(path.as_ref(), bytes, Secrecy::Shared).expect("a file");
        }
        host.clock.advance(1.0);
        Self(host)
    }

    /// A process on it.
    pub fn process(&self) -> Process<'_> {
        Process { process: self.0.process("fuzz"), clock: Hasty(&self.0) }
    }
}

/// A process on a [`Host`].
pub struct Process<'a> {
    process: SimProcess<'a>,
    clock: Hasty<'a>,
}

impl Process<'_> {
    /// The doors, as this process has them.
    pub fn sys(&self) -> Sys<'_> {
        Sys { clock: &self.clock, ..self.process.sys() }
    }
}

/// Every wait is longer than anybody's patience: bytes that do not parse are read twice, not twenty times.
struct Hasty<'a>(&'a SimHost);

impl Clock for Hasty<'_> {
    fn now(&self) -> Now {
        self.0.clock.now()
    }

    fn wait(&self, duration: Duration) {
        self.0.clock.advance(duration.as_secs_f64().max(1.0));
    }
}

/// The root on a [`Host`].
pub fn root(sys: &Sys) -> Root {
    Root::open(sys.store, "/bot").expect("a root")
}

/// Choices that the fuzzer makes, from the end of its input; when they run out, always the first.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// A later reading of a host's clocks: some time awake or asleep, the wall clock stepped, or rebooted.
    pub fn later(&mut self, before: &Now) -> Now {
        const SPANS: [f64; 8] = [1.0, 0.0, 30.0, 400.0, 901.0, 4e3, 1e5, 1e9];
        let mut now = before.clone();
        let span = self.of(&SPANS);
        now.wall += span;
        now.up += span;
        match self.byte() % 6 {
            1 => {}
            2 => now.wall = (now.wall - self.of(&SPANS) * 2.0).max(0.0),
            3 => now.wall += self.of(&SPANS) * 2.0,
            4 => (now.up, now.awake, now.boot) = (span, span, Some("another".to_owned())),
            5 => (now.up, now.boot) = (span, None),
            _ => now.awake += span,
        }
        now
    }
}
