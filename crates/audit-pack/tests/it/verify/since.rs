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
