//! A C2SP witness of somebody else's.

use std::sync::mpsc::channel;

use holdfast_http::standin::{Answer, Server};

use super::peers::Witness;
use super::{LOG, ORIGIN, SIDECAR, configure, world};
use crate::world::World;

fn with_witness() -> (World, Witness) {
    let world = world("");
    let witness = Witness::new(world.path("witness"));
    witness.trusts(ORIGIN, &world.vkey());
    (world, witness)
}

fn names(witness: &Witness, url: &str) -> String {
    format!("[[anchor]]\nname = \"friend\"\nkind = \"witness\"\nurl = \"{url}\"\nkey = \"{}\"\n", witness.key)
}

#[test]
fn a_witness_cosigns_what_has_grown_and_an_auditor_who_knows_it_counts_it() {
    let (world, witness) = with_witness();
    let peer = witness.serve();
    configure(&world, &names(&witness, &peer.url));
    let ran = world.anchor().ends(0);
    assert!(ran.out.contains("witness.example.org/w1 has cosigned 3 lines"), "{}", ran.out);
    // Not again before it is due.
    let ran = world.run(&["anchor"]).ends(0);
    assert!(ran.out.contains("waiting     friend"), "{}", ran.out);
    for n in 4..300 {
        world.append(&format!("root/{LOG}"), &format!("{{\"n\":{n}}}\n"));
    }
    world.run(&["seal"]).ends(0);
    world.anchor().ends(0);
    assert_eq!(witness.status(), (299, 0));
    // What is remembered is lost: it says itself where it stands.
    std::fs::remove_dir_all(world.path(&format!("{SIDECAR}/outbox"))).unwrap();
    world.grow("{\"n\":300}");
    world.anchor().ends(0);
    assert_eq!(witness.status(), (300, 0));

    let named = ["--witness", &witness.key, "--require-anchors", "1", "--max-anchor-age", "1h"];
    let ran = world.packed_and_verified(&named).ends(0);
    assert!(ran.out.contains("anchored uniqueness: witness.example.org/w1, all 300 lines"), "{}", ran.out);
    assert!(ran.out.contains("could have written anew what came after the last anchor"), "{}", ran.out);
    // The same pack, and nobody counts.
    let ran = world.packed_and_verified(&["--require-anchors", "1"]).ends(5);
    assert!(ran.out.contains("no anchor counts, and 1 are asked for"), "{}", ran.out);
    let ran = world.packed_and_verified(&[]).ends(0);
    assert!(ran.out.contains("could have written everything anew"), "{}", ran.out);
    // On its own host the configuration says who counts.
    let ran = world.run(&["check", "--json"]).ends(0);
    assert!(ran.out.contains("\"anchors\":1"), "{}", ran.out);
}

#[test]
fn a_log_put_back_from_a_backup_is_an_alarm_until_the_true_one_is_back() {
    let (world, witness) = with_witness();
    let peer = witness.serve();
    configure(&world, &names(&witness, &peer.url));
    world.anchor().ends(0);
    let old = world.snapshot();
    world.grow("{\"n\":4}");
    world.anchor().ends(0);
    let new = world.snapshot();

    world.put_back(&old);
    world.run(&["check"]).ends(0);
    let ran = world.anchor().ends(1);
    assert!(
        ran.out.contains("ROLLBACK") && ran.out.contains("has cosigned 4 lines of it, and 3 are sealed"),
        "{}",
        ran.out
    );
    // The watch of the log asks the check, which repeats what the witness said.
    for arguments in [&["check", "--quick", "--json"][..], &["check", "--json"]] {
        let ran = world.run(arguments).ends(1);
        assert!(
            ran.out.contains("rolled-back") && ran.out.contains("so said the anchor friend"),
            "{}",
            ran.out
        );
    }
    world.run(&["anchor"]).ends(1);
    // Grown beyond what was witnessed, it is a fork.
    world.grow("{\"n\":40}");
    world.grow("{\"n\":50}");
    let ran = world.anchor().ends(1);
    assert!(ran.out.contains("FORKED"), "{}", ran.out);
    assert_eq!(witness.status(), (4, 1), "the witness keeps what was shown to it");
    world.run(&["check"]).ends(1);
    // While nobody can be reached the alarm stands.
    drop(peer);
    world.anchor().ends(69);
    world.run(&["check"]).ends(1);

    world.put_back(&new);
    let peer = witness.serve();
    configure(&world, &names(&witness, &peer.url));
    world.anchor().ends(0);
    world.run(&["check"]).ends(0);
}

