//! SEALS: what the writer writes is accepted, every change of it is found, every rule has its error.

use proptest::prelude::*;
use tlog::note::Signer;
use tlog::seals::{Fault, Genesis, OldHead, Record, RecordError, SEALS_LINE_MAX, SealsError, State, Walk};
use tlog::{FileName, Hash, Origin, Vkey};

use crate::common::{ORIGIN, key};

fn vkey(first: u8) -> Vkey {
    key(ORIGIN, first).vkey().clone()
}

fn file(name: &str) -> FileName {
    FileName::new(name).unwrap()
}

fn origin(name: &str) -> Origin {
    Origin::new(name).unwrap()
}

fn genesis(restart: Option<OldHead>) -> Record {
    Record::Genesis(Genesis { origin: origin(ORIGIN), time_ms: 1_795_248_000_000, key: vkey(1), restart })
}

/// A walk that has taken the records that `next` makes of each state.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) text: String,
    walk: Walk,
}

impl Written {
    fn begin() -> Self {
        let mut written = Self::default();
        written.add(&genesis(None));
        written
    }

    fn add(&mut self, record: &Record) {
        let line = record.to_string();
        assert_eq!(self.walk.step(line.as_bytes()).as_ref(), Ok(record), "{line}");
        self.text += &line;
    }

    fn state(&self) -> &State {
        self.walk.state().unwrap()
    }

    fn seal(&mut self, lines: u64, bytes: u64) {
        let state = self.state();
        let (lines, bytes) = (state.lines + lines, state.bytes + bytes);
        let grown = bytes > state.bytes;
        let seg = if grown { Hash::of(&bytes.to_be_bytes()) } else { Hash::EMPTY };
        let root = if grown { Hash::of(&lines.to_be_bytes()) } else { state.root };
        self.add(&state.seal(5, lines, bytes, seg, root));
    }

    /// What is wrong with a line that the last seal's successor would be, changed by `change`.
    fn fault(&self, record: &Record, change: impl FnOnce(&mut Record)) -> Fault {
        let mut record = record.clone();
        change(&mut record);
        let before = self.walk.state().cloned();
        let mut walk = self.walk.clone();
        let SealsError { line, fault } = walk.step(record.to_string().as_bytes()).unwrap_err();
        assert_eq!(line, before.as_ref().map_or(1, |state| state.records + 1));
        assert_eq!(walk.state(), before.as_ref(), "an error changes nothing");
        fault
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&b| b == b'\n')
}

fn walk(text: &[u8]) -> Result<Option<State>, SealsError> {
    let mut walk = Walk::new();
    lines(text).try_for_each(|line| walk.step(line).map(drop))?;
    Ok(walk.state().cloned())
}

/// One of everything.
pub(crate) fn sample() -> Written {
    let mut written = Written::begin();
    written.seal(3, 60);
    written.seal(0, 0);
    written.add(&written.state().rotation(6, file("decisions-1.jsonl"), file("decisions.jsonl")));
    written.seal(1, 1);
    written.add(&written.state().key_change(7, vkey(2)));
    written.seal(10, 3000);
    written
}

#[test]
fn the_state_is_what_the_lines_say() {
    let mut written = sample();
    let state = written.state().clone();
    assert_eq!((state.records, state.seals, state.lines, state.bytes), (7, 4, 14, 3061));
    assert_eq!((state.file.as_ref().map(FileName::as_str), state.file_begin), (Some("decisions.jsonl"), 60));
    assert_eq!((&state.key, &state.outgoing, state.sealed_ms), (&vkey(2), &None, Some(5)));
    assert_eq!(state.head, Hash::of(lines(written.text.as_bytes()).last().unwrap()));
    assert_eq!(state.checkpoint().to_string(), format!("{ORIGIN}\n14\n{}\n", state.root.to_base64()));
    assert_eq!(state.chain().to_string(), format!("{ORIGIN}/seals\n7\n{}\n", state.head.to_base64()));
    assert_eq!(state.signers().collect::<Vec<_>>(), [&vkey(2)]);

    // Between a key change and the next seal both keys sign.
    written.add(&written.state().key_change(8, vkey(3)));
    assert_eq!(written.state().signers().collect::<Vec<_>>(), [&vkey(3), &vkey(2)]);

    // A walk that goes on from a known state says the same as one from the beginning.
    let mut resumed = Walk::resume(state);
    resumed.step(lines(written.text.as_bytes()).last().unwrap()).unwrap();
    assert_eq!(resumed.state(), written.walk.state());
    assert_eq!(walk(written.text.as_bytes()).unwrap().as_ref(), written.walk.state());
}

