//! Packs that are meant to cost.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::process::Command;

use bag::{Mode, Payload, Recipe};
use serde_json::json;

use super::is_harmless;
use crate::verify::hostile::MEASURE;
use crate::world::{Ran, World};

const MEMORY_KIB: u64 = 64 << 10;
const PAGE_MAX: usize = 4 << 20;

/// The page about a pack of these files, made in bounded memory.
#[track_caller]
fn page(world: &World, files: impl IntoIterator<Item = (String, Vec<u8>)>) -> String {
    let files = files.into_iter().map(|(path, bytes)| Payload::of_bytes(path, Mode::Plain, bytes));
    let recipe = Recipe { name: "x", mtime: 0, info: &[], guide: "" };
    let mut out = BufWriter::new(fs::File::create(world.path("x.tar")).unwrap());
    let armour = "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n";
    bag::write(&mut out, &recipe, files.collect(), |_| Ok(armour.to_owned())).unwrap();
    drop(out);
    let mut command = Command::new("python3");
    command.args([
        "-S",
        "-c",
        MEASURE,
        env!("CARGO_BIN_EXE_audit-pack"),
        "report",
        "x.tar",
        "-o",
        "page.html",
        "--json",
    ]);
    let ran = Ran::of(&command.current_dir(world.path("")).output().unwrap()).ends(1);
    let memory: u64 = ran.out.lines().last().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    assert!(memory < MEMORY_KIB, "{memory} KiB");
    let page = world.read("page.html");
    assert!(page.len() < PAGE_MAX, "{} bytes", page.len());
    is_harmless(&page);
    page
}

#[test]
fn a_story_without_end_is_cut_and_what_is_left_out_is_told() {
    let world = World::new();
    let long = "<&\u{202e}".repeat(500);
    let mut journal = Vec::new();
    for n in 0..30_000 {
        let at = f64::from(n) * 86_400.0;
        for kind in ["trip", "incident-opened", "alert-failed", "drill", "clock-stepped"] {
            let id = format!("{kind}{n}");
            let line = json!({"at": at, "kind": kind, "by": "watchdog", "id": id, "watch": n, "detail": &long[..30]});
            writeln!(journal, "{line}").unwrap();
        }
    }
    writeln!(journal, "{}", json!({"at": 1, "kind": "trip", "id": "x", "reason": "x".repeat(1 << 20)}))
        .unwrap();
    writeln!(journal, "{}", "[".repeat(100_000)).unwrap();
    let page = page(&world, [("data/state/journal.jsonl".to_owned(), journal)]);
    for says in [
        "Left out: 1,700 older pauses.",
        "Left out: 28,000 older circuit events.",
        "Left out: 29,700 older ones.",
        "2 lines could not be read and are left out.",
    ] {
        assert!(page.contains(says), "{says}");
    }
}

#[test]
fn files_without_number_are_counted() {
    let world = World::new();
    let beat = |n: u32| {
        (format!("data/state/heartbeats/{n}.json"), b"{\"at\":1763712000,\"status\":\"ok\"}".to_vec())
    };
    let log = |n: u32| (format!("data/log/{n:05}.audit/SEALS"), b"x\n".to_vec());
    let page = page(&world, (0..20_000).map(beat).chain((0..1000).map(log)));
    assert!(page.contains("Left out: 19,800 heartbeats.") && page.contains("Left out: 700 logs."));
    assert!(page.contains("are left out."), "findings");
}

/// Seals and entries from the first to the last year that has four digits.
#[test]
fn times_without_bounds_are_drawn_all_the_same() {
    let world = World::new();
    let mut lines = Vec::new();
    for n in 0..100_000_u64 {
        let at = (n * 7_919_777) % 253_402_300_799;
        writeln!(lines, "{}", json!({"at": at, "kind": "checked", "by": "watchdog"})).unwrap();
    }
    let page = page(&world, [("data/state/journal.jsonl".to_owned(), lines)]);
    assert!(page.contains("Watchdog at work"));
}
