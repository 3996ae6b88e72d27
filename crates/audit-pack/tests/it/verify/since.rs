//! `verify --since`: two packs of one host, months apart.

use std::fs;

use super::KNOWN;
use super::words::shows_with;
use crate::world::World;

/// A root whose log was packed as `old.tar`.
fn packed() -> World {
    let world = World::on_a_host(None);
    world.pack_on_host();
    for end in ["tar", "tar.sig"] {
        fs::rename(world.path("x").with_extension(end), world.path("old").with_extension(end)).unwrap();
    }
    world
}

#[test]
fn a_log_that_grew() {
    let world = packed();
    world.append("root/memory/decisions.jsonl", "{\"n\":4}\n{\"n\":5}\n");
    world.pack_on_host();
    shows_with(&world, "x.tar", &["--since", "old.tar"], 0, "since-grown");
    // The older one may lie there as a folder, too.
    world.sh("tar -xf old.tar --transform s/^x/older/");
    world.verify("x.tar", &[&KNOWN[..], &["--since", "older"]].concat()).ends(0);
    world.verify("x.tar", &["--since", "old.tar"]).ends(5);
    world.verify("x.tar", &[&KNOWN[..], &["--since", "none.tar"]].concat()).ends(64);
    // The other way round a line is missing.
    world.verify("old.tar", &[&KNOWN[..], &["--since", "x.tar"]].concat()).ends(1);
}

/// The owner of the key edits a line and seals everything anew, as if it had always been so: each pack is sound by itself.
#[test]
fn a_history_that_was_written_anew() {
    let world = packed();
    for gone in ["root/memory/decisions.jsonl.audit", "key.signed"] {
        fs::remove_dir_all(world.path(gone)).unwrap();
    }
    world.write("root/memory/decisions.jsonl", "{\"n\":1}\n{\"n\":9}\n{\"n\":3}\n{\"n\":4}\n");
    world.pack_on_host();
    world.verify("x.tar", &KNOWN).ends(0);
    shows_with(&world, "x.tar", &["--since", "old.tar"], 1, "since-forked");
}

/// What is asked for now is asked of the new pack. The older one could not have it, and was right when it was made.
#[test]
fn the_older_pack_is_judged_as_of_then() {
    let world = World::on_a_host(None);
    world.at("2025-11-21 10:00:00", &["pack", "-o", "../old.tar", "--key", "../key"]);
    world.append("root/memory/decisions.jsonl", "{\"n\":4}\n");
    world.pack_on_host();
    // A head that is newer than the older pack.
    fs::copy(world.path("root/memory/decisions.jsonl.audit/checkpoint"), world.path("mail")).unwrap();
    let since = [&KNOWN[..], &["--since", "old.tar"]].concat();
    for asked in [
        &["--anchor", "mail"][..],
        &["--anchor", "mail", "--require-anchors", "1"],
        &["--anchor", "mail", "--max-anchor-age", "1d"],
        &["--max-unsealed", "1d"],
    ] {
        let ran = world.verify("x.tar", &[&since[..], asked].concat()).ends(0);
        assert!(ran.out.contains("old.tar, unchanged itself"), "{asked:?}: {}", ran.out);
        // Of the new pack it is asked as before.
        world.verify("old.tar", &[&KNOWN[..], asked].concat()).ends(if asked[0] == "--anchor" {
            1
        } else {
            5
        });
    }
}

/// By a clock that was wrong, or to look young for ever.
#[test]
fn a_last_seal_that_is_still_to_come_is_not_young() {
    let world = World::on_a_host(None);
    world.at("2099-01-01 10:00:00", &["pack", "-o", "../x.tar", "--key", "../key"]);
    let ran = world.verify("x.tar", &KNOWN).ends(0);
    assert!(ran.out.contains("last seal 2099-01-01T10:00:00.000Z, still to come"), "{}", ran.out);
    let ran = world.verify("x.tar", &[&KNOWN[..], &["--max-unsealed", "1d"]].concat()).ends(5);
    let says = "memory/decisions.jsonl: its last seal is still to come; a seal of the last 1day is asked for";
    assert!(ran.out.contains(says), "{}", ran.out);
}
