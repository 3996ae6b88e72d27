//! The readers that `docs/formats/circuit.md` and the README show to people decide as we do.

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

fn example(page: &str) -> String {
    let (_, rest) = page.split_once("```python\n").expect("an example");
    rest.split_once("```").expect("its end").0.to_owned()
}

fn may_trade(scratch: &Scratch) -> bool {
    let page = include_str!("../../../../docs/formats/circuit.md");
    let status = Command::new(PYTHON).args(["-c", &example(page)]).current_dir(scratch.path("")).status();
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
fn a_wrong_folder_is_refused() {
    let scratch = Scratch::new();
    std::fs::remove_dir(scratch.path("data")).expect("removed");
    assert!(!may_trade(&scratch));
}

/// The bot of the README, with the client for Python: whether its cycle came to its end.
#[test]
fn the_bot_of_the_readme_works_only_while_we_say_so() {
    let client = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/python");
    let beats = |scratch: &Scratch| {
        let example = example(include_str!("../../../../README.md"));
        let script = format!("def trade(): return 1763711940\n{example}");
        let mut bot = Command::new(PYTHON);
        bot.args(["-B", "-c", &script]).current_dir(scratch.path("")).env_clear().env("PYTHONPATH", &client);
        let ended = super::Ended::of(&mut bot);
        let beat = std::fs::read_to_string(scratch.path("data/heartbeat.json")).unwrap_or_default();
        let done = beat.contains("\"status\":\"ok\"") && beat.contains("\"candle_at\":1763711940");
        assert_eq!(ended.code() == Some(0), done, "{ended}");
        done
    };
    assert!(beats(&Scratch::new()), "nothing there");
    for Case(name, make, code) in contents().into_iter().chain(states()) {
        let scratch = Scratch::new();
        make(&scratch);
        assert_eq!(beats(&scratch), code == 0, "{name}");
    }
    let wrong = Scratch::new();
    std::fs::remove_dir(wrong.path("data")).expect("removed");
    assert!(!beats(&wrong), "a wrong folder");
    let deleted = Scratch::new();
    deleted.trip("x");
    std::fs::remove_file(deleted.path("data/circuit.json")).expect("removed");
    assert!(!beats(&deleted), "a face that was deleted over holds");
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
