//! SEALS: no bytes make the reader panic; a record has one spelling; each line that is taken follows from the one before
//! it, and a walk that is resumed goes on as it would have gone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tlog::Hash;
use tlog::seals::{Record, State, Walk};

fuzz_target!(|seals: &[u8]| {
    walk(seals);
    // No fuzzer finds a hash: here each line has that of the line before.
    walk(&chained(seals));
});

fn walk(seals: &[u8]) {
    let (mut walk, mut before) = (Walk::new(), Hash::EMPTY);
    for line in seals.split_inclusive(|byte| *byte == b'\n') {
        let old = walk.state().cloned();
        let stepped = walk.step(line);
        if let Some(old) = &old {
            let mut resumed = Walk::resume(old.clone());
            assert_eq!(resumed.step(line).is_ok(), stepped.is_ok());
            assert_eq!(resumed.state(), walk.state());
        }
        match stepped {
            Ok(record) => {
                assert_eq!(record.to_string().as_bytes(), line);
                let state = walk.state().expect("a state behind a record");
                follows(old.as_ref(), &record, before, state);
                assert_eq!(state.head, Hash::of(line));
                before = state.head;
            }
            Err(error) => {
                assert!(!error.to_string().contains(|c: char| c.is_control()), "{error}");
                assert_eq!(walk.state(), old.as_ref(), "after an error nothing has changed");
                walk.pass_over(line);
                before = Hash::of(line);
            }
        }
    }
}

fn follows(old: Option<&State>, record: &Record, before: Hash, state: &State) {
    let Some(old) = old else {
        assert!(matches!(record, Record::Genesis(_)));
        assert_eq!((state.records, state.lines, state.bytes), (1, 0, 0));
        return;
    };
    assert_eq!(record.prev(), Some(before));
    assert_eq!(state.records, old.records + 1);
    assert!(state.lines >= old.lines && state.bytes >= old.bytes && state.seals >= old.seals);
    assert!(state.lines - old.lines <= state.bytes - old.bytes);
    assert_eq!(state.chain().records(), state.records);
    assert_eq!(state.checkpoint().size(), state.lines);
    assert!(state.signers().any(|key| *key == state.key));
}

/// With the right hash at the end of each line but the first, where there is a hash.
fn chained(seals: &[u8]) -> Vec<u8> {
    let (mut out, mut last) = (Vec::new(), Hash::EMPTY);
    for (number, line) in seals.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let start = out.len();
        let hex = line.len().checked_sub(65).filter(|at| number > 0 && *at > 0 && line[at - 1] == b' ');
        match hex {
            Some(at) => {
                out.extend_from_slice(&line[..at]);
                out.extend_from_slice(format!("{last}\n").as_bytes());
            }
            None => out.extend_from_slice(line),
        }
        last = Hash::of(&out[start..]);
    }
    out
}
