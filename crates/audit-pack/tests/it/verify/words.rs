//! What people and machines read of a pack.

use std::fs;

use regex::Regex;

use super::KNOWN;
use crate::world::World;

/// Text without what differs from run to run, from host to host, and from build to build.
pub(crate) fn redacted(text: &str) -> String {
    [
        (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:…"),
        (r"decisions\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}", "decisions+[key]"),
        (r"\b[0-9a-f]{64}\b", "[hash]"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[time]"),
        (r"\d+s ago", "[age] ago"),
        (r#""(sealed_ms|as_of_ms|after_ms)":\d+"#, r#""$1":0"#),
        (r#""(bytes|files)":\d{3,}"#, r#""$1":0"#),
        (r#""host":"[^"]*","system":"[^"]*""#, r#""host":"[host]","system":"[system]""#),
        (r"(packed by   audit-pack \S+) on .*?; its", "$1 on [host]; its"),
        (r"(content     x: )\d+ files, \d+ bytes", "$1[count] files, [count] bytes"),
        (r"(content     )\d+ files and \d+ bytes", "$1[count] files and [count] bytes"),
        (r"said to be \d+ bytes", "said to be [count] bytes"),
        (
            r"content     \d+ files and \d+ bytes are those",
            "content     [count] files and [count] bytes are those",
        ),
        (r"of the watchdog, \d+ files", "of the watchdog, [count] files"),
        (r"(program     \S+), \d+ bytes", "$1, [count] bytes"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (pattern, with)| {
        Regex::new(pattern).unwrap().replace_all(&text, with).into_owned()
    })
}

/// One object, in lines that can be compared.
fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

#[track_caller]
fn shows(world: &World, pack: &str, code: i32, name: &str) {
    shows_with(world, pack, &[], code, name);
}

#[track_caller]
pub(super) fn shows_with(world: &World, pack: &str, more: &[&str], code: i32, name: &str) {
    let known = [&KNOWN[..], more].concat();
    let ran = world.verify(pack, &known).ends(code);
    assert_eq!(ran.err, "");
    insta::assert_snapshot!(name, redacted(&ran.out));
    let ran = world.verify(pack, &[&known[..], &["--json"]].concat()).ends(code);
    assert_eq!((ran.err.as_str(), ran.out.lines().count()), ("", 1));
    insta::assert_snapshot!(format!("{name}-json"), pretty(&redacted(&ran.out)));
}

#[test]
fn a_good_pack() {
    let packed = World::new();
    packed.pack();
    let digest = packed.facts()["watchdog"]["packed"].as_str().unwrap().to_owned();
    let world = World::on_a_host(Some(&digest));
    world.write("root/data/watchdog.json", &format!("{{\"v\":1,\"source\":\"{digest}\"}}"));
    world.pack_on_host();
    shows(&world, "x.tar", 0, "good");
}

#[test]
fn a_pack_that_was_changed_in_several_places() {
    let world = World::on_a_host(None);
    world.pack_on_host();
    world.unpack();
    world.sh("sed -i s/:2/:7/ x/data/log/memory/decisions.jsonl; rm x/data/state/heartbeat.json; echo > x/data/more");
    world.tar("x.tar");
    shows(&world, "x.tar", 1, "changed");
}

#[test]
fn a_pack_that_was_cut() {
    let world = World::on_a_host(None);
    world.pack_on_host();
    // In the middle of VERIFY.md, which is the first.
    let tar = fs::read(world.path("x.tar")).unwrap();
    fs::write(world.path("x.tar"), &tar[..3 * 512]).unwrap();
    shows(&world, "x.tar", 1, "cut");
}
