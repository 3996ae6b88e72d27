//! Allowed signers: no text makes the reader panic, an error names a line, and who is verified has the key there.
#![no_main]

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use sshsig::{AllowedSigners, Digest, HashKind, Signature};

const NAMESPACE: &str = "pack@holdfast";
const MESSAGE: &[u8] = b"what was decided\n";
const TIMES_S: [u64; 3] = [1, 1_763_712_000, u64::MAX];

static SEED: LazyLock<Signature> =
    LazyLock::new(|| Signature::parse(include_bytes!("../corpus/sshsig/ed25519")).expect("a signature"));

fuzz_target!(|data: &[u8]| {
    let digest = Digest::of(HashKind::Sha256, MESSAGE);
    let lines: Vec<_> = data.split(|&b| b == b'\n').collect();
    match AllowedSigners::parse_in(data, &TimeZone::UTC) {
        Err(error) => {
            assert!((1..=lines.len()).contains(&error.line), "{error} of {} lines", lines.len());
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
        Ok(allowed) => {
            let key = SEED.public().to_string();
            let base64 = key.split(' ').nth(1).expect("base64");
            for at_s in TIMES_S {
                let found: Vec<_> = allowed.find_principals(SEED.public(), NAMESPACE, at_s).collect();
                let Ok(verified) = allowed.verify(&SEED, &digest, NAMESPACE, "bot@host", at_s) else {
                    continue;
                };
                let line = str::from_utf8(lines[verified.line - 1]).expect("text");
                assert!(line.contains(base64), "{line:?}");
                assert!(found.iter().any(|line| line.number() == verified.line && line.names("bot@host")));
            }
        }
    }
});
