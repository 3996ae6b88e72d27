//! The worked example of `audit/FORMAT.md`, recomputed from its own inputs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use tlog::note::{MemoryKey, Signer};
use tlog::proof::{consistency, inclusion, verify_consistency, verify_inclusion};
use tlog::seals::{Genesis, Record, State, Walk};
use tlog::tile::TileReader;
use tlog::{FileName, Hash, Note, Origin, ProofFile};

use crate::common::{ORIGIN, Store, mth};
use crate::vectors::{audit, committed};

const CLOSED: &str = "decisions-2026-10.jsonl";
const CURRENT: &str = "decisions.jsonl";
const TIME_MS: u64 = 1_795_248_000_000;

/// The fenced blocks of the text by their names; those in the language of a shell are numbered.
fn blocks(text: &str) -> BTreeMap<String, &str> {
    let mut found = BTreeMap::new();
    let (mut rest, mut shells) = (text, 0);
    while let Some((_, block)) = rest.split_once("\n```") {
        let (name, block) = block.split_once('\n').unwrap();
        let (body, after) = block.split_once("```").unwrap();
        if name == "sh" {
            shells += 1;
        }
        let name = name.strip_prefix("text ").map_or_else(|| format!("{name} {shells}"), str::to_owned);
        assert!(found.insert(name, body).is_none(), "two blocks of one name");
        rest = after;
    }
    found
}

struct Example {
    keys: Vec<MemoryKey>,
    lines: Vec<Vec<u8>>,
    leaves: Vec<Hash>,
    walk: Walk,
    seals: String,
}

impl Example {
    fn of(blocks: &BTreeMap<String, &str>) -> Self {
        let seeds = blocks["keys"].lines().step_by(2);
        let seed = |hex: &str| *Hash::from_hex(hex).expect("a seed").as_bytes();
        let keys = seeds.map(|hex| MemoryKey::new(ORIGIN, &seed(hex)).unwrap()).collect();
        let log = [blocks[CLOSED], blocks[CURRENT]].concat();
        let lines: Vec<Vec<u8>> = log.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
        let leaves = lines.iter().map(|line| Hash::leaf(line)).collect();
        let mut example = Self { keys, lines, leaves, walk: Walk::new(), seals: String::new() };
        example.write_seals();
        example
    }

    fn add(&mut self, record: &Record) {
        self.seals += &record.to_string();
        self.walk.step(record.to_string().as_bytes()).unwrap();
    }

    fn state(&self) -> &State {
        self.walk.state().unwrap()
    }

    /// The seal at so many lines, from the bytes of the log.
    fn seal(&self, time_ms: u64, lines: usize) -> Record {
        let state = self.state();
        let (log, bytes) = (self.lines.concat(), self.lines[..lines].concat().len());
        let seg = Hash::of(&log[state.bytes as usize..bytes]);
        state.seal(time_ms, lines as u64, bytes as u64, seg, mth(&self.leaves[..lines]))
    }

    fn write_seals(&mut self) {
        let (first, second) = (self.keys[0].vkey().clone(), self.keys[1].vkey().clone());
        let origin = Origin::new(ORIGIN).unwrap();
        self.add(&Record::Genesis(Genesis { origin, time_ms: TIME_MS, key: first, restart: None }));
        self.add(&self.seal(TIME_MS + 60_000, 3));
        let (closed, new) = (FileName::new(CLOSED).unwrap(), FileName::new(CURRENT).unwrap());
        self.add(&self.state().rotation(TIME_MS + 120_000, closed, new));
        self.add(&self.seal(TIME_MS + 180_000, 5));
        self.add(&self.state().key_change(TIME_MS + 240_000, second));
    }

    fn notes(&mut self) -> (String, String) {
        let state = self.walk.state().unwrap().clone();
        let [first, second] = &mut self.keys[..] else { panic!("two keys") };
        assert_eq!(state.signers().collect::<Vec<_>>(), [second.vkey(), first.vkey()]);
        let mut sign = |text: String| Note::sign(&text, &mut [second, first]).unwrap().to_string();
        (sign(state.checkpoint().to_string()), sign(state.chain().to_string()))
    }

    fn proofs(&self) -> (Vec<Hash>, Vec<Hash>) {
        let (old_root, root) = (mth(&self.leaves[..3]), mth(&self.leaves));
        let reader = TileReader::verified(Store::of(&self.leaves), 5, root).unwrap();
        let (included, extended) = (inclusion(&reader, 1, 5).unwrap(), consistency(&reader, 3, 5).unwrap());
        verify_inclusion(&included, 1, self.leaves[1], 5, root).unwrap();
        verify_consistency(&extended, 3, old_root, 5, root).unwrap();
        (included, extended)
    }

    /// Every block that follows from others.
    fn computed(&mut self) -> BTreeMap<&'static str, String> {
        let lines =
            |hashes: &[Hash]| hashes.iter().fold(String::new(), |text, hash| text + &format!("{hash}\n"));
        let mut keys = String::new();
        for (key, first) in self.keys.iter().zip(["01", "02"]) {
            write!(keys, "{}\n{}\n", first.repeat(32), key.vkey()).unwrap();
        }
        let nodes = [&self.leaves[..2], &self.leaves[2..4], &self.leaves[..4], &self.leaves].map(mth);
        let ((checkpoint, chain), (included, extended)) = (self.notes(), self.proofs());
        let note = Note::parse(checkpoint.as_bytes()).unwrap();
        let file = ProofFile::new(1, included.clone(), note).unwrap();
        file.verify(self.leaves[1]).unwrap();
        self.keys.iter().for_each(|key| file.signed_by(key.vkey()).unwrap());
        BTreeMap::from([
            ("keys", keys),
            ("leaves", lines(&self.leaves)),
            ("nodes", lines(&nodes)),
            ("SEALS", self.seals.clone()),
            ("checkpoint", checkpoint),
            ("chain", chain),
            ("inclusion", lines(&included)),
            ("tlog-proof", file.to_string()),
            ("consistency", lines(&extended)),
        ])
    }
}

#[test]
fn the_worked_example_follows_from_its_inputs() {
    let text = std::fs::read_to_string(audit("FORMAT.md")).unwrap();
    let mut example = Example::of(&blocks(&text));
    let mut now = text.clone();
    for (name, body) in example.computed() {
        let (head, rest) = now.split_once(&format!("```text {name}\n")).unwrap();
        let (_, rest) = rest.split_once("```").unwrap();
        now = format!("{head}```text {name}\n{body}```{rest}");
    }
    committed("FORMAT.md", &now);
}

#[test]
fn the_shell_lines_of_the_example_say_the_same() {
    let text = std::fs::read_to_string(audit("FORMAT.md")).unwrap();
    let blocks = blocks(&text);
    let example = Example::of(&blocks);
    let dir = tempfile::tempdir().unwrap();
    for name in [CLOSED, CURRENT, "SEALS"] {
        std::fs::write(dir.path().join(name), blocks[name]).unwrap();
    }
    let run = |name: &str| {
        let output =
            Command::new("sh").arg("-ec").arg(blocks[name]).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let hashes = |name| run(name).lines().map(|line| line[..64].to_owned()).collect::<Vec<_>>();
    assert_eq!(hashes("sh 1"), [example.leaves[1].to_string()]);
    let second = blocks["SEALS"].split_inclusive('\n').nth(1).unwrap();
    let Ok(Record::Seal(seal)) = Record::parse(second.as_bytes()) else { panic!("line 2 is a seal") };
    assert_eq!(hashes("sh 2"), [example.state().head.to_string(), seal.seg.to_string()]);
}
