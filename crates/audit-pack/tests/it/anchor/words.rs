//! What people read.

use super::{SIDECAR, configure, world};

#[test]
fn an_unsealed_age_and_files_that_are_not_there() {
    let world = world("");
    let ran = world.packed_and_verified(&["--max-unsealed", "1d"]).ends(0);
    assert!(ran.out.contains("UNCHANGED"), "{}", ran.out);
    for arguments in [&["--tsa-ca", "../none"], &["--anchor", "../none"], &["--witness", "what"]] {
        world.packed_and_verified(arguments).ends(64);
    }
}

/// A head may be sealed and anchored while the pack is made.
#[test]
fn an_anchor_of_what_is_not_packed_is_not_packed() {
    let world = world("");
    std::fs::create_dir(world.path("archive")).unwrap();
    let archive = world.path("archive").display().to_string();
    configure(&world, &format!("[[anchor]]\nname = \"a\"\nkind = \"store\"\nurl = \"file://{archive}\"\n"));
    world.anchor().ends(0);
    let anchors = world.path(&format!("{SIDECAR}/anchors"));
    let [now, later] = [2, 9].map(|records| anchors.join(format!("{records:020}")));
    crate::world::run("cp", &["-a", now.to_str().unwrap(), later.to_str().unwrap()], &anchors);
    world.packed_and_verified(&[]).ends(0);
    assert_eq!(world.paths().iter().filter(|path| path.contains("/anchors/")).count(), 3);
    // On its own host that folder is a lie, and told.
    let ran = world.run(&["check"]).ends(1);
    assert!(ran.out.contains("lies in another folder"), "{}", ran.out);
}
