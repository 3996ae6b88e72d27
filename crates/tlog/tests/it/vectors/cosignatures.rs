//! Checkpoints with cosignatures, and when which witness has seen them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tlog::note::{VerifyError, cosign};
use tlog::{Checkpoint, Hash, Note, Origin, Vkey, WitnessKey};

use super::trees::hex;
use crate::common::{ORIGIN, key, leaves, mth};

const NAME: &str = "witness.example.com/w1";
const SEED: [u8; 32] = [7; 32];

/// A line by the witness.
fn line(time: u64, text: &str) -> String {
    cosign(NAME, &SEED, time, text).unwrap().to_string()
}

pub(super) fn cosignatures() -> Value {
    let public = *ed25519_dalek::SigningKey::from_bytes(&SEED).verifying_key().as_bytes();
    let witness = WitnessKey::new(NAME, &public).unwrap();
    let plain = Vkey::new(NAME, &public).unwrap().to_string();
    let text = Checkpoint::new(&Origin::new(ORIGIN).unwrap(), 3, mth(&leaves(3))).to_string();
    let signed = Note::sign(&text, &mut [&mut key(ORIGIN, 1)]).unwrap().to_string();
    let chain = format!("{ORIGIN}/seals\n1\n{}\n", Hash::of(b"head").to_base64());
    let other = cosign("other.example.com", &[8; 32], 1, "whatever\n").unwrap();
    let good = line(1_795_248_061, &text);
    let (start, base64) = good.trim_end().rsplit_once(' ').unwrap();
    // Four bytes of the key's id, eight of the time, and the signature.
    let raw = STANDARD.decode(base64).unwrap();
    let with = |raw: &[u8]| format!("{signed}{start} {}\n", STANDARD.encode(raw));
    let later = [&raw[..11], &[raw[11] + 1], &raw[12..]].concat();
    let notes = [
        ("cosigned", format!("{signed}{good}")),
        ("cosigned, and not signed by the log", format!("{text}\n{good}")),
        ("not cosigned", signed.clone()),
        ("twice: the newest time counts", format!("{signed}{good}{}", line(1_795_248_001, &text))),
        ("by another witness beside it, wrongly", format!("{signed}{other}{good}")),
        ("by another witness only", format!("{signed}{other}")),
        ("at second 0", format!("{signed}{}", line(0, &text))),
        ("at the last second", format!("{signed}{}", line((1 << 63) - 1, &text))),
        ("at a second behind the last one", format!("{signed}{}", line(1 << 63, &text))),
        ("of another text", format!("{signed}{}", line(1_795_248_061, &chain))),
        ("a right one and a wrong one", format!("{signed}{good}{}", line(1_795_248_061, &chain))),
        ("another time before the signature", with(&later)),
        ("without the time", with(&[&raw[..4], &raw[12..]].concat())),
        ("a plain signature by the key", format!("{signed}{}", plain_line(&text))),
    ];
    let notes = notes.into_iter().map(|(name, note)| {
        let (verdict, time) = match Note::parse(note.as_bytes()).unwrap().cosigned(&witness) {
            Ok(time) => ("cosigned", Some(time)),
            Err(VerifyError::Unsigned(_)) => ("unsigned", None),
            Err(VerifyError::Wrong(_)) => ("wrong", None),
        };
        json!({"name": name, "note": note, "verdict": verdict, "time": time})
    });
    let wrong = [
        witness.to_string().replace("+8122a5ab", "+00000000"),
        witness.to_string().replace(NAME, "witness.example.com/w2"),
        witness.to_string().replace("+BO", "+O"),
        witness.to_string().replace("+BO", "+CO"),
    ];
    let wrong = wrong
        .iter()
        .map(|vkey| json!({"vkey": vkey, "why": WitnessKey::parse(vkey).unwrap_err().to_string()}));
    assert_eq!(WitnessKey::parse(&plain).unwrap(), witness);
    json!({
        "key": {
            "seed": hex(&SEED), "name": NAME, "public": hex(&public), "id": hex(&witness.id()),
            "vkey": witness.to_string(), "plain_vkey": plain,
        },
        "wrong_vkeys": wrong.collect::<Vec<_>>(),
        "notes": notes.collect::<Vec<_>>(),
    })
}

/// What the key signs as the key of a log.
fn plain_line(text: &str) -> String {
    let mut key = tlog::note::MemoryKey::new(NAME, &SEED).unwrap();
    let note = Note::sign(text, &mut [&mut key]).unwrap().to_string();
    note.strip_prefix(&format!("{text}\n")).unwrap().to_owned()
}
