//! What people read: help, and every mistake in the arguments.

use std::fmt::Write as _;

use crate::world::World;

#[test]
fn help() {
    let world = World::new();
    insta::assert_snapshot!("help", world.run(&["--help"]).ends(0).out);
    for command in ["init", "append", "seal", "check", "pack", "verify", "report"] {
        let ran = world.run(&[command, "--help"]).ends(0);
        assert_eq!(ran.err, "");
        insta::assert_snapshot!(format!("help-{command}"), ran.out);
        assert_eq!(world.run(&["help", command]).ends(0).out, ran.out);
    }
    assert_eq!(world.run(&["help"]).ends(0).out, world.run(&["--help"]).ends(0).out);
    let version = concat!("audit-pack ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(world.run(&["--version"]).ends(0).out, version);
}

#[test]
fn arguments_that_make_no_sense() {
    let mut story = String::new();
    for arguments in [
        &[][..],
        &["verfy", "x.tar"],
        &["--frobnicate"],
        &["init"],
        &["init", "a", "b"],
        &["init", "a.jsonl", "--key"],
        &["init", "/", "--key", "../key"],
        &["init", "memory/-a.jsonl", "--key", "../key"],
        &["init", "memory/a b.jsonl", "--key", "../key"],
        &["init", "memory/a.jsonl"],
        &["init", "memory/a.jsonl", "--key", "../key", "--origin", "a+b"],
        &["init", "memory/a.jsonl", "--key", "../key", "--origin", "a/seals"],
        &["append"],
        &["append", "a", "b"],
        &["seal", "--deep"],
        &["seal", "memory/.hidden"],
        &["check", "memory/.."],
        &["check", "--quick", "--deep"],
        &["check", "--quick", "--against", "note"],
        &["check", "--unique", "order_id"],
        &["check", "--max-unsealed", "5"],
        &["check", "--max-unsealed", "soon"],
        &["check", "--against"],
        &["check", "--base"],
        &["pack", "x.tar"],
        &["pack", "-o", "x.zip"],
        &["pack", "-o", ".tar"],
        &["pack", "--allow-secret-in-log=yes"],
        &["report", "x.tar"],
        &["report", "x.tar", "-o", "x.pdf"],
        &["report", "x.tar", "-o", "x.html", "--signer", "desk"],
        &["verify"],
        &["verify", "x.tar", "y.tar"],
        &["verify", "x.tar", "--signer", "desk"],
        &["verify", "x.tar", "--allowed-signers", "allowed"],
        &["verify", "x.tar", "--verify-time", "yesterday"],
        &["verify", "x.tar", "--verify-time", "2026-02-30"],
        &["verify", "x.tar", "--verify-time", "2026-11-27T08:00"],
        &["verify", "x.tar", "--verify-time", "1969-12-31"],
        &["verify", "x.tar"],
    ] {
        let world = World::new();
        world.write("root/holdfast.toml", "");
        let mut command = world.audit_pack(arguments);
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let ran = crate::world::Ran::of(&output);
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{arguments:?}: {}", ran.err);
        writeln!(story, "$ audit-pack {}\n{}", arguments.join(" "), ran.err).unwrap();
    }
    insta::assert_snapshot!("usage", story);
}

/// A machine that asked must never read nothing, which is what a program that was killed says, too.
#[test]
fn with_json_every_refusal_is_an_answer_in_one_line() {
    for (arguments, stdin, code) in [
        (&["init", "memory/new.jsonl", "--key", "../nowhere"][..], "", 78),
        (&["init", "nowhere/new.jsonl", "--key", "../key"], "", 78),
        (&["init", "memory/new.jsonl"], "", 64),
        (&["init", "memory", "--key", "../key"], "", 64),
        (&["append", "memory/decisions.jsonl"], "not JSON\n", 65),
        (&["append", "memory/unsealed.jsonl"], "{}\n", 78),
        (&["append", "memory/decisions.jsonl", "--key", "../nowhere"], "{}\n", 78),
        (&["seal", "memory/unsealed.jsonl"], "", 78),
        (&["seal", "memory/decisions.jsonl", "--key", "../nowhere"], "", 78),
        (&["seal", "--root", "../nowhere"], "", 78),
        (&["check", "memory/unsealed.jsonl"], "", 78),
        (&["pack", "-o", "x.zip"], "", 64),
        (&["pack", "--key", "../nowhere"], "", 78),
        (&["verify", "nowhere.tar"], "", 64),
        (&["report", "nowhere.tar", "-o", "x.html"], "", 64),
        (&["report", "holdfast.toml", "-o", "nowhere/x.html"], "", 74),
    ] {
        let world = World::new();
        world.write("root/memory/unsealed.jsonl", "{}\n");
        world.write("stdin", stdin);
        let mut command = world.audit_pack(&[arguments, &["--json"]].concat());
        let file = std::fs::File::open(world.path("stdin")).unwrap();
        let ran = crate::world::Ran::of(&command.stdin(file).output().unwrap()).ends(code);
        let answer: serde_json::Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {ran:?}"));
        assert_eq!(answer["exit"], code, "{arguments:?}: {ran:?}");
        let error = answer["error"].as_str().unwrap();
        assert!(!error.is_empty() && ran.err.contains(error), "{arguments:?}: {ran:?}");
    }
}
