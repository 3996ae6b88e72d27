//! Logs of every kind, right and wrong, in packs whose signatures are right.

use super::lands::Lands;
use super::log::{Log, rich, side};
use crate::world::World;

/// What the auditor knows: both keys.
pub(super) fn allow(world: &World) {
    let lines = ["key.pub", "key2.pub"].map(|name| format!("desk@example.com {}", world.read(name)));
    world.write("allowed_signers", &lines.concat());
}

/// A note without one of its signatures.
fn unsign(log: &mut Log, note: &str, line: usize) {
    let text = String::from_utf8(log.files[&side(note)].clone()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (left, right) = (&lines[..4 + line], &lines[5 + line..]);
    assert_eq!(lines.len(), 6, "two signatures: {text}");
    log.files.insert(side(note), [left, right].concat().concat().into_bytes());
}

/// What is done to the log, which key signs the pack, what audit-pack says, what the script says, and in which words.
struct Case {
    make: fn(&mut Log),
    by: &'static str,
    codes: (i32, i32),
    says: &'static str,
}

const fn same(make: fn(&mut Log), code: i32, says: &'static str) -> Case {
    Case { make, by: "key2", codes: (code, code), says }
}

fn seals(log: &mut Log) -> &mut Vec<u8> {
    log.files.get_mut(&side("SEALS")).unwrap()
}

const CASES: [Case; 37] = [
    same(|_| (), 0, "RESTARTED: it took the place of example.com/old at 9 lines, and that log is here"),
    same(|log| log.files.retain(|name, _| !name.starts_with("old.")), 1, "and that log is not here"),
    same(|log| log.edit("old.jsonl", "1}", "2}"), 1, "and that log is not here"),
    same(|log| log.edit("old.jsonl.audit/SEALS", " 9 90 ", " 8 90 "), 1, "and that log is not here"),
    same(|log| _ = log.seal(), 0, "seals: 7, lines: 7, bytes: 49"),
    Case { make: |_| (), by: "key", codes: (5, 5), says: "d.jsonl: is signed by another key than the pack" },
    // The last line changes the key, so both must sign; the pack is by the new one, and the old log by the one before.
    Case {
        make: |log| _ = log.change_key(),
        by: "key",
        codes: (5, 5),
        says: "line 11 of SEALS changes the key",
    },
    same(|log| log.edit("d-1.jsonl", ":2", ":3"), 1, "seal 1: bytes 0 to 16 are not what was sealed"),
    same(|log| log.edit("d-2.jsonl", ":6", ":7"), 1, "seal 5: bytes 25 to 41 are not what was sealed"),
    same(|log| log.edit("d.jsonl", ":7", ":8"), 1, "seal 6: bytes 41 to 49 are not what was sealed"),
    same(
        |log| log.edit("d-1.jsonl", "\n\n", "\n\n\n"),
        1,
        "d-1.jsonl: bytes stand behind the last sealed one",
    ),
    same(|log| log.edit("d.jsonl", "}\n", "}\nx"), 1, "d.jsonl: bytes stand behind the last sealed one"),
    same(|log| log.edit("d-2.jsonl", "{\"n\":6}\n", ""), 1, "d-2.jsonl: was cut"),
    same(|log| drop(log.files.remove("d-1.jsonl")), 1, "d-1.jsonl: is missing, and 17 bytes"),
    same(|log| drop(log.files.remove("d.jsonl")), 1, "d.jsonl: is missing, and 49 bytes"),
    same(|log| drop(log.files.remove(&side("chain"))), 1, "chain: is missing"),
    same(|log| drop(log.files.remove(&side("checkpoint"))), 1, "checkpoint: is missing"),
    same(|log| log.edit(&side("chain"), "\n10\n", "\n11\n"), 1, "11 lines of it were signed, and it has 10"),
    same(|log| log.edit(&side("chain"), "/seals", "/sealz"), 1, "chain: is of another log"),
    same(|log| log.edit(&side("checkpoint"), "\n7\n", "\n6\n"), 1, "checkpoint: another root was signed"),
    same(
        |log| log.edit(&side("checkpoint"), "example.com", "example.org"),
        1,
        "checkpoint: is of another log",
    ),
    same(
        |log| log.edit(&side("checkpoint"), "/decisions ", "/decision "),
        1,
        "checkpoint: its key has not signed it",
    ),
    same(|log| log.edit(&side("SEALS"), "s1 5 ", "s1 6 "), 1, "SEALS: line 8: its number is not"),
    same(
        |log| log.edit(&side("SEALS"), "s1 5 1795000060000", "s1 5 1795000060001"),
        1,
        "SEALS: line 9: the line before",
    ),
    same(
        |log| log.edit(&side("SEALS"), "s1 6 1795000060000", "s1 6 1795000060001"),
        1,
        "SEALS: line 10: another one was signed",
    ),
    same(|log| seals(log).extend_from_slice(b"s1 7 torn"), 0, "bytes behind its last line are no record"),
    same(|log| seals(log).extend_from_slice(b"x\n"), 1, "SEALS: line 11: it begins with neither"),
    same(|log| seals(log).clear(), 1, "SEALS: line 1: there is no whole line"),
    // After a crash a note may be older; the chain must be over all lines in a pack.
    same(
        |log| {
            let old = log.files[&side("checkpoint")].clone();
            log.write("{}\n").seal();
            log.files.insert(side("checkpoint"), old);
        },
        0,
        "its checkpoint is over 7 lines, as a crash may leave it",
    ),
    same(
        |log| {
            let old = log.files[&side("chain")].clone();
            log.write("{}\n").seal();
            log.files.insert(side("chain"), old);
        },
        1,
        "10 lines of it were signed, and it has 11",
    ),
    same(
        |log| {
            log.seal();
            let note = log.files.get_mut(&side("chain")).unwrap();
            let last = note.len() - 6;
            note[last] ^= 1;
        },
        1,
        "chain",
    ),
    // What the script cannot see: the tree.
    Case {
        make: |log| drop(log.files.remove(&side("tile/0/000.p/7"))),
        by: "key2",
        codes: (1, 0),
        says: "NOT CHECKED the trees",
    },
    same(
        |log| drop(log.files.remove(&side("keys/00000000000000000007"))),
        1,
        "keys/00000000000000000007: is missing",
    ),
    same(
        |log| {
            let other = log.files[&side("chain")].clone();
            log.files.insert(side("keys/00000000000000000007"), other);
        },
        1,
        "FORKED: what was signed then is not line 7",
    ),
    // Between a key change and the next seal both must sign.
    same(|log| unsign(log.change_key(), "chain", 0), 1, "chain: its key has not signed it"),
    same(|log| unsign(log.change_key(), "chain", 1), 1, "chain: its key has not signed it"),
    same(|log| unsign(log.change_key(), "checkpoint", 1), 1, "checkpoint: its key has not signed it"),
];

#[test]
fn logs_with_rotations_key_changes_and_a_restart() {
    let lands = Lands::new();
    for (number, case) in CASES.into_iter().enumerate() {
        let world = World::new();
        let mut log = rich(&world);
        allow(&world);
        (case.make)(&mut log);
        log.pack(&world, case.by);
        for (turn, pack) in ["x.tar", "x"].into_iter().enumerate() {
            let ours = world.verify(pack, &crate::verify::KNOWN);
            assert_eq!(ours.code, case.codes.0, "case {number} ({}): {}", case.says, ours.out);
            let land = lands.turn(number + turn);
            let ran = land.verify(&[pack, "allowed_signers"], &world.path(""));
            let story = format!("{}: case {number} ({}): {}", land.name, case.says, ran.out);
            assert_eq!(ran.code, case.codes.1, "{story}");
            assert!(ran.out.contains(case.says), "{story}");
        }
    }
}

#[test]
fn every_land_reads_every_kind_of_record() {
    let world = World::new();
    rich(&world).pack(&world, "key2");
    allow(&world);
    for land in Lands::new().all() {
        let ran = land.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(0);
        assert!(
            ran.out.contains("seals: 6, lines: 7, bytes: 49; all 10 lines of SEALS are signed"),
            "{}: {}",
            land.name,
            ran.out
        );
    }
}

/// Seals that only the owner of the key can make: numbers that are not those of the bytes.
#[test]
fn seals_that_do_not_count_what_is_there() {
    use tlog::Hash;
    for (lines, bytes, seg, says) in [
        (2, 11, "{\"n\":1}\n{\"n", "a seal ends within a line"),
        (1, 16, "{\"n\":1}\n{\"n\":2}\n", "have another number of lines than was sealed"),
        (2, 16, "{\"n\":1}\n{\"n\":3}\n", "seal 1: bytes 0 to 16 are not what was sealed"),
    ] {
        let world = World::new();
        let mut log = Log::new(&world, false);
        log.write("{\"n\":1}\n{\"n\":2}\n");
        let seal =
            log.state().seal(1_795_000_060_000, lines, bytes, Hash::of(seg.as_bytes()), Hash::of(b"root"));
        log.record(&seal);
        if bytes == 11 {
            let rest = log.state().seal(1_795_000_060_000, 4, 16, Hash::of(b"\":2}\n"), Hash::of(b"root"));
            log.record(&rest);
        }
        log.pack(&world, "key");
        for land in Lands::new().all() {
            let ran = land.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(1);
            assert!(ran.out.contains(says), "{}: {says}: {}", land.name, ran.out);
        }
        world.verify("x.tar", &crate::verify::KNOWN).ends(1);
    }
}

/// An origin may have any printable character but two.
#[test]
fn an_odd_origin_does_no_harm() {
    let world = World::new();
    let mut log = Log::named(&world, "a\\n\\134'\"$(touch${IFS}harm)`touch${IFS}harm`%s;*&|<>~#", false);
    log.write("{\"n\":1}\n").seal().change_key().seal().anchor();
    log.pack(&world, "key2");
    allow(&world);
    world.verify("x.tar", &crate::verify::KNOWN).ends(0);
    for land in Lands::new().all() {
        let ran = land.verify(&["x.tar", "allowed_signers"], &world.path("")).ends(0);
        assert!(ran.out.contains("origin a\\n\\134'\"$(touch"), "{}: {}", land.name, ran.out);
    }
    assert!(!world.path("harm").exists());
}
