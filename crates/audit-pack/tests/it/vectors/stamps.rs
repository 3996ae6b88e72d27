//! Time stamps over the chain of the worked example.

use std::path::Path;

use anchor::stamp::{Stamp, StampError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tlog::Hash;

use super::{audit, example, text_of};
use crate::anchor::peers::Authority;
use crate::world::{run, try_run};

/// Asks an authority in the middle of its life, for another text, against its policy, after its end; and another one.
const ASK: &str = "
export TZ=UTC
ask() { openssl ts -query -sha256 -cert -data \"$1\" -out \"$2.tsq\" ${3-}; }
reply() { (cd \"$1\" && faketime \"$3\" openssl ts -reply -config tsa.cnf -section tsa -queryfile ../\"$2.tsq\" -out ../\"$4.tsr\"); }
ask text text
ask other other
ask text policy '-tspolicy 1.2.3.4.9'
reply tsa text '2026-11-21 08:05:00' good
reply tsa other '2026-11-21 08:05:00' other
reply tsa policy '2026-11-21 08:05:00' refused
reply tsa text '2029-11-21 08:05:00' ended
reply stranger text '2026-11-21 08:05:00' stranger";

/// The stamps, and the root that they are verified with. An authority signs no text twice alike: what is committed stays,
/// and only where there is no file new ones are made.
pub(super) fn committed_or_new() -> Value {
    if let Ok(text) = std::fs::read(audit("vectors/stamps.json")) {
        return serde_json::from_slice(&text).unwrap();
    }
    let world = tempfile::tempdir().unwrap();
    let dir = world.path();
    std::fs::write(dir.join("text"), text_of(&example("chain"))).unwrap();
    std::fs::write(dir.join("other"), text_of(&example("checkpoint"))).unwrap();
    for name in ["tsa", "stranger"] {
        Authority::new(dir.join(name), "2026-11-01 00:00:00");
    }
    run("sh", &["-euc", ASK], dir);
    let file = |name: &str| std::fs::read(dir.join(name)).unwrap();
    let good = file("good.tsr");
    let cut = good[..good.len() - 1].to_vec();
    let [mut flipped, mut longer] = [const { Vec::new() }; 2].map(|_: Vec<u8>| good.clone());
    *flipped.last_mut().unwrap() ^= 1;
    longer.push(0);
    let stamps = [
        ("a stamp", good),
        ("of another text", file("other.tsr")),
        ("refused by the authority", file("refused.tsr")),
        ("after the end of the authority's certificate", file("ended.tsr")),
        ("by another authority", file("stranger.tsr")),
        ("with another signature", flipped),
        ("something behind it", longer),
        ("not all of it", cut),
        ("nothing", Vec::new()),
    ];
    let stamps = stamps.map(|(name, tsr)| json!({"name": name, "tsr": STANDARD.encode(tsr)}));
    json!({"root": String::from_utf8(file("tsa/ca.pem")).unwrap(), "stamps": stamps})
}

/// The same stamps with what they say, by this implementation, and whether the root's authority signed them, by openssl.
pub(super) fn judged(dir: &Path, stamps: &Value) -> Value {
    let text = text_of(&example("chain"));
    let digest = Hash::of(text.as_bytes());
    std::fs::write(dir.join("root.pem"), stamps["root"].as_str().unwrap()).unwrap();
    let judged = stamps["stamps"].as_array().unwrap().iter().map(|stamp| {
        let tsr = STANDARD.decode(stamp["tsr"].as_str().unwrap()).unwrap();
        std::fs::write(dir.join("tsr"), &tsr).unwrap();
        let (says, time) = match Stamp::parse(&tsr) {
            Err(StampError::Refused { .. }) => ("refused", None),
            Err(_) => ("malformed", None),
            Ok(stamp) if stamp.is_of(&digest) => ("stamped", Some(stamp.time)),
            Ok(stamp) => ("another text", Some(stamp.time)),
        };
        let verified = time.map(|time| {
            let (hex, time) = (digest.to_string(), time.to_string());
            let how =
                ["ts", "-verify", "-in", "tsr", "-CAfile", "root.pem", "-digest", &hex, "-attime", &time];
            try_run("openssl", &how, dir).code == 0
        });
        json!({"name": stamp["name"], "tsr": stamp["tsr"], "says": says, "time": time, "verified": verified})
    });
    let judged: Vec<Value> = judged.collect();
    json!({"text": text, "digest": digest.to_string(), "root": stamps["root"], "stamps": judged})
}
