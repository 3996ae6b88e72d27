//! Sealed logs of every kind that the format knows, made with the libraries, in packs that the key's owner has signed.

use std::collections::BTreeMap;
use std::fs;

use bag::{Mode, Payload, Recipe};
use base64::Engine as _;
use tlog::note::MemoryKey;
use tlog::seals::{Genesis, OldHead, Record, State, Walk};
use tlog::tree::Frontier;
use tlog::{FileName, Hash, Note, Origin, Signer as _};

use crate::world::{World, run};

const ORIGIN: &str = "example.com/bot1/decisions";
const LOG: &str = "d.jsonl";
/// The log that a restarted one took the place of.
const OLD_ORIGIN: &str = "example.com/old";
const OLD: &str = "old.jsonl";

/// A log of less than 256 lines, so that it has one tile.
pub(super) struct Log {
    /// Below `data/log/`.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    keys: Vec<MemoryKey>,
    tree: Frontier,
    leaves: Vec<u8>,
    walk: Walk,
    file: String,
    sealed: usize,
}

/// A key of OpenSSH as one that signs notes: its seed stands in the file, before the public half.
pub(crate) fn note_key(world: &World, name: &str, origin: &str) -> MemoryKey {
    let decoded = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let public = decoded(world.read(&format!("{name}.pub")).split(' ').nth(1).unwrap());
    let private: String = world.read(name).lines().filter(|line| !line.starts_with('-')).collect();
    let private = decoded(&private);
    let at = memchr::memmem::rfind(&private, &public[public.len() - 32..]).unwrap();
    MemoryKey::new(origin, &private[at - 32..at].try_into().unwrap()).unwrap()
}

/// The name of a file of the sidecar.
pub(super) fn side(file: &str) -> String {
    format!("{LOG}.audit/{file}")
}

impl Log {
    /// A log whose key is `key`; a second one will be `key2`.
    pub(super) fn new(world: &World, restart: bool) -> Self {
        Self::named(world, ORIGIN, restart)
    }

    pub(super) fn named(world: &World, name: &str, restart: bool) -> Self {
        world.sh("[ -f key2 ] || ssh-keygen -q -t ed25519 -N '' -f key2");
        let keys = vec![note_key(world, "key", name), note_key(world, "key2", name)];
        let origin = |text| Origin::new(text).unwrap();
        let old = restart.then(|| Self::replaced(world));
        let restart = old.as_ref().map(|(head, _)| head.clone());
        let key = keys[0].vkey().clone();
        let genesis = Genesis { origin: origin(name), time_ms: 1_795_000_000_000, key, restart };
        let mut log = Self {
            files: BTreeMap::from([(LOG.to_owned(), Vec::new()), (side("SEALS"), Vec::new())]),
            keys,
            tree: Frontier::new(),
            leaves: Vec::new(),
            walk: Walk::new(),
            file: LOG.to_owned(),
            sealed: 0,
        };
        log.record(&Record::Genesis(genesis));
        log.files.extend(old.map(|(_, files)| files).unwrap_or_default());
        log
    }

    /// A log that was replaced at 9 lines, and has 10; and its files.
    fn replaced(world: &World) -> (OldHead, BTreeMap<String, Vec<u8>>) {
        let mut old = Self::named(world, OLD_ORIGIN, false);
        old.write(&"{\"old\":1}\n".repeat(9)).seal();
        let head = OldHead { origin: Origin::new(OLD_ORIGIN).unwrap(), size: 9, root: old.state().root };
        old.write("{\"old\":10}\n").seal().change_key().seal();
        let files = old.files.into_iter().map(|(name, bytes)| (name.replacen(LOG, OLD, 1), bytes));
        (head, files.collect())
    }

    pub(super) fn state(&self) -> &State {
        self.walk.state().unwrap()
    }

    pub(super) fn record(&mut self, record: &Record) {
        let line = record.to_string();
        self.walk.step(line.as_bytes()).unwrap();
        self.files.get_mut(&side("SEALS")).unwrap().extend_from_slice(line.as_bytes());
        self.sign();
    }

    /// Both notes, by the keys that must sign.
    fn sign(&mut self) {
        let state = self.state().clone();
        let signers: Vec<_> = state.signers().cloned().collect();
        let mut note = |text: String| {
            let mut keys: Vec<_> =
                self.keys.iter_mut().filter(|key| signers.contains(key.vkey())).map(|key| key as _).collect();
            Note::sign(&text, &mut keys).unwrap().to_string().into_bytes()
        };
        let (checkpoint, chain) = (note(state.checkpoint().to_string()), note(state.chain().to_string()));
        self.files.insert(side("checkpoint"), checkpoint);
        self.files.insert(side("chain"), chain);
    }

