//! Every line of logs with every kind of record is proven, from a handful of files; what was changed is not.

use holdfast::sys::{ReadAt, ReadError};
use tlog::ProofFile;

use super::{ProveError, Proven, Source};
use crate::place::Place;
use crate::scribe::{LOG, Scribe, lines};
use crate::sidecar::Sidecar;

const ORIGIN: &str = "example.com/bot/decisions";

/// A log that was rotated twice and whose key was changed, with an empty line and one that is longer than a piece.
fn busy() -> Scribe {
    let mut scribe = Scribe::new(ORIGIN, 1);
    scribe.seal(&lines(0..10));
    scribe.seal(&lines(10..300));
    scribe.rotate("2026-10.jsonl");
    scribe.seal("");
    scribe.change_key(2);
    scribe.seal(&format!("\n{}\n", "y".repeat(700_000)));
    scribe.seal(&lines(302..303));
    scribe.rotate("2026-11.jsonl");
    for from in 303..420 {
        scribe.seal(&lines(from..from + 1));
    }
    scribe
}

fn source(place: &dyn Place) -> Source<'_> {
    Source { sidecar: Sidecar::new(place, LOG), shown: LOG.to_owned(), pack: None }
}

fn prove(place: &dyn Place, line: u64) -> Result<Proven, ProveError> {
    source(place).prove(line)
}

fn bytes(scribe: &Scribe, proven: &Proven) -> Vec<u8> {
    let range = proven.spot.bytes.start as usize..proven.spot.bytes.end as usize;
    scribe.files[&proven.spot.file][range].to_vec()
}

#[test]
fn every_line_of_every_file_is_proven_by_its_own_bytes() {
    let scribe = busy();
    let whole: Vec<u8> =
        ["2026-10.jsonl", "2026-11.jsonl", LOG].iter().flat_map(|file| scribe.files[*file].clone()).collect();
    let expected: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(expected.len(), 420);
    for (line, text) in (1..).zip(expected) {
        let proven = prove(&scribe, line).unwrap_or_else(|error| panic!("line {line}: {error}"));
        assert_eq!(bytes(&scribe, &proven), text, "line {line}");
        assert_eq!((proven.file.index(), proven.file.checkpoint().size()), (line - 1, 420));
        // Read again as somebody else does.
        let file = ProofFile::parse(proven.file.to_string().as_bytes()).expect("a proof");
        assert_eq!(file.verify(tlog::Hash::leaf(text)), Ok(()));
        assert_eq!(file.signed_by(&scribe.vkey()), Ok(()));
        assert_eq!(proven.key, scribe.vkey(), "the key in force, not the first one");
    }
    assert!(matches!(prove(&scribe, 421), Err(ProveError::NoLine { signed: 420, .. })));
}

#[test]
fn either_key_counts_between_a_change_and_the_next_seal() {
    let mut scribe = Scribe::new(ORIGIN, 1);
    scribe.seal(&lines(0..3));
    let first = scribe.vkey();
    scribe.change_key(2);
    let proven = prove(&scribe, 2).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(proven.file.signed_by(&first), Ok(()));
    assert_eq!(proven.file.signed_by(&scribe.vkey()), Ok(()));
}

