//! Tiles of a growing tree.

use super::reader::{ReadError, TileSource, fetch};
use super::{LEVELS, TILE_HEIGHT, TILE_WIDTH, Tile, partial_tiles};
use crate::hash::Hash;
use crate::lanes::subtree_root;
use crate::threads;
use crate::tree::Frontier;

/// Below this many tiles a second thread costs more than it saves.
const THREAD_TILES_MIN: usize = 8;

/// A growing tree with its right edge as tiles. It holds one partial tile for each level, whatever the size.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    frontier: Frontier,
    /// The hashes of the partial tile of each level; empty where there is none.
    rows: Vec<Vec<Hash>>,
}

impl Builder {
    /// The empty tree.
    pub fn new() -> Self {
        Self { frontier: Frontier::new(), rows: vec![Vec::new(); LEVELS.into()] }
    }

    /// The tree of `size` leaves from its stored partial tiles, which must have `root`.
    pub fn load<S: TileSource>(source: &S, size: u64, root: Hash) -> Result<Self, ReadError<S::Error>> {
        let mut builder = Self::new();
        for tile in partial_tiles(size) {
            builder.rows[usize::from(tile.level())] = fetch(source, tile)?;
        }
        for (level, row) in builder.rows.iter().enumerate().rev() {
            for hash in row {
                builder.frontier.add(TILE_HEIGHT * level as u32, *hash, |_, _| ());
            }
        }
        let found = builder.root();
        if found == root { Ok(builder) } else { Err(ReadError::Root { size, expected: root, found }) }
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root of all leaves so far.
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The right edge without the tiles.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The partial tiles of the current size.
    pub fn partials(&self) -> impl Iterator<Item = (Tile, &[Hash])> {
        partial_tiles(self.size()).map(|tile| (tile, self.row(tile.level())))
    }

    /// The hashes of the partial tile of a level.
    pub(super) fn row(&self, level: u8) -> &[Hash] {
        &self.rows[usize::from(level)]
    }

    /// Adds leaves, on at most `threads` threads. `full` gets each tile that becomes full. After its error the builder
    /// is of no further use.
    pub fn extend<E>(
        &mut self,
        leaves: &[Hash],
        threads: usize,
        mut full: impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        let to_boundary = (usize::from(TILE_WIDTH) - self.row(0).len()) % usize::from(TILE_WIDTH);
        let (begun, rest) = leaves.split_at(to_boundary.min(leaves.len()));
        for leaf in begun {
            self.put(0, *leaf, &mut full)?;
        }
        let (whole, rest) = rest.as_chunks::<{ TILE_WIDTH as usize }>();
        for (hashes, root) in whole.iter().zip(roots(whole, threads)) {
            let index = self.size() / u64::from(TILE_WIDTH);
            full(Tile { level: 0, index, width: TILE_WIDTH }, hashes)?;
            self.put(1, root, &mut full)?;
        }
        for leaf in rest {
            self.put(0, *leaf, &mut full)?;
        }
        Ok(())
    }

    /// Adds one hash to a level, and whatever that completes to the levels above.
    fn put<E>(
        &mut self,
        level: u8,
        hash: Hash,
        full: &mut impl FnMut(Tile, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        let rows = &mut self.rows;
        rows[usize::from(level)].push(hash);
        self.frontier.add(TILE_HEIGHT * u32::from(level), hash, |made, root| {
            if made % TILE_HEIGHT == 0 {
                rows[(made / TILE_HEIGHT) as usize].push(root);
            }
        });
        let size = self.frontier.size();
        for (level, row) in (level..).zip(&mut self.rows[usize::from(level)..]) {
            if row.len() < usize::from(TILE_WIDTH) {
                break;
            }
            let index = (size >> (TILE_HEIGHT * (u32::from(level) + 1))) - 1;
            full(Tile { level, index, width: TILE_WIDTH }, row)?;
            row.clear();
        }
        Ok(())
    }
}

fn roots(tiles: &[[Hash; TILE_WIDTH as usize]], threads: usize) -> Vec<Hash> {
    let threads = threads.min(tiles.len() / THREAD_TILES_MIN).max(1);
    let parts = tiles.chunks(tiles.len().div_ceil(threads).max(1)).collect();
    threads::each(parts, |part| part.iter().map(|tile| subtree_root(tile)).collect::<Vec<_>>()).concat()
}
