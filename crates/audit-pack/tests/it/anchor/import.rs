//! Texts that people have.

use super::{LOG, SIDECAR, configure, world};

#[test]
fn a_text_is_kept_where_its_head_belongs_and_counts_only_for_who_names_it() {
    let world = world("");
    let head = |lines: u64, root: &str| {
        format!("PAUSED\n\nHeads of the sealed logs:\n{} {lines} {root}\n", super::ORIGIN)
    };
    let root = |world: &crate::world::World| {
        let ran = world.run(&["--json", "check"]).ends(0);
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()["root"].as_str().unwrap().to_owned()
    };
    world.write("Chat Export.html", &head(3, &root(&world)));
    world.grow("{\"n\":4}");
    let ran = world.run(&["anchor", LOG, "--import", "../Chat Export.html"]).ends(0);
    assert!(ran.out.contains("1 heads of it"), "{}", ran.out);
    let folder = format!("{SIDECAR}/anchors/00000000000000000002");
    let kept = || -> Vec<String> {
        let entries = std::fs::read_dir(world.path(&folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| {
                name.starts_with("chat-export-")
                    && name.rsplit_once('.').is_some_and(|(_, end)| end == "text")
            })
            .collect()
    };
    assert_eq!(kept().len(), 1);
    assert_eq!(world.read(&format!("{folder}/{}", kept()[0])), world.read("Chat Export.html"));
    // Another one of that name, and of two million bytes, takes nothing away.
    let first = world.read("Chat Export.html");
    world.write("Chat Export.html", &(first.clone() + &"later\n".repeat(350_000)));
    world.run(&["anchor", LOG, "--import", "../Chat Export.html"]).ends(0);
    assert_eq!(kept().len(), 2);
    for name in kept() {
        std::fs::remove_file(world.path(&format!("{folder}/{name}"))).unwrap();
    }
    world.write("Chat Export.html", &first);
    world.run(&["anchor", LOG, "--import", "../Chat Export.html"]).ends(0);
    world.write("long", &"x".repeat((16 << 20) + 1));
    let long = world.run(&["anchor", LOG, "--import", "../long"]).ends(65);
    assert!(long.err.contains("16 MiB") && long.err.contains("cut it down"), "{}", long.err);
    let ran = world.packed_and_verified(&["--require-anchors", "1"]).ends(5);
    assert!(ran.out.contains("1 copies that stores or people hold"), "{}", ran.out);
    let ran =
        world.packed_and_verified(&["--require-anchors", "1", "--anchor", "../Chat Export.html"]).ends(0);
    assert!(ran.out.contains("the first 3 of 4 lines"), "{}", ran.out);
    for (text, code, says) in [
        (head(9, &root(&world)), 1, "rolled back"),
        (head(3, &root(&world)), 1, "forked"),
        ("nothing".to_owned(), 65, "holds no head of this log"),
    ] {
        world.write("text", &text);
        let ran = world.run(&["anchor", LOG, "--import", "../text"]).ends(code);
        assert!(format!("{}{}", ran.out, ran.err).contains(says), "{}{}", ran.out, ran.err);
        assert!(!world.path(&format!("{SIDECAR}/anchors/00000000000000000003")).exists());
    }
    world.run(&["anchor", LOG, "--import", "../none"]).ends(74);
    let ran = world.packed_and_verified(&["--anchor", "../text"]).ends(5);
    assert!(ran.out.contains("../text holds the head of no log in the pack"), "{}", ran.out);
}

#[test]
fn without_anybody_to_ask_that_is_said() {
    let world = world("");
    let ran = world.run(&["anchor"]).ends(78);
    assert!(ran.err.contains("[[anchor]]"), "{}", ran.err);
    configure(&world, "[[anchor]]\nname = \"g\"\nkind = \"store\"\nurl = \"gs://b/x\"\n");
    let ran = world.run(&["anchor"]).ends(69);
    assert!(ran.out.contains("not built yet"), "{}", ran.out);
    let ran = world.run(&["anchor", "memory/none.jsonl"]).ends(4);
    assert!(ran.err.contains("not sealed yet"), "{}", ran.err);
}
