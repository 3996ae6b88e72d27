//! What somebody without the key may lay among the anchors takes nothing back that was found, and no anchor away.

use super::{LOG, SIDECAR, configure, world};
use crate::world::World;

const BEFORE: &str = "anchors/00000000000000000001";

fn folder(world: &World, name: &str) -> String {
    let dir = world.path("archive").join(name);
    std::fs::create_dir_all(&dir).unwrap();
    format!("[[anchor]]\nname = \"{name}\"\nkind = \"store\"\nurl = \"file://{}\"\n", dir.display())
}

#[test]
fn an_edited_line_is_told_whatever_lies_among_the_anchors() {
    let side = SIDECAR;
    for (does, says) in [
        (format!("mkdir -p {side}/anchors && ln -s nowhere {side}/anchors/x"), ""),
        (format!("mkdir -p {side}/{BEFORE}/t.tsr"), "in its place stands a folder"),
        (
            format!("mkdir -p {side}/{BEFORE} && ln -s nowhere {side}/{BEFORE}/chain"),
            "in its place stands a link",
        ),
        (format!("mkdir -p {side}/outbox/x.json"), "has said anything against the log is not known"),
        (format!("rm {side}/chain && ln -s nowhere {side}/chain"), "in its place stands a link"),
        (format!("rm {side}/checkpoint && mkdir {side}/checkpoint"), "in its place stands a folder"),
    ] {
        let world = world("");
        world.run(&["check", LOG]).ends(0);
        world.sh(&does);
        let alone = world.run(&["check", LOG]);
        assert_eq!(alone.code, i32::from(!says.is_empty()), "{does}: {}{}", alone.out, alone.err);
        assert!(alone.out.contains(says), "{does}: {}", alone.out);
        world.sh(&format!("sed -i 's/:2/:5/' root/{LOG}"));
        for arguments in [&["check", LOG][..], &["check", LOG, "--json"]] {
            let ran = world.run(arguments).ends(1);
            assert!(ran.out.contains("edited"), "{does}: {}", ran.out);
        }
    }
    // Without seals nothing can be said of lines.
    let world = world("");
    world.sh(&format!("rm {side}/SEALS && ln -s nowhere {side}/SEALS"));
    let ran = world.run(&["check", LOG]).ends(1);
    assert!(ran.out.contains("in its place stands a link"), "{}", ran.out);
}

#[test]
fn more_files_than_are_looked_at_are_no_reason_to_look_at_nothing() {
    let world = world("");
    world.sh(&format!(
        "mkdir -p {SIDECAR}/{BEFORE} && cd {SIDECAR}/{BEFORE} && seq -f %g.text 100001 | xargs touch"
    ));
    world.run(&["check", LOG]).ends(0);
    world.sh(&format!("sed -i 's/:2/:5/' root/{LOG}"));
    world.run(&["check", LOG]).ends(1);
}

#[test]
fn what_is_remembered_and_cannot_be_understood_may_have_been_an_alarm() {
    let world = world("");
    let names = ["one", "two"].map(|name| folder(&world, name)).concat();
    configure(&world, &names);
    world.anchor().ends(0);
    for content in ["", "{", "{\"v\":2,\"origin\":\"example.com/bot1/decisions\",\"alarm\":\"forked\"}\n"] {
        world.write(&format!("{SIDECAR}/outbox/one.json"), content);
        let ran = world.run(&["check"]).ends(1);
        assert!(
            ran.out.contains("malformed") && ran.out.contains("the anchor one"),
            "{content}: {}",
            ran.out
        );
        // It is not written over, and nobody else is silenced by it.
        world.grow("{\"n\":4}");
        let ran = world.anchor().ends(74);
        assert!(ran.out.contains("BROKEN      one") && ran.out.contains("anchored    two"), "{}", ran.out);
        assert_eq!(world.read(&format!("{SIDECAR}/outbox/one.json")), content);
    }
    world.sh(&format!("rm {SIDECAR}/outbox/one.json"));
    world.anchor().ends(0);
    world.run(&["check"]).ends(0);
}

#[test]
fn what_a_store_said_of_one_head_is_not_taken_back_by_the_next() {
    let world = world("");
    configure(&world, &folder(&world, "partner"));
    world.anchor().ends(0);
    world.rewrite(&["{\"n\":9}\n"]);
    std::fs::remove_dir_all(world.path(&format!("{SIDECAR}/anchors"))).unwrap();
    let ran = world.anchor().ends(1);
    assert!(ran.out.contains("FORKED"), "{}", ran.out);
    world.grow("{\"n\":10}");
    world.anchor();
    let ran = world.run(&["check"]).ends(1);
    assert!(ran.out.contains("so said the anchor partner") && ran.out.contains("remove "), "{}", ran.out);
}

#[test]
fn without_a_sidecar_no_anchor_counts() {
    let world = World::new();
    world.sh("cd root && git init -q && git add memory && git -c user.name=a -c user.email=a@b commit -qm a");
    world.run(&["check", LOG, "--base", "HEAD"]).ends(0);
    world.run(&["check", LOG, "--base", "HEAD", "--require-anchors", "0"]).ends(0);
    for asked in [["--require-anchors", "1"], ["--max-anchor-age", "1d"]] {
        let ran = world.run(&[&["check", LOG, "--base", "HEAD"][..], &asked].concat()).ends(5);
        assert!(ran.out.contains("it has no sidecar, so no anchor counts"), "{}", ran.out);
    }
}

#[test]
fn the_head_of_nothing_is_no_anchor() {
    let world = world("");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    world.write("zero", &format!("{} 0 {empty}\n", super::ORIGIN));
    world.packed_and_verified(&["--anchor", "../zero"]).ends(0);
    let ran = world.packed_and_verified(&["--anchor", "../zero", "--require-anchors", "1"]).ends(5);
    assert!(ran.out.contains("no anchor counts"), "{}", ran.out);
}
