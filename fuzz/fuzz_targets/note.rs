//! Signed notes and keys: each has one spelling, and a key that everybody knows verifies nothing but the two texts that it
//! has signed in the seeds.
#![no_main]

use std::sync::LazyLock;

use holdfast_fuzz::parts;
use libfuzzer_sys::fuzz_target;
use tlog::note::MemoryKey;
use tlog::{Chain, Checkpoint, Note, Signer as _, Vkey};

const ORIGIN: &str = "example.com/bot1/decisions";

/// Both notes of the example in `audit/FORMAT.md`.
static SEEDS: LazyLock<[Note; 2]> = LazyLock::new(|| {
    let seeds = [
        include_bytes!("../corpus/note/checkpoint").as_slice(),
        include_bytes!("../corpus/note/chain").as_slice(),
    ];
    seeds.map(|seed| {
        let [note, _] = parts(seed);
        let note = Note::parse(note).expect("a note");
        for key in KEYS.iter() {
            note.verify(key.vkey()).expect("signed");
        }
        note
    })
});
static KEYS: LazyLock<[MemoryKey; 2]> =
    LazyLock::new(|| [1, 2].map(|byte| MemoryKey::new(ORIGIN, &[byte; 32]).expect("a key")));

fuzz_target!(|data: &[u8]| {
    let [note, vkey] = parts(data);
    if let Ok(text) = str::from_utf8(vkey)
        && let Ok(vkey) = Vkey::parse(text)
    {
        assert_eq!(vkey.to_string(), text);
        assert_eq!(Vkey::new(vkey.name(), vkey.public()).as_ref(), Ok(&vkey));
    }
    bodies(&String::from_utf8_lossy(note));
    let Ok(note) = Note::parse(note).inspect(|read| assert_eq!(read.to_string().as_bytes(), note)) else {
        return;
    };
    bodies(note.text());
    for key in KEYS.iter() {
        if let Ok(text) = note.verify(key.vkey()) {
            assert!(SEEDS.iter().any(|seed| seed.text() == text), "it never signed {text:?}");
        }
    }
    // What is signed is verified, and says the same.
    let mut key = MemoryKey::new(ORIGIN, &[1; 32]).expect("a key");
    if let Ok(signed) = Note::sign(note.text(), &mut [&mut key]) {
        let read = Note::parse(signed.to_string().as_bytes()).expect("our own");
        assert_eq!(read.verify(KEYS[0].vkey()), Ok(note.text()));
        assert!(read.verify(KEYS[1].vkey()).is_err());
    }
});

fn bodies(text: &str) {
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(chain) = Chain::parse(text) {
        assert_eq!(chain.to_string(), text);
        // A chain is no checkpoint of any log of ours.
        assert!(
            Checkpoint::parse(text).is_err()
                || text.lines().next().is_some_and(|line| line.ends_with("/seals"))
        );
    }
}
