//! `audit-pack prove` and `verify-proof`: one line goes from hand to hand.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::verify::words::redacted;
use crate::world::{Ran, World, run};

const LOG: &str = "memory/decisions.jsonl";
const PROVE: [&str; 4] = ["prove", LOG, "--line", "2"];
const KNOWN: [&str; 4] = ["--allowed-signers", "../allowed_signers", "--signer", "desk@example.com"];

/// A sealed log of three lines.
fn sealed() -> World {
    let world = World::new();
    world.run(&["init", LOG, "--origin", "example.com/bot1/decisions"]).ends(0);
    world
}

/// The same, with `2.tlog-proof` and `2.jsonl` in the root.
fn proven() -> World {
    let world = sealed();
    world.run(&[&PROVE[..], &["-o", "2.tlog-proof", "--line-file", "2.jsonl"]].concat()).ends(0);
    world
}

fn vkey(world: &World) -> String {
    let seals = world.read("root/memory/decisions.jsonl.audit/SEALS");
    seals.split_whitespace().nth(3).unwrap().to_owned()
}

/// What `verify-proof` says of the proof and a line that comes by stdin.
fn verify(world: &World, line: &str, arguments: &[&str]) -> Ran {
    let mut command = world.audit_pack(&["verify-proof", "2.tlog-proof", "--line-file", "-"]);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who refuses the proof does not read the line.
    let _ = child.stdin.take().unwrap().write_all(line.as_bytes());
    Ran::of(&child.wait_with_output().unwrap())
}

fn pretty(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    redacted(&serde_json::to_string_pretty(&value).unwrap())
}

#[test]
fn what_people_and_machines_are_told() {
    let world = sealed();
    let out = ["-o", "2.tlog-proof", "--line-file", "2.jsonl"];
    let ran = world.run(&[&PROVE[..], &out].concat()).ends(0);
    assert_eq!(ran.err, "");
    insta::assert_snapshot!("prove", redacted(&ran.out));
    assert_eq!(world.read("root/2.jsonl"), "{\"n\":2}\n");

    let by_stdout = world.run(&PROVE).ends(0);
    assert_eq!(by_stdout.out, world.read("root/2.tlog-proof"));
    insta::assert_snapshot!("prove-to-stdout", redacted(&by_stdout.err));
    let json = world.run(&[&PROVE[..], &["--json"]].concat()).ends(0);
    let mut answer: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(answer["proof"].take(), world.read("root/2.tlog-proof"));
    insta::assert_snapshot!("prove-json", pretty(&answer.to_string()));

    let key = vkey(&world);
    for (name, code, line, known) in [
        ("shown", 0, "{\"n\":2}\n", &["--key", &key][..]),
        ("shown-by-name", 0, "{\"n\":2}", &KNOWN),
        ("other-line", 1, "{\"n\":3}\n", &KNOWN),
        ("nobody-known", 5, "{\"n\":2}\n", &[]),
    ] {
        let ran = verify(&world, line, known).ends(code);
        assert_eq!(ran.err, "");
        insta::assert_snapshot!(format!("proof-{name}"), redacted(&ran.out));
        let json = verify(&world, line, &[known, &["--json"]].concat()).ends(code);
        insta::assert_snapshot!(format!("proof-{name}-json"), pretty(&json.out));
    }
}

#[test]
fn a_proof_is_worth_what_the_key_is_worth_to_the_verifier() {
    let world = proven();
    let public = world.read("key.pub");
    let key = public.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let dir = world.path("").join("other");
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", dir.to_str().unwrap()], &world.path(""));
    let other = world.read("other.pub");
    let other = other.trim_end();
    for (code, allowed, says) in [
        (0, format!("desk {key}"), "signed      by desk with SHA256:"),
        (0, format!("desk {other}\ndesk {key}"), "signed      by desk"),
        (0, format!("desk namespaces=\"*@holdfast\" {key}"), "signed      by desk"),
        (0, format!("desk namespaces=\"git\" {key}\ndesk {key}"), "signed      by desk"),
        (5, format!("desk {other}"), "is signed by no key of desk in allowed"),
        (5, format!("boss {key}"), "is signed by no key of desk in allowed"),
        (5, String::new(), "is signed by no key of desk in allowed"),
        (5, format!("desk namespaces=\"pack@holdfast\" {key}"), "manifest@holdfast"),
        (5, format!("desk valid-before=\"20200101\" {key}"), "2020"),
        (5, format!("desk cert-authority {key}"), "authority"),
        (65, "desk ssh-ed25519".to_owned(), ""),
    ] {
        world.write("root/allowed", &allowed);
        let ran =
            verify(&world, "{\"n\":2}\n", &["--allowed-signers", "allowed", "--signer", "desk"]).ends(code);
        assert!(ran.out.contains(says), "{allowed}: {}", ran.out);
    }
    world.write("root/allowed", &format!("desk valid-before=\"20200101\" {key}"));
    let then = ["--allowed-signers", "allowed", "--signer", "desk", "--verify-time", "2019-12-31"];
    verify(&world, "{\"n\":2}\n", &then).ends(0);

    let foreign = "example.com/bot1/decisions+bcccd272+AYE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
    verify(&world, "{\"n\":2}\n", &["--key", foreign]).ends(5);
    verify(&world, "{\"n\":2}\n", &["--key", "decisions+0+0"]).ends(64);
}

