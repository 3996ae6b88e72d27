//! Packs that somebody changed, with and without a key: what is told, of the tar and of the unpacked folder.

use std::fs;

use super::KNOWN;
use crate::world::World;

/// Makes the manifests anew, as anybody can.
const MANIFESTS: &str = "
    cd x
    find data -type f | LC_ALL=C sort | xargs sha256sum > manifest-sha256.txt
    oxum=$(find data -type f -printf '%s\\n' | awk '{ sum += $1 } END { print sum \".\" NR }')
    sed -i \"s/^Payload-Oxum: .*/Payload-Oxum: $oxum/\" bag-info.txt
    sha256sum VERIFY.md bag-info.txt bagit.txt manifest-sha256.txt > tagmanifest-sha256.txt
    cd ..
";

/// Signs the manifests, and the tar later.
fn sign_inside(key: &str) -> String {
    format!(
        "rm x/tagmanifest-sha256.txt.sig
        ssh-keygen -q -Y sign -f {key} -n manifest@holdfast x/tagmanifest-sha256.txt 2> /dev/null\n"
    )
}

/// Who made the manifests anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forger {
    /// Nobody: they are the old ones.
    Nobody,
    /// Somebody without any key.
    Keyless,
    /// Somebody with another key.
    Stranger,
    /// The owner of the key.
    Owner,
}
use Forger::{Keyless, Nobody, Owner, Stranger};

