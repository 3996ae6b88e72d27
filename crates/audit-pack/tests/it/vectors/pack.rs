//! The worked example, a witness and a time stamp, as a pack; and the pack with other bytes in it.

use std::collections::BTreeMap;

use bag::{Mode, Payload, Recipe};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holdfast::sys::real::RealStore;
use holdfast::sys::{Secrecy, Store as _};
use serde_json::{Value, json};
use sshsig::{Digest, HashKind, Key, Signature};
use tlog::note::cosign;
use tlog::{Hash, Note, WitnessKey};

use super::{example, stamps, text_of};
use crate::shell::lands::Lands;
use crate::verify::KNOWN;
use crate::world::{World, run};

/// The second key of the example, as OpenSSH writes it.
const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACCBOXcOqH0XX1ajVGbDTH7My42KkbTuN6Jd9g9bj8mzlAAAAJAAAAABAAAA
AQAAAAtzc2gtZWQyNTUxOQAAACCBOXcOqH0XX1ajVGbDTH7My42KkbTuN6Jd9g9bj8mzlA
AAAEACAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAoE5dw6ofRdfVqNUZsNMfszL
jYqRtO43ol32D1uPybOUAAAAB2V4YW1wbGUBAgMEBQY=
-----END OPENSSH PRIVATE KEY-----
";
const NAME: &str = "evidence";
const MTIME: u64 = 1_795_248_180;
const GUIDE: &str = "See audit/FORMAT.md.\n";
const SIDECAR: &str = "data/log/decisions.jsonl.audit";
const WITNESS: (&str, [u8; 32]) = ("witness.example.com/w1", [7; 32]);

/// Of which file a part is replaced once: what verifiers call it, the part, and what stands there then. Without a file it
/// is the tar itself.
const CHANGES: [(&str, &str, &str); 8] = [
    ("data/log/decisions.jsonl", "\"qty\":1}", "\"qty\":9}"),
    ("data/log/decisions-2026-10.jsonl", "hold", "sell"),
    ("SEALS", "s1 2 1795248180000", "s1 2 1795248180001"),
    ("checkpoint", "bot1/decisions vMzS", "bot1/decisions vMzT"),
    ("chain", "/seals\n5\n", "/seals\n4\n"),
    ("VERIFY.md", "See audit", "Set audit"),
    ("bag-info.txt", "Source-Organization: example", "Source-Organization: Example"),
    ("", "ustar\x0000", "ustar\x0001"),
];

fn payload() -> BTreeMap<String, Vec<u8>> {
    let checkpoint = example("checkpoint");
    let seen = cosign(WITNESS.0, &WITNESS.1, 1_795_248_301, &text_of(&checkpoint)).unwrap();
    let cosigned = Note::parse(checkpoint.as_bytes()).unwrap().with(seen).to_string();
    let leaves = example("leaves");
    let leaves = leaves.lines().flat_map(|hex| *Hash::from_hex(hex).unwrap().as_bytes()).collect();
    let stamps = stamps::committed_or_new();
    let stamp = STANDARD.decode(stamps["stamps"][0]["tsr"].as_str().unwrap()).unwrap();
    let sidecar = [
        ("SEALS", example("SEALS").into()),
        ("checkpoint", checkpoint.into()),
        ("chain", example("chain").into()),
        ("tile/0/000.p/5", leaves),
        ("keys/00000000000000000005", example("chain").into()),
        ("anchors/00000000000000000005/chain", example("chain").into()),
        ("anchors/00000000000000000005/checkpoint", cosigned.into()),
        ("anchors/00000000000000000005/tsa.tsr", stamp),
    ];
    let logs = ["decisions-2026-10.jsonl", "decisions.jsonl"];
    let logs = logs.map(|name| (format!("data/log/{name}"), example(name).into()));
    logs.into_iter().chain(sidecar.map(|(name, bytes)| (format!("{SIDECAR}/{name}"), bytes))).collect()
}

/// The tar and the signature beside it.
fn written(world: &World, payload: &BTreeMap<String, Vec<u8>>) -> (Vec<u8>, String) {
    let path = world.path("example_key");
    RealStore.replace(&path, KEY.as_bytes(), Secrecy::Secret).unwrap();
    let mut key = Key::open(&RealStore, &path, None, &mut |_| unreachable!("it is not encrypted")).unwrap();
    let files = payload
        .iter()
        .map(|(path, bytes)| Payload::of_bytes(path.as_str(), Mode::Plain, bytes.clone()))
        .collect();
    let info = [("Source-Organization".to_owned(), "example".to_owned())];
    let recipe = Recipe { name: NAME, mtime: MTIME, info: &info, guide: GUIDE };
    let mut tar = Vec::new();
    let written = bag::write(&mut tar, &recipe, files, |manifest| {
        let digest = Digest::of(HashKind::Sha256, manifest);
        Ok(Signature::sign(&mut key, "manifest@holdfast", &digest)?.to_string())
    });
    let digest = Digest::Sha256(written.unwrap().sha256.0);
    (tar, Signature::sign(&mut key, "pack@holdfast", &digest).unwrap().to_string())
}

