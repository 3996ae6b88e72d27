//! What people read.

use super::world;

#[test]
fn an_unsealed_age_and_files_that_are_not_there() {
    let world = world("");
    let ran = world.packed_and_verified(&["--max-unsealed", "1d"]).ends(0);
    assert!(ran.out.contains("UNCHANGED"), "{}", ran.out);
    for arguments in [&["--tsa-ca", "../none"], &["--anchor", "../none"], &["--witness", "what"]] {
        world.packed_and_verified(arguments).ends(64);
    }
}
