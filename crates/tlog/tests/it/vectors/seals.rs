//! SEALS files, right and wrong.

use serde_json::{Value, json};
use tlog::note::Signer;
use tlog::seals::{SEALS_LINE_MAX, Walk};
use tlog::{Hash, Vkey};

use crate::common::{ORIGIN, key};
use crate::seals::sample;

pub(super) fn files() -> Value {
    let good = sample().text;
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let (g1, s1, f1) = (lines[0], lines[1], lines[3]);
    let only = |line: &str, from: &str, to: &str| {
        assert!(line.contains(from), "{from} in {line}");
        good.replacen(line, &line.replacen(from, to, 1), 1)
    };
    let other: Vkey = key("example.com/other", 1).vkey().clone();
    let own = key(ORIGIN, 1).vkey().to_string();
    let restart = |old: &str| format!("{} {old}\n", g1.trim_end());
    let files = [
        ("one of everything", good.clone()),
        ("a genesis alone", g1.to_owned()),
        ("a restart", restart(&format!("old.example/log 9 {}", Hash::of(b"old")))),
        ("a restart of an empty log", restart(&format!("old.example/log 0 {}", Hash::EMPTY))),
        ("a key change in the last line", lines[..6].concat()),
        ("nothing", String::new()),
        ("a restart under the same name", restart(&format!("{ORIGIN} 9 {}", Hash::of(b"old")))),
        (
            "a restart of an empty log with a root",
            restart(&format!("old.example/log 0 {}", Hash::of(b"old"))),
        ),
        ("a restart with too few fields", restart("old.example/log 9")),
        ("no genesis", lines[1..].concat()),
        ("two geneses", format!("{g1}{g1}")),
        ("a key of another name", g1.replacen(&own, &other.to_string(), 1)),
        ("a key of another id", g1.replacen("decisions+", "decisions+0", 1)),
        ("an origin with a plus", g1.replacen(ORIGIN, "a+b", 1)),
        ("an origin that ends in /seals", g1.replacen(ORIGIN, "a/seals", 1)),
        ("a line cut out", [g1, lines[2]].concat()),
        ("two lines exchanged", [g1, lines[2], s1].concat()),
        ("a line doubled", [g1, s1, s1].concat()),
        ("a changed time", only(g1, "1795248000000", "1795248000001")),
        ("a changed number in the last line but one", only(lines[5], "k1 7", "k1 8")),
        ("a seal number left out", only(s1, "s1 1", "s1 2")),
        ("more lines than bytes", only(s1, " 3 60 ", " 61 60 ")),
        ("bytes without a line", only(s1, " 3 60 ", " 0 60 ")),
        ("lines that go down", only(lines[2], " 3 60 ", " 2 60 ")),
        ("bytes that go down", only(lines[2], " 3 60 ", " 3 59 ")),
        (
            "a segment where nothing was added",
            only(lines[2], &Hash::EMPTY.to_string(), &Hash::of(b"x").to_string()),
        ),
        ("a rotation elsewhere than at a seal", only(f1, " 60 ", " 61 ")),
        ("a rotation into the same file", only(f1, "decisions-1.jsonl", "decisions.jsonl")),
        ("a file name with a slash", only(f1, "decisions-1.jsonl", "../decisions")),
        ("a file name with a leading dot", only(f1, "decisions-1.jsonl", ".decisions")),
        ("a key change to the same key", only(lines[5], &key(ORIGIN, 2).vkey().to_string(), &own)),
        ("two spaces", only(s1, "s1 ", "s1  ")),
        ("a space at the end", only(s1, "\n", " \n")),
        ("a carriage return", only(s1, "\n", "\r\n")),
        ("a tab", only(s1, "s1 ", "s1\t")),
        ("a leading zero", only(s1, "s1 1", "s1 01")),
        ("a plus sign", only(s1, "s1 1", "s1 +1")),
        ("a number above 2^63-1", only(s1, " 60 ", " 9223372036854775808 ")),
        ("capital hex", only(s1, &s1[s1.len() - 65..], &s1[s1.len() - 65..].to_uppercase())),
        ("an unknown record", only(s1, "s1 ", "s2 ")),
        ("an empty line", format!("{g1}\n")),
        ("a line without its line feed", s1.trim_end().to_owned()),
        ("a line of 1025 bytes", format!("{}\n", "x".repeat(SEALS_LINE_MAX))),
    ];
    json!(files.iter().map(|(name, text)| file(name, text)).collect::<Vec<_>>())
}

fn file(name: &str, text: &str) -> Value {
    let mut walk = Walk::new();
    let result = text.split_inclusive('\n').try_for_each(|line| walk.step(line.as_bytes()).map(drop));
    if let Err(error) = result {
        return json!({"name": name, "seals": text, "error": {"line": error.line, "why": error.fault.to_string()}});
    }
    let Some(state) = walk.state() else {
        return json!({"name": name, "seals": text, "error": {"line": 1, "why": "the first line is not g1"}});
    };
    json!({
        "name": name,
        "seals": text,
        "state": {
            "records": state.records, "head": state.head.to_string(), "seals": state.seals,
            "lines": state.lines, "bytes": state.bytes, "root": state.root.to_string(),
            "file": state.file.as_ref().map(tlog::FileName::as_str), "file_begin": state.file_begin,
            "signers": state.signers().map(ToString::to_string).collect::<Vec<_>>(),
            "checkpoint_text": state.checkpoint().to_string(), "chain_text": state.chain().to_string(),
        },
    })
}
