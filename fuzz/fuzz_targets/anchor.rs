//! What others say of a head: stamps, texts of people, keys of witnesses. Whatever the bytes, a head that is found is found
//! again where it is written plainly.
#![no_main]

use anchor::heads::{Head, heads};
use anchor::stamp::Stamp;
use holdfast_fuzz::parts;
use libfuzzer_sys::fuzz_target;
use tlog::{Hash, Origin, WitnessKey};

const ORIGIN: &str = "example.com/bot1/decisions";

fuzz_target!(|data: &[u8]| {
    let origin = Origin::new(ORIGIN).expect("an origin");
    if let Ok(stamp) = Stamp::parse(data) {
        assert!(stamp.time < 253_402_300_800, "before the year 10000");
        assert!(!stamp.is_of(&Hash::EMPTY) || stamp.digest == Some(Hash::EMPTY));
    }
    for head in heads(data, &origin) {
        let plain = match head {
            Head::Tree { size, root } => format!("{ORIGIN} {size} {root}"),
            Head::Chain { records, head } => format!("{ORIGIN}/seals\n{records}\n{}", head.to_base64()),
        };
        assert_eq!(heads(plain.as_bytes(), &origin), [head]);
    }
    let [_, key] = parts(data);
    if let Ok(text) = str::from_utf8(key)
        && let Ok(key) = WitnessKey::parse(text)
    {
        assert_eq!(WitnessKey::parse(&key.to_string()), Ok(key));
    }
});
