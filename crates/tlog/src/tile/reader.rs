//! Hashes of a stored tree.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Builder, TILE_HEIGHT, TILE_WIDTH, Tile, decode};
use crate::hash::Hash;
use crate::lanes::subtree_root;

/// Where tiles are kept. It need not be trusted.
pub trait TileSource {
    /// What can go wrong.
    type Error: std::error::Error + 'static;

    /// The bytes of a tile, or nothing where there is no such tile. More than [`Tile::byte_len`] and one byte need not
    /// be read: any other length is refused.
    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<S: TileSource> TileSource for &S {
    type Error = S::Error;

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Self::Error> {
        (*self).tile(tile)
    }
}

/// A complete subtree: the 2^`level` leaves from `index` × 2^`level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Rows above the leaves, at most 62.
    pub level: u32,
    /// Place within the row, from 0.
    pub index: u64,
}

/// A tree whose complete subtrees can be asked for their roots.
pub trait HashReader {
    /// What can go wrong.
    type Error;

    /// The number of leaves.
    fn size(&self) -> u64;

    /// The root of a complete subtree. The caller asks for none beyond the size.
    fn node(&self, node: Node) -> Result<Hash, Self::Error>;
}

/// Why a tile could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The storage failed.
    #[error("{tile}: cannot be read")]
    Source {
        /// Which tile.
        tile: Tile,
        /// Why.
        source: E,
    },
    /// A tile that a tree of this size has is not there.
    #[error("{tile}: missing")]
    Missing {
        /// Which tile.
        tile: Tile,
    },
    /// The tile's bytes are too few or too many.
    #[error("{tile}: {found} bytes instead of {expected}")]
    Length {
        /// Which tile.
        tile: Tile,
        /// Bytes that its width makes.
        expected: usize,
        /// Bytes that there were.
        found: usize,
    },
    /// The partial tiles do not have the root that they should.
    #[error("the partial tiles of size {size} have the root {found} instead of {expected}")]
    Root {
        /// Leaves of the tree.
        size: u64,
        /// The root that was given.
        expected: Hash,
        /// The root that the tiles have.
        found: Hash,
    },
    /// A full tile is not the one that the tile above it names.
    #[error("{tile}: its hashes have the root {found} instead of {expected}, which the tile above names")]
    Content {
        /// Which tile.
        tile: Tile,
        /// The entry of the tile above.
        expected: Hash,
        /// The root of the tile's hashes.
        found: Hash,
    },
    /// A hash was asked for that a tree of this size does not have.
    #[error("a tree of {size} leaves has no node {} in row {}", node.index, node.level)]
    Beyond {
        /// What was asked for.
        node: Node,
        /// Leaves of the tree.
        size: u64,
    },
}

type Held = (Tile, Rc<[Hash]>);

/// Reads hashes from tiles. It keeps the last tile of each level, so its memory does not grow.
#[derive(Debug)]
pub struct TileReader<S> {
    source: S,
    size: u64,
    /// The right edge, whose root was checked; nothing where the tiles are taken as they are.
    edge: Option<Builder>,
    recent: RefCell<BTreeMap<u8, Held>>,
}

impl<S: TileSource> TileReader<S> {
    /// A reader that checks nothing but lengths.
    pub fn unchecked(source: S, size: u64) -> Self {
        Self { source, size, edge: None, recent: RefCell::default() }
    }

    /// A reader that gives out no hash which is not in the tree of this size and root: the partial tiles must have the
    /// root, and each full tile the hash that the tile above names.
    pub fn verified(source: S, size: u64, root: Hash) -> Result<Self, ReadError<S::Error>> {
        let edge = Some(Builder::load(&source, size, root)?);
        Ok(Self { source, size, edge, recent: RefCell::default() })
    }

    /// The hashes of the tile at this place.
    pub fn tile(&self, tile: Tile) -> Result<Rc<[Hash]>, ReadError<S::Error>> {
        if let Some((held, hashes)) = self.recent.borrow().get(&tile.level())
            && *held == tile
        {
            return Ok(hashes.clone());
        }
        let hashes: Rc<[Hash]> = match &self.edge {
            Some(edge) if !tile.is_full() => edge.row(tile.level()).into(),
            _ => fetch(&self.source, tile)?.into(),
        };
        if self.edge.is_some() && tile.is_full() {
            let (expected, found) = (self.expected(tile)?, subtree_root(&hashes));
            if found != expected {
                return Err(ReadError::Content { tile, expected, found });
            }
        }
        self.recent.borrow_mut().insert(tile.level(), (tile, hashes.clone()));
        Ok(hashes)
    }

    /// What the tile above says of a full tile.
    fn expected(&self, tile: Tile) -> Result<Hash, ReadError<S::Error>> {
        self.node(Node { level: TILE_HEIGHT * (u32::from(tile.level()) + 1), index: tile.index() })
    }
}

impl<S: TileSource> HashReader for TileReader<S> {
    type Error = ReadError<S::Error>;

    fn size(&self) -> u64 {
        self.size
    }

    fn node(&self, node: Node) -> Result<Hash, Self::Error> {
        let beyond = ReadError::Beyond { node, size: self.size };
        if node.level >= u64::BITS || node.index >= self.size >> node.level {
            return Err(beyond);
        }
        let (level, span) = ((node.level / TILE_HEIGHT) as u8, 1 << (node.level % TILE_HEIGHT));
        let first = node.index * span;
        let width = u64::from(TILE_WIDTH);
        let tile = Tile::at(level, first / width, self.size).ok_or(beyond)?;
        let offset = (first % width) as usize;
        Ok(subtree_root(&self.tile(tile)?[offset..offset + span as usize]))
    }
}

/// Reads a tile. A partial tile that is gone since the tree has grown is taken from the full one.
pub(super) fn fetch<S: TileSource>(source: &S, tile: Tile) -> Result<Vec<Hash>, ReadError<S::Error>> {
    let read = |wanted: Tile| -> Result<Option<Vec<Hash>>, ReadError<S::Error>> {
        let bytes = source.tile(wanted).map_err(|source| ReadError::Source { tile: wanted, source })?;
        let Some(bytes) = bytes else { return Ok(None) };
        let (expected, found) = (wanted.byte_len(), bytes.len());
        decode(wanted, &bytes).map(Some).ok_or(ReadError::Length { tile: wanted, expected, found })
    };
    let found = match read(tile)? {
        None if !tile.is_full() => read(tile.full())?,
        found => found,
    };
    let mut hashes = found.ok_or(ReadError::Missing { tile })?;
    hashes.truncate(tile.width().into());
    Ok(hashes)
}
