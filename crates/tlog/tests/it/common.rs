//! Trees, stores and keys that several tests use.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tlog::note::MemoryKey;
use tlog::tile::{Builder, encode, stale_tiles};
use tlog::{Hash, Tile, TileSource};

pub(crate) const ORIGIN: &str = "example.com/bot1/decisions";

/// Line `i` of every tree in the tests and vectors.
pub(crate) fn line(i: u64) -> Vec<u8> {
    format!("{{\"i\":{i}}}\n").into_bytes()
}

pub(crate) fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|i| Hash::leaf(&line(i))).collect()
}

/// The root as RFC 6962 defines it, word for word.
pub(crate) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::EMPTY,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Hash::node(mth(left), mth(right))
        }
    }
}

/// Tiles by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Store(pub(crate) BTreeMap<String, Vec<u8>>);

impl TileSource for Store {
    type Error = Infallible;

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&tile.to_string()).cloned())
    }
}

impl Store {
    /// The tiles of a tree that was built at once.
    pub(crate) fn of(leaves: &[Hash]) -> Self {
        let mut store = Self::default();
        store.grow(&mut Builder::new(), leaves, 2);
        store
    }

    /// Adds leaves as a sealer does: full tiles, then the new partial ones, then the old partial ones go.
    pub(crate) fn grow(&mut self, builder: &mut Builder, leaves: &[Hash], threads: usize) {
        let old = builder.size();
        let Ok(()) = builder.extend(leaves, threads, |tile, hashes| {
            self.0.insert(tile.to_string(), encode(hashes));
            Ok::<(), Infallible>(())
        });
        for (tile, hashes) in builder.partials() {
            self.0.insert(tile.to_string(), encode(hashes));
        }
        for stale in stale_tiles(old, builder.size()) {
            assert!(self.0.remove(&stale.to_string()).is_some(), "{stale} was never there");
        }
    }
}

/// The key of the seed 07 07 … with another first byte.
pub(crate) fn key(name: &str, first: u8) -> MemoryKey {
    let mut seed = [7; 32];
    seed[0] = first;
    MemoryKey::new(name, &seed).unwrap()
}