    pub(super) fn write(&mut self, lines: &str) -> &mut Self {
        self.files.get_mut(&self.file).unwrap().extend_from_slice(lines.as_bytes());
        self
    }

    pub(super) fn seal(&mut self) -> &mut Self {
        let new = self.files[&self.file][self.sealed..].to_vec();
        self.sealed += new.len();
        if self.tree.size() > 0 && !new.is_empty() {
            self.files.remove(&side(&format!("tile/0/000.p/{}", self.tree.size())));
        }
        for line in new.split_inclusive(|byte| *byte == b'\n') {
            let leaf = Hash::leaf(line);
            self.leaves.extend_from_slice(leaf.as_bytes());
            self.tree.push(leaf);
        }
        let (size, root) = (self.tree.size(), self.tree.root());
        self.files.insert(side(&format!("tile/0/000.p/{size}")), self.leaves.clone());
        let bytes = self.state().bytes + new.len() as u64;
        let seal = self.state().seal(1_795_000_060_000, size, bytes, Hash::of(&new), root);
        self.record(&seal);
        self
    }

    pub(super) fn rotate(&mut self, closed: &str, new: &str) -> &mut Self {
        let name = |name| FileName::new(name).unwrap();
        let record = self.state().rotation(1_795_000_070_000, name(closed), name(new));
        let bytes = self.files.remove(&self.file).unwrap();
        self.files.insert(closed.to_owned(), bytes);
        self.files.insert(new.to_owned(), Vec::new());
        (self.file, self.sealed) = (new.to_owned(), 0);
        self.record(&record);
        self
    }

    pub(super) fn change_key(&mut self) -> &mut Self {
        let next = self.keys.iter().find(|key| *key.vkey() != self.state().key).unwrap().vkey().clone();
        let record = self.state().key_change(1_795_000_080_000, next);
        self.record(&record);
        let name = side(&format!("keys/{:020}", self.state().records));
        self.files.insert(name, self.files[&side("chain")].clone());
        self
    }

    /// What is kept when somebody is asked to witness or to stamp; the folder of the anchor.
    pub(super) fn anchor(&mut self) -> String {
        let folder = side(&format!("anchors/{:020}", self.state().records));
        for file in ["chain", "checkpoint"] {
            self.files.insert(format!("{folder}/{file}"), self.files[&side(file)].clone());
        }
        folder
    }

    /// Changes a file of it.
    pub(super) fn edit(&mut self, file: &str, old: &str, new: &str) {
        let bytes = self.files.get_mut(file).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(old), "{old} in {text}");
        *bytes = text.replacen(old, new, 1).into_bytes();
    }

    /// `x.tar` and its signature, by this key, and the folder `x`.
    pub(super) fn pack(&self, world: &World, key: &str) {
        let signed = |namespace: &str, file: &str| {
            let script = format!(
                "rm -f {file}.sig; ssh-keygen -q -Y sign -f {key} -n {namespace} {file} 2> /dev/null"
            );
            run("sh", &["-euc", &script], &world.path(""));
            world.read(&format!("{file}.sig"))
        };
        let payload = self
            .files
            .iter()
            .map(|(name, bytes)| Payload::of_bytes(format!("data/log/{name}"), Mode::Plain, bytes.clone()));
        let recipe = Recipe { name: "x", mtime: 1_795_000_060, info: &[], guide: "Look.\n" };
        let mut tar = Vec::new();
        bag::write(&mut tar, &recipe, payload.collect(), |manifest| {
            fs::write(world.path("tagged"), manifest).unwrap();
            Ok(signed("manifest@holdfast", "tagged"))
        })
        .unwrap();
        fs::write(world.path("x.tar"), tar).unwrap();
        signed("pack@holdfast", "x.tar");
        world.sh("rm -rf x; tar -xf x.tar");
    }
}

/// Everything that the format knows: a restart, two rotations, a key change, a seal of nothing.
pub(super) fn rich(world: &World) -> Log {
    let mut log = Log::new(world, true);
    log.write("{\"n\":1}\n{\"n\":2}\n").seal().write("\n").seal().seal();
    log.rotate("d-1.jsonl", "d-next.jsonl").write("{\"n\":4}\n").seal().change_key();
    log.write("{\"n\":5}\n{\"n\":6}\n").seal().rotate("d-2.jsonl", "d.jsonl").write("{\"n\":7}\n").seal();
    log
}
