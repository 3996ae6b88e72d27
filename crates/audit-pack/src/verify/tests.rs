//! No byte of a pack can be changed without being found, whoever looks: with the signature beside the tar, or without it.

use std::collections::BTreeMap;
use std::path::Path;

use bag::{Mode, Payload, Recipe};
use holdfast::Exit;
use sshsig::{AllowedSigners, Digest, HashKind, Key, Signature};

use super::open::Pack;
use super::trust::{Signed, Trust};
use super::{MANIFEST_NAMESPACE, PACK_NAMESPACE, Verdict};
use crate::check::tests::world::{Rng, World};
use crate::check::tests::{Of, seeds};

/// The key of [`World`], as OpenSSH writes it.
const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLAAAAIgAAAABAAAA
AQAAAAtzc2gtZWQyNTUxOQAAACDqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLA
AAAEAHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHB+pKbGPinFIKvvVQexMuxfmV
R3auvr57kkIe6mkURtIsAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
";
const ALLOWED: &[u8] =
    b"desk ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs\n";

/// A tar and the signature beside it.
pub(super) struct Packed {
    pub(super) tar: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl Packed {
    /// A sealed log, and a state file.
    fn new(seed: u64) -> Self {
        let name = |(name, bytes): (String, Vec<u8>)| (format!("data/log/memory/{name}"), bytes);
        Self::of(World::new(seed).files.into_iter().map(name).collect())
    }

    /// These files, and a state file.
    pub(super) fn of(files: BTreeMap<String, Vec<u8>>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("key");
        let store = holdfast::sys::real::RealStore;
        let secret = holdfast::sys::Secrecy::Secret;
        holdfast::sys::Store::replace(&store, &path, KEY.as_bytes(), secret).expect("a key");
        let mut key = key(&store, &path);
        let payload = |(path, bytes): (String, Vec<u8>)| Payload::of_bytes(path, Mode::Plain, bytes);
        let mut payload: Vec<Payload<'_>> = files.into_iter().map(payload).collect();
        payload.push(Payload::of_bytes("data/state/circuit.json", Mode::Plain, b"{}\n".to_vec()));
        let recipe = Recipe { name: "x", mtime: 1_795_000_000, info: &[], guide: "Look.\n" };
        let mut tar = Vec::new();
        let written = bag::write(&mut tar, &recipe, payload, |manifest| {
            let digest = Digest::of(HashKind::Sha256, manifest);
            Ok(Signature::sign(&mut key, MANIFEST_NAMESPACE, &digest)?.to_string())
        });
        let digest = Digest::Sha256(written.expect("a tar").sha256.0);
        let signature = Signature::sign(&mut key, PACK_NAMESPACE, &digest).expect("a signature").to_string();
        Self { tar, signature: signature.into_bytes() }
    }

    fn verify(tar: &[u8], signature: Option<&[u8]>) -> Verdict {
        let trust = trust();
        Pack::of_tar("x.tar", &tar, signature.map(<[u8]>::to_vec)).judge(&trust, 2)
    }
}

/// Of an auditor who knows the key.
pub(super) fn trust() -> Trust<'static> {
    let allowed = AllowedSigners::parse(ALLOWED).expect("allowed signers");
    let sys = Box::leak(Box::new(holdfast::sys::Sys::real()));
    let (anchors, max_unsealed) = (crate::anchored::Trust::nobody(sys), None);
    Trust { allowed: Some((allowed, "desk")), at_s: 1_795_000_000, anchors, max_unsealed }
}

fn key(store: &dyn holdfast::sys::Store, path: &Path) -> Key {
    Key::open(store, path, None, &mut |_| unreachable!("it has no passphrase")).expect("a key")
}

/// A tar that was changed somewhere, and what was done. Dice that fall on no change at all are thrown again.
fn change(tar: &[u8], rng: &mut Rng) -> (Vec<u8>, String) {
    loop {
        let mut other = tar.to_vec();
        let what = throw(&mut other, rng);
        if other != tar {
            return (other, what);
        }
    }
}

