//! `audit-pack report`: the page that people are shown.

mod bounds;
mod browser;
mod hostile;
mod words;

use std::collections::HashSet;
use std::fs;

use roxmltree::{Document, Node, ParsingOptions};

use crate::verify::KNOWN;
use crate::world::{Ran, World, run};

/// The elements of a page. None of them runs, loads or leads anywhere.
const ELEMENTS: &str = "html head meta title style body header footer section h1 h2 h3 p ul ol li dl dt dd div span strong bdi br pre \
     figure figcaption table thead tbody tr th td svg desc rect path line text";

impl World {
    /// Days of history with pauses, incidents, alerts and decisions, sealed each hour while the clock stood still.
    fn with_a_story() -> Self {
        let world = Self::on_a_host(None);
        for log in ["memory/decisions.jsonl", "memory/journal.jsonl", "data/trips.jsonl"] {
            world.write(&format!("root/{log}"), "");
        }
        let journal = |lines: &[&str]| world.append("root/memory/journal.jsonl", &(lines.join("\n") + "\n"));
        let decisions = |count: u32, at: f64| {
            (0..count).for_each(|n| {
                let line = format!("{{\"at\":{},\"n\":{n},\"act\":\"buy\"}}\n", at + f64::from(n));
                world.append("root/memory/decisions.jsonl", &line);
            });
        };
        journal(&[
            r#"{"at":1763712000,"kind":"watchdog-started","host":"mini","by":"watchdog","version":"0.1.0"}"#,
            r#"{"at":1763712001,"kind":"drill","host":"mini","by":"drill","passed":28,"failed":[],"not_run":["full-disk"],"evidence":"verified"}"#,
            r#"{"at":1763715600,"kind":"checked","host":"mini","by":"watchdog","checks":3600,"watches":1,"healthy":1}"#,
        ]);
        decisions(3, 1_763_713_000.0);
        world.at("2025-11-21 10:00:00", &["init", "memory/decisions.jsonl", "--key", "../key"]);
        world.at("2025-11-21 10:00:00", &["init", "memory/journal.jsonl", "--key", "../key"]);
        world.at("2025-11-21 10:00:00", &["seal", "memory/decisions.jsonl", "memory/journal.jsonl"]);
        let hold = r#""id":"20251121T110000Z-7f3a01","mode":"halt","reason":"trader-run: heartbeat stale: 1260s > 900s","by":"watchdog","watch":"trader-run","host":"mini""#;
        world.append("root/data/trips.jsonl", &format!("{{\"v\":1,{hold},\"since\":1763722800}}\n"));
        journal(&[
            &format!("{{\"at\":1763722800,\"kind\":\"trip\",{hold}}}"),
            r#"{"at":1763722801,"kind":"incident-opened","host":"mini","by":"watchdog","incident":"20251121T110000Z-7f3a01","watch":"trader-run","verdict":"stale","detail":"heartbeat stale: 1260s > 900s"}"#,
            r#"{"at":1763722802,"kind":"alert-accepted","host":"mini","by":"watchdog","alert":"a1","incident":"20251121T110000Z-7f3a01","about":"opened","channel":"telegram","tries":1}"#,
            r#"{"at":1763722803,"kind":"alert-failed","host":"mini","by":"watchdog","alert":"a1","about":"opened","channel":"pager","tries":4,"why":"HTTP 401","permanent":true}"#,
            r#"{"at":1763726000,"kind":"ack","host":"mini","by":"ann","incident":"20251121T110000Z-7f3a01"}"#,
            r#"{"at":1763730000,"kind":"incident-closed","host":"mini","by":"watchdog","incident":"20251121T110000Z-7f3a01","watch":"trader-run","verdict":"stale","detail":"fresh again"}"#,
            r#"{"at":1763733600,"kind":"resume","host":"mini","by":"ann","why":"the exchange was down; fills compared","lifted":["20251121T110000Z-7f3a01"],"standing":[]}"#,
        ]);
        decisions(5, 1_763_800_000.0);
        world.append("root/memory/decisions.jsonl", "{\"n\":9}\n");
        world.at("2025-11-22 12:00:00", &["seal", "memory/decisions.jsonl", "memory/journal.jsonl"]);
        world.write("root/data/heartbeat.json", "{\"at\":1763800000,\"status\":\"held\"}\n");
        world.write("root/data/circuit.json", "{\"v\":1,\"paused\":false,\"trips\":0}\n");
        world.write("root/data/heartbeats/trader-run.json", "{\"at\":1763800100,\"status\":\"ok\"}\n");
        world
    }

    /// Runs it in the root while the clock stands still.
    #[track_caller]
    pub(crate) fn at(&self, time: &str, arguments: &[&str]) {
        self.still(time, "root", arguments).ends(0);
    }

    fn still(&self, time: &str, folder: &str, arguments: &[&str]) -> Ran {
        let mut command = std::process::Command::new("faketime");
        command.args(["-f", time]).arg(self.path("bin/audit-pack")).args(arguments);
        command.current_dir(self.path(folder)).env("HOME", self.path("home")).env("TZ", "UTC");
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        command.env_remove("SSH_AUTH_SOCK").env_remove("HOLDFAST_ROOT");
        Ran::of(&command.output().expect("faketime; scripts/install-test-tools.sh has it"))
    }

    /// Packs `x.tar`.
    #[track_caller]
    fn pack_still(&self) {
        self.at("2025-11-22 12:00:00", &["pack", "-o", "../x.tar", "--key", "../key"]);
    }