#[test]
fn what_is_not_the_line_or_no_proof_is_refused() {
    let world = proven();
    let key = vkey(&world);
    let key = ["--key", key.as_str()];
    for (code, line) in [
        (0, "{\"n\":2}\n"),
        (0, "{\"n\":2}"),
        (1, "{\"n\":2}\r\n"),
        (1, " {\"n\":2}\n"),
        (1, "\n"),
        (65, ""),
        (65, "{\"n\":2}\n\n"),
        (65, "{\"n\":1}\n{\"n\":2}\n"),
        (65, "{\"n\":1}\n{\"n\":2}"),
    ] {
        verify(&world, line, &key).ends(code);
    }
    let good = world.read("root/2.tlog-proof");
    let signature = good.trim_end().rsplit_once(' ').unwrap().1;
    let mut wrong = signature.to_owned();
    wrong.replace_range(20..22, if &signature[20..22] == "AA" { "BB" } else { "AA" });
    for (code, proof, says) in [
        (1, good.replace("index 1", "index 0"), "this is not line 1 of that log"),
        (1, good.replace("index 1", "index 3"), "leaf 3 is not in a tree of 3 leaves"),
        (1, good.replace(signature, &wrong), "wrong signature in the name of"),
        (1, good.replace("\n3\n", "\n4\n"), "NOT SHOWN"),
        (
            1,
            good.replace("decisions\n3\n", "others\n3\n"),
            "the checkpoint is of example.com/bot1/others, and the key",
        ),
        (65, good.replace("@v1", "@v2"), "line 1 is not c2sp.org/tlog-proof@v1"),
        (65, good.replace("index 1", "index 01"), "line 2 is not `index`"),
        (65, good.replace('\n', "\r\n"), "is no proof"),
        (65, "x".repeat(2_000_001), "more than 2000000 bytes"),
        (65, String::new(), "is no proof"),
    ] {
        assert_ne!(proof, good);
        world.write("root/2.tlog-proof", &proof);
        let ran = verify(&world, "{\"n\":2}\n", &key).ends(code);
        assert!((ran.out.clone() + &ran.err).contains(says), "{says}: {} {}", ran.out, ran.err);
    }
    fs::remove_file(world.path("root/2.tlog-proof")).unwrap();
    verify(&world, "{\"n\":2}\n", &key).ends(64);
    fs::create_dir(world.path("root/2.tlog-proof")).unwrap();
    verify(&world, "{\"n\":2}\n", &key).ends(64);
}

#[test]
fn what_cannot_be_proven_is_said_and_nothing_is_written() {
    let world = sealed();
    world.write("root/memory/plain.jsonl", "{}\n");
    world.write("root/there", "precious");
    for (code, arguments, says) in [
        (64, &["prove", LOG, "--line", "0"][..], "--line"),
        (4, &["prove", LOG, "--line", "4"], "has 3 signed lines, and line 4 is none of them"),
        (64, &["prove", LOG, "--line", "1", "-o", "there"], "there is there already"),
        (64, &["prove", LOG, "--line", "1", "--line-file", LOG], "nothing is overwritten"),
        (64, &["prove", LOG, "--line", "1", "-o", "new", "--line-file", "new"], "name the same file"),
        (64, &["prove", LOG, "--line", "1", "--log", "decisions.jsonl"], "--log is for packs"),
        (78, &["prove", "memory/plain.jsonl", "--line", "1"], "is not sealed yet"),
        (78, &["prove", "memory/none.jsonl", "--line", "1"], "is not sealed yet"),
        (64, &["prove", "none.tar", "--line", "1"], "none.tar"),
        (74, &["prove", LOG, "--line", "1", "-o", "no/folder"], "no/folder"),
        (74, &["prove", LOG, "--line", "1", "-o", "new", "--line-file", "no/folder"], "no/folder"),
    ] {
        let ran = world.run(arguments).ends(code);
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
        let json = world.run(&[arguments, &["--json"]].concat());
        assert_eq!(json.code, code);
        if says != "--line" {
            let answer: serde_json::Value = serde_json::from_str(&json.out).unwrap();
            assert_eq!(answer["exit"], code, "{arguments:?}");
        }
    }
    assert_eq!(world.read("root/there"), "precious");
    assert!(world.read(&format!("root/{LOG}")).starts_with("{\"n\":1}\n"));
    assert!(!world.path("root/new").exists());

    // What was changed has no proof.
    world.write(&format!("root/{LOG}"), "{\"n\":1}\n{\"n\":7}\n{\"n\":3}\n");
    let ran = world.run(&[&PROVE[..], &["-o", "2.tlog-proof"]].concat()).ends(1);
    assert!(ran.err.contains("line 2 is not there with the bytes that were sealed"), "{}", ran.err);
    assert!(ran.err.contains("audit-pack check memory/decisions.jsonl"), "{}", ran.err);
    assert!(!world.path("root/2.tlog-proof").exists());
    // The others still have theirs.
    world.run(&["prove", LOG, "--line", "3"]).ends(0);
}

