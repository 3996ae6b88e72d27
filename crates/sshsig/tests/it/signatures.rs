//! Signatures, in both directions.

use sshsig::{Digest, HashKind, Hasher, PublicKey, Signature, SignatureError};

use crate::common::{Folder, NAMESPACE, assert_ok, open, sign, verify};

const MESSAGE: &[u8] = b"what was decided\n";

#[test]
fn ours_is_byte_for_byte_that_of_ssh_keygen_which_verifies_it() {
    let folder = Folder::new();
    let path = folder.plain("key");
    let allowed = folder.write("allowed", format!("bot@host {}", folder.read("key.pub")));
    let mut key = open(&path, None).unwrap();
    for hash in [HashKind::Sha256, HashKind::Sha512] {
        let ours = Signature::sign(&mut key, NAMESPACE, &Digest::of(hash, MESSAGE)).unwrap().to_string();
        assert_eq!(ours.as_bytes(), sign(&path, hash.name(), MESSAGE), "Ed25519 signs always the same");
        let file = folder.write("ours.sig", &ours);
        assert_ok(&verify(&allowed, &file, ("bot@host", NAMESPACE), &[], MESSAGE));
        assert!(!verify(&allowed, &file, ("bot@host", NAMESPACE), &[], b"another").status.success());
    }
}

#[test]
fn every_kind_of_key_that_ssh_keygen_signs_with_is_verified_or_refused_by_name() {
    let folder = Folder::new();
    let table = [
        ("ed25519", "256", Ok(())),
        ("ecdsa", "256", Ok(())),
        ("ecdsa", "384", Ok(())),
        ("rsa", "2048", Ok(())),
        ("rsa", "3072", Ok(())),
        ("ecdsa", "521", Err(SignatureError::Unsupported("ecdsa-sha2-nistp521"))),
        ("rsa", "1024", Err(SignatureError::RsaSize(1024))),
    ];
    for (kind, bits, expected) in table {
        let path = folder.key(&format!("{kind}{bits}"), kind, &["-N", "", "-b", bits]);
        for hash in ["sha256", "sha512"] {
            let text = sign(&path, hash, MESSAGE);
            let signature = Signature::parse(&text).unwrap();
            assert_eq!(signature.to_string().as_bytes(), text, "{kind} {bits}");
            assert_eq!(signature.hash().name(), hash);
            let digest = Digest::of(signature.hash(), MESSAGE);
            assert_eq!(signature.verify(NAMESPACE, &digest), expected, "{kind} {bits} {hash}");
            let other = signature.verify(NAMESPACE, &Digest::of(signature.hash(), b"another"));
            assert_eq!(other, expected.clone().and(Err(SignatureError::Wrong)), "{kind} {bits} {hash}");
        }
    }
}

#[test]
fn a_message_may_come_in_pieces() {
    let mut hasher = Hasher::new(HashKind::Sha512);
    MESSAGE.chunks(3).for_each(|piece| hasher.update(piece));
    assert_eq!(hasher.finish(), Digest::of(HashKind::Sha512, MESSAGE));
}

#[test]
fn a_fingerprint_is_that_of_ssh_keygen() {
    let folder = Folder::new();
    folder.plain("key");
    let public = folder.read("key.pub");
    let (public, comment) = PublicKey::parse(&public).unwrap();
    let shown = crate::common::keygen(&["-l", "-f", folder.path("key.pub").to_str().unwrap()], b"");
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.split(' ').nth(1), Some(public.fingerprint().as_str()));
    assert_eq!(comment, "key");
}