#[test]
fn a_restart_names_another_log() {
    let old = |name: &str, size, root| Some(OldHead { origin: origin(name), size, root });
    let mut written = Written::default();
    assert_eq!(written.fault(&genesis(old(ORIGIN, 1, Hash::of(b"x"))), |_| ()), Fault::SameOrigin);
    assert_eq!(written.fault(&genesis(old("old", 0, Hash::of(b"x"))), |_| ()), Fault::OldRoot);
    written.add(&genesis(old("old", 9, Hash::of(b"x"))));
    assert_eq!(written.state().restart, old("old", 9, Hash::of(b"x")));
    assert_eq!((written.state().lines, written.state().root), (0, Hash::EMPTY));
}

#[test]
fn the_first_line_and_only_it_is_a_genesis() {
    let sample = sample();
    assert_eq!(sample.fault(&genesis(None), |_| ()), Fault::SecondGenesis);
    for line in lines(sample.text.as_bytes()).skip(1) {
        assert_eq!(walk(line).unwrap_err(), SealsError { line: 1, fault: Fault::NoGenesis });
    }
    let foreign = Genesis { origin: origin("a"), time_ms: 0, key: vkey(1), restart: None };
    let fault = Written::default().fault(&Record::Genesis(foreign), |_| ());
    assert_eq!(fault, Fault::KeyName { expected: origin("a"), found: ORIGIN.into() });
}

#[test]
fn every_rule_of_a_seal_has_its_error() {
    let written = sample();
    let state = written.state();
    let next = state.seal(9, 20, 4000, Hash::of(b"seg"), Hash::of(b"root"));
    let fault = |change: fn(&mut tlog::seals::Seal)| {
        written.fault(&next, |record| {
            let Record::Seal(seal) = record else { panic!("a seal") };
            change(seal);
        })
    };
    let prev = Fault::Prev { expected: state.head, found: Hash::EMPTY };
    assert_eq!(fault(|seal| seal.prev = Hash::EMPTY), prev);
    assert_eq!(fault(|seal| seal.n = 4), Fault::Number { expected: 5, found: 4 });
    assert_eq!(fault(|seal| seal.n = 6), Fault::Number { expected: 5, found: 6 });
    assert_eq!(fault(|seal| seal.lines = 13), Fault::Shrunk { field: "lines", from: 14, to: 13 });
    assert_eq!(fault(|seal| seal.bytes = 0), Fault::Shrunk { field: "bytes", from: 3061, to: 0 });
    assert_eq!(fault(|seal| seal.bytes = 3061), Fault::LinesAndBytes { lines: 6, bytes: 0 });
    assert_eq!(fault(|seal| seal.lines = 14), Fault::LinesAndBytes { lines: 0, bytes: 939 });
    assert_eq!(fault(|seal| seal.bytes = 3066), Fault::LinesAndBytes { lines: 6, bytes: 5 });
    let still = |seal: &mut tlog::seals::Seal| (seal.lines, seal.bytes) = (14, 3061);
    let unchanged = |field, expected, found| Fault::Unchanged { field, expected, found };
    assert_eq!(
        written.fault(&next, |record| if let Record::Seal(seal) = record {
            still(seal);
        }),
        unchanged("seg", Hash::EMPTY, Hash::of(b"seg"))
    );
    assert_eq!(
        written.fault(&state.seal(9, 14, 3061, Hash::EMPTY, Hash::EMPTY), |_| ()),
        unchanged("root", state.root, Hash::EMPTY)
    );
}

