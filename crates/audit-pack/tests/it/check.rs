//! `audit-pack check`: what else is asked for takes nothing away from the verdict on the seals.

use std::fs;

use crate::world::World;

const LOG: &str = "memory/decisions.jsonl";
const ORDERS: &str = "{\"id\":\"A1\"}\n{\"id\":\"A2\"}\n";

fn sealed() -> World {
    let world = World::new();
    world.write("root/memory/decisions.jsonl", ORDERS);
    world.run(&["seal"]).ends(0);
    world
}

/// Another log that is begun as if it had taken the place of this one.
fn restarted(lines: &str) -> World {
    let world = World::new();
    world.write(&format!("root/{LOG}"), lines);
    world.run(&["init", LOG, "--origin", "example.com/old"]).ends(0);
    world.write("root/memory/new.jsonl", "");
    let init = ["init", "memory/new.jsonl", "--origin", "example.com/new", "--key", "../key"];
    world.run(&[&init[..], &["--after", "memory/decisions.jsonl.audit/checkpoint"]].concat()).ends(0);
    world
}

/// What is found in it beside its seals does not make a past log another one than it was.
#[test]
fn a_past_with_doubled_decisions_is_still_the_past() {
    let world = restarted("{\"id\":1}\n{\"id\":1}\n");
    let check = ["check", "memory/new.jsonl", "--past", LOG];
    world.run(&check).ends(0);
    let ran = world.run(&[&check[..], &["--unique", "/id"]].concat()).ends(1);
    assert!(ran.out.contains("duplicated") && !ran.out.contains("restarted"), "{}", ran.out);
    // What is found in its seals does.
    world.write(&format!("root/{LOG}"), "{\"id\":1}\n{\"id\":2}\n");
    let ran = world.run(&check).ends(1);
    assert!(ran.out.contains("restarted"), "{}", ran.out);
}

/// A log that somebody names is looked at, whether it is the past of another one or not.
#[test]
fn a_past_that_was_named_is_checked() {
    let world = restarted(ORDERS);
    world.write("root/memory/other.jsonl", ORDERS);
    world.run(&["init", "memory/other.jsonl", "--key", "../key"]).ends(0);
    world.write("root/memory/other.jsonl", "{}\n{}\n");
    let ran =
        world.run(&["check", "memory/new.jsonl", "--past", LOG, "--past", "memory/other.jsonl"]).ends(1);
    assert!(ran.out.contains("memory/other.jsonl: CHANGED"), "{}", ran.out);
    // Of the configuration only what is somebody's past.
    let config = fs::read_to_string(world.path("root/holdfast.toml")).unwrap();
    let logs = format!("logs = [\"memory/new.jsonl\"]\npast = [\"{LOG}\", \"memory/other.jsonl\"]\n");
    world.write("root/holdfast.toml", &(config + &logs));
    let ran = world.run(&["check", "memory/new.jsonl"]).ends(0);
    assert!(ran.out.contains(LOG) && !ran.out.contains("memory/other.jsonl"), "{}", ran.out);
}

/// A clock that was set back makes nothing young.
#[test]
fn what_was_written_in_times_to_come_is_late() {
    let world = sealed();
    world.append(&format!("root/{LOG}"), "{\"id\":\"A3\"}\n{\"torn\"");
    world.sh("touch -d 2099-01-01 root/memory/decisions.jsonl root/memory/decisions.jsonl.audit/lock");
    let ran = world.run(&["check", LOG, "--max-unsealed", "1d"]).ends(4);
    assert!(ran.out.contains("no sealer has looked since a time that is still to come"), "{}", ran.out);
    world.run(&["seal"]).ends(0);
    world.sh("touch -d 2099-01-01 root/memory/decisions.jsonl");
    let ran = world.run(&["check", LOG, "--max-unsealed", "1d"]).ends(4);
    assert!(ran.out.contains("without a line feed since a time that is still to come"), "{}", ran.out);
}
