//! Proofs as files, right and wrong: what each shows to somebody who knows the line and the first key.

use serde_json::{Value, json};
use tlog::note::{MemoryKey, Signer};
use tlog::proof::inclusion;
use tlog::proof_file::{NotSigned, ProofFile};
use tlog::tile::TileReader;
use tlog::{Chain, Checkpoint, Hash, Note, Origin};

use super::trees::hex;
use crate::common::{ORIGIN, Store, key, leaves, line, mth};

fn note(size: u64, signers: &mut [&mut MemoryKey]) -> Note {
    let text = Checkpoint::new(&Origin::new(ORIGIN).unwrap(), size, mth(&leaves(size))).to_string();
    let mut signers: Vec<&mut dyn Signer<Error = _>> =
        signers.iter_mut().map(|key| *key as &mut dyn Signer<Error = _>).collect();
    Note::sign(&text, &mut signers).unwrap()
}

/// The file that proves line `index` in a log of `size`, as its signer writes it.
pub(crate) fn file(index: u64, size: u64) -> String {
    file_by(index, size, &mut [&mut key(ORIGIN, 1)])
}

fn file_by(index: u64, size: u64, signers: &mut [&mut MemoryKey]) -> String {
    let leaves = leaves(size);
    let reader = TileReader::verified(Store::of(&leaves), size, mth(&leaves)).unwrap();
    let hashes = inclusion(&reader, index, size).unwrap();
    ProofFile::new(index, hashes, note(size, signers)).unwrap().to_string()
}

/// What the chain note of a log would prove, if it were a checkpoint: that the last line of SEALS is one of the log.
fn chain_as_checkpoint() -> String {
    let chain = Chain::new(&Origin::new(ORIGIN).unwrap(), 1, Hash::leaf(&line(3)));
    let note = Note::sign(&chain.to_string(), &mut [&mut key(ORIGIN, 1)]).unwrap();
    ProofFile::new(0, Vec::new(), note).unwrap().to_string()
}

pub(super) fn proof_files() -> Value {
    let good = file(3, 7);
    let lines: Vec<&str> = good.lines().collect();
    let exchanged = |a: &str, b: &str| good.replacen(a, "#", 1).replacen(b, a, 1).replacen('#', b, 1);
    let other = file_by(3, 7, &mut [&mut key(ORIGIN, 2)]);
    let mut elsewhere = key("example.com/other", 1);
    let cases = [
        ("a line of seven", 3, good.clone()),
        ("the only line", 0, file(0, 1)),
        ("the last line of 257", 256, file(256, 257)),
        ("a line of 70000", 65_536, file(65_536, 70_000)),
        ("signed by two keys", 3, file_by(3, 7, &mut [&mut key(ORIGIN, 2), &mut key(ORIGIN, 1)])),
        ("a key that nobody knows beside", 3, format!("{good}\u{2014} witness.example AAAAAAA=\n")),
        ("further data", 3, good.replacen("index", "extra AAECAw==\nindex", 1)),
        ("further data of no bytes", 3, good.replacen("index", "extra \nindex", 1)),
        ("another line", 4, good.clone()),
        ("another index", 3, good.replacen("index 3", "index 2", 1)),
        ("an index behind the end", 3, good.replacen("index 3", "index 7", 1)),
        ("two hashes exchanged", 3, exchanged(lines[2], lines[3])),
        ("a hash too few", 3, good.replacen(&format!("{}\n", lines[2]), "", 1)),
        ("a hash too many", 3, good.replacen("\n\n", &format!("\n{}\n\n", lines[2]), 1)),
        ("a checkpoint of another size", 3, good.replacen("\n7\n", "\n9\n", 1)),
        ("signed by another log's key", 3, file_by(3, 7, &mut [&mut elsewhere])),
        ("signed by another key of this name", 3, other.clone()),
        ("a signature of something else", 3, good.replace(signature(&good), signature(&file(3, 8)))),
        ("the chain note for a checkpoint", 3, chain_as_checkpoint()),
        ("another version", 3, good.replacen("@v1", "@v2", 1)),
        ("no index", 3, good.replacen("index 3\n", "", 1)),
        ("an index with a leading zero", 3, good.replacen("index 3", "index 03", 1)),
        ("an index with a sign", 3, good.replacen("index 3", "index +3", 1)),
        ("an index of 2^63", 3, good.replacen("index 3", "index 9223372036854775808", 1)),
        ("two spaces", 3, good.replacen("index 3", "index  3", 1)),
        ("further data behind the index", 3, good.replacen("index 3", "index 3\nextra AAAA", 1)),
        ("further data twice", 3, good.replacen("index", "extra AAAA\nextra AAAA\nindex", 1)),
        ("further data that is no base64", 3, good.replacen("index", "extra AAE\nindex", 1)),
        ("a hash of 31 bytes", 3, good.replacen(lines[2], &lines[2][..40], 1)),
        ("a hash in hex", 3, good.replacen(lines[2], &"00".repeat(32), 1)),
        ("65 hashes", 3, good.replacen("\n\n", &format!("\n{}\n", format!("{}\n", lines[2]).repeat(62)), 1)),
        ("no empty line", 3, good.replacen("\n\n", "\n", 1)),
        ("carriage returns", 3, good.replace('\n', "\r\n")),
        ("no signature", 3, good[..good.rfind("\u{2014}").unwrap()].to_owned()),
        ("no last line feed", 3, good.trim_end().to_owned()),
        ("a space behind the header", 3, good.replacen("@v1", "@v1 ", 1)),
        ("nothing", 3, String::new()),
    ];
    let vkey = key(ORIGIN, 1).vkey().to_string();
    let files: Vec<Value> = cases.into_iter().map(|(name, line, file)| case(name, line, &file)).collect();
    json!({ "vkey": vkey, "verdicts": VERDICTS, "files": files })
}

const VERDICTS: &str = "shown: the line is in the log that the key signed; malformed: no proof; not-included: the hashes \
                        do not lead from the line to the root; unsigned: not signed by the key; wrong: a wrong signature in its name; \
                        other-log: not the log of the key. Whichever comes first in this order: malformed, not-included, the others";

fn signature(file: &str) -> &str {
    file.trim_end().rsplit_once(' ').unwrap().1
}

fn case(name: &str, number: u64, file: &str) -> Value {
    let line = line(number);
    let (verdict, why) = match ProofFile::parse(file.as_bytes()) {
        Err(error) => ("malformed", Some(error.to_string())),
        Ok(proof) => {
            assert_eq!(proof.to_string(), file, "{name}: written as it was read");
            match (proof.verify(Hash::leaf(&line)), proof.signed_by(key(ORIGIN, 1).vkey())) {
                (Err(error), _) => ("not-included", Some(error.to_string())),
                (_, Err(error @ NotSigned::OtherLog { .. })) => ("other-log", Some(error.to_string())),
                (_, Err(NotSigned::Note(error))) => match error {
                    tlog::note::VerifyError::Unsigned(_) => ("unsigned", Some(error.to_string())),
                    tlog::note::VerifyError::Wrong(_) => ("wrong", Some(error.to_string())),
                },
                (Ok(()), Ok(())) => ("shown", None),
            }
        }
    };
    json!({"name": name, "line_hex": hex(&line), "file": file, "verdict": verdict, "why": why})
}
