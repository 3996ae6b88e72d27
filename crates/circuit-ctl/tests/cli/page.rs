//! The reader that `docs/formats/circuit.md` shows to people decides as we do.

use std::process::Command;

use super::Scratch;
use super::broken::{Case, GREEN, LINE, contents, states};

/// The system's own Python, not a shim of the user's.
const PYTHON: &str = "/usr/bin/python3";

/// What a reader of ten lines does not notice. The page says so.
const TOO_FINE: [&str; 10] = [
    "duplicate keys",
    "duplicate keys, one escaped",
    "duplicate keys further down",
    "unknown mode",
    "trips as float",
    "trips: null",
    "holds not a list",
    "a hold without id",
    "longer than is read",
    "a socket",
];

fn example() -> String {
    let page = include_str!("../../../../docs/formats/circuit.md");
    let (_, rest) = page.split_once("```python\n").expect("an example");
    rest.split_once("```").expect("its end").0.to_owned()
}

fn may_trade(scratch: &Scratch) -> bool {
    let status = Command::new(PYTHON).args(["-c", &example()]).current_dir(scratch.path("")).status();
    match status.expect("it starts").code() {
        Some(0) => true,
        Some(2) => false,
        other => panic!("the example ended with {other:?}"),
    }
}

#[test]
fn it_refuses_what_we_refuse() {
    // What a plain `open` would wait for or read without end is no matter for ten lines.
    let waits = |name: &str| ["a FIFO", "a device", "a face of 1 GB"].contains(&name);
    for Case(name, make, code) in contents().into_iter().chain(states()) {
        if TOO_FINE.contains(&name) || waits(name) || code != 2 {
            continue;
        }
        let scratch = Scratch::new();
        make(&scratch);
        assert!(!may_trade(&scratch), "{name}");
    }
}

#[test]
fn it_goes_on_where_we_go_on() {
    let scratch = Scratch::new();
    assert!(may_trade(&scratch), "nothing there");
    scratch.put("data/circuit.json", GREEN);
    assert!(may_trade(&scratch), "our face");
    scratch.put("data/circuit.json", format!("{{\"paused\":false,\"trips\":{}}}", LINE.len()));
    scratch.put("data/trips.jsonl", LINE);
    assert!(may_trade(&scratch), "a trip that was lifted");
    scratch.trip("x");
    assert!(!may_trade(&scratch));
    scratch.put("data/circuit.json", "{\"paused\": false}");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
    let face = std::fs::File::options().append(true).open(scratch.path("data/circuit.json")).expect("a face");
    face.set_modified(later).expect("dated");
    assert!(may_trade(&scratch), "resumed by hand");
    scratch.says(0, &["check"]);
}