    /// The page about a pack, which must be well-formed and lead nowhere.
    #[track_caller]
    fn page(&self, pack: &str, arguments: &[&str], code: i32) -> String {
        let ran = self.still(
            "2025-11-23 08:00:00",
            "",
            &[&["report", pack, "-o", "page.html"], arguments].concat(),
        );
        let ran = ran.ends(code);
        assert!(ran.out.ends_with("  report      page.html\n"), "{}", ran.out);
        let page = self.read("page.html");
        is_harmless(&page);
        page
    }
}

/// XML that a strict parser takes, without anything that a browser would run, load or follow.
#[track_caller]
fn is_harmless(page: &str) {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}\n{page}"));
    let mut ids = HashSet::new();
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(ELEMENTS.split_whitespace().any(|known| known == name), "<{name}>");
        for attribute in node.attributes() {
            let (key, value) = (attribute.name(), attribute.value());
            let leads =
                key.starts_with("on") || ["href", "src", "style", "action", "srcset", "data"].contains(&key);
            assert!(!leads && !value.contains("url("), "<{name} {key}={value:?}>");
        }
        assert!(node.attribute("id").is_none_or(|id| ids.insert(id)), "twice: {:?}", node.attribute("id"));
    }
    let style =
        document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/1999/xhtml", "style")));
    assert!(
        style.filter_map(|node| node.text()).all(|text| !text.contains("url(") && !text.contains("@import"))
    );
    let hidden = |c: char| {
        c.is_control() && c != '\n'
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(!page.contains(hidden), "a character that moves or hides others");
}

#[test]
fn it_is_written_whatever_the_verdict_and_answers_as_verify_does() {
    let world = World::with_a_story();
    world.pack_still();
    world.unpack();
    world.sh("cp -r x y; sed -i s/buy/sell/ y/data/log/memory/decisions.jsonl; head -c 5000 x.tar > cut.tar");
    for (pack, arguments, code, says) in [
        ("x.tar", &KNOWN[..], 0, "The records are as they were sealed"),
        ("x", &KNOWN, 0, "The records are as they were sealed"),
        ("x.tar", &[], 5, "Nothing was found changed, but nobody vouches for who signed it"),
        ("y", &KNOWN, 1, "Something was changed: do not rely on these records"),
        ("cut.tar", &KNOWN, 1, "This is not a pack that can be checked"),
    ] {
        world.write("page.html", "an older one");
        let page = world.page(pack, arguments, code);
        assert!(page.contains(&format!("<h1>{says}</h1>")), "{pack}: {page}");
        let json = |command: &[&str]| -> serde_json::Value {
            let all = [command, &["--json"], arguments].concat();
            let ran = world.still("2025-11-23 08:00:00", "", &all).ends(code);
            serde_json::from_str(&ran.out).unwrap()
        };
        let mut reported = json(&["report", pack, "-o", "page.html"]);
        assert_eq!(reported["report"], "page.html");
        reported.as_object_mut().unwrap().shift_remove("report");
        assert_eq!(reported, json(&["verify", pack]), "{pack}");
    }
}

#[test]
fn it_takes_the_place_of_nothing_that_is_to_be_checked() {
    let world = World::with_a_story();
    world.pack_still();
    world.unpack();
    world.sh("cp x.tar pack.html; cp allowed_signers signers.html; ln -s pack.html link.html; mkdir there; cp -r x there/y.html; \
              cp x.tar old.html; cp allowed_signers mail.html; cp allowed_signers ca.html; ln -s x/data inside");
    let signers = ["--allowed-signers", "signers.html", "--signer", "desk@example.com"];
    let before =
        run("sh", &["-c", "find . -type f ! -path './home/*' -exec sha256sum {} + | sort"], &world.path(""));
    for (arguments, code, says) in [
        (&["pack.html", "-o", "pack.html"][..], 64, "would take the place of what is to be checked"),
        (&["pack.html", "-o", "./there/../pack.html"], 64, "would take the place"),
        (&["pack.html", "-o", "link.html"], 64, "would take the place"),
        (&["link.html", "-o", "pack.html"], 64, "would take the place"),
        (&["x", "-o", "x/page.html"], 64, "would take the place"),
        (&["x", "-o", "x/data/state/page.html"], 64, "would take the place"),
        (&["there/y.html", "-o", "there/y.html"], 64, "would take the place"),
        (&["x.tar", "-o", "signers.html"], 64, "would take the place"),
        (&["x", "-o", "inside/state/page.html"], 64, "would take the place"),
        (&["x.tar", "--since", "old.html", "-o", "old.html"], 64, "would take the place"),
        (&["x.tar", "--since", "x", "-o", "x/data/page.html"], 64, "would take the place"),
        (
            &["x.tar", "--anchor", "signers.html", "--anchor", "mail.html", "-o", "mail.html"],
            64,
            "would take the place",
        ),
        (&["x.tar", "--tsa-ca", "ca.html", "-o", "./ca.html"], 64, "would take the place"),
        (&["x.tar", "-o", "x.tar"], 64, "ends in .html"),
        (&["x.tar", "-o", "page"], 64, "ends in .html"),
        (&["nowhere.tar", "-o", "page.html"], 64, "is missing"),
        (&["x.tar", "-o", "nowhere/page.html"], 74, "cannot be written"),
    ] {
        let more = if arguments.contains(&"signers.html") { &signers[..] } else { &[] };
        let ran = world.still("2025-11-23 08:00:00", "", &[&["report"], arguments, more].concat()).ends(code);
        assert!(ran.err.contains(says) && ran.out.is_empty(), "{arguments:?}: {ran:?}");
    }
    let after =
        run("sh", &["-c", "find . -type f ! -path './home/*' -exec sha256sum {} + | sort"], &world.path(""));
    assert_eq!(before, after);
    assert!(!fs::exists(world.path("page.html")).unwrap());
}
