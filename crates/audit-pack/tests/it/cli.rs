//! What people read: help, and every mistake in the arguments.

use std::fmt::Write as _;

use crate::world::World;

#[test]
fn help() {
    let world = World::new();
    insta::assert_snapshot!("help", world.run(&["--help"]).ends(0).out);
    for command in ["init", "append", "seal", "check", "pack", "verify"] {
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