/// What is done to the unpacked folder, by whom, the exit code, and lines that must be told.
pub(crate) type Case = (&'static str, Forger, i32, &'static [&'static str]);

const LOG: &str = "x/data/log/memory/decisions.jsonl";

pub(crate) const CASES: [Case; 17] = [
    ("true", Nobody, 0, &["UNCHANGED"]),
    ("true", Owner, 0, &["UNCHANGED"]),
    (
        "echo ' ' >> x/data/state/heartbeat.json",
        Nobody,
        1,
        &["edited      data/state/heartbeat.json: was changed", "bag-info.txt: counts other bytes"],
    ),
    ("rm x/data/state/heartbeat.json", Nobody, 1, &["missing     data/state/heartbeat.json: is missing"]),
    ("echo > x/data/state/more", Nobody, 1, &["inserted    data/state/more: is not in the manifest"]),
    (
        "mv x/data/state/heartbeat.json x/data/state/heart",
        Nobody,
        1,
        &["missing     data/state/heartbeat.json", "inserted    data/state/heart: "],
    ),
    ("sed -i s/auditor/nobody/ x/VERIFY.md; echo >> x/VERIFY.md", Nobody, 1, &["edited      VERIFY.md"]),
    ("rm x/VERIFY.md", Nobody, 1, &["missing     VERIFY.md"]),
    (
        "echo ' ' >> x/data/state/heartbeat.json",
        Keyless,
        1,
        &["unsigned    tagmanifest-sha256.txt.sig", "manifests   WRONG signature"],
    ),
    ("rm x/tagmanifest-sha256.txt.sig", Nobody, 1, &["missing     tagmanifest-sha256.txt.sig"]),
    // Somebody else's pack, right in itself: only the auditor's key tells.
    (
        "echo ' ' >> x/data/state/heartbeat.json",
        Stranger,
        5,
        &["whom nobody vouches for", "another key than the pack"],
    ),
    // A log is held together by its own seals, whoever signs the pack.
    (
        "sed -i 's/\"n\":2/\"n\":7/' LOG",
        Owner,
        1,
        &["edited      data/log/memory/decisions.jsonl, line 2, at byte 8", "it was sealed by seal 1"],
    ),
    ("sed -i 3d LOG", Owner, 1, &["truncated   data/log/memory/decisions.jsonl, line 3"]),
    (
        "echo '{\"n\":4}' >> LOG",
        Owner,
        1,
        &["inserted    data/log/memory/decisions.jsonl: 8 bytes stand behind"],
    ),
    (
        "sed -i '$d' LOG.audit/SEALS",
        Owner,
        1,
        &["truncated   data/log/memory/decisions.jsonl.audit/SEALS: 2 lines of it were signed, and it has 1"],
    ),
    (
        "rm LOG.audit/chain LOG.audit/checkpoint",
        Owner,
        1,
        &["missing     data/log/memory/decisions.jsonl.audit/chain", "UNCHANGED since"],
    ),
    ("rm -r x/data/log", Owner, 5, &["there is no sealed log in it"]),
];

/// A pack, changed and remade. The signature beside the tar is by who signs inside; else it is the old one.
pub(crate) fn made(script: &str, forger: Forger) -> World {
    let world = World::new();
    world.sh("ssh-keygen -q -t ed25519 -N '' -f other");
    world.pack();
    world.unpack();
    world.sh(&script.replace("LOG", LOG));
    if forger != Nobody {
        world.sh(MANIFESTS);
    }
    match forger {
        Nobody | Keyless => {
            world.tar("y.tar");
            world.sh("cp x.tar.sig y.tar.sig");
        }
        Stranger => world.sign_anew("other"),
        Owner => world.sign_anew("key"),
    }
    world
}

impl World {
    /// Signs the folder `x` as it is now, with its manifests made anew, and makes `y.tar` of it.
    pub(crate) fn remake(&self, key: &str) {
        self.sh(MANIFESTS);
        self.sign_anew(key);
    }

    fn sign_anew(&self, key: &str) {
        self.sh(&sign_inside(key));
        self.tar("y.tar");
        self.sh(&format!(
            "rm -f y.tar.sig; ssh-keygen -q -Y sign -f {key} -n pack@holdfast y.tar 2> /dev/null"
        ));
    }
}

#[test]
fn whatever_was_changed_is_told_of_the_folder_and_of_the_tar() {
    for (script, forger, code, lines) in CASES {
        let world = made(script, forger);
        let lines = lines.iter().filter(|line| code == 0 || !line.starts_with("UNCHANGED"));
        for pack in ["x", "y.tar"] {
            let ran = world.verify(pack, &KNOWN);
            assert_eq!(ran.code, code, "{script}: {pack}\n{}{}", ran.out, ran.err);
            for line in lines.clone() {
                assert!(ran.out.contains(line), "{script}: {line} in {pack}\n{}", ran.out);
            }
            let json = world.verify(pack, &[&KNOWN[..], &["--json"]].concat()).ends(code);
            let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
            assert_eq!(json["finding_count"].as_u64().unwrap() > 0, code == 1, "{script}: {json}");
        }
        // The old signature is not of the new tar, whatever is in it.
        let same = fs::read(world.path("x.tar")).unwrap() == fs::read(world.path("y.tar")).unwrap();
        assert_eq!(same, script == "true" && forger == Nobody, "{script}");
        if !same && matches!(forger, Nobody | Keyless) {
            let ran = world.verify("y.tar", &KNOWN);
            assert!(ran.out.contains("unsigned    y.tar.sig"), "{script}: {}", ran.out);
        }
    }
}

/// An older pack of the same owner is signed, too: each part belongs to its own.
#[test]
fn signatures_of_another_pack_of_the_same_owner_do_not_fit() {
    let world = World::new();
    world.pack();
    world.sh("mv x.tar old.tar; mv x.tar.sig old.tar.sig");
    world.append("root/memory/decisions.jsonl", "{\"n\":4}\n");
    world.pack();
    world.verify("x.tar", &KNOWN).ends(0);
    world.verify("old.tar", &KNOWN).ends(0);
    world.sh("cp x.tar.sig keep && cp old.tar.sig x.tar.sig");
    let ran = world.verify("x.tar", &KNOWN).ends(1);
    assert!(ran.out.contains("unsigned    x.tar.sig"), "{}", ran.out);
    world.sh("cp keep x.tar.sig; mkdir a; tar -xf old.tar -C a; tar -xf x.tar
        cp a/x/tagmanifest-sha256.txt.sig x/tagmanifest-sha256.txt.sig");
    let ran = world.verify("x", &KNOWN).ends(1);
    assert!(ran.out.contains("unsigned    tagmanifest-sha256.txt.sig"), "{}", ran.out);
    // The log of then, with the manifests of now.
    world.sh("rm -r x; tar -xf x.tar; cp -r a/x/data/log x/data/");
    let ran = world.verify("x", &KNOWN).ends(1);
    assert!(ran.out.contains("edited      data/log/memory/decisions.jsonl: was changed"), "{}", ran.out);
}

#[test]
fn facts_that_say_another_source_than_is_packed_are_a_finding() {
    let world =
        made("sed -i 's/\"packed\": \"[0-9a-f]*\"/\"packed\": \"00\"/' x/data/host/facts.json", Owner);
    let ran = world.verify("y.tar", &KNOWN).ends(1);
    assert!(
        ran.out.contains("malformed   data/host/facts.json: it says that the watchdog's source"),
        "{}",
        ran.out
    );
    // Facts and source that are not there, or not known, are no change.
    for (script, says) in [
        (
            "rm x/data/host/facts.json",
            "WARNING     nothing is known about the host: data/host/facts.json is not there",
        ),
        ("sed -i 's/\"v\": 1/\"v\": 2/' x/data/host/facts.json", "is of version 2, which is not known here"),
        ("echo '[' > x/data/host/facts.json", "is not what this version reads"),
    ] {
        let ran = made(script, Owner).verify("y.tar", &KNOWN).ends(0);
        assert!(ran.out.contains(says), "{script}: {}", ran.out);
    }
    let ran = made("rm -r x/data/source", Owner).verify("y.tar", &KNOWN).ends(1);
    assert!(ran.out.contains("and that is none"), "{}", ran.out);
}

/// A pack may mean to deceive the terminal that it is shown on.
#[test]
fn what_a_pack_says_of_itself_moves_no_cursor() {
    let script = "sed -i 's/\"host\": \".*\"/\"host\": \"\\\\u001b[2J\\\\u202efor\"/' x/data/host/facts.json";
    let ran = made(script, Owner).verify("y.tar", &KNOWN).ends(0);
    assert!(ran.out.contains("on \\u{1b}[2J\\u{202e}for,"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}
