//! A signature as text, or as the bytes in it: written and read again it is the same, and of the message that the seed
//! signs there is no other signature by its key.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use sshsig::{Digest, HashKind, Signature};

const NAMESPACE: &str = "pack@holdfast";
const MESSAGE: &[u8] = b"what was decided\n";

static SEED: LazyLock<Signature> = LazyLock::new(|| {
    let seed = Signature::parse(include_bytes!("../corpus/sshsig/ed25519")).expect("a signature");
    seed.verify(NAMESPACE, &Digest::of(HashKind::Sha256, MESSAGE)).expect("of the message");
    seed
});

fuzz_target!(|data: &[u8]| {
    judge(data);
    let text =
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", STANDARD.encode(data));
    judge(text.as_bytes());
});

fn judge(text: &[u8]) {
    let Ok(signature) = Signature::parse(text) else { return };
    assert_eq!(Signature::parse(signature.to_string().as_bytes()).as_ref(), Ok(&signature));
    let of = |message| signature.verify(NAMESPACE, &Digest::of(signature.hash(), message));
    assert!(of(b"another").is_err());
    if of(MESSAGE).is_ok() && signature.public() == SEED.public() {
        assert_eq!(signature, *SEED);
    }
}
