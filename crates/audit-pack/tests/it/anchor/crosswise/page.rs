//! `docs/auditor.md`: every command of it, run as it stands there, by somebody who has what it says that one needs.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{ORIGIN, Scene};
use crate::world::{Ran, World, run};

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn page() -> String {
    std::fs::read_to_string(Path::new(TOP).join("docs/auditor.md")).unwrap()
}

/// The commands below a heading, block by block.
fn blocks(page: &str, heading: &str) -> Vec<String> {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1);
    blocks.map(|rest| rest.split_once("```").unwrap().0.to_owned()).collect()
}

/// `<origin> <lines> <root>`, as messages end with it.
fn head(world: &World) -> String {
    let ran = world.run(&["--json", "check"]).ends(0);
    let check: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    format!("PAUSED\n\n{ORIGIN} {} {}\n", check["lines"], check["root"].as_str().unwrap())
}

/// A folder with two packs, and with what came from elsewhere.
fn desk(scene: &Scene) -> PathBuf {
    let world = &scene.world;
    let desk = world.path("desk");
    std::fs::create_dir_all(desk.join("bin")).unwrap();
    world.anchor().ends(0);
    world.run(&["pack", "-o", "../desk/older.tar"]).ends(0);
    for line in ["{\"n\":4}", "{\"n\":5}"] {
        world.grow(line);
    }
    world.anchor().ends(0);
    std::fs::write(desk.join("mail.txt"), head(world)).unwrap();
    world.run(&["pack", "-o", "../desk/evidence.tar"]).ends(0);
    std::fs::write(desk.join("witness.vkey"), format!("{}\n", scene.witness.key)).unwrap();
    for (from, to) in [("allowed_signers", "allowed_signers"), ("tsa/ca.pem", "authorities.pem")] {
        std::fs::copy(world.path(from), desk.join(to)).unwrap();
    }
    symlink(TOP, desk.join("holdfast")).unwrap();
    symlink(env!("CARGO_BIN_EXE_audit-pack"), desk.join("bin/audit-pack")).unwrap();
    desk
}

fn follow(desk: &Path, block: &str) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-euc", block]).current_dir(desk).env_remove("HOLDFAST_ROOT");
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", desk.join("bin").display()));
    Ran::of(&command.output().unwrap())
}

/// What is done to the folder, below which heading, and which of the blocks there finds that out.
const SABOTAGE: [(&str, &str, usize); 15] = [
    ("sed -i s/:4}/:7}/ evidence.tar", "A report", 0),
    ("sed -i s/:4}/:7}/ evidence.tar", "Check it with our program", 0),
    ("sed -i s/:4}/:7}/ evidence.tar", "Check it with the script", 0),
    ("sed -i s/:4}/:7}/ evidence.tar", "Check it by hand", 0),
    ("sed -i 's/ 5 / 4 /' mail.txt", "Check it with our program", 1),
    (
        "ssh-keygen -q -t ed25519 -N '' -f k; sed 's/^/desk@example.com /' k.pub > allowed_signers",
        "Check it by hand",
        0,
    ),
    ("sed -i s/:4}/:7}/ evidence/data/log/memory/decisions.jsonl", "Check it by hand", 1),
    ("echo x >> evidence/data/log/memory/decisions.jsonl", "Check it by hand", 1),
    ("sed -i 's/^s1 1 ./&0/' evidence/data/log/memory/*.audit/SEALS", "Check it by hand", 1),
    ("sed -i '$d' evidence/data/log/memory/*.audit/SEALS", "Check it by hand", 2),
    (
        "ssh-keygen -q -t ed25519 -N '' -f k; sed 's/^/desk@example.com /' k.pub > allowed_signers",
        "Check it by hand",
        2,
    ),
    (
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout k -out authorities.pem 2> /dev/null",
        "Check it by hand",
        3,
    ),
    ("sed -i 's/^s1 1 ./&0/; s/^s1 3 ./&0/' evidence/data/log/memory/*.audit/SEALS", "Check it by hand", 3),
    ("sed -i 2s/5/4/ evidence/data/log/memory/*.audit/anchors/*4/checkpoint", "Check it by hand", 4),
    ("sed -i 's/^s1 3 [0-9]* ./&0/' evidence/data/log/memory/*.audit/SEALS", "Check it by hand", 4),
];

#[test]
fn every_command_of_it_can_be_followed_and_finds_what_it_is_for() {
    let scene = Scene::new();
    let desk = desk(&scene);
    let page = page();
    let all: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .flat_map(|heading| blocks(&page, heading))
        .collect();
    assert_eq!(all.len(), page.matches("```sh\n").count());
    for block in &all {
        let ran = follow(&desk, block);
        assert_eq!(ran.code, 0, "{block}\n{}{}", ran.out, ran.err);
    }
    run("cp", &["-a", "desk", "kept"], &scene.world.path(""));
    for (script, heading, number) in SABOTAGE {
        scene.world.sh("rm -r desk; cp -a kept desk");
        run("sh", &["-euc", script], &desk);
        let ran = follow(&desk, &blocks(&page, heading)[number]);
        assert_ne!(ran.code, 0, "{script}: {heading}, {number}: {}{}", ran.out, ran.err);
    }
    // Another history, in which each pack is sound.
    scene.world.sh("rm -r desk; cp -a kept desk; rm -r desk/evidence*");
    scene.world.rewrite(&["{\"n\":1}\n{\"n\":9}\n{\"n\":3}\n", "{\"n\":4}\n", "{\"n\":5}\n"]);
    std::fs::remove_dir_all(scene.world.path(&format!("{}/anchors", super::SIDECAR))).unwrap();
    scene.world.run(&["pack", "-o", "../desk/evidence.tar"]).ends(0);
    assert_eq!(follow(&desk, &blocks(&page, "Check it with our program")[0]).code, 0);
    for block in blocks(&page, "The second audit") {
        let ran = follow(&desk, &block);
        assert_ne!(ran.code, 0, "{block}\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn it_explains_every_kind_of_finding() {
    let source = std::fs::read_to_string(Path::new(TOP).join("crates/audit-pack/src/finding.rs")).unwrap();
    let shown = regex::Regex::new(r#"Self::\w+ => "([a-z ]+)""#).unwrap();
    let kinds: Vec<&str> = shown.captures_iter(&source).map(|found| found.get(1).unwrap().as_str()).collect();
    assert_eq!(kinds.len(), 16);
    let page = page();
    for kind in kinds {
        assert!(page.contains(&format!("\n| {kind} | ")), "{kind}");
    }
}

/// A claim whose test is gone is no claim.
#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let page = std::fs::read_to_string(Path::new(TOP).join("docs/threat-model.md")).unwrap();
    let mut count = 0;
    for code in page.split('`').skip(1).step_by(2) {
        let (path, test) = code.split_once("::").map_or((code, None), |(path, test)| (path, Some(test)));
        if !["crates/", "tests/"].iter().any(|top| path.starts_with(top)) {
            continue;
        }
        count += 1;
        let source = std::fs::read_to_string(Path::new(TOP).join(path));
        let source = source.unwrap_or_else(|error| panic!("{path}: {error}"));
        if let Some(test) = test {
            assert!(source.contains(&format!("fn {test}(")), "{path} has no {test}");
        }
    }
    assert!(count > 50, "{count}");
}