#[test]
fn every_rule_of_rotation_and_key_change_has_its_error() {
    let written = sample();
    let state = written.state();
    let rotation = state.rotation(9, file("a"), file("b"));
    let at = Fault::RotationAt { expected: 3061, found: 3060 };
    let change = |record: &mut Record| {
        if let Record::Rotation(rotation) = record {
            rotation.bytes = 3060;
        }
    };
    assert_eq!(written.fault(&rotation, change), at);
    assert_eq!(written.fault(&state.rotation(9, file("a"), file("a")), |_| ()), Fault::SameFile);

    assert_eq!(written.fault(&state.key_change(9, vkey(2)), |_| ()), Fault::SameKey);
    let foreign = state.key_change(9, key("other", 3).vkey().clone());
    let name = Fault::KeyName { expected: origin(ORIGIN), found: "other".into() };
    assert_eq!(written.fault(&foreign, |_| ()), name);
    let mut changed = sample();
    changed.add(&changed.state().key_change(9, vkey(3)));
    assert_eq!(changed.fault(&changed.state().key_change(9, vkey(4)), |_| ()), Fault::KeyChangedTwice);
    changed.seal(0, 0);
    changed.add(&changed.state().key_change(9, vkey(4)));
}

#[test]
fn a_line_has_one_spelling() {
    let sample = sample();
    let (g1, s1) = sample.text.split_once('\n').unwrap();
    let s1 = s1.lines().next().unwrap();
    let f1 = format!("f1 6 a 60 b {}", Hash::EMPTY);
    let (fields, field) = (
        |kind, expected| RecordError::Fields { kind, expected },
        |field, expected| RecordError::Field { field, expected },
    );
    let number = "a decimal number without leading zeros, at most 2^63-1";
    let cases = [
        (String::new(), RecordError::NotALine),
        (s1.into(), RecordError::NotALine),
        (format!("{s1}\n\n"), RecordError::NotALine),
        (format!("{s1}\n{s1}\n"), RecordError::NotALine),
        ("\n".into(), RecordError::Kind),
        (format!("{s1}\r\n"), RecordError::NotAscii(s1.len())),
        (format!("é{s1}\n"), RecordError::NotAscii(0)),
        (format!("{}\n", s1.replace(' ', "\t")), RecordError::NotAscii(2)),
        (format!("{s1} {}\n", "x".repeat(SEALS_LINE_MAX - s1.len() - 1)), RecordError::TooLong),
        (format!("{s1} {}\n", "x".repeat(SEALS_LINE_MAX - s1.len() - 2)), fields("s1", "8")),
        (format!(" {s1}\n"), RecordError::Kind),
        (format!("{s1} \n"), fields("s1", "8")),
        (format!("{}\n", s1.replacen(' ', "  ", 1)), fields("s1", "8")),
        (format!("{}\n", s1.replacen("s1", "S1", 1)), RecordError::Kind),
        (format!("{}\n", s1.replacen("s1", "s2", 1)), RecordError::Kind),
        (format!("{}\n", s1.replacen("s1 1", "s1 01", 1)), field("n", number)),
        (format!("{}\n", s1.replacen("s1 1", "s1 +1", 1)), field("n", number)),
        (format!("{}\n", s1.to_uppercase().replacen("S1", "s1", 1)), field("seg", "64 lowercase hex digits")),
        (format!("{s1}0\n"), field("prev", "64 lowercase hex digits")),
        (format!("{g1} old\n"), fields("g1", "4 or 7")),
        (format!("{g1} old 1 {} x\n", Hash::EMPTY), fields("g1", "4 or 7")),
        (format!("{g1} old -1 {}\n", Hash::EMPTY), field("size", number)),
        (format!("{g1} a/seals 1 {}\n", Hash::EMPTY), field("old-origin", "an origin")),
        ("g1\n".into(), fields("g1", "4 or 7")),
        ("g1 a 0 b\n".into(), field("vkey", "an Ed25519 verifier key")),
        (format!("{}\n", f1.replacen(" a ", " ../a ", 1)), field("closed-file", "a plain file name")),
        (format!("{}\n", f1.replacen(" b ", " .. ", 1)), field("new-file", "a plain file name")),
        (format!("{f1} x\n"), fields("f1", "6")),
        ("k1 1\n".into(), fields("k1", "4")),
    ];
    for (line, error) in cases {
        assert_eq!(Record::parse(line.as_bytes()), Err(error), "{line:?}");
    }
}

