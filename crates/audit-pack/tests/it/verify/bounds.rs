//! Packs in the form of ours with content that is meant to cost: time, memory, or an answer without end.

use std::fs;
use std::io::BufWriter;

use bag::{Mode, Payload, Recipe};
use tlog::note::MemoryKey;
use tlog::seals::Walk;
use tlog::{Note, Signer as _};

use super::hostile::Desk;
use crate::hostile_tars::member;

const ARMOUR: &str = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";
const LOG: &str = "data/log/d.jsonl";

/// Writes `x.tar` with these files; the signature is none.
fn pack(desk: &Desk, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
    let files = files.into_iter().map(|(path, bytes)| Payload::of_bytes(path, Mode::Plain, bytes));
    let recipe = Recipe { name: "x", mtime: 0, info: &[], guide: "" };
    let mut out = BufWriter::new(fs::File::create(desk.here().join("x.tar")).unwrap());
    bag::write(&mut out, &recipe, files.collect(), |_| Ok(ARMOUR.to_owned())).unwrap();
}

/// A log whose SEALS has these records, each of the fields before `prev`, and which the enemy's own key has signed.
fn sealed(log: &str, records: impl IntoIterator<Item = String>) -> Vec<(String, Vec<u8>)> {
    let mut key = MemoryKey::new("example.com/d", &[1; 32]).unwrap();
    let mut last = format!("g1 example.com/d 1 {}\n", key.vkey());
    let (mut seals, mut walk) = (last.clone(), Walk::new());
    walk.step(last.as_bytes()).unwrap();
    for record in records {
        last = format!("{record} {}\n", bag::Digest::of(last.as_bytes()));
        seals.push_str(&last);
        walk.step(last.as_bytes()).unwrap();
    }
    let state = walk.state().unwrap();
    let mut signed = |text: String| Note::sign(&text, &mut [&mut key]).unwrap().to_string().into_bytes();
    vec![
        (LOG.to_owned(), log.as_bytes().to_vec()),
        (format!("{LOG}.audit/SEALS"), seals.into_bytes()),
        (format!("{LOG}.audit/chain"), signed(state.chain().to_string())),
        (format!("{LOG}.audit/checkpoint"), signed(state.checkpoint().to_string())),
    ]
}

/// Whatever it claims, the verdict comes in time. `--json` has all that is listed.
#[track_caller]
fn is_told(desk: &Desk, story: &str, says: &str) {
    for arguments in [&[][..], &["--json"]] {
        let ran = desk.verify(arguments, story).ends(1);
        assert!(ran.out.len() < 4 << 20, "{story}: an answer of {} bytes", ran.out.len());
        assert!(ran.out.contains(says), "{story}: {:.3000}", ran.out);
    }
}

#[test]
fn seals_of_more_than_there_is_do_not_keep_it_busy() {
    const MOST: u64 = i64::MAX as u64;
    let zeros = "0".repeat(64);
    let desk = Desk::new();
    for log in ["", "{\"n\":1}\n", "{\"n\":1}\n{\"n\":2}\nx"] {
        let lines = format!("s1 1 2 {MOST} {MOST} {zeros} {zeros}");
        pack(&desk, sealed(log, [lines]));
        is_told(&desk, &format!("a seal of {MOST} lines over {log:?}"), "d.jsonl");
        let many = format!("s1 1 2 1 {MOST} {zeros} {zeros}");
        pack(&desk, sealed(log, [many]));
        is_told(&desk, &format!("a seal of {MOST} bytes over {log:?}"), "d.jsonl");
    }
    // With a tile, whose line is sought among all that are said to be sealed.
    let mut files = sealed("{\"n\":1}\n{\"n\":2}\n", [format!("s1 1 2 {MOST} {MOST} {zeros} {zeros}")]);
    files.push((format!("{LOG}.audit/tile/0/000"), vec![1; 8192]));
    pack(&desk, files);
    is_told(&desk, "a tile of a log without end", "d.jsonl");
}

#[test]
fn seals_without_end_are_told_in_bounded_memory() {
    let desk = Desk::new();
    pack(&desk, [(LOG.to_owned(), Vec::new()), (format!("{LOG}.audit/SEALS"), vec![b'x'; 200 << 20])]);
    is_told(&desk, "a line without end", "SEALS");
    pack(&desk, [(LOG.to_owned(), Vec::new()), (format!("{LOG}.audit/SEALS"), b"x\n".repeat(8 << 20))]);
    is_told(&desk, "millions of lines that are none", "SEALS");
    let rotations = (0..200_000).map(|n| format!("f1 1 a{n} 0 b{n}"));
    pack(&desk, sealed("", rotations));
    is_told(&desk, "a log that was rotated again and again", "d.jsonl");
    let empty = bag::Digest::of(b"");
    let seals = (1..=200_000).map(|n| format!("s1 {n} 1 0 0 {empty} {empty}"));
    pack(&desk, sealed("", seals));
    is_told(&desk, "seals of nothing", "d.jsonl");
}

#[test]
fn logs_without_number_are_told_in_bounded_memory() {
    let desk = Desk::new();
    pack(&desk, (0..60_000).map(|n| (format!("data/log/{n:05}.audit/SEALS"), b"x\n".to_vec())));
    is_told(&desk, "60,000 logs with bad seals", "SEALS");
    let genesis = sealed("", []).swap_remove(1).1;
    pack(&desk, (0..60_000).map(|n| (format!("data/log/{n:05}.audit/SEALS"), genesis.clone())));
    is_told(&desk, "60,000 logs that were begun", "there are more than 1000 logs");
}

#[test]
fn manifests_without_end_are_told_in_bounded_memory() {
    const MOST: usize = 16 << 20;
    let desk = Desk::new();
    let mut names = Vec::new();
    while names.len() < MOST - 100 {
        names.extend_from_slice(format!("{}  data/{:09}\n", "ab".repeat(32), names.len()).as_bytes());
    }
    for (manifest, says) in [
        (vec![b'\n'; MOST], "has a bad line 1: it is not 64 lowercase hex digits"),
        (vec![0xff; MOST], "has a bad line 1: it has no newline"),
        (names, "is missing"),
    ] {
        let tar =
            [member("x/data/x", b""), member("x/manifest-sha256.txt", &manifest), vec![0; 1024]].concat();
        fs::write(desk.here().join("x.tar"), tar).unwrap();
        is_told(&desk, says, says);
    }
}

#[test]
fn facts_without_end_are_told_in_bounded_memory() {
    let desk = Desk::new();
    let fact = "{\"source\":\"\",\"why\":\"\"},".repeat(330_000);
    let facts = |list: &str| {
        format!(
            "{{\"v\":1,\"program\":\"\",\"version\":\"\",\"host\":\"\",\"system\":\"\",\"clock_synchronised\":null,\
             \"programs\":[],\"watchdog\":{{\"packed\":\"\"}},\"not_packed\":[{list}]}}"
        )
    };
    for (text, says) in [
        (facts(fact.trim_end_matches(',')), "sealed log"),
        ("[".repeat(7 << 20), "sealed log"),
        (format!("\"{}\"", "x".repeat(7 << 20)), "sealed log"),
        (" ".repeat(9 << 20), "bytes long"),
        (facts(&format!("{{\"source\":\"{}\",\"why\":\"\"}}", "x".repeat(7 << 20))), "sealed log"),
    ] {
        pack(&desk, [("data/host/facts.json".to_owned(), text.clone().into_bytes())]);
        is_told(&desk, &format!("{text:.60}"), says);
    }
}
