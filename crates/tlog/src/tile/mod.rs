//! Tiles: how a tree is stored (C2SP tlog-tiles).
//!
//! A tile holds up to 256 neighbouring hashes of the rows 0, 8, 16, … of the tree. Full tiles never change; of each
//! row at most the last tile is partial, and only the partial tiles of the current size are kept.

mod builder;
mod reader;

use std::fmt;

use crate::hash::Hash;
use crate::text::{self, NUMBER_MAX};

pub use builder::Builder;
pub use reader::{HashReader, Node, ReadError, TileReader, TileSource};

/// Hashes in a full tile.
pub const TILE_WIDTH: u16 = 256;
/// Rows of the tree between two levels of tiles.
const TILE_HEIGHT: u32 = 8;
/// Levels that a tree of [`NUMBER_MAX`] leaves has.
const LEVELS: u8 = 8;

/// The coordinates of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile of `width` hashes at this place, or nothing if no tree of at most [`NUMBER_MAX`] leaves has it.
    pub fn new(level: u8, index: u64, width: u16) -> Option<Self> {
        let hashes = index.checked_mul(TILE_WIDTH.into())?.checked_add(width.into())?;
        let possible =
            (1..=TILE_WIDTH).contains(&width) && level < LEVELS && hashes <= in_row(NUMBER_MAX, level);
        possible.then_some(Self { level, index, width })
    }

    /// The tile at this place in a tree of `size` leaves, if there is one.
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        let first = index.checked_mul(TILE_WIDTH.into())?;
        let width = in_row(size, level).saturating_sub(first).min(TILE_WIDTH.into());
        Self::new(level, index, width as u16)
    }

    /// The level: row / 8.
    pub fn level(self) -> u8 {
        self.level
    }

    /// The place within the level, from 0.
    pub fn index(self) -> u64 {
        self.index
    }

    /// The number of hashes, 1 to 256.
    pub fn width(self) -> u16 {
        self.width
    }

    /// Whether it is as wide as a tile can be.
    pub fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The full tile at the same place.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: TILE_WIDTH, ..self }
    }

    /// The number of bytes of the tile's file.
    pub fn byte_len(self) -> usize {
        usize::from(self.width) * Hash::LEN
    }

    /// The first line (from 0) under the tile.
    pub fn first_leaf(self) -> u64 {
        self.index << (TILE_HEIGHT * (u32::from(self.level) + 1))
    }

    /// The coordinates that a path names; a path has one spelling.
    pub fn from_path(path: &str) -> Option<Self> {
        let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
        let (index, width) = match place.split_once(".p/") {
            Some((index, width)) => (index, text::decimal(width).filter(|w| *w < TILE_WIDTH.into())?),
            None => (place, TILE_WIDTH.into()),
        };
        let mut number = 0_u64;
        for group in index.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let level = text::decimal(level)?.try_into().ok()?;
        Self::new(level, number, width as u16).filter(|tile| tile.to_string() == path)
    }
}

/// The path of the tile's file within the sidecar, `tile/<L>/<N>[.p/<W>]`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = std::iter::successors(Some(self.index), |&n| (n >= 1000).then_some(n / 1000)).count();
        write!(f, "tile/{}/", self.level)?;
        for left in (1..groups as u32).rev() {
            write!(f, "x{:03}/", self.index / 1000_u64.pow(left) % 1000)?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// All tiles of a tree of `size` leaves, level by level.
pub fn tiles(size: u64) -> impl Iterator<Item = Tile> {
    new_tiles(0, size)
}

/// The tiles that a tree of `new` leaves has and the same tree at `old` leaves had not: full ones and the partial ones
/// of the new size.
pub fn new_tiles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..LEVELS).flat_map(move |level| {
        let first = in_row(old, level) / u64::from(TILE_WIDTH);
        let end = in_row(new, level).div_ceil(TILE_WIDTH.into());
        (first..end).filter_map(move |index| {
            Tile::at(level, index, new).filter(|tile| Tile::at(level, index, old) != Some(*tile))
        })
    })
}

