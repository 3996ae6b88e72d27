//! What people read on the page.

use std::collections::HashSet;
use std::fs;

use regex::Regex;

use crate::anchor::peers::Authority;
use crate::verify::KNOWN;
use crate::verify::words::redacted;
use crate::world::World;

/// A line for each element, without what differs from run to run and without the style.
fn shown(page: &str) -> String {
    let page = [
        (r"(?s)<style>.*</style>", "<style>[style]</style>"),
        (r"sha256-[A-Za-z0-9+/=]{44}", "sha256-[style]"),
        (r"[\d,]+ files; |; [\d,]+ files, [\d,]+ bytes", "; [count] files, [count] bytes"),
        (r"(packed by   audit-pack \S+) on .*? whether", "$1 on [host]; whether"),
        (r"(packed by   audit-pack \S+) on .*?; its", "$1 on [host]; its"),
        (r"><", ">\n<"),
    ]
    .into_iter()
    .fold(page.to_owned(), |page, (pattern, with)| {
        Regex::new(pattern).unwrap().replace_all(&page, with).into_owned()
    });
    let program = Regex::new(r"(?m)^<bdi>  program .*\n</bdi>|<bdi>  program[^<]*</bdi>\n?").unwrap();
    redacted(&program.replace_all(&page, ""))
}

#[test]
fn a_good_pack() {
    let world = World::with_a_story();
    world.pack_still();
    insta::assert_snapshot!("good", shown(&world.page("x.tar", &KNOWN, 0)));
}

/// Up to the overview, which shows what the good one shows.
#[test]
fn a_damaged_pack() {
    let world = World::with_a_story();
    world.pack_still();
    world.unpack();
    world.sh("sed -i '2s/buy/sell/;5d' x/data/log/memory/decisions.jsonl; rm x/data/state/circuit.json; echo > x/data/more");
    let page = shown(&world.page("x", &KNOWN, 1));
    let (findings, overview) = page.split_once("<h2 id=\"overview\">").unwrap();
    insta::assert_snapshot!("damaged", findings);
    assert!(overview.contains("none of it is shown to be true"), "{overview}");
    assert_eq!(
        overview.matches("<rect class=\"found\"").count(),
        3,
        "one in the legend, and each change in the log: {overview}"
    );
}

/// What the page says of it that it does not say of a pack which nobody else has seen.
#[test]
fn a_pack_that_somebody_else_has_seen() {
    let world = World::with_a_story();
    let authority = Authority::new(world.path("tsa"), "2025-06-01 00:00:00");
    let server = authority.serve("2025-11-22 12:00:00");
    let anchor = format!("[[anchor]]\nname = \"tsa\"\nkind = \"timestamp\"\nurl = \"{}\"\n", server.url());
    world.append("root/holdfast.toml", &anchor);
    world.pack_still();
    let without = shown(&world.page("x.tar", &KNOWN, 0));
    world.at("2025-11-22 12:00:00", &["anchor", "--now"]);
    world.pack_still();
    let with = shown(&world.page("x.tar", &[&KNOWN[..], &["--tsa-ca", "tsa/ca.pem"]].concat(), 0));
    let known: HashSet<&str> = without.lines().collect();
    let new: Vec<&str> = with.lines().filter(|line| !known.contains(line)).collect();
    insta::assert_snapshot!("anchored", new.join("\n"));
}

#[test]
fn nothing_but_a_log() {
    let world = World::on_a_host(None);
    world.at("2025-11-21 10:00:00", &["init", "memory/decisions.jsonl", "--key", "../key"]);
    world.pack_still();
    let page = world.page("x.tar", &KNOWN, 0);
    for says in [
        "There is no journal in this pack.",
        "There is no ledger of trips in this pack.",
        "not recorded in this pack",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(
        page.contains("The lines bear no time that could be read, so the day is that of their seal."),
        "{page}"
    );
}

/// A rotated log is one log: its days are those of all its files.
#[test]
fn a_rotated_log_is_read_from_its_first_file_on() {
    let world = World::with_a_story();
    world.sh("cd root/memory && mv decisions.jsonl decisions.jsonl-old && echo '{\"at\":1763800500}' > decisions.jsonl");
    world.at(
        "2025-11-22 12:30:00",
        &["rotate", "memory/decisions.jsonl", "--closed", "memory/decisions.jsonl-old"],
    );
    world.at("2025-11-22 12:31:00", &["seal", "memory/decisions.jsonl"]);
    world.pack_still();
    let page = world.page("x.tar", &KNOWN, 0);
    assert!(page.contains("9 lines in memory/decisions.jsonl, at most 6 for each day"), "{page}");
    assert!(page.contains("Not drawn: 1 line without a time."), "{page}");
}

/// Where there is nothing that could have been witnessed, nothing is said to be safe.
#[test]
fn a_pack_without_a_log_reassures_nobody() {
    let world = World::on_a_host(None);
    fs::remove_dir_all(world.path("root/memory")).unwrap();
    world.write("root/memory/journal.jsonl", "");
    world.at("2025-11-21 10:00:00", &["init", "memory/journal.jsonl", "--key", "../key"]);
    world.pack_still();
    world.unpack();
    world.sh("rm -r x/data/log");
    let page = world.page("x", &KNOWN, 1);
    assert!(page.contains("That the owner of the key has not written everything anew."), "{page}");
    assert!(!page.contains("What came after the newest anchor."), "{page}");
    assert!(page.contains("There is no sealed log here that one could hold."), "{page}");
}