fn throw(tar: &mut Vec<u8>, rng: &mut Rng) -> String {
    let before = tar.clone();
    let len = tar.len() as u64;
    let (at, other) = (rng.below(len) as usize, rng.below(len) as usize);
    let block = |at: usize| at / 512 * 512..at / 512 * 512 + 512;
    let some = 1 + rng.below(2000) as usize;
    match rng.below(10) {
        0..=2 => {
            tar[at] ^= 1 << rng.below(8);
            format!("flipped a bit at {at}")
        }
        3 => {
            tar[at] = rng.next() as u8;
            format!("set byte {at}")
        }
        4 => {
            // Neighbours: what means the same in another order, such as the end of a line.
            let next = (at + 1).min(tar.len() - 1);
            tar.swap(at, next);
            format!("swapped bytes {at} and {next}")
        }
        5 => {
            let (a, b) = (block(at), block(other));
            let first = tar[a.clone()].to_vec();
            tar.copy_within(b.clone(), a.start);
            tar[b].copy_from_slice(&first);
            format!("swapped the blocks at {at} and {other}")
        }
        6 => {
            tar.truncate(at);
            format!("cut at {at}")
        }
        7 => {
            tar.drain(at..(at + some).min(len as usize));
            format!("took {some} bytes away at {at}")
        }
        8 => {
            let new: Vec<u8> = (0..some).map(|_| rng.next() as u8).collect();
            tar.splice(at..at, new);
            format!("put {some} bytes in at {at}")
        }
        _ => {
            let at = block(at).start;
            tar.splice(at..at, before[block(other)].to_vec());
            format!("put the block at {other} in at {at}, once more")
        }
    }
}

#[test]
fn a_pack_that_was_not_changed_is_unchanged() {
    for seed in 0..4 {
        let Packed { tar, signature } = Packed::new(seed);
        let verdict = Packed::verify(&tar, Some(&signature));
        assert_eq!(verdict.exit(), Exit::Ok, "seed {seed}:\n{}", verdict.findings);
        assert!(matches!(verdict.inner, Signed::By { .. }));
        let alone = Packed::verify(&tar, None);
        assert_eq!((alone.exit(), alone.findings.count), (Exit::BelowPolicy, 0), "{}", alone.findings);
    }
}

#[test]
fn every_change_of_a_pack_is_found() {
    let (seeds, _) = seeds(Of::Pack);
    let packs: Vec<Packed> = (0..4).map(Packed::new).collect();
    for seed in seeds {
        let mut rng = Rng::new(seed);
        let Packed { tar, signature } = &packs[rng.below(4) as usize];
        let (other, what) = change(tar, &mut rng);
        let story = format!("seed {seed} (HOLDFAST_MUTATION={seed}): {what}");
        assert_eq!(Packed::verify(&other, Some(signature)).exit(), Exit::No, "missed: {story}");
        assert_eq!(Packed::verify(&other, None).exit(), Exit::No, "missed without X.tar.sig: {story}");
    }
}

/// The signature is the one part that no manifest speaks of.
#[test]
fn every_byte_of_the_signature_inside_means_something() {
    let Packed { tar, .. } = Packed::new(1);
    let bag = bag::Bag::open_tar(&tar, None).expect("a bag");
    let entry = bag.find(bag::SIGNATURE).expect("a signature");
    let begin = entry.offset.expect("in a tar") as usize;
    for at in begin..begin + entry.len as usize {
        let swapped = (at + 1 < begin + entry.len as usize).then(|| {
            let mut other = tar.clone();
            other.swap(at, at + 1);
            other
        });
        let flipped = [1, 0x20].map(|bits| {
            let mut other = tar.clone();
            other[at] ^= bits;
            other
        });
        for other in flipped.into_iter().chain(swapped).filter(|other| *other != tar) {
            assert_eq!(Packed::verify(&other, None).exit(), Exit::No, "byte {}", at - begin);
        }
    }
}

/// `audit/verify.sh`, of a tar whose signature is not beside it: what was changed is found by what is inside.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test plays the auditor at the keyboard")]
fn every_change_of_a_pack_is_found_by_a_shell() {
    /// It takes some hundred processes for each.
    const EACH: usize = 10;
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let shared = holdfast::sys::Secrecy::Shared;
        holdfast::sys::Store::replace(&holdfast::sys::real::RealStore, &dir.path().join(name), bytes, shared)
            .expect("written");
    };
    write("allowed", ALLOWED);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../audit/verify.sh");
    let verdict = |tar: &[u8]| {
        write("x.tar", tar);
        let mut command = std::process::Command::new("sh");
        let output = command.args([script, "x.tar", "allowed", "desk"]).current_dir(dir.path()).output();
        let output = output.expect("a shell");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let packs: Vec<Packed> = (0..4).map(Packed::new).collect();
    for Packed { tar, .. } in &packs {
        assert_eq!(verdict(tar).0, Some(5), "{}", verdict(tar).1);
    }
    let (seeds, _) = seeds(Of::Pack);
    for seed in seeds.step_by(EACH) {
        let mut rng = Rng::new(seed);
        let (other, what) = change(&packs[rng.below(4) as usize].tar, &mut rng);
        let (code, said) = verdict(&other);
        assert_eq!(code, Some(1), "missed: seed {seed} (HOLDFAST_MUTATION={seed}): {what}\n{said}");
    }
}
