//! Somebody who may write whatever he likes into the root, and has no key.

use std::fs;
use std::path::Path;

use holdfast_tests::harness::Scratch;
use tlog::lines::hash_lines;
use tlog::note::MemoryKey;
use tlog::seals::{Genesis, Record, State, Walk};
use tlog::tile::{Builder, encode};
use tlog::{FileName, Hash, Note, Origin, Signer as _, Vkey};

use super::logs::{LOG, SIDECAR};

/// What SEALS says.
pub(super) fn state(root: &Scratch) -> State {
    let mut walk = Walk::new();
    for line in root.text(&seals()).split_inclusive('\n') {
        walk.step(line.as_bytes()).expect("SEALS is sound");
    }
    walk.state().expect("a log that was begun").clone()
}

pub(super) fn seals() -> String {
    format!("{SIDECAR}/SEALS")
}

/// Adds a record that nobody signed.
pub(super) fn forge(root: &Scratch, record: &Record) {
    root.put(&seals(), root.text(&seals()) + &record.to_string());
}

/// Puts other words into the log, of another length, from this line on.
pub(super) fn rewrite(root: &Scratch, from: usize) {
    let text = root.text(LOG);
    let new = text.split_inclusive('\n').enumerate();
    let new = new.map(|(at, line)| if at < from { line.to_owned() } else { line.replace("buy", "sell") });
    root.put(LOG, new.collect::<String>());
}

/// Makes SEALS and tiles anew, to fit the log, under this name and with the key that was there.
pub(super) fn remake(root: &Scratch, origin: &str) {
    let old = state(root).key;
    let key = Vkey::new(origin, old.public()).expect("the public half is no secret");
    fs::remove_file(root.path(&seals())).expect("SEALS");
    fs::remove_dir_all(root.path(SIDECAR).join("tile")).expect("tiles");
    let origin = Origin::new(origin).expect("an origin");
    let first =
        Record::Genesis(Genesis { origin, time_ms: 1_795_000_000_000, key, restart: None }).to_string();
    let mut walk = Walk::new();
    walk.step(first.as_bytes()).expect("a first line");
    let state = walk.state().expect("a first line").clone();
    let bytes = fs::read(root.path(LOG)).expect("the log");
    let mut builder = Builder::new();
    let put = |tile: tlog::Tile, hashes: &[Hash]| put_tile(root, tile, hashes);
    let grown: Result<(), std::convert::Infallible> =
        builder.extend(&hash_lines(&bytes, 1).leaves, 1, |tile, hashes| {
            put(tile, hashes);
            Ok(())
        });
    grown.expect("nothing fails");
    builder.partials().for_each(|(tile, hashes)| put(tile, hashes));
    let seal =
        state.seal(1_795_000_060_000, builder.size(), bytes.len() as u64, Hash::of(&bytes), builder.root());
    root.put(&seals(), first + &seal.to_string());
}

fn put_tile(root: &Scratch, tile: tlog::Tile, hashes: &[Hash]) {
    let path = root.path(SIDECAR).join(tile.to_string());
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, encode(hashes)).expect("a tile");
}

/// Signs what SEALS says now, with a key of his own.
pub(super) fn sign_with_another_key(root: &Scratch) {
    let state = state(root);
    for (file, text) in [("checkpoint", state.checkpoint().to_string()), ("chain", state.chain().to_string())]
    {
        let mut key = MemoryKey::new(state.origin.as_str(), &[7; 32]).expect("a key");
        let note = Note::sign(&text, &mut [&mut key]).expect("a note");
        root.put(&format!("{SIDECAR}/{file}"), note.to_string());
    }
}

/// A record by which the log goes on in a file of his.
pub(super) fn rotation(root: &Scratch) -> Record {
    let name = |name| FileName::new(name).expect("a name");
    state(root).rotation(1_795_000_120_000, name("decisions.jsonl"), name("mine.jsonl"))
}

/// A record by which his key takes over.
pub(super) fn key_change(root: &Scratch) -> Record {
    let state = state(root);
    let key = MemoryKey::new(state.origin.as_str(), &[7; 32]).expect("a key");
    state.key_change(1_795_000_120_000, key.vkey().clone())
}

pub(super) fn remove(path: &Path) {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
