//! Cosignatures: what a witness signs, and whose signature counts.

use std::fmt::Write as _;

use tlog::note::{VerifyError, VkeyError, cosign};
use tlog::{Note, WitnessKey};

use crate::common::{ORIGIN, key};

const NAME: &str = "witness.example.com/w1";
const TEXT: &str = "example.com/bot1/decisions\n5\n4mbV8aDBAcaRBN7a3zjFebCEvx4x3l/d/4XWc+569xs=\n";

/// The public key of the seed of sevens, by another implementation.
const VKEY: &str = "witness.example.com/w1+8122a5ab+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

/// What that key cosigns at time 100, by that other implementation.
const LINE: &str = "\u{2014} witness.example.com/w1 gSKlqwAAAAAAAABkffwWTIYcwRmnnnx8WWe/DdG2ZeIEAr1ffocdZBynSXcs5TOx+X+fPOyHjeAtT49HN8JMWkn4vj7/iJLRnduSCg==\n";

fn witness() -> WitnessKey {
    let public = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    WitnessKey::new(NAME, public.as_bytes()).unwrap()
}

#[test]
fn a_key_of_a_witness_has_a_type_of_its_own() {
    let text = witness().to_string();
    let parsed = WitnessKey::parse(&text).unwrap();
    assert_eq!((parsed.name(), parsed.to_string()), (NAME, text.clone()));
    // Published as a plain key, it cosigns under the other id all the same.
    let public = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let plain = tlog::Vkey::new(NAME, public.as_bytes()).unwrap().to_string();
    assert_ne!(plain, text);
    assert_eq!(WitnessKey::parse(&plain).unwrap(), parsed);
    let id = text.split('+').nth(1).unwrap();
    assert!(matches!(WitnessKey::parse(&text.replace(id, "00000000")), Err(VkeyError::Id { .. })));
    assert!(matches!(WitnessKey::parse(&text.replace(NAME, "w2")), Err(VkeyError::Id { .. })));
    let other = WitnessKey::parse("n+00000000+BgAA").expect_err("another type");
    assert_eq!(other.to_string(), "signature type 6 is not that of a cosignature (4) or Ed25519 (1)");
    assert_eq!(WitnessKey::parse("n+00000000+BAAA"), Err(VkeyError::Key));
    assert_eq!(WitnessKey::parse(NAME), Err(VkeyError::Form));
    assert_eq!(text, VKEY);
}

#[test]
fn only_a_right_cosignature_counts_and_the_newest_tells_the_time() {
    let signed = Note::sign(TEXT, &mut [&mut key(ORIGIN, 1)]).unwrap();
    let witness = witness();
    let by = |time| cosign(NAME, &[7; 32], time, TEXT).unwrap();
    assert_eq!(signed.cosigned(&witness), Err(VerifyError::Unsigned(witness.to_string())));
    assert_eq!(by(100).to_string(), LINE);
    let note = signed.clone().with(by(100));
    assert_eq!(note.cosigned(&witness), Ok(100));
    assert_eq!(Note::parse(note.to_string().as_bytes()).unwrap(), note);
    assert_eq!(note.signatures().len(), 2);
    // A newer one takes its place; the log's own stays.
    let newer = note.clone().with(by(200));
    assert_eq!((newer.cosigned(&witness), newer.signatures().len()), (Ok(200), 2));
    newer.verify(tlog::Signer::vkey(&key(ORIGIN, 1))).unwrap();
    // Both may stand there, if both are right.
    let mut both = note.to_string();
    write!(both, "{}", by(50)).unwrap();
    assert_eq!(Note::parse(both.as_bytes()).unwrap().cosigned(&witness), Ok(100));
    for wrong in [
        cosign(NAME, &[7; 32], 300, "another text\n").unwrap(),
        cosign(NAME, &[7; 32], 1 << 63, TEXT).unwrap(),
    ] {
        let text = format!("{note}{wrong}");
        let error = Note::parse(text.as_bytes()).unwrap().cosigned(&witness).unwrap_err();
        assert_eq!(error, VerifyError::Wrong(witness.to_string()));
    }
    let other = cosign("other.example.com", &[8; 32], 1, "whatever\n").unwrap();
    assert_eq!(note.with(other).cosigned(&witness), Ok(100));
}
