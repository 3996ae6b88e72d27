//! More witnesses than one.

use super::super::peers::Witness;
use super::{KNOWN, LOG, Lands, ORIGIN, SIDECAR, configure, world};

/// Each counts once, and only who has cosigned.
#[test]
fn two_witnesses_are_two_and_one_is_one() {
    let world = world("");
    let witnesses = ["w1", "w2"].map(|name| {
        let witness = Witness::named(world.path(name), &format!("witness.example.org/{name}"));
        witness.trusts(ORIGIN, &world.vkey());
        witness
    });
    let peers = witnesses.each_ref().map(Witness::serve);
    let anchor = |(number, (witness, peer)): (usize, (&Witness, &super::Peer))| {
        let (url, key) = (&peer.url, &witness.key);
        format!("[[anchor]]\nname = \"w{number}\"\nkind = \"witness\"\nurl = \"{url}\"\nkey = \"{key}\"\n")
    };
    let anchors: String = witnesses.iter().zip(&peers).enumerate().map(anchor).collect();
    configure(&world, &anchors);
    world.anchor().ends(0);
    assert_eq!(witnesses.each_ref().map(Witness::status), [(3, 0), (3, 0)]);
    world.pack();
    world.sh("cp x.tar both.tar; cp x.tar.sig both.tar.sig");
    let checkpoint = format!("{SIDECAR}/anchors/{:020}/checkpoint", 2);
    let without = |name: &str| -> String {
        let is_of = |line: &&str| !line.starts_with(&format!("\u{2014} witness.example.org/{name} "));
        world.read(&checkpoint).split_inclusive('\n').filter(is_of).collect()
    };
    world.write(&checkpoint, &without("w2"));
    world.pack();

    let [first, second] = witnesses.each_ref().map(|witness| witness.key.as_str());
    let lands = Lands::new();
    // The pack, whom the auditor names, and how both end. The script asks for those who are named, each once.
    for (turn, (pack, keys, ours, theirs)) in [
        ("both.tar", [first, second], 0, 0),
        ("both.tar", [second, first], 0, 0),
        ("x.tar", [first, second], 5, 5),
        ("x.tar", [second, second], 5, 5),
        ("both.tar", [first, first], 5, 0),
    ]
    .into_iter()
    .enumerate()
    {
        let named = keys.iter().flat_map(|key| ["--witness", key]).collect::<Vec<_>>();
        let policy = [&KNOWN[..], &named, &["--require-anchors", "2"]].concat();
        let ran = world.verify(pack, &policy);
        assert_eq!(ran.code, ours, "{pack}, {keys:?}: {}{}", ran.out, ran.err);
        let asked = [&named[..], &[pack, KNOWN[1], KNOWN[3]]].concat();
        let land = lands.turn(turn);
        let ran = land.verify(&asked, &world.path(""));
        assert_eq!(ran.code, theirs, "{}: {pack}, {keys:?}: {}{}", land.name, ran.out, ran.err);
    }
    // The same on the host of the log.
    for (count, code) in [("1", 0), ("2", 5)] {
        world.run(&["check", LOG, "--require-anchors", count]).ends(code);
    }
}
