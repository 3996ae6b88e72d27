//! Signatures that somebody has changed, cut, joined or made up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use sshsig::{Digest, HashKind, PublicKeyError, SIGNATURE_LEN_MAX, Signature, SignatureError};

use crate::common::{Folder, NAMESPACE, open, put, sign};

const MESSAGE: &[u8] = b"what was decided\n";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const ENDLESS: &[u8] = &[b'n'; 256];
const END: &str = "-----END SSH SIGNATURE-----";

fn digest() -> Digest {
    Digest::of(HashKind::Sha256, MESSAGE)
}

/// As anybody may break the lines.
fn armoured(blob: &[u8], width: usize, end_of_line: &str) -> String {
    let base64 = STANDARD.encode(blob);
    let lines: Vec<_> = base64.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
    [&[BEGIN], &lines[..], &[END, ""]].concat().join(end_of_line)
}

fn blob(text: &str) -> Vec<u8> {
    STANDARD.decode(text.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

/// A signature by a fixed key, its fields free to choose.
struct Made {
    magic: &'static [u8],
    version: u32,
    key: Vec<u8>,
    namespace: &'static [u8],
    reserved: &'static [u8],
    hash: &'static [u8],
    algorithm: &'static [u8],
    behind_signature: &'static [u8],
    behind: &'static [u8],
}

impl Default for Made {
    fn default() -> Self {
        Self {
            magic: b"SSHSIG",
            version: 1,
            key: public(b"ssh-ed25519"),
            namespace: NAMESPACE.as_bytes(),
            reserved: b"",
            hash: b"sha256",
            algorithm: b"ssh-ed25519",
            behind_signature: b"",
            behind: b"",
        }
    }
}

fn put_all(to: &mut Vec<u8>, fields: &[&[u8]]) {
    for field in fields {
        put(to, field);
    }
}

fn public(name: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    put(&mut key, name);
    put(&mut key, SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    key
}

impl Made {
    /// Signed over what its own fields say, so that nothing but the field in question is wrong.
    fn text(&self) -> String {
        let Digest::Sha256(hashed) = digest() else { unreachable!("as asked for") };
        let mut signed = b"SSHSIG".to_vec();
        put_all(&mut signed, &[self.namespace, self.reserved, self.hash, &hashed]);
        let mut signature = Vec::new();
        put(&mut signature, self.algorithm);
        put(&mut signature, &SigningKey::from_bytes(&[7; 32]).sign(&signed).to_bytes());
        signature.extend(self.behind_signature);
        let mut blob = [self.magic, &self.version.to_be_bytes()].concat();
        put_all(&mut blob, &[&self.key, self.namespace, self.reserved, self.hash, &signature]);
        blob.extend(self.behind);
        armoured(&blob, 70, "\n")
    }
}

fn judged(text: &str) -> Result<(), SignatureError> {
    Signature::parse(text.as_bytes())?.verify(NAMESPACE, &digest())
}

#[test]
fn each_field_is_judged() {
    use SignatureError as E;
    let sound = Made::default;
    let table = [
        (sound(), Ok(())),
        (Made { magic: b"SSHSIH", ..sound() }, Err(E::Fields)),
        (Made { version: 0, ..sound() }, Err(E::Version(0))),
        (Made { version: 2, ..sound() }, Err(E::Version(2))),
        (Made { key: vec![], ..sound() }, Err(E::Key(PublicKeyError::Form))),
        (
            Made { key: public(b"ssh-ed448"), ..sound() },
            Err(E::Key(PublicKeyError::Type("ssh-ed448".into()))),
        ),
        (
            Made { key: [&public(b"ssh-ed25519")[..], &[0]].concat(), ..sound() },
            Err(E::Key(PublicKeyError::Damaged("ssh-ed25519"))),
        ),
        (
            Made { key: public(b"ssh-ed25519-cert-v01@openssh.com"), ..sound() },
            Err(E::Unsupported("ssh-ed25519-cert-v01@openssh.com")),
        ),
        (
            Made { namespace: b"file", ..sound() },
            Err(E::Namespace { expected: NAMESPACE.into(), found: "file".into() }),
        ),
        (
            Made { namespace: b"pack@holdfast2", ..sound() },
            Err(E::Namespace { expected: NAMESPACE.into(), found: "pack@holdfast2".into() }),
        ),
        (Made { namespace: b"", ..sound() }, Err(E::NamespaceForm)),
        (Made { namespace: ENDLESS, ..sound() }, Err(E::NamespaceForm)),
        (Made { namespace: b"pack\0", ..sound() }, Err(E::NamespaceForm)),
        (Made { reserved: b"x", ..sound() }, Err(E::Reserved)),
        (Made { hash: b"sha1", ..sound() }, Err(E::Hash("sha1".into()))),
        (Made { hash: b"SHA256", ..sound() }, Err(E::Hash("SHA256".into()))),
        (
            Made { hash: b"sha512", ..sound() },
            Err(E::OtherHash { needed: HashKind::Sha512, given: HashKind::Sha256 }),
        ),
        (
            Made { algorithm: b"ssh-rsa", ..sound() },
            Err(E::Algorithm { name: "ssh-rsa".into(), key: "ssh-ed25519" }),
        ),
        (Made { behind_signature: b"\0", ..sound() }, Err(E::Fields)),
        (Made { behind: b"\0", ..sound() }, Err(E::Fields)),
    ];
    for (made, expected) in table {
        assert_eq!(judged(&made.text()), expected);
    }
}

#[test]
fn the_text_around_it_is_judged() {
    use SignatureError as E;
    let sound = Made::default().text();
    let bytes = blob(&sound);
    let table = [
        (sound.clone(), Ok(())),
        (sound.trim_end().to_owned(), Ok(())),
        (armoured(&bytes, 64, "\n"), Ok(())),
        (armoured(&bytes, 70, "\r\n"), Ok(())),
        (armoured(&bytes, 10_000, "\n"), Ok(())),
        (format!("{sound}\n"), Err(E::Trailing)),
        (format!("{sound}x"), Err(E::Trailing)),
        (format!("{sound}{sound}"), Err(E::Trailing)),
        (format!("\n{sound}"), Err(E::Armour)),
        (format!("-{sound}"), Err(E::Armour)),
        (sound.replace(END, ""), Err(E::Armour)),
        (sound.replace(END, "-----END PGP SIGNATURE-----"), Err(E::Armour)),
        (sound.replacen('A', " A", 1), Err(E::Armour)),
        (sound.replace(&format!("\n{END}"), &format!("=\n{END}")), Err(E::Armour)),
        (armoured(&bytes[..bytes.len() - 1], 70, "\n"), Err(E::Fields)),
        (armoured(b"", 70, "\n"), Err(E::Fields)),
        (String::new(), Err(E::Armour)),
        (
            sound.replace(END, &"A".repeat(SIGNATURE_LEN_MAX)),
            Err(E::TooLong(SIGNATURE_LEN_MAX + sound.len() - END.len())),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(judged(&text), expected, "{text}");
    }
    assert_eq!(Signature::parse(&[0xff; 10]), Err(E::Armour));
}

/// Whether a change made the text mean something else, and that was accepted.
fn is_forged(sound: &Signature, text: &[u8]) -> bool {
    Signature::parse(text)
        .is_ok_and(|changed| changed.verify(NAMESPACE, &digest()).is_ok() && changed != *sound)
}

#[test]
fn no_bit_of_a_signature_can_be_turned() {
    let folder = Folder::new();
    let kinds = [("ed25519", "256"), ("ecdsa", "256"), ("rsa", "2048")];
    for (kind, bits) in kinds {
        let path = folder.key(kind, kind, &["-N", "", "-b", bits]);
        let text = String::from_utf8(sign(&path, "sha256", MESSAGE)).unwrap();
        let sound = Signature::parse(text.as_bytes()).unwrap();
        assert_eq!(sound.verify(NAMESPACE, &digest()), Ok(()));
        let bytes = blob(&text);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let judged = judged(&armoured(&changed, 70, "\n"));
            assert!(judged.is_err(), "{kind}: bit {bit} is free");
        }
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_forged(&sound, &changed), "{kind}: bit {bit} of the text is free");
        }
    }
}

#[test]
fn a_weak_key_signs_nothing() {
    // The neutral element: with it as key and as R, nought signs every message by RFC 8032's equation.
    let neutral: [u8; 32] = std::array::from_fn(|at| u8::from(at == 0));
    let mut key = Vec::new();
    put(&mut key, b"ssh-ed25519");
    put(&mut key, &neutral);
    let mut signature = Vec::new();
    put(&mut signature, b"ssh-ed25519");
    put(&mut signature, &[neutral, [0; 32]].concat());
    let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
    put_all(&mut blob, &[&key, NAMESPACE.as_bytes(), b"", b"sha256", &signature]);
    assert_eq!(judged(&armoured(&blob, 70, "\n")), Err(SignatureError::Wrong));
}

#[test]
fn what_a_key_signs_for_one_purpose_fits_no_other_and_no_note() {
    let folder = Folder::new();
    let mut key = open(&folder.plain("key"), None).unwrap();
    let signature = Signature::sign(&mut key, "manifest@holdfast", &digest()).unwrap();
    assert!(matches!(signature.verify(NAMESPACE, &digest()), Err(SignatureError::Namespace { .. })));
    for bad in ["", "a\nb", "a\0b"] {
        assert!(Signature::sign(&mut key, bad, &digest()).is_err(), "{bad:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_byte_replaced_is_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = Made::default().text();
        let sound = Signature::parse(text.as_bytes()).unwrap();
        let mut changed = text.into_bytes();
        let at = at.index(changed.len());
        changed[at] = byte;
        prop_assert!(!is_forged(&sound, &changed));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Signature::parse(&bytes);
        let _ = Signature::parse(armoured(&bytes, 70, "\n").as_bytes());
        let _ = Signature::parse(armoured(&[b"SSHSIG\0\0\0\x01", &bytes[..]].concat(), 70, "\n").as_bytes());
    }
}
