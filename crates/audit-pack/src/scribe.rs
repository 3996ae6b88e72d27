//! A log in memory with every kind of record, for tests: seals, rotations, changes of the key, new beginnings.

use std::collections::BTreeMap;
use std::convert::Infallible;

use holdfast::sys::{ReadAt, ReadError};
use tlog::note::MemoryKey;
use tlog::seals::{Genesis, OldHead, Record, State, Walk};
use tlog::tile::Builder;
use tlog::{FileName, Hash, Note, Origin, Signer, Vkey, tile};

use crate::place::Place;

pub(crate) const LOG: &str = "decisions.jsonl";
const BEGAN_MS: u64 = 1_795_000_000_000;

/// Writes, seals and signs.
#[derive(Clone)]
pub(crate) struct Scribe {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) state: State,
    builder: Builder,
    origin: Origin,
    /// The bytes of the seeds of the keys that sign: the one in force, and the one before until the next seal.
    seeds: Vec<u8>,
    /// Bytes of the log before its current file.
    begin: usize,
}

impl Place for Scribe {
    fn below(&self, _dir: &str, _most: usize) -> Result<Vec<String>, ReadError> {
        Ok(Vec::new())
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError> {
        Ok(self.files.get(name).map(|bytes| Box::new(bytes.as_slice()) as Box<dyn ReadAt>))
    }

    fn shown(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl Scribe {
    pub(crate) fn new(origin: &str, seed: u8) -> Self {
        Self::begun(origin, seed, None)
    }

    /// A log that goes on from the head of another one.
    pub(crate) fn after(old: &State, origin: &str, seed: u8) -> Self {
        let head = OldHead { origin: old.origin.clone(), size: old.lines, root: old.root };
        Self::begun(origin, seed, Some(head))
    }

    pub(crate) fn begun(origin: &str, seed: u8, restart: Option<OldHead>) -> Self {
        let origin = Origin::new(origin).expect("an origin");
        let key = key(&origin, seed).vkey().clone();
        let genesis = Genesis { origin: origin.clone(), time_ms: BEGAN_MS, key, restart };
        let line = Record::Genesis(genesis).to_string();
        let mut walk = Walk::new();
        walk.step(line.as_bytes()).expect("a genesis");
        let state = walk.state().expect("a state").clone();
        let files = BTreeMap::from([(LOG.to_owned(), Vec::new()), (name("SEALS"), line.into_bytes())]);
        let mut scribe = Self { files, state, builder: Builder::new(), origin, seeds: vec![seed], begin: 0 };
        scribe.sign();
        scribe
    }

    /// Adds lines and seals them.
    pub(crate) fn seal(&mut self, lines: &str) {
        let log = self.files.entry(LOG.to_owned()).or_default();
        log.extend_from_slice(lines.as_bytes());
        let bytes = (self.begin + log.len()) as u64;
        let leaves = tlog::lines::hash_lines(lines.as_bytes(), 1).leaves;
        let old_size = self.builder.size();
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
        let (size, root) = (self.builder.size(), self.builder.root());
        let seg = Hash::of(lines.as_bytes());
        self.add(&self.state.seal(self.now_ms(), size, bytes, seg, root));
        self.seeds.truncate(1);
        self.sign();
    }

    /// The log's file is closed under another name, and a new one begins.
    pub(crate) fn rotate(&mut self, closed: &str) {
        let bytes = self.files.insert(LOG.to_owned(), Vec::new()).expect("a log");
        self.begin += bytes.len();
        self.files.insert(closed.to_owned(), bytes);
        let [closed, new] = [closed, LOG].map(|name| FileName::new(name).expect("a name"));
        self.add(&self.state.rotation(self.now_ms(), closed, new));
        self.sign();
    }

    /// Another key signs, and both sign that.
    pub(crate) fn change_key(&mut self, seed: u8) {
        let new = key(&self.origin, seed).vkey().clone();
        self.add(&self.state.key_change(self.now_ms(), new));
        self.seeds.insert(0, seed);
        self.sign();
        let kept = name(&format!("keys/{:020}", self.state.records));
        self.files.insert(kept, self.files[&name("chain")].clone());
    }

    /// The key that is in force.
    pub(crate) fn vkey(&self) -> Vkey {
        self.state.key.clone()
    }

    pub(crate) fn sidecar_file(&mut self, file: &str) -> &mut Vec<u8> {
        self.files.get_mut(&name(file)).expect("a file of the sidecar")
    }

    fn now_ms(&self) -> u64 {
        BEGAN_MS + self.state.records * 60_000
    }

    fn add(&mut self, record: &Record) {
        let line = record.to_string();
        let mut walk = Walk::resume(self.state.clone());
        walk.step(line.as_bytes()).expect("a record");
        self.state = walk.state().expect("a state").clone();
        self.sidecar_file("SEALS").extend_from_slice(line.as_bytes());
    }

    fn sign(&mut self) {
        for (file, text) in
            [("checkpoint", self.state.checkpoint().to_string()), ("chain", self.state.chain().to_string())]
        {
            let mut keys: Vec<MemoryKey> = self.seeds.iter().map(|seed| key(&self.origin, *seed)).collect();
            let mut signers: Vec<&mut dyn Signer<Error = Infallible>> =
                keys.iter_mut().map(|key| key as &mut dyn Signer<Error = Infallible>).collect();
            let note = Note::sign(&text, &mut signers).expect("signed");
            self.files.insert(name(file), note.to_string().into_bytes());
        }
    }
}

fn key(origin: &Origin, seed: u8) -> MemoryKey {
    MemoryKey::new(origin.as_str(), &[seed; 32]).expect("a key")
}

fn name(file: &str) -> String {
    format!("{LOG}.audit/{file}")
}

/// Lines of these numbers, of many lengths.
pub(crate) fn lines(numbers: std::ops::Range<u64>) -> String {
    let line = |n: u64| format!("{{\"n\":{n},\"pad\":\"{}\"}}\n", "x".repeat((n * 37 % 190) as usize));
    numbers.map(line).collect()
}
