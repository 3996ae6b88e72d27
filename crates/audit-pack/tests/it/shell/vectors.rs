//! The test vectors of the format.

use serde_json::Value;
use tlog::note::MemoryKey;
use tlog::{Note, Signer as _};

use super::lands::{Land, Lands};

fn vectors(name: &str) -> Value {
    let path = format!("{}/../../audit/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// In all lands at once, each in a folder of its own.
fn everywhere(test: impl Fn(&Land, &std::path::Path) + Sync) {
    let lands = Lands::new();
    std::thread::scope(|scope| {
        for land in lands.all() {
            scope.spawn(|| test(land, tempfile::tempdir().unwrap().path()));
        }
    });
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

#[test]
fn seals() {
    let vectors = vectors("seals");
    everywhere(|land, folder| {
        for vector in vectors.as_array().unwrap() {
            let story = format!("{}: {}", land.name, text(vector, "name"));
            std::fs::write(folder.join("SEALS"), text(vector, "seals")).unwrap();
            let ran = land.verify(&["--seals", "SEALS"], folder);
            if let Some(state) = vector.get("state") {
                assert_eq!(ran.code, 0, "{story}: {}", ran.out);
                let lines: Vec<Vec<&str>> = ran.out.lines().map(|line| line.split(' ').collect()).collect();
                for (at, key) in [(0, "records"), (1, "lines"), (2, "bytes"), (3, "seals")] {
                    assert_eq!(lines[0][at], state[key].to_string(), "{story}: {key}");
                }
                assert_eq!((lines[1][1], lines[1][3]), (text(state, "head"), text(state, "root")), "{story}");
                let both = state["signers"].as_array().unwrap().len() == 2;
                assert_eq!(lines[1][6] != "-", both, "{story}: signers");
            } else {
                assert_eq!(ran.code, 1, "{story}: {}", ran.out);
                let line = format!("line {}: ", vector["error"]["line"]);
                assert!(ran.out.starts_with(&line), "{story}: {line} {}", ran.out);
            }
        }
    });
}

#[test]
fn notes_and_keys() {
    let vectors = vectors("notes");
    everywhere(|land, folder| {
        for vector in vectors["notes"].as_array().unwrap() {
            let story = format!("{}: {}", land.name, text(vector, "name"));
            std::fs::write(folder.join("note"), text(vector, "note")).unwrap();
            let ran = land.verify(&["--note", "note", text(vector, "vkey")], folder);
            let (code, says) = match text(vector, "verdict") {
                "signed" => (0, "signed; "),
                "wrong" => (1, "wrong; "),
                "unsigned" => (1, "unsigned; "),
                _ => (1, "  CHANGED     note: "),
            };
            assert!(ran.code == code && ran.out.starts_with(says), "{story}: {} {}", ran.code, ran.out);
        }
        let note = &vectors["notes"][0];
        std::fs::write(folder.join("note"), text(note, "note")).unwrap();
        for vector in vectors["wrong_vkeys"].as_array().unwrap() {
            let ran = land.verify(&["--note", "note", text(vector, "vkey")], folder).ends(64);
            assert!(ran.err.contains("is no verifier key"), "{}: {}", land.name, ran.err);
        }
    });
}

#[test]
fn texts_of_checkpoints_and_chains() {
    let vectors = vectors("notes");
    everywhere(|land, folder| {
        let mut key = MemoryKey::new("example.com/bot1/decisions", &[1; 32]).unwrap();
        let vkey = key.vkey().to_string();
        let mut fed = 0;
        for vector in vectors["texts"].as_array().unwrap() {
            // A text that does not end in LF is in no note.
            let Ok(note) = Note::sign(text(vector, "text"), &mut [&mut key]) else { continue };
            fed += 1;
            std::fs::write(folder.join("note"), note.to_string()).unwrap();
            let ran = land.verify(&["--note", "note", &vkey], folder).ends(0);
            let checkpoint = &vector["as_checkpoint"];
            let expected = match checkpoint.get("size") {
                Some(size) => {
                    let lines = 3 + checkpoint["extensions"].as_array().unwrap().len();
                    format!("signed; {size} {} {lines}\n", text(checkpoint, "root"))
                }
                None => "signed; no number no hash no lines\n".to_owned(),
            };
            assert_eq!(ran.out, expected, "{}: {vector}", land.name);
        }
        assert!(fed > 10, "{fed}");
    });
}
