//! Notes: roundtrips, refusals, and what stock tools say of a signature.

use std::process::Command;

use proptest::prelude::*;
use tlog::note::{NOTE_LEN_MAX, NoteError, SIGNATURES_MAX, SignError, Signer, VerifyError, VkeyError};
use tlog::{Note, Vkey};

use crate::common::{ORIGIN, key};

/// The example of the specification.
const EXAMPLE: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

#[test]
fn the_example_of_the_c2sp_specification() {
    let note = Note::parse(EXAMPLE.as_bytes()).unwrap();
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(note.signatures()[0].name(), "quasimodo.example/salvatore");
    assert_eq!(note.signatures()[0].id(), [0x36, 0x7b, 0xa0, 0x4b]);
    assert_eq!(note.to_string(), EXAMPLE);
}

#[test]
fn the_vkey_of_go_sumdb() {
    let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    let vkey = Vkey::parse(text).unwrap();
    assert_eq!((vkey.name(), vkey.id()), ("sum.golang.org", [0x03, 0x3d, 0xe0, 0xae]));
    assert_eq!(vkey.to_string(), text);
    let id = VkeyError::Id { expected: "033de0ae".into(), found: "033de0af".into() };
    for (wrong, error) in [
        (text.replace("033de0ae", "033de0af"), id),
        (text.replace("033de0ae", "033DE0AE"), VkeyError::Form),
        (text.replace("+033de0ae", ""), VkeyError::Form),
        (text.replace("sum.golang.org", ""), VkeyError::Name),
        (text.replace("sum.golang.org", "sum golang"), VkeyError::Name),
        (text.replace("+Ac4z", "+BM4z"), VkeyError::Type(4, "Ed25519 (1)")),
        (
            text.replace("OuAn8", "OuAn9"),
            VkeyError::Id { expected: "96968c18".into(), found: "033de0ae".into() },
        ),
        (text.replace("8OuAn8", ""), VkeyError::Form),
        ("n+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(), VkeyError::Key),
        ("n+00000000+AQID".into(), VkeyError::Key),
        ("n+00000000+".into(), VkeyError::Form),
        (String::new(), VkeyError::Form),
    ] {
        assert_eq!(Vkey::parse(&wrong).unwrap_err(), error, "{wrong}");
    }
}

#[test]
fn wrong_notes_say_what_is_wrong() {
    let good = Note::sign("text\n", &mut [&mut key(ORIGIN, 1)]).unwrap().to_string();
    let line = good.strip_prefix("text\n\n").unwrap();
    let many = |count| format!("text\n\n{}", line.repeat(count));
    assert_eq!(Note::parse(many(SIGNATURES_MAX).as_bytes()).unwrap().signatures().len(), SIGNATURES_MAX);
    let long = format!("{}\n\n{line}", "x".repeat(NOTE_LEN_MAX - line.len() - 2));
    assert!(Note::parse(long.as_bytes()).is_ok());

    let wrong_signature = |line: &str| format!("text\n\n{line}");
    for (note, error) in [
        (String::new(), NoteError::NoBlankLine),
        ("text\n".into(), NoteError::NoBlankLine),
        (good.replace("\n\n", "\n"), NoteError::NoBlankLine),
        ("text\n\n".into(), NoteError::SignaturesEnd),
        (good.trim_end().into(), NoteError::SignaturesEnd),
        (format!("x{long}"), NoteError::TooLong),
        (many(SIGNATURES_MAX + 1), NoteError::TooMany),
        (good.replace("text", "te\rxt"), NoteError::Control(2)),
        (good.replace("text", "te\txt"), NoteError::Control(2)),
        (format!("{good}\0"), NoteError::Control(good.len())),
        (format!("{good}x\n"), NoteError::Signature(2)),
        (format!("{good}{}", line.replace('=', "")), NoteError::Signature(2)),
        (wrong_signature(&line.replace('—', "-")), NoteError::Signature(1)),
        (wrong_signature(&line.replace(ORIGIN, "a+b")), NoteError::Signature(1)),
        (wrong_signature(&line.replace(ORIGIN, "")), NoteError::Signature(1)),
        (wrong_signature(&line.replace(ORIGIN, "a\u{a0}b")), NoteError::Signature(1)),
        (wrong_signature(&line.replace(ORIGIN, "a b")), NoteError::Signature(1)),
        (wrong_signature("— name \n"), NoteError::Signature(1)),
        (wrong_signature("— name AAAAAA==\n"), NoteError::Signature(1)),
        (wrong_signature("— name AAAA\n"), NoteError::Signature(1)),
    ] {
        assert_eq!(Note::parse(note.as_bytes()).unwrap_err(), error, "{}", &note[..note.len().min(200)]);
    }
    assert_eq!(Note::parse(b"te\xff\n\nx\n"), Err(NoteError::NotUtf8(2)));
}

#[test]
fn only_the_named_keys_count() {
    let (mut old, mut new, other) = (key(ORIGIN, 1), key(ORIGIN, 2), key("other", 1));
    let note = Note::sign("text\n", &mut [&mut old, &mut new]).unwrap();
    assert_eq!(note.verify(old.vkey()), Ok("text\n"));
    assert_eq!(note.verify(new.vkey()), Ok("text\n"));
    assert_eq!(note.verify(other.vkey()), Err(VerifyError::Unsigned(other.vkey().to_string())));

    // A wrong signature by one key leaves the other one's standing, and is told from none at all.
    let forged = Note::sign("text2\n", &mut [&mut old]).unwrap().to_string();
    let line = forged.strip_prefix("text2\n\n").unwrap();
    let mixed = format!("text\n\n{line}{}", note.to_string().lines().last().unwrap().to_owned() + "\n");
    let mixed = Note::parse(mixed.as_bytes()).unwrap();
    assert_eq!(mixed.verify(old.vkey()), Err(VerifyError::Wrong(old.vkey().to_string())));
    assert_eq!(mixed.verify(new.vkey()), Ok("text\n"));

    // Of two signatures by one key, both count.
    let doubled = Note::parse(format!("{note}{line}").as_bytes()).unwrap();
    assert_eq!(doubled.verify(old.vkey()), Err(VerifyError::Wrong(old.vkey().to_string())));
}

/// A signer that fails, or that gives bytes which are no signature.
struct Broken(Vkey, Option<[u8; 64]>);

impl Signer for Broken {
    type Error = std::fmt::Error;

    fn vkey(&self) -> &Vkey {
        &self.0
    }

    fn sign(&mut self, _: &[u8]) -> Result<[u8; 64], Self::Error> {
        self.1.ok_or(std::fmt::Error)
    }
}

#[test]
fn what_a_signer_gives_is_verified() {
    let vkey = key(ORIGIN, 1).vkey().clone();
    let sign = |text, given| Note::sign(text, &mut [&mut Broken(vkey.clone(), given)]).unwrap_err();
    assert!(
        matches!(sign("text\n", None), SignError::Signer { vkey: named, .. } if named == vkey.to_string())
    );
    assert!(matches!(sign("text\n", Some([0; 64])), SignError::Wrong(named) if named == vkey.to_string()));
    assert!(matches!(sign("text", None), SignError::Text(NoteError::TextEnd)));
    assert!(matches!(sign("te\txt\n", None), SignError::Text(NoteError::Control(2))));
}

#[test]
fn openssl_verifies_a_signature() {
    let mut key = key(ORIGIN, 1);
    let note = Note::sign("text\n", &mut [&mut key]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    // The fixed head of an Ed25519 SubjectPublicKeyInfo (RFC 8410).
    let der = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], key.vkey().public()].concat();
    let public = file("pub.der", &der);
    let signature = file("sig", note.signatures()[0].bytes());
    let accepts = |text: &[u8]| {
        let args = ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", "-inkey"];
        let mut openssl = Command::new("openssl");
        openssl.args(args).arg(&public).arg("-in").arg(file("body", text)).arg("-sigfile").arg(&signature);
        openssl.output().expect("openssl is installed").status.success()
    };
    assert!(accepts(b"text\n"));
    assert!(!accepts(b"texT\n"));
}

proptest! {
    #[test]
    fn notes_roundtrip(lines in prop::collection::vec("[^\\p{Cc}]{0,30}", 1..6), first in 0..4_u8) {
        let text = lines.join("\n") + "\n";
        let (mut one, mut two) = (key(ORIGIN, first), key("näme.example", first));
        let note = Note::sign(&text, &mut [&mut one, &mut two]).unwrap();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&read, &note);
        prop_assert_eq!(read.verify(one.vkey()), Ok(&text[..]));
        prop_assert_eq!(read.verify(two.vkey()), Ok(&text[..]));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(note) = Note::parse(&bytes) {
            prop_assert_eq!(note.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn any_changed_byte_of_a_note_is_found(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut key = key(ORIGIN, 1);
        let mut bytes = Note::sign("some text\nof two lines\n", &mut [&mut key]).unwrap().to_string().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(Note::parse(&bytes).map_or(true, |note| note.verify(key.vkey()).is_err()));
    }
}
