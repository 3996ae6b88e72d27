//! Sidecars that were damaged, and what stands in the place of a log.

use std::fs;
use std::path::PathBuf;

use crate::world::{Ran, World, run};

const LOG: &str = "memory/decisions.jsonl";
const SIDECAR: &str = "root/memory/decisions.jsonl.audit";

/// A log of so many lines, sealed once.
fn sealed(lines: u32) -> World {
    let world = World::new();
    let log: Vec<String> = (0..lines).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    world.write("root/memory/decisions.jsonl", &log.concat());
    world.run(&["seal"]).ends(0);
    world
}

fn tiles(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let listed = run("find", &["tile", "-type", "f"], &world.path(SIDECAR));
    let mut paths: Vec<PathBuf> = listed.lines().map(PathBuf::from).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(world.path(SIDECAR).join(&path)).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

/// Whichever tile it is, and whether lines were added since or not.
#[test]
fn a_damaged_tile_is_made_anew_from_the_log() {
    let world = sealed(1300);
    let whole = tiles(&world);
    assert!(whole.len() > 6, "{} tiles", whole.len());
    for (path, bytes) in &whole {
        let path = world.path(SIDECAR).join(path);
        let mut flipped = bytes.clone();
        flipped[3] ^= 1;
        for damaged in [Some(flipped), Some(bytes[..bytes.len() - 32].to_vec()), Some(Vec::new()), None] {
            match damaged {
                Some(damaged) => fs::write(&path, damaged).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            world.run(&["check", LOG]).ends(1);
            let ran = world.run(&["--json", "seal", LOG]).ends(0);
            assert!(
                ran.err.contains("1 damaged tiles of its sidecar were made anew"),
                "{path:?}: {}",
                ran.err
            );
            assert!(ran.out.contains("\"tiles_mended\":1"), "{path:?}: {}", ran.out);
            assert!(tiles(&world) == whole, "{path:?}");
            world.run(&["check", LOG, "--deep"]).ends(0);
        }
    }
    let path = world.path(SIDECAR).join("tile/0/002");
    fs::remove_file(&path).unwrap();
    world.append("root/memory/decisions.jsonl", "{\"n\":-1}\n");
    world.run(&["seal", LOG]).ends(0);
    world.run(&["check", LOG, "--deep"]).ends(0);
}

/// By the tiles a check tells what happened to the log, so that a log that is another one now must not make them anew.
#[test]
fn tiles_stay_as_they_are_where_the_log_is_not_what_was_sealed() {
    let world = sealed(1300);
    // Of the last seal every run looks at all bytes.
    world.append("root/memory/decisions.jsonl", "{\"n\":-1}\n");
    world.run(&["seal", LOG]).ends(0);
    let log = world.read("root/memory/decisions.jsonl");
    world.write("root/memory/decisions.jsonl", &log.replacen("{\"n\":5}", "{\"n\":9}", 1));
    fs::write(world.path(SIDECAR).join("tile/0/002"), vec![7; 8192]).unwrap();
    let before = tiles(&world);
    let ran = world.run(&["seal", LOG]).ends(1);
    assert!(ran.err.contains("the tiles are damaged, and the log has not the root any more"), "{}", ran.err);
    assert!(tiles(&world) == before);
    let ran = world.run(&["check", LOG]).ends(1);
    assert!(ran.out.contains("edited      memory/decisions.jsonl, line 6"), "{}", ran.out);
}

#[test]
fn no_empty_folder_stays_behind_a_tile_that_became_full() {
    let world = sealed(200);
    let edges = || run("find", &["tile", "-name", "*.p"], &world.path(SIDECAR));
    let full = "{\"more\":1}\n".repeat(100);
    for expected in ["tile/0/000.p\n", "tile/0/001.p\ntile/1/000.p\n"] {
        assert_eq!(edges().lines().count(), expected.lines().count(), "{}", edges());
        assert!(expected.lines().all(|edge| edges().contains(edge)), "{}", edges());
        world.append("root/memory/decisions.jsonl", &full);
        world.run(&["seal", LOG]).ends(0);
    }
    world.run(&["check", LOG, "--deep"]).ends(0);
}

#[test]
fn a_key_that_only_the_sidecar_names_is_said_to_be_no_more() {
    let world = sealed(3);
    let key = world.path("key");
    let key = key.to_str().unwrap();
    // The configuration names it.
    for arguments in [&["check", LOG][..], &["check"], &["check", LOG, "--quick"]] {
        let ran = world.run(arguments);
        assert!(ran.out.contains("(known)"), "{arguments:?}: {}", ran.out);
    }
    fs::remove_file(world.path("root/holdfast.toml")).unwrap();
    for (arguments, says, named) in [
        (&["check", LOG][..], "NAMED ONLY BY THE SIDECAR ITSELF, which proves nothing", "by-sidecar"),
        (&["check", LOG, "--quick"], "NAMED ONLY BY THE SIDECAR ITSELF", "by-sidecar"),
        (&["check", LOG, "--key", key], "(known)", "outside"),
        (&["check", LOG, "--key", "/nowhere"], "NOT known from outside of the log", "nowhere"),
    ] {
        let ran = world.run(arguments).ends(0);
        assert!(ran.out.contains(says), "{arguments:?}: {}", ran.out);
        let json = world.run(&[&["--json"], arguments].concat()).ends(0);
        let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json["key_is_named"], named, "{json}");
    }
    // Whoever makes log and sidecar anew names a key of their own there.
    let forger = World::new();
    forger.write("root/memory/decisions.jsonl", "{\"mine\":1}\n");
    forger.run(&["seal"]).ends(0);
    fs::remove_file(forger.path("root/holdfast.toml")).unwrap();
    let ran = forger.run(&["check", LOG]).ends(0);
    assert!(ran.out.contains("which proves nothing"), "{}", ran.out);
    forger.run(&["check", LOG, "--key", key]).ends(1);
}

#[test]
fn a_wrong_key_is_said_to_be_another_one_whatever_is_remembered() {
    let world = sealed(3);
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", "other"], &world.path(""));
    world.append("root/memory/decisions.jsonl", "{\"n\":4}\n");
    for remembered in [true, false] {
        if !remembered {
            fs::remove_dir_all(world.path("key.signed")).unwrap();
        }
        for command in ["seal", "pack"] {
            let mut arguments = vec![command, "--key", "../other"];
            if command == "seal" {
                arguments.push(LOG);
            }
            let ran = world.run(&arguments).ends(78);
            assert!(ran.err.contains("the log is sealed by another key"), "{command}: {}", ran.err);
            assert!(ran.err.contains("name the right one with --key"), "{command}: {}", ran.err);
        }
        assert!(!world.path("other.signed").exists(), "something was signed");
    }
    world.run(&["seal", LOG]).ends(0);
}

/// Makes something else of the log; what it is called.
const OTHERS: [(&str, &str); 5] = [
    ("mkfifo decisions.jsonl", "a FIFO, socket or device"),
    ("ln -s real decisions.jsonl", "a link, which is not followed"),
    ("ln -s nowhere decisions.jsonl", "a link"),
    ("mkdir decisions.jsonl", "a folder"),
    ("ln -s /dev/zero decisions.jsonl", "a link"),
];

#[test]
fn what_stands_in_the_place_of_a_sealed_log_is_a_finding() {
    for (make, what) in OTHERS {
        let world = sealed(300);
        world.write("line", "{\"n\":-1}\n");
        run("sh", &["-c", &format!("mv decisions.jsonl real; {make}")], &world.path("root/memory"));
        let before = fs::read(world.path(SIDECAR).join("chain")).unwrap();
        for arguments in [
            &["check", LOG][..],
            &["check", LOG, "--quick"],
            &["check", LOG, "--deep", "--unique", "/n"],
            &["check"],
            &["seal", LOG],
            &["seal"],
            &["append", LOG],
            &["pack", "-o", "../x.tar"],
        ] {
            let mut command = world.audit_pack(arguments);
            let line = fs::File::open(world.path("line")).unwrap();
            let ran = Ran::of(&command.stdin(line).output().unwrap()).ends(1);
            let told = format!("{}{}", ran.out, ran.err);
            assert!(told.contains(&format!("stands {what}")), "{make}: {arguments:?}\n{told}");
        }
        assert_eq!(
            fs::read(world.path(SIDECAR).join("chain")).unwrap(),
            before,
            "{make}: something was signed"
        );
        // What is left is evidence, too.
        assert!(world.facts()["not_packed"].to_string().contains("2890 sealed bytes stood in it"), "{make}");
    }
}

#[test]
fn what_stands_in_the_place_of_a_log_that_is_not_sealed_is_a_mistake_of_who_names_it() {
    for (make, what) in OTHERS {
        let world = World::new();
        run("sh", &["-c", &format!("mv decisions.jsonl real; {make}")], &world.path("root/memory"));
        for arguments in [
            &["init", LOG, "--key", "../key"][..],
            &["check", LOG],
            &["check", LOG, "--quick"],
            &["check", LOG, "--unique", "/n"],
            &["seal", LOG],
            &["append", LOG],
        ] {
            let mut command = world.audit_pack(arguments);
            let output = command.stdin(std::process::Stdio::null()).output().unwrap();
            let ran = Ran::of(&output).ends(64);
            let says = format!("{LOG} is no log, but {what}");
            assert!(
                ran.err.contains(&says) && ran.err.contains("\n  a log is a plain file"),
                "{make}: {}",
                ran.err
            );
        }
        assert!(!world.path(SIDECAR).exists(), "{make}");
    }
}
