//! Test vectors of what others sign and of a pack, about the worked example of `audit/FORMAT.md`.
//!
//! `TLOG_BLESS=1 cargo test -p audit-pack --test it vectors` writes them anew; a change of them is a change of the format.

#[path = "../../../../tlog/tests/it/vectors/committed.rs"]
mod committed;
mod pack;
mod stamps;

use serde_json::Value;

use committed::{audit, committed};

/// A block of the worked example.
fn example(name: &str) -> String {
    let text = std::fs::read_to_string(audit("FORMAT.md")).unwrap();
    let (_, block) = text.split_once(&format!("```text {name}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// The text of a note.
fn text_of(note: &str) -> String {
    tlog::Note::parse(note.as_bytes()).unwrap().text().to_owned()
}

fn vectors(name: &str, value: &Value) {
    committed(&format!("vectors/{name}.json"), &format!("{value:#}\n"));
}

#[test]
fn time_stamps() {
    let (world, stamps) = (tempfile::tempdir().unwrap(), stamps::committed_or_new());
    vectors("stamps", &stamps::judged(world.path(), &stamps));
}

#[test]
fn a_small_pack() {
    vectors("pack", &pack::made());
}
