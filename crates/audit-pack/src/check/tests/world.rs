//! A sealed log in memory.

use std::collections::BTreeMap;
use std::convert::Infallible;

use holdfast::sys::{ReadAt, ReadError};
use tlog::note::MemoryKey;
use tlog::seals::{Genesis, Record, State, Walk};
use tlog::tile::Builder;
use tlog::{Hash, Note, Origin, Signer, tile};

use crate::check::{Checked, Options, Pin, check};
use crate::place::Place;
use crate::progress::Progress;
use crate::sidecar::Sidecar;

pub(crate) const LOG: &str = "decisions.jsonl";
const ORIGIN: &str = "example.com/bot/decisions";

/// Numbers that follow from a seed (splitmix64).
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

/// The files of a folder.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) sealed_lines: u64,
    /// What is remembered beside the key.
    pub(crate) guard: Pin,
    /// The same folder as it was some seals earlier.
    pub(crate) earlier: BTreeMap<String, Vec<u8>>,
}

impl Place for World {
    fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError> {
        Ok(self.files.get(name).map(|bytes| Box::new(bytes.as_slice()) as Box<dyn ReadAt>))
    }

    fn below(&self, dir: &str, most: usize) -> Result<Vec<String>, ReadError> {
        let inner = |path: &String| Some(path.strip_prefix(dir)?.strip_prefix('/')?.to_owned());
        Ok(self.files.keys().filter_map(inner).take(most).collect())
    }

    fn shown(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// A log that grows and is sealed.
struct Growing {
    key: MemoryKey,
    files: BTreeMap<String, Vec<u8>>,
    builder: Builder,
    state: State,
}

impl World {
    /// Some hundred lines of many lengths, all different, in some ten seals.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xabcd);
        let mut growing = Growing::new();
        let seals = 4 + rng.below(12);
        let mut earlier = BTreeMap::new();
        for seal in 0..seals {
            for _ in 0..=rng.below(120) {
                growing.write(&mut rng);
            }
            growing.seal(seal);
            if seal == seals / 2 {
                earlier = growing.files.clone();
            }
        }
        let state = &growing.state;
        let (size, root) = (state.lines, state.root);
        let seals = Some((state.records, state.head));
        let guard = Pin { label: "the memory of the key".to_owned(), size, root, seals };
        Self { files: growing.files, sealed_lines: size, guard, earlier }
    }

    pub(crate) fn log(&mut self) -> &mut Vec<u8> {
        self.files.entry(LOG.to_owned()).or_default()
    }

    pub(crate) fn sidecar_file(&mut self, name: &str) -> &mut Vec<u8> {
        self.files.get_mut(&format!("{LOG}.audit/{name}")).expect("a file of the sidecar")
    }

    pub(crate) fn lines(&mut self) -> Vec<Vec<u8>> {
        self.log().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    pub(crate) fn set_lines(&mut self, lines: &[Vec<u8>]) {
        *self.log() = lines.concat();
    }

    pub(crate) fn check(&self, deep: bool, pins: Vec<Pin>) -> Checked {
        let progress = Progress::hidden();
        let options = Options { deep, pins, threads: 2, progress: &progress };
        check(&Sidecar::new(self, LOG), &options).expect("memory can be read")
    }
}

impl Growing {
    fn new() -> Self {
        let key = MemoryKey::new(ORIGIN, &[7; 32]).expect("a key");
        let origin = Origin::new(ORIGIN).expect("an origin");
        let genesis = Genesis { origin, time_ms: 1_795_000_000_000, key: key.vkey().clone(), restart: None };
        let line = Record::Genesis(genesis).to_string();
        let mut walk = Walk::new();
        walk.step(line.as_bytes()).expect("a genesis");
        let state = walk.state().expect("a state").clone();
        let mut files = BTreeMap::from([(LOG.to_owned(), Vec::new())]);
        files.insert(format!("{LOG}.audit/SEALS"), line.into_bytes());
        Self { key, files, builder: Builder::new(), state }
    }

    fn write(&mut self, rng: &mut Rng) {
        let longest = if rng.below(40) == 0 { 3000 } else { 200 };
        let pad = "x".repeat(rng.below(longest) as usize);
        let line = format!("{{\"id\":{},\"pad\":\"{pad}\"}}\n", rng.next());
        self.files.get_mut(LOG).expect("the log").extend_from_slice(line.as_bytes());
    }

    fn seal(&mut self, seal: u64) {
        let name = |file: &str| format!("{LOG}.audit/{file}");
        let log = self.files[LOG].clone();
        let new = &log[self.state.bytes as usize..];
        let old_size = self.builder.size();
        let leaves = tlog::lines::hash_lines(new, 1).leaves;
        let mut tiles = Vec::new();
        let done: Result<(), Infallible> = self.builder.extend(&leaves, 1, |tile, hashes| {
            tiles.push((tile, tile::encode(hashes)));
            Ok(())
        });
        done.expect("cannot fail");
        tiles.extend(self.builder.partials().map(|(tile, hashes)| (tile, tile::encode(hashes))));
        for stale in tile::stale_tiles(old_size, self.builder.size()) {
            self.files.remove(&name(&stale.to_string()));
        }
        for (tile, bytes) in tiles {
            self.files.insert(name(&tile.to_string()), bytes);
        }
        let (lines, root) = (self.builder.size(), self.builder.root());
        let record =
            self.state.seal(1_795_000_060_000 + seal * 60_000, lines, log.len() as u64, Hash::of(new), root);
        let text = record.to_string();
        let mut walk = Walk::resume(self.state.clone());
        walk.step(text.as_bytes()).expect("a seal");
        self.state = walk.state().expect("a state").clone();
        self.files.get_mut(&name("SEALS")).expect("SEALS").extend_from_slice(text.as_bytes());
        for (file, text) in
            [("checkpoint", self.state.checkpoint().to_string()), ("chain", self.state.chain().to_string())]
        {
            let note = Note::sign(&text, &mut [&mut self.key]).expect("signed");
            self.files.insert(name(file), note.to_string().into_bytes());
        }
    }
}