#[test]
fn errors_say_line_and_expectation() {
    let text = sample().text.replacen("s1 2 5 3 60", "s1 2 5 3 61", 1);
    assert_eq!(
        walk(text.as_bytes()).unwrap_err().to_string(),
        "line 3 of SEALS: 0 more lines cannot be 1 more bytes"
    );
    let text = sample().text.replacen("s1 2 5 3 60", "s1 2 6 3 60", 1);
    let error = walk(text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("line 4 of SEALS: prev is ") && error.contains(" but the line before has "));
}

#[test]
fn a_walk_goes_on_behind_a_faulty_line() {
    // A seal is cut out and a key change made unreadable: both found in one walk, with the lines that they unsettle.
    let text = sample().text;
    let mut damaged: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
    damaged.remove(2);
    damaged[4] = damaged[4].replacen("k1", "k2", 1);
    let (mut walk, mut faults) = (Walk::new(), Vec::new());
    for line in &damaged {
        if let Err(SealsError { line: number, fault }) = walk.step(line.as_bytes()) {
            faults.push((number, fault.to_string().split(' ').next().unwrap().to_owned()));
            walk.pass_over(line.as_bytes());
        }
    }
    let faults: Vec<_> = faults.iter().map(|(line, word)| (*line, word.as_str())).collect();
    assert_eq!(faults, [(3, "prev"), (4, "n"), (5, "not"), (6, "prev")]);
    assert_eq!(walk.state().map(|state| (state.records, state.lines)), Some((6, 14)));

    // Without a first line nothing that follows stands on anything.
    let mut headless = Walk::new();
    headless.pass_over(b"garbage\n");
    let error = headless.step(genesis(None).to_string().as_bytes()).unwrap_err();
    assert_eq!(error, SealsError { line: 2, fault: Fault::NoGenesis });
}

proptest! {
    #[test]
    fn what_is_written_is_accepted_and_every_change_found(
        steps in prop::collection::vec((0..5_u8, 1..4_u64, 0..500_u64), 0..12),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut written = Written::begin();
        for (kind, lines, more) in steps {
            match kind {
                0 => written.add(&written.state().rotation(more, file("closed"), file("new"))),
                1 if written.state().outgoing.is_none() => {
                    let first = if *written.state().key.public() == *vkey(1).public() { 2 } else { 1 };
                    written.add(&written.state().key_change(more, vkey(first)));
                }
                2 => written.seal(0, 0),
                _ => written.seal(lines, lines + more),
            }
        }
        let text = written.text.as_bytes();
        let state = walk(text).unwrap();
        prop_assert_eq!(state.as_ref(), Some(written.state()));
        let mut changed = text.to_vec();
        let at = at.index(text.len());
        prop_assume!(changed[at] != to);
        changed[at] = to;
        // Only the last line can be changed within the rules, and then the head is not the signed one.
        match walk(&changed) {
            Ok(state) => {
                prop_assert_ne!(state.unwrap().chain(), written.state().chain());
                prop_assert!(at + 1 >= text.len() - lines(text).last().unwrap().len());
            }
            Err(error) => prop_assert!(error.line <= written.state().records + 1),
        }
    }

    #[test]
    fn any_bytes_are_walked_without_panic(
        noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..6),
        order in prop::collection::vec(0..12_usize, 0..12),
    ) {
        let sample = sample();
        let mut pieces: Vec<&[u8]> = lines(sample.text.as_bytes()).collect();
        pieces.extend(noise.iter().map(Vec::as_slice));
        let mut walk = Walk::new();
        for (i, piece) in order.iter().filter_map(|i| pieces.get(*i)).enumerate() {
            if let Err(error) = walk.step(piece) {
                prop_assert_eq!(error.line, i as u64 + 1);
                walk.pass_over(piece);
            }
        }
    }

    #[test]
    fn a_parsed_line_is_written_the_same(line in "[gsfk]1( [0-9a-z.+/]{1,8}){1,7}\n") {
        if let Ok(record) = Record::parse(line.as_bytes()) {
            prop_assert_eq!(record.to_string(), line);
        }
    }
}
