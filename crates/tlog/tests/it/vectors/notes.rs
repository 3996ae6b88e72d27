//! Keys, notes and their texts, right and wrong.

use serde_json::{Value, json};
use tlog::note::{Signer, VerifyError};
use tlog::{Chain, Checkpoint, Hash, Note, Origin, Vkey};

use super::trees::hex;
use crate::common::{ORIGIN, key, leaves, mth};

pub(super) fn notes() -> Value {
    let keys: Vec<Value> = [(ORIGIN, 1), (ORIGIN, 2), ("example.com/other", 1)]
        .iter()
        .map(|&(name, first)| {
            let key = key(name, first);
            let seed = hex(&[&[first][..], &[7; 31]].concat());
            let (public, id) = (hex(key.vkey().public()), hex(&key.vkey().id()));
            json!({"seed": seed, "name": name, "public": public, "id": id, "vkey": key.vkey().to_string()})
        })
        .collect();
    json!({ "keys": keys, "wrong_vkeys": wrong_vkeys(), "notes": signed(), "texts": texts() })
}

fn wrong_vkeys() -> Vec<Value> {
    let good = key(ORIGIN, 1).vkey().to_string();
    let (name_and_id, base64) = good.rsplit_once('+').unwrap();
    let id = name_and_id.rsplit_once('+').unwrap().1;
    [
        good.replace(&format!("+{id}"), "+00000000"),
        good.replace(id, &id.to_uppercase()),
        good.replace(id, &id[..7]),
        good.replace(ORIGIN, ""),
        good.replace(ORIGIN, "a b"),
        good.replace(base64, &format!("B{}", &base64[1..])),
        good.replace(base64, &base64[..40]),
        good.replace(base64, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        good.replace(&format!("+{base64}"), ""),
    ]
    .into_iter()
    .map(|vkey| json!({"vkey": vkey, "why": Vkey::parse(&vkey).unwrap_err().to_string()}))
    .collect()
}

/// Each note with what it is worth to the first key.
fn signed() -> Vec<Value> {
    let (mut first, mut second, mut other) = (key(ORIGIN, 1), key(ORIGIN, 2), key("example.com/other", 1));
    let text = Checkpoint::new(&Origin::new(ORIGIN).unwrap(), 3, mth(&leaves(3))).to_string();
    let by = |signers: &mut [&mut dyn Signer<Error = _>]| Note::sign(&text, signers).unwrap().to_string();
    let good = by(&mut [&mut first]);
    let (both, foreign) = (by(&mut [&mut first, &mut second]), by(&mut [&mut other]));
    let line = good.strip_prefix(&format!("{text}\n")).unwrap();
    let foreign_line = foreign.strip_prefix(&format!("{text}\n")).unwrap();
    let base64 = line.trim_end().rsplit_once(' ').unwrap().1;
    let taken = format!("{text}\n{}", foreign_line.replace("example.com/other", ORIGIN));
    [
        ("signed", good.clone()),
        ("signed by two keys", both),
        ("an unknown key beside", format!("{good}— unknown.example AAAAAAA=\n")),
        ("signed by another key only", foreign),
        ("another key's signature under this name", taken),
        ("another text", good.replacen("\n3\n", "\n4\n", 1)),
        ("a good and a wrong signature by one key", format!("{good}{}", good_line_of("other\n"))),
        ("no signature", format!("{text}\n")),
        ("no blank line", good.replacen("\n\n", "\n", 1)),
        ("no last line feed", good.trim_end().to_owned()),
        ("a hyphen for the dash", good.replace('—', "-")),
        ("two spaces", good.replace(&format!(" {base64}"), &format!("  {base64}"))),
        ("base64 without padding", good.replace('=', "")),
        ("a short signature", good.replace(base64, "AAAA")),
        ("a carriage return", good.replace('\n', "\r\n")),
        ("a tab in the text", good.replacen('.', "\t", 1)),
        ("a signature too many", format!("{text}\n{}", line.repeat(101))),
        ("a line behind", format!("{good}more\n")),
    ]
    .into_iter()
    .map(|(name, note)| {
        let (verdict, why) = match Note::parse(note.as_bytes()) {
            Err(error) => ("malformed", Some(error.to_string())),
            Ok(parsed) => match parsed.verify(first.vkey()) {
                Ok(_) => ("signed", None),
                Err(VerifyError::Unsigned(_)) => ("unsigned", None),
                Err(VerifyError::Wrong(_)) => ("wrong", None),
            },
        };
        json!({"name": name, "vkey": first.vkey().to_string(), "note": note, "verdict": verdict, "why": why})
    })
    .collect()
}

/// The first key's signature line of a text.
fn good_line_of(text: &str) -> String {
    let note = Note::sign(text, &mut [&mut key(ORIGIN, 1)]).unwrap().to_string();
    note.strip_prefix(&format!("{text}\n")).unwrap().to_owned()
}

/// Texts of notes, read as a checkpoint and as a chain.
fn texts() -> Vec<Value> {
    let root = Hash::of(b"root").to_base64();
    [
        format!("{ORIGIN}\n0\n{}\n", Hash::EMPTY.to_base64()),
        format!("{ORIGIN}\n20852163\n{root}\n"),
        format!("{ORIGIN}\n1\n{root}\nan extension\nanother one\n"),
        format!("{ORIGIN}/seals\n1\n{root}\n"),
        format!("{ORIGIN}/seals\n0\n{root}\n"),
        format!("{ORIGIN}/seals\n1\n{root}\nan extension\n"),
        format!("{ORIGIN}/seals/seals\n1\n{root}\n"),
        format!("{ORIGIN}\n01\n{root}\n"),
        format!("{ORIGIN}\n9223372036854775807\n{root}\n"),
        format!("{ORIGIN}\n9223372036854775808\n{root}\n"),
        format!("{ORIGIN}\n1\n{}\n", root.trim_end_matches('=')),
        format!("{ORIGIN}\n1\n{root}"),
        format!("{ORIGIN}\n1\n{root}\n\n"),
        format!("\n1\n{root}\n"),
        format!("{ORIGIN}\n1\n"),
    ]
    .into_iter()
    .map(|text| {
        let checkpoint = match Checkpoint::parse(&text) {
            Ok(c) => json!({"size": c.size(), "root": c.root().to_string(), "extensions": c.extensions()}),
            Err(error) => json!({"error": error.to_string()}),
        };
        let chain = match Chain::parse(&text) {
            Ok(c) => {
                json!({"origin": c.origin().as_str(), "records": c.records(), "head": c.head().to_string()})
            }
            Err(error) => json!({"error": error.to_string()}),
        };
        json!({"text": text, "as_checkpoint": checkpoint, "as_chain": chain})
    })
    .collect()
}