/// The vectors, of which each was judged by both verifiers, and the good one with stock tools, too.
pub(super) fn made() -> Value {
    let world = World::new();
    let payload = payload();
    let (tar, signature) = written(&world, &payload);
    let stamps = stamps::committed_or_new();
    let public = run("ssh-keygen", &["-y", "-f", "example_key"], &world.path(""));
    let allowed = format!("{} {public}", KNOWN[3]);
    world.write("allowed_signers", &allowed);
    world.write("root.pem", stamps["root"].as_str().unwrap());
    world.write("evidence.tar.sig", &signature);
    let public = ed25519_public(&WITNESS.1);
    let witness = WitnessKey::new(WITNESS.0, &public).unwrap().to_string();
    std::fs::write(world.path("evidence.tar"), &tar).unwrap();
    let lands = Lands::new();
    for (number, is_named) in [(0, false), (1, true), (2, true), (3, true)] {
        judged(&world, &lands, number, is_named.then_some(&witness), None);
    }
    world.sh("ssh-keygen -q -Y verify -f allowed_signers -I desk@example.com -n pack@holdfast -s evidence.tar.sig < evidence.tar
        tar -xf evidence.tar; cd evidence; sha256sum -c --quiet --strict manifest-sha256.txt tagmanifest-sha256.txt
        ssh-keygen -q -Y verify -f ../allowed_signers -I desk@example.com -n manifest@holdfast -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt");
    // With the signature beside it nobody looks further. Without it the one inside must do.
    std::fs::remove_file(world.path("evidence.tar.sig")).unwrap();
    let wrong: Vec<Value> = CHANGES
        .iter()
        .enumerate()
        .map(|(number, (file, old, new))| {
            let at = place(&tar, file, old);
            let mut other = tar.clone();
            other[at..at + old.len()].copy_from_slice(new.as_bytes());
            std::fs::write(world.path("evidence.tar"), &other).unwrap();
            judged(&world, &lands, number, None, Some(file));
            json!({"file": file, "at": at, "was": old, "is": new})
        })
        .collect();
    let payload: BTreeMap<&String, Value> =
        payload.iter().map(|(path, bytes)| (path, shown(bytes))).collect();
    json!({
        "name": NAME, "mtime": MTIME, "info": {"Source-Organization": "example"}, "guide": GUIDE,
        "payload": payload, "key": KEY, "allowed_signers": allowed, "signer": KNOWN[3], "witness": witness,
        "tar": STANDARD.encode(&tar), "sha256": Hash::of(&tar).to_string(), "signature": signature, "wrong": wrong,
    })
}

/// As text where it is that.
fn shown(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!({ "text": text }),
        Err(_) => json!({"base64": STANDARD.encode(bytes)}),
    }
}

/// Where a part of a file stands in the tar.
fn place(tar: &[u8], file: &str, part: &str) -> usize {
    let member = match file {
        "" => String::new(),
        "SEALS" | "checkpoint" | "chain" => format!("{NAME}/{SIDECAR}/{file}\0"),
        _ => format!("{NAME}/{file}\0"),
    };
    let begin = memchr::memmem::find(tar, member.as_bytes()).unwrap();
    begin + memchr::memmem::find(&tar[begin..], part.as_bytes()).unwrap()
}

/// Both say the same of the pack: that it is good, and anchored twice where somebody names the anchors; or what is changed.
fn judged(world: &World, lands: &Lands, number: usize, witness: Option<&String>, changed: Option<&&str>) {
    let named = witness.map_or_else(Vec::new, |key| vec!["--witness", key, "--tsa-ca", "root.pem"]);
    let policy = if witness.is_some() { &["--require-anchors", "2"][..] } else { &[] };
    let ours = world.verify("evidence.tar", &[&KNOWN[..], &named, policy].concat());
    let land = lands.turn(number);
    let asked = [&named[..], &["evidence.tar", KNOWN[1], KNOWN[3]]].concat();
    let theirs = land.verify(&asked, &world.path(""));
    for (who, ran) in [("audit-pack", &ours), (land.name, &theirs)] {
        assert_eq!(ran.code, i32::from(changed.is_some()), "{who}, {changed:?}: {}{}", ran.out, ran.err);
        assert!(changed.is_none_or(|file| ran.out.contains(file)), "{who}, {changed:?}: {}", ran.out);
    }
}

fn ed25519_public(seed: &[u8; 32]) -> [u8; 32] {
    let key = tlog::note::MemoryKey::new("key", seed).unwrap();
    *tlog::Signer::vkey(&key).public()
}