#[test]
fn an_auditor_proves_a_line_out_of_a_pack() {
    let world = sealed();
    world.write("root/memory/other.jsonl", "{\"o\":1}\n");
    world.pack();
    world.unpack();
    let prove = |pack: &str, more: &[&str]| world.run(&[&["prove", pack, "--line", "2"], more].concat());
    let one = prove("../x.tar", &["--line-file", "2.jsonl"]).ends(0);
    assert_eq!(prove("../x", &[]).ends(0).out, one.out);
    world.write("root/2.tlog-proof", &one.out);
    assert_eq!(world.read("root/2.jsonl"), "{\"n\":2}\n");
    verify(&world, "{\"n\":2}\n", &["--key", &vkey(&world)]).ends(0);
    let ran = world.run(&["prove", "../x.tar", "--line", "9"]).ends(64);
    assert!(ran.err.contains("../x.tar: memory/decisions.jsonl has 3 signed lines"), "{}", ran.err);
    assert!(ran.err.contains("\n  see how many it has: audit-pack verify ../x.tar\n"), "{}", ran.err);
    // A tar is one under whatever name it lies here.
    fs::copy(world.path("x.tar"), world.path("evidence")).unwrap();
    assert_eq!(prove("../evidence", &[]).ends(0).out, one.out);

    world.write(
        "root/holdfast.toml",
        &format!("{}logs = [\"{LOG}\", \"memory/other.jsonl\"]\n", world.read("root/holdfast.toml")),
    );
    fs::remove_file(world.path("x.tar")).unwrap();
    world.pack();
    let ran = prove("../x.tar", &[]).ends(64);
    assert!(
        ran.err.contains(
            "has 2 logs\n  name one of them with --log: memory/decisions.jsonl, memory/other.jsonl"
        )
    );
    assert_eq!(prove("../x.tar", &["--log", LOG]).ends(0).out.lines().next(), Some("c2sp.org/tlog-proof@v1"));
    let ran = prove("../x.tar", &["--log", "nix"]).ends(64);
    assert!(ran.err.contains("has no log nix"), "{}", ran.err);

    world.write("cut.tar", "no tar");
    let ran = prove("../cut.tar", &[]).ends(65);
    let says = "nothing in it was looked at\n  see what is wrong with it: audit-pack verify ../cut.tar\n";
    assert!(ran.err.contains(says), "{}", ran.err);
    let ran = prove("holdfast.toml", &[]).ends(78);
    assert!(ran.err.contains("is not sealed yet, and is no pack") && ran.err.contains("\n  "), "{}", ran.err);
}

/// The name of a log is whatever somebody wrote into a pack, and people copy commands.
#[test]
fn no_command_is_made_of_a_name_with_characters_of_a_shell() {
    let world = World::new();
    let origin = "example.com/x';touch${IFS}pwned;'";
    world.run(&["init", LOG, "--origin", origin]).ends(0);
    let told =
        world.run(&[&PROVE[..], &["-o", "2.tlog-proof", "--line-file", "2.jsonl"]].concat()).ends(0).out;
    assert!(told.contains(origin) && told.contains("to verify"), "{told}");
    assert!(!told.contains("audit-pack verify-proof"), "{told}");
    // The command that is printed for other names can be run as it stands.
    let world = sealed();
    let told =
        world.run(&[&PROVE[..], &["-o", "2.tlog-proof", "--line-file", "2.jsonl"]].concat()).ends(0).out;
    let command = told.lines().find_map(|line| line.strip_prefix("  to verify   audit-pack ")).unwrap();
    let script = format!("cd root && {} {command}", env!("CARGO_BIN_EXE_audit-pack"));
    run("sh", &["-euc", &script], &world.path(""));
}
