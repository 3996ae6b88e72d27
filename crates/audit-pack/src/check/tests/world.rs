//! A sealed log in memory.

use std::collections::BTreeMap;

use holdfast::sys::{ReadAt, ReadError};

use crate::check::{Checked, Options, Pin, check};
use crate::place::Place;
use crate::progress::Progress;
pub(crate) use crate::scribe::LOG;
use crate::scribe::Scribe;
use crate::sidecar::Sidecar;

const ORIGIN: &str = "example.com/bot/decisions";
const KEY: u8 = 7;

/// Numbers that follow from a seed (splitmix64).
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

/// The files of a folder.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) sealed_lines: u64,
    /// What is remembered beside the key.
    pub(crate) guard: Pin,
    /// The same folder as it was some seals earlier.
    pub(crate) earlier: BTreeMap<String, Vec<u8>>,
}

impl Place for World {
    fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + '_>>, ReadError> {
        Ok(self.files.get(name).map(|bytes| Box::new(bytes.as_slice()) as Box<dyn ReadAt>))
    }

    fn below(&self, dir: &str, most: usize) -> Result<Vec<String>, ReadError> {
        let inner = |path: &String| Some(path.strip_prefix(dir)?.strip_prefix('/')?.to_owned());
        Ok(self.files.keys().filter_map(inner).take(most).collect())
    }

    fn shown(&self, name: &str) -> String {
        name.to_owned()
    }
}

impl World {
    /// Some hundred lines of many lengths, all different, in some ten seals.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0xabcd);
        let mut scribe = Scribe::new(ORIGIN, KEY);
        let seals = 4 + rng.below(12);
        let mut earlier = BTreeMap::new();
        for seal in 0..seals {
            let lines: String = (0..=rng.below(120)).map(|_| line(&mut rng)).collect();
            scribe.seal(&lines);
            if seal == seals / 2 {
                earlier = scribe.files.clone();
            }
        }
        let state = &scribe.state;
        let (size, root) = (state.lines, state.root);
        let seals = Some((state.records, state.head));
        let guard = Pin { label: "the memory of the key".to_owned(), size, root, seals };
        Self { files: scribe.files, sealed_lines: size, guard, earlier }
    }

    pub(crate) fn log(&mut self) -> &mut Vec<u8> {
        self.files.entry(LOG.to_owned()).or_default()
    }

    pub(crate) fn sidecar_file(&mut self, name: &str) -> &mut Vec<u8> {
        self.files.get_mut(&format!("{LOG}.audit/{name}")).expect("a file of the sidecar")
    }

    pub(crate) fn lines(&mut self) -> Vec<Vec<u8>> {
        self.log().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    pub(crate) fn set_lines(&mut self, lines: &[Vec<u8>]) {
        *self.log() = lines.concat();
    }

    pub(crate) fn check(&self, deep: bool, pins: Vec<Pin>) -> Checked {
        let progress = Progress::hidden();
        let options = Options { deep, pins, threads: 2, progress: &progress };
        check(&Sidecar::new(self, LOG), &options).expect("memory can be read")
    }
}

/// A decision, of any length.
fn line(rng: &mut Rng) -> String {
    let longest = if rng.below(40) == 0 { 3000 } else { 200 };
    let pad = "x".repeat(rng.below(longest) as usize);
    format!("{{\"id\":{},\"pad\":\"{pad}\"}}\n", rng.next())
}