#[test]
fn another_history_of_the_same_length_is_a_fork() {
    let (world, witness) = with_witness();
    let peer = witness.serve();
    configure(&world, &names(&witness, &peer.url));
    world.anchor().ends(0);
    world.rewrite(&["{\"n\":1}\n{\"n\":2}\n{\"n\":4}\n"]);
    std::fs::remove_dir_all(world.path(&format!("{SIDECAR}/anchors"))).unwrap();
    world.run(&["check"]).ends(0);
    let ran = world.anchor().ends(1);
    assert!(ran.out.contains("FORKED") && ran.out.contains("its first 3 lines"), "{}", ran.out);
    world.run(&["check", "--quick"]).ends(1);
}

#[test]
fn a_witness_that_does_not_agree_is_asked_again_and_nothing_is_kept_of_it() {
    let world = world("");
    let witness = Witness::new(world.path("witness"));
    let peer = witness.serve();
    configure(&world, &names(&witness, &peer.url));
    let ran = world.anchor().ends(69);
    assert!(ran.out.contains("does not know this log"), "{}", ran.out);
    drop(peer);
    let ran = world.anchor().ends(69);
    assert!(ran.out.contains("failed      friend"), "{}", ran.out);
    let ran = world.run(&["anchor"]).ends(69);
    assert!(ran.out.contains("asked again after"), "{}", ran.out);
    assert!(!world.read(&format!("{SIDECAR}/anchors/00000000000000000002/checkpoint")).contains("witness"));
    world.run(&["check"]).ends(0);
    // In the shadow of that nothing waits: the sealer goes on.
    world.grow("{\"n\":4}");
}

#[test]
fn a_witness_that_hangs_keeps_neither_the_sealer_nor_the_next_run() {
    let world = world("");
    let (asked, was_asked) = channel();
    let server = Server::start(move |_| {
        asked.send(()).unwrap();
        Answer::never()
    });
    let key = "witness.example.com/w1+8122a5ab+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    let url = server.url();
    let anchor = |name: &str, more: &str| format!("[[anchor]]\nname = \"{name}\"\n{more}");
    let hangs = anchor("a", &format!("kind = \"witness\"\nurl = \"{url}\"\nkey = \"{key}\"\n"));
    std::fs::create_dir(world.path("archive")).unwrap();
    let folder = format!("kind = \"store\"\nurl = \"file://{}\"\n", world.path("archive").display());
    configure(&world, &format!("{hangs}{}", anchor("b", &folder)));
    let mut hanging = world.audit_pack(&["anchor"]).spawn().unwrap();
    was_asked.recv().unwrap();
    world.grow("{\"n\":4}");
    let ran = world.run(&["anchor"]).ends(75);
    assert!(ran.err.contains("another process is anchoring this log"), "{}", ran.err);
    // Killed in the middle, it leaves nothing that has to be cleared away; what it did not come to is due.
    hanging.kill().unwrap();
    hanging.wait().unwrap();
    configure(
        &world,
        &format!("{}{}", hangs.replace("key =", "timeout = \"100ms\"\nkey ="), anchor("b", &folder)),
    );
    let ran = world.run(&["anchor"]).ends(69);
    assert!(
        ran.out.contains("gave no answer within 0.1s") && ran.out.contains("anchored    b"),
        "{}",
        ran.out
    );
    world.run(&["check"]).ends(0);
}
