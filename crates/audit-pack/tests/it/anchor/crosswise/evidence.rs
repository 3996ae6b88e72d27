//! What lies in an anchor and is not what it should be.

use base64::Engine as _;

use super::{Names, Nobody, Scene};

/// What is done in the folder of the last anchor, whom the auditor names, the exit code, and what both say.
type Case = (&'static str, Names, i32, &'static str, &'static str);

const CASES: [Case; 16] = [
    // Files that are none of the layout mean nothing.
    (
        "echo > x; echo > X.tsr; echo > $(printf 'a%.0s' $(seq 41)).tsr; echo > .tsr",
        Names::Both,
        0,
        "UNCHANGED",
        "UNCHANGED",
    ),
    ("mkdir ../7; echo > ../7/chain", Names::Both, 0, "UNCHANGED", "UNCHANGED"),
    // Stamps.
    ("echo '<html>' > tsa.tsr", Nobody, 1, "no RFC 3161 answer", "is no time stamp"),
    (": > tsa.tsr", Names::Authority, 1, "no RFC 3161 answer", "is no time stamp"),
    (
        "cp ../00000000000000000002/tsa.tsr .",
        Nobody,
        1,
        "no stamp of the chain",
        "is a stamp of another text",
    ),
    ("truncate -s 65537 tsa.tsr", Nobody, 1, "too long", "is longer than"),
    (
        "rm tsa.tsr",
        Names::Authority,
        0,
        "the first 3 of 5 lines",
        "2 lines of SEALS, with 3 lines of the log",
    ),
    ("rm tsa.tsr ../*2/tsa.tsr", Names::Authority, 5, "LACKS", "has no time stamp"),
    // Notes.
    ("rm chain", Nobody, 1, "no stamp of the chain", "chain"),
    ("rm chain *.tsr", Names::Both, 0, "UNCHANGED", "UNCHANGED"),
    ("rm chain *.tsr; cp ../*2/checkpoint .", Nobody, 1, "forked", "FORKED"),
    ("rm checkpoint", Names::Both, 0, "UNCHANGED", "UNCHANGED"),
    ("cp ../*2/checkpoint .", Nobody, 1, "forked", "FORKED"),
    ("cp ../*2/chain .", Nobody, 1, "lies in another folder", "FORKED"),
    ("echo > checkpoint", Nobody, 1, "malformed", "checkpoint: "),
    ("sed -i s/org/net/ checkpoint", Names::Witness, 0, "the first 3 of 5 lines", "3 lines by witness"),
];

#[test]
fn both_make_the_same_of_what_is_not_as_it_should_be() {
    let scene = Scene::anchored();
    scene.world.sh("cp -r root/memory kept");
    for (script, names, code, ours, theirs) in CASES {
        scene.world.sh("rm -r root/memory; cp -r kept root/memory");
        crate::world::run("sh", &["-euc", script], &scene.folder(4));
        scene.packed().judged_by(names, "x.tar", code, ours, theirs);
    }
}

/// The line of the witness in a checkpoint, and the bytes of its signature.
fn cosignature(checkpoint: &str) -> (String, Vec<u8>) {
    let line = checkpoint.lines().find(|line| line.contains("witness.example.org")).unwrap();
    let base64 = line.rsplit(' ').next().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
    (line.to_owned(), bytes)
}

/// A line in the name of a witness that it did not sign is a forgery, for who knows the witness; also beside a right one.
#[test]
fn a_cosignature_that_is_wrong_is_told_by_both() {
    let scene = Scene::anchored();
    let path = scene.folder(4).join("checkpoint");
    let good = std::fs::read_to_string(&path).unwrap();
    let (line, bytes) = cosignature(&good);
    let forged = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        line.replace(
            line.rsplit(' ').next().unwrap(),
            &base64::engine::general_purpose::STANDARD.encode(bytes),
        )
    };
    let short = base64::engine::general_purpose::STANDARD.encode(&bytes[..40]);
    let short = line.replace(line.rsplit(' ').next().unwrap(), &short);
    // In its time, in its signature, too short, and beside the right one.
    for text in [
        good.replace(&line, &forged(11)),
        good.replace(&line, &forged(40)),
        good.replace(&line, &short),
        format!("{good}{}\n", forged(40)),
        format!("{}\n{line}\n", good.replace(&line, &forged(40)).trim_end()),
    ] {
        std::fs::write(&path, text).unwrap();
        scene.packed().judged_by(Names::Witness, "x.tar", 1, "unsigned", "a cosignature in the name of");
        scene.judged_by(Nobody, "x.tar", 0, "UNCHANGED", "UNCHANGED");
    }
    // Twice the same is no harm.
    std::fs::write(&path, format!("{good}{line}\n")).unwrap();
    scene.packed().judged_by(Names::Witness, "x.tar", 0, "all 5 lines", "5 lines by witness");
    // It lies in the anchor. In the checkpoint of the log nobody looks for it.
    std::fs::write(&path, good.replace(&format!("{line}\n"), "")).unwrap();
    let own = scene.world.path(&format!("{}/checkpoint", super::SIDECAR));
    std::fs::write(&own, format!("{}{line}\n", std::fs::read_to_string(&own).unwrap())).unwrap();
    let told = ("the first 3 of 5 lines", "3 lines by witness");
    scene.packed().judged_by(Names::Witness, "x.tar", 0, told.0, told.1);
}

/// A clock that is ahead, or somebody who wants it to seem so.
#[test]
fn an_anchor_of_tomorrow_does_not_count_today() {
    let scene = Scene::new();
    let server = scene.authority.serve("+2 days");
    let anchor = format!("[[anchor]]\nname = \"tsa\"\nkind = \"timestamp\"\nurl = \"{}\"\n", server.url());
    super::configure(&scene.world, &anchor);
    scene.world.anchor().ends(0);
    scene.packed().judged_by(Nobody, "x.tar", 0, "UNCHANGED", "UNCHANGED");
    scene.judged_by(Names::Authority, "x.tar", 5, "is still to come", "is still to come");
}

/// Some witnesses publish their key as a plain one.
#[test]
fn a_witness_may_be_named_by_its_plain_key() {
    let scene = Scene::anchored();
    let (name, rest) = scene.witness.key.split_once('+').unwrap();
    let mut typed =
        base64::engine::general_purpose::STANDARD.decode(rest.split_once('+').unwrap().1).unwrap();
    typed[0] = if typed[0] == 4 { 1 } else { 4 };
    let id = tlog::Hash::of(&[name.as_bytes(), b"\n", &typed].concat()).to_string();
    let other = format!("{name}+{}+{}", &id[..8], base64::engine::general_purpose::STANDARD.encode(&typed));
    scene.packed();
    let ca = scene.authority.ca();
    scene.judged_as(Names::Witness, (&ca, &other), "x.tar", 0, ("all 5 lines", "5 lines by witness"));
}
