//! What ends a run, and what it leaves behind.

use std::fs;
use std::path::Path;

use super::world::{World, run};

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn what_cannot_be_packed_is_told_with_what_to_do() {
    let world = World::new();
    world.pack();
    for (arguments, code, what) in [
        (&["pack", "-o", "x.zip"][..], 64, "x.zip is no name for a pack\n  name it X.tar"),
        (&["pack", "--output=-x.tar"], 64, "is no name for a pack"),
        (&["pack", "-o", "a b.tar"], 64, "is no name for a pack"),
        (&["pack", "--key", "/nowhere/key"], 78, "/nowhere/key"),
        (&["pack", "-o", "/nowhere/x.tar"], 74, "/nowhere/x.tar cannot be written"),
        (&["pack", "--root", "/nowhere"], 78, "not a Holdfast root"),
    ] {
        let ran = world.run(arguments).ends(code);
        assert!(ran.err.contains(what), "{arguments:?}: {}", ran.err);
    }
    let empty = World::new();
    fs::remove_file(empty.path("root/memory/decisions.jsonl")).unwrap();
    assert!(empty.run(&["pack"]).ends(78).err.contains("there is no sealed log"));
    empty.write("root/holdfast.toml", "");
    assert!(empty.run(&["pack"]).ends(78).err.contains("no key is known"));
}

#[test]
fn a_full_disk_leaves_nothing_half_written_and_the_old_pack_whole() {
    let world = World::new();
    world.pack();
    let old = fs::read(world.path("x.tar")).unwrap();
    let before = names(&world.path(""));
    world.append("root/memory/decisions.jsonl", "{\"n\":4}\n");
    world.run(&["seal"]).ends(0);
    // A limit of the file size stands in for the disk: the tar has more than 64 KiB.
    let script =
        format!("ulimit -f 64; exec {} pack --no-seal -o ../x.tar", env!("CARGO_BIN_EXE_audit-pack"));
    let ran = super::world::try_run("sh", &["-c", &script], &world.path("root")).ends(74);
    assert!(ran.err.contains("x.tar cannot be written") && ran.err.contains("make room"), "{}", ran.err);
    assert_eq!(names(&world.path("")), before);
    assert!(fs::read(world.path("x.tar")).unwrap() == old);
}

/// A log that was changed is evidence too.
#[test]
fn a_changed_log_is_packed_as_it_is_and_told_of() {
    let world = World::new();
    world.pack();
    world.write("root/memory/decisions.jsonl", "{\"n\":1}\n");
    let ran = world.run(&["pack", "-o", "../x.tar"]).ends(1);
    assert!(ran.err.contains("TRUNCATED") || ran.err.contains("truncated"), "{}", ran.err);
    assert_eq!(world.packed_text("data/log/memory/decisions.jsonl"), "{\"n\":1}\n");
    let facts = world.facts();
    assert!(
        facts["not_packed"].to_string().contains("24 sealed bytes stood in it, and 8 are there"),
        "{facts}"
    );
}

#[test]
fn links_are_not_followed() {
    let world = World::new();
    world.write("elsewhere.json", "{\"at\":1,\"status\":\"ok\"}");
    fs::remove_file(world.path("root/data/heartbeat.json")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere.json", world.path("root/data/heartbeat.json")).unwrap();
    world.pack();
    assert!(world.packed("data/state/heartbeat.json").is_none());
    assert!(world.facts()["not_packed"].to_string().contains("a link, which is not followed"));
}

#[test]
fn an_older_pack_of_the_name_is_replaced_with_its_signature() {
    let world = World::new();
    world.pack();
    world.append("root/memory/decisions.jsonl", "{\"n\":4}\n");
    world.pack();
    run(
        "sh",
        &[
            "-c",
            "ssh-keygen -Y verify -f allowed_signers -I desk@example.com -n pack@holdfast -s x.tar.sig < x.tar",
        ],
        &world.path(""),
    );
    assert_eq!(world.facts()["logs"][0]["lines"], 4);
}
