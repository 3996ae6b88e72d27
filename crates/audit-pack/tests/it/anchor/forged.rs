//! The owner of the key writes everything anew.

use super::peers::Authority;
use super::{SIDECAR, configure, world};

const TRUE: [&str; 3] =
    ["{\"n\":4,\"act\":\"buy\"}", "{\"n\":5,\"act\":\"hold\"}", "{\"n\":6,\"act\":\"sell\"}"];

#[test]
fn a_chain_made_anew_over_a_changed_line_does_not_fit_the_old_stamps() {
    let world = world("");
    let authority = Authority::new(world.path("tsa"), "1 day ago");
    let server = authority.serve("now");
    let names = format!("[[anchor]]\nname = \"tsa\"\nkind = \"timestamp\"\nurl = \"{}\"\n", server.url());
    configure(&world, &names);
    for line in TRUE {
        world.grow(line);
        world.anchor().ends(0);
    }
    let named = ["--tsa-ca", &authority.ca(), "--require-anchors", "1"];
    world.packed_and_verified(&named).ends(0);
    let heads = crate::world::run("ls", &["anchors"], &world.path(SIDECAR));
    assert_eq!(heads.lines().count(), 3, "{heads}");

    // Sealed as often, signed by the same key; of the first anchored history only the second line is another one.
    world.rewrite(&[
        "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n",
        "{\"n\":4,\"act\":\"buy\"}\n",
        "{\"n\":5,\"act\":\"SELL\"}\n",
        "{\"n\":6,\"act\":\"sell\"}\n",
    ]);
    let ran = world.packed_and_verified(&named).ends(1);
    assert!(ran.out.contains("forked"), "{}", ran.out);
    // Even who knows no authority sees that the key has signed both.
    let ran = world.packed_and_verified(&[]).ends(1);
    assert!(ran.out.contains("pins another history up to here"), "{}", ran.out);
    world.run(&["check", "--quick"]).ends(1);

    // Without the old anchors there is nothing to see, and the verdict says so.
    std::fs::remove_dir_all(world.path(&format!("{SIDECAR}/anchors"))).unwrap();
    let ran = world.packed_and_verified(&[]).ends(0);
    assert!(ran.out.contains("nowhere: who has the key could have written everything anew"), "{}", ran.out);
    world.packed_and_verified(&named).ends(5);
}

#[test]
fn what_was_written_anew_is_located_between_two_anchors() {
    let world = world("");
    let heads = |world: &crate::world::World| {
        let ran = world.run(&["--json", "check"]).ends(0);
        let check: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        format!(
            "{} {} {}\n",
            check["origin"].as_str().unwrap(),
            check["lines"],
            check["root"].as_str().unwrap()
        )
    };
    let first = heads(&world);
    world.grow(TRUE[0]);
    world.grow(TRUE[1]);
    let second = heads(&world);
    world.write("mail", &format!("{first}{second}"));
    world.packed_and_verified(&["--anchor", "../mail", "--require-anchors", "1"]).ends(0);
    world.rewrite_from(3, &["{\"n\":4}\n{\"n\":5}\n"]);
    let ran = world.packed_and_verified(&["--anchor", "../mail"]).ends(1);
    assert!(
        ran.out.contains("lines 4 to 5: ../mail pins another history up to here; the anchor at line 3 fits"),
        "{}",
        ran.out
    );
    // A log that is shorter than what somebody knows.
    world.rewrite_from(3, &["{\"n\":4}\n"]);
    let ran = world.packed_and_verified(&["--anchor", "../mail"]).ends(1);
    assert!(
        ran.out.contains("rolled back") && ran.out.contains("knows more of it than there is"),
        "{}",
        ran.out
    );
}

impl crate::world::World {
    /// Keeps so many lines, and what lies in no anchors.
    fn rewrite_from(&self, keep: usize, lines: &[&str]) {
        let log: Vec<String> =
            self.read(&format!("root/{}", super::LOG)).lines().take(keep).map(|l| format!("{l}\n")).collect();
        let kept = log.concat();
        std::fs::create_dir_all(self.path(&format!("{SIDECAR}/anchors"))).unwrap();
        self.rewrite(&[&[kept.as_str()], lines].concat());
    }
}
