//! `audit-pack check`: what else is asked for takes nothing away from the verdict on the seals.

use std::fs;

use crate::world::World;

const LOG: &str = "memory/decisions.jsonl";
const ORDERS: &str = "{\"id\":\"A1\"}\n{\"id\":\"A2\"}\n";
const FILLS: [&str; 4] = ["--reconcile", "fills", "--order-key", "id"];

fn sealed() -> World {
    let world = World::new();
    world.write("root/memory/decisions.jsonl", ORDERS);
    world.run(&["seal"]).ends(0);
    world
}

/// Fills of which only the end is wrong are found wrong when the log was hashed long ago.
#[test]
fn fills_that_cannot_be_read_hide_no_change_of_the_log() {
    let world = sealed();
    world.write("root/fills", "id,qty\nA1,1\nA2\n");
    let check = [&["check", LOG], &FILLS[..]].concat();
    let ran = world.run(&check).ends(65);
    assert!(
        ran.out.contains("unchanged since it was sealed, and NOT COMPARED with the fills"),
        "{}",
        ran.out
    );
    let fact = "fills: line 3: 1 fields, and the header has 2";
    assert!(ran.out.contains(fact) && ran.out.contains("root        "), "{}", ran.out);
    let json = world.run(&[&check[..], &["--json"]].concat()).ends(65);
    let answer: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (answer["verdict"].as_str(), answer["reconcile_error"].as_str()),
        (Some("not-compared"), Some(fact))
    );

    world.write(&format!("root/{LOG}"), &ORDERS.replace("A2", "A3"));
    let ran = world.run(&check).ends(1);
    assert!(ran.out.contains("CHANGED, 1 finding") && ran.out.contains(fact), "{}", ran.out);
    let json = world.run(&[&check[..], &["--json"]].concat()).ends(1);
    let answer: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (answer["verdict"].as_str(), answer["reconcile_error"].as_str()),
        (Some("changed"), Some(fact))
    );
}

/// What was named by mistake is said before anything is hashed, once.
#[test]
fn files_that_are_not_there_are_said_at_once() {
    let world = sealed();
    world.write("root/memory/other.jsonl", ORDERS);
    world.run(&["init", "memory/other.jsonl", "--key", "../key"]).ends(0);
    world.write(&format!("root/{LOG}"), "{}\n{}\n");
    world.write("root/fills", "key\nA1\n");
    for (arguments, says) in [
        (&["--anchor", "nowhere"][..], "nowhere: is missing"),
        (&["memory/other.jsonl", "--tsa-ca", "nowhere"], "nowhere: is missing"),
        (&["--reconcile", "nowhere", "--order-key", "id"], "nowhere: is missing"),
        (&FILLS, "no column is named id: there are key"),
    ] {
        let ran = world.run(&[&["check", LOG], arguments].concat()).ends(64);
        assert_eq!((ran.out.as_str(), ran.err.matches(says).count()), ("", 1), "{arguments:?}: {}", ran.err);
        assert!(!ran.err.contains(LOG), "it is about no log: {}", ran.err);
    }
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

/// A root whose log was sealed after each of these, and its heads.
fn sealed_after(each: &[&str]) -> (World, Vec<String>) {
    let world = World::new();
    world.write(&format!("root/{LOG}"), "");
    let head = |lines: &&str| {
        world.append(&format!("root/{LOG}"), lines);
        world.run(&["seal"]).ends(0);
        world.read(&format!("root/{LOG}.audit/checkpoint"))
    };
    let heads = each.iter().map(head).collect();
    (world, heads)
}

/// Whose key signed it does not matter here: who names a head trusts it.
#[test]
fn a_log_goes_on_from_an_older_head_or_it_is_forked_or_rolled_back() {
    let (world, heads) = sealed_after(&["{\"n\":1}\n{\"n\":2}\n", "{\"n\":3}\n"]);
    let (_, other) = sealed_after(&["{\"n\":1}\n{\"n\":9}\n", "{\"n\":3}\n"]);
    let (_, longer) = sealed_after(&["{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n"]);
    for (head, code, says) in [
        (&heads[0], 0, "unchanged since it was sealed"),
        (&heads[1], 0, "unchanged since it was sealed"),
        (&other[0], 1, "lines 1 to 2: its first 2 lines are not those that ../head knows"),
        (&other[1], 1, "lines 1 to 3: its first 3 lines are not those that ../head knows"),
        (&longer[0], 1, "line 4: ../head knows 4 lines of it, and 3 are sealed"),
        (
            &heads[0].replacen("\n2\n", "\n1\n", 1),
            1,
            "line 1: its first 1 lines are not those that ../head knows",
        ),
        (
            &heads[0].replacen("example.com/bot1", "example.com/bot2", 1),
            65,
            "it is of example.com/bot2/decisions",
        ),
        (&"nothing".to_owned(), 65, "no checkpoint of this log"),
    ] {
        world.write("head", head);
        let ran = world.run(&["check", LOG, "--against", "../head"]).ends(code);
        assert!(ran.out.contains(says) || ran.err.contains(says), "{head}\n{}{}", ran.out, ran.err);
        assert_eq!(ran.out.contains("forked"), says.contains("not those"), "{}", ran.out);
        assert_eq!(ran.out.contains("rolled back"), says.contains("are sealed"), "{}", ran.out);
    }
    world.run(&["check", LOG, "--against", "../nowhere"]).ends(74);
}