#[test]
fn what_was_changed_is_not_proven() {
    type Change = fn(&mut Scribe);
    let cases: [(&str, u64, Change, &str); 10] = [
        (
            "the line",
            305,
            |s| s.files.get_mut(LOG).expect("a log")[40] ^= 1,
            "line 305 is not there with the bytes",
        ),
        (
            "a closed file",
            5,
            |s| _ = s.files.remove("2026-10.jsonl"),
            "line 5 is not there with the bytes that were sealed",
        ),
        (
            "a line before it is gone",
            305,
            |s| _ = s.files.get_mut(LOG).expect("a log").drain(..10),
            "line 305 is not there",
        ),
        ("a tile", 5, |s| s.sidecar_file("tile/0/000")[40] ^= 1, "the tile above names"),
        ("an edge", 400, |s| s.sidecar_file("tile/0/001.p/164")[40] ^= 1, "have the root"),
        ("a tile is gone", 5, |s| _ = s.files.remove("decisions.jsonl.audit/tile/0/000"), "missing"),
        (
            "the checkpoint is gone",
            5,
            |s| _ = s.files.remove("decisions.jsonl.audit/checkpoint"),
            "its checkpoint is missing",
        ),
        (
            "the chain note for it",
            1,
            |s| *s.sidecar_file("checkpoint") = s.files["decisions.jsonl.audit/chain"].clone(),
            "the checkpoint is of example.com/bot/decisions/seals",
        ),
        (
            "the signature",
            5,
            |s| {
                let note = String::from_utf8(s.sidecar_file("checkpoint").clone()).expect("text");
                *s.sidecar_file("checkpoint") = note.replacen("\n420\n", "\n419\n", 1).into_bytes();
            },
            "signature",
        ),
        ("the genesis", 5, |s| s.sidecar_file("SEALS")[0] = b'x', "not a record"),
    ];
    for (what, line, change, says) in cases {
        let mut scribe = busy();
        prove(&scribe, line).unwrap_or_else(|error| panic!("{what}: {error}"));
        change(&mut scribe);
        let error = prove(&scribe, line).err().unwrap_or_else(|| panic!("{what}: it is still proven"));
        assert!(matches!(error, ProveError::Damaged { .. }), "{what}: {error}");
        assert!(error.to_string().contains(says), "{what}: {error}");
    }
    let mut scribe = busy();
    scribe.files.remove("decisions.jsonl.audit/SEALS");
    assert!(matches!(prove(&scribe, 1), Err(ProveError::NotSealed(_))));
}

/// How many tiles were opened, and how many bytes were read of whatever.
#[derive(Default)]
struct Tally(std::sync::Mutex<(u64, u64)>);

struct CountingPlace<'a>(&'a Scribe, Tally);

impl Place for CountingPlace<'_> {
    fn below(&self, _dir: &str, _most: usize) -> Result<Vec<String>, ReadError> {
        Ok(Vec::new())
    }

    fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError> {
        let Some(bytes) = self.0.files.get(name) else { return Ok(None) };
        self.1.0.lock().expect("a lock").0 += u64::from(name.contains("/tile/"));
        Ok(Some(Box::new(CountingFile(bytes, &self.1))))
    }

    fn shown(&self, name: &str) -> String {
        name.to_owned()
    }
}

struct CountingFile<'a>(&'a [u8], &'a Tally);

impl ReadAt for CountingFile<'_> {
    fn size(&self) -> std::io::Result<u64> {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read_at(offset, buf)?;
        self.1.0.lock().expect("a lock").1 += read as u64;
        Ok(read)
    }
}

#[test]
fn a_long_log_is_not_read() {
    let mut scribe = Scribe::new(ORIGIN, 1);
    for from in 0..1000 {
        scribe.seal(&lines(from * 300..from * 300 + 300));
    }
    let log = scribe.files[LOG].len() as u64;
    for line in [1, 2, 255, 256, 257, 65_536, 65_537, 150_000, 299_999, 300_000] {
        let place = CountingPlace(&scribe, Tally::default());
        let proven = prove(&place, line).unwrap_or_else(|error| panic!("line {line}: {error}"));
        assert_eq!(proven.file.index(), line - 1);
        let (tiles, bytes) = *place.1.0.lock().expect("a lock");
        // Of each of the three levels the edge, and at most two full tiles on the way.
        assert!(tiles <= 9, "line {line}: {tiles} tiles");
        assert!(bytes < log / 20, "line {line}: {bytes} bytes were read of {log}");
    }
}

/// A sealer replaces checkpoint and tiles between two looks.
#[test]
fn a_sealer_at_work_only_means_another_try() {
    struct Racing<'a> {
        before: &'a Scribe,
        after: &'a Scribe,
        looks: std::sync::Mutex<u32>,
    }
    impl Place for Racing<'_> {
        fn below(&self, _dir: &str, _most: usize) -> Result<Vec<String>, ReadError> {
            Ok(Vec::new())
        }

        fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError> {
            let mut looks = self.looks.lock().expect("a lock");
            *looks += 1;
            // The checkpoint is the first thing that is looked at.
            if *looks == 1 { self.before.open(name) } else { self.after.open(name) }
        }

        fn shown(&self, name: &str) -> String {
            name.to_owned()
        }
    }
    let mut before = Scribe::new(ORIGIN, 1);
    before.seal(&lines(0..100));
    let mut after = before.clone();
    after.seal(&lines(100..150));
    let place = Racing { before: &before, after: &after, looks: 0.into() };
    let proven = prove(&place, 7).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(proven.file.checkpoint().size(), 150);
}