/// The partial tiles at `old` leaves that are superfluous once the tiles of `new` leaves are stored.
pub fn stale_tiles(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    partial_tiles(old).filter(move |tile| Tile::at(tile.level, tile.index, new) != Some(*tile))
}

/// The partial tiles of a tree of `size` leaves: the right edge, all that is needed to go on.
pub fn partial_tiles(size: u64) -> impl Iterator<Item = Tile> {
    (0..LEVELS).filter_map(move |level| {
        let hashes = in_row(size, level);
        let width = hashes % u64::from(TILE_WIDTH);
        Tile::new(level, hashes / u64::from(TILE_WIDTH), width as u16)
    })
}

/// How many hashes the row of a tile level has in a tree of `size` leaves.
fn in_row(size: u64, level: u8) -> u64 {
    size >> (TILE_HEIGHT * u32::from(level))
}

/// A tile's bytes: its hashes, one after another.
pub fn encode(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The hashes of a tile's bytes, or nothing if the length is not that of `tile`.
pub fn decode(tile: Tile, bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, _) = bytes.as_chunks::<{ Hash::LEN }>();
    (bytes.len() == tile.byte_len()).then(|| hashes.iter().copied().map(Hash::from_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        for (level, index, width, path) in [
            (0, 0, 256, "tile/0/000"),
            (0, 999, 1, "tile/0/999.p/1"),
            (1, 1000, 255, "tile/1/x001/000.p/255"),
            (0, 1_234_067, 8, "tile/0/x001/x234/067.p/8"),
            (2, 1_000_000, 256, "tile/2/x001/x000/000"),
        ] {
            let tile = Tile::new(level, index, width).unwrap();
            assert_eq!(tile.to_string(), path);
            assert_eq!(Tile::from_path(path), Some(tile));
        }
        for wrong in [
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/00/000",
            "tile/0/x000/000",
            "tile/0/x000",
            "tile/0/001/000",
            "tile/0/+01",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000/",
            "tile/8/000",
            "tile/-1/000",
            "tile/entries/000",
            "tile/data/000",
            "/tile/0/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/7/000",
        ] {
            assert_eq!(Tile::from_path(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_example_of_the_c2sp_specification() {
        let all: Vec<Tile> = tiles(70_000).collect();
        let partial =
            |level| all.iter().filter(|t| t.level == level && !t.is_full()).map(|t| t.width).collect();
        let full = |level| all.iter().filter(|t| t.level == level && t.is_full()).count();
        let (zero, one, two): (Vec<u16>, Vec<u16>, Vec<u16>) = (partial(0), partial(1), partial(2));
        assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
        assert_eq!((zero, one, two), (vec![112], vec![17], vec![1]));
        assert_eq!(tiles(256).map(|t| t.to_string()).collect::<Vec<_>>(), ["tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(tiles(0).count(), 0);
    }

    #[test]
    fn what_growth_adds_and_leaves_behind() {
        let paths = |tiles: &mut dyn Iterator<Item = Tile>| tiles.map(|t| t.to_string()).collect::<Vec<_>>();
        for (old, new, added, stale) in [
            (0, 1, &["tile/0/000.p/1"][..], &[][..]),
            (1, 1, &[], &[]),
            (1, 255, &["tile/0/000.p/255"], &["tile/0/000.p/1"]),
            (255, 256, &["tile/0/000", "tile/1/000.p/1"], &["tile/0/000.p/255"]),
            (256, 257, &["tile/0/001.p/1"], &[]),
            (257, 512, &["tile/0/001", "tile/1/000.p/2"], &["tile/0/001.p/1", "tile/1/000.p/1"]),
        ] {
            assert_eq!(paths(&mut new_tiles(old, new)), added, "{old} to {new}");
            assert_eq!(paths(&mut stale_tiles(old, new)), stale, "{old} to {new}");
        }
    }

    #[test]
    fn the_largest_tree_has_eight_levels() {
        let edge: Vec<Tile> = partial_tiles(NUMBER_MAX).collect();
        assert_eq!(edge.len(), 8);
        assert_eq!(edge[7].width(), 127);
        assert_eq!(Tile::new(7, 0, 128), None);
        assert_eq!(Tile::at(0, u64::MAX, NUMBER_MAX), None);
    }
}
