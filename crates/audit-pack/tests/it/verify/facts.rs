//! What a pack says of its host, and whether the watchdog's source in it is the one that ran.

use serde_json::{Value, json};

use super::KNOWN;
use crate::world::World;

/// What the installed watchdog says, and the one that ran: `same` stands for the source in the pack.
type Case = (Option<&'static str>, Option<&'static str>, Value, &'static [&'static str]);

fn other() -> String {
    "ab".repeat(32)
}

#[test]
fn the_source_in_the_pack_is_compared_with_what_was_installed_and_what_ran() {
    let packed = World::new();
    packed.pack();
    let same = packed.facts()["watchdog"]["packed"].as_str().unwrap().to_owned();
    let cases: [Case; 5] = [
        (Some("same"), Some("same"), json!(true), &[]),
        (Some("same"), None, json!(true), &[]),
        (None, None, json!(null), &[]),
        (Some("other"), Some("same"), json!(false), &["installed"]),
        (Some("other"), Some("other"), json!(false), &["installed", "running"]),
    ];
    for (installed, running, agree, warned) in cases {
        let digest = |which: &str| if which == "same" { same.clone() } else { other() };
        let world = World::on_a_host(installed.map(digest).as_deref());
        if let Some(running) = running.map(digest) {
            world.write("root/data/watchdog.json", &format!("{{\"v\":1,\"source\":\"{running}\"}}"));
        }
        world.pack_on_host();
        let story = format!("{installed:?} {running:?}");
        let text = world.verify("x.tar", &KNOWN).ends(0).out;
        let answer = world.verify("x.tar", &[&KNOWN[..], &["--json"]].concat()).ends(0).out;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let source = &answer["source"];
        assert_eq!(source["packed"], same, "{answer}");
        assert_eq!(source["agree"], agree, "{story}: {answer}");
        assert_eq!(source["installed"].as_str(), installed.map(digest).as_deref(), "{story}: {answer}");
        assert_eq!(source["running"].as_str(), running.map(digest).as_deref(), "{story}: {answer}");
        assert!(text.contains(&format!("files, {same}\n")), "{text}");
        assert_eq!(answer["warnings"].as_array().unwrap().len(), warned.len(), "{story}: {answer}");
        assert_eq!(text.matches("WARNING").count(), warned.len(), "{story}: {text}");
        for (which, said) in [("installed", installed), ("running", running)] {
            let is = match said {
                None => "is not known",
                Some("same") => "is of it",
                Some(_) => "is of ANOTHER ONE, abab",
            };
            assert!(text.contains(&format!("the {which} program {is}")), "{story}: {text}");
            let warns = text.contains(&format!("the {which} watchdog is of ANOTHER SOURCE"));
            assert_eq!(warns, warned.contains(&which), "{story}: {text}");
        }
    }
}

#[test]
fn the_host_its_programs_and_its_clock_are_shown() {
    let world = World::on_a_host(None);
    world.pack_on_host();
    let facts = world.facts();
    let answer = world.verify("x.tar", &[&KNOWN[..], &["--json"]].concat()).ends(0).out;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    for fact in ["program", "version", "host", "system", "clock_synchronised", "programs", "not_packed"] {
        assert_eq!(answer["host"][fact], facts[fact], "{fact}: {answer}");
    }
    assert_eq!(answer["host"]["programs"][0]["name"], "audit-pack");
    assert_eq!(answer["as_of_ms"], facts["logs"][0]["sealed_ms"]);
    let text = world.verify("x.tar", &KNOWN).ends(0).out;
    for words in [
        &format!(
            "packed by   audit-pack {} on {}",
            env!("CARGO_PKG_VERSION"),
            facts["host"].as_str().unwrap()
        ),
        "its clock follows another one",
        "  program     audit-pack, ",
        "the newest seal; when it was packed is not recorded",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    world.sh("printf '#!/bin/sh\\necho no\\n' > bin/timedatectl");
    world.pack_on_host();
    let text = world.verify("x.tar", &KNOWN).ends(0).out;
    assert!(text.contains("  WARNING     the host's clock followed no other one"), "{text}");
}
