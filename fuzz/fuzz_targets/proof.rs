//! Proofs as files: each has one spelling, and shows no line but the one that it was made for.
#![no_main]

use std::sync::LazyLock;

use holdfast_fuzz::parts;
use libfuzzer_sys::fuzz_target;
use tlog::note::MemoryKey;
use tlog::{Hash, ProofFile, Signer as _};

const ORIGIN: &str = "example.com/bot1/decisions";
/// The lines of the example in `audit/FORMAT.md`; the seed proves the second one.
const LINES: [&[u8]; 5] = [
    b"{\"id\":1,\"act\":\"buy\",\"qty\":2}\n",
    b"{\"id\":2,\"act\":\"hold\"}\n",
    b"{\"id\":3,\"act\":\"sell\",\"qty\":1}\n",
    b"\n",
    b"{\"id\":4,\"act\":\"buy\",\"qty\":1}\n",
];

/// What the keys have signed.
static SEED: LazyLock<ProofFile> = LazyLock::new(|| {
    let [file, line] = parts(include_bytes!("../corpus/proof/example"));
    let file = ProofFile::parse(file).expect("a proof");
    assert_eq!((line, file.verify(Hash::leaf(line))), (LINES[1], Ok(())));
    KEYS.iter().for_each(|key| file.signed_by(key.vkey()).expect("signed"));
    file
});
static KEYS: LazyLock<[MemoryKey; 2]> =
    LazyLock::new(|| [1, 2].map(|byte| MemoryKey::new(ORIGIN, &[byte; 32]).expect("a key")));

fuzz_target!(|data: &[u8]| {
    let [bytes, line] = parts(data);
    let Ok(file) = ProofFile::parse(bytes) else { return };
    assert_eq!(file.to_string().as_bytes(), bytes);
    let included = file.verify(Hash::leaf(line)).is_ok();
    let ours = SEED.checkpoint();
    // Under the root that we know there are these lines, each at its place, and no others.
    if included && (file.checkpoint().size(), file.checkpoint().root()) == (ours.size(), ours.root()) {
        assert_eq!(LINES[file.index() as usize], line);
    }
    for key in KEYS.iter() {
        if file.signed_by(key.vkey()).is_ok() {
            assert_eq!(file.checkpoint(), ours, "it never signed that");
        }
    }
});
