//! Stored trees: grown in steps, read back, and damaged.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tlog::Tile;
use tlog::tile::{Builder, HashReader, Node, ReadError, TileReader, decode, encode, new_tiles, tiles};
use tlog::{Hash, proof};

use crate::common::{Store, leaves, mth};

#[test]
fn the_tiles_of_a_tree_are_those_that_the_definition_names() {
    let leaves = leaves(70_000);
    let store = Store::of(&leaves);
    let named: BTreeSet<String> = tiles(70_000).map(|tile| tile.to_string()).collect();
    assert_eq!(store.0.keys().cloned().collect::<BTreeSet<_>>(), named);
    for tile in tiles(70_000) {
        let span = 256_usize.pow(tile.level().into());
        let hashes = decode(tile, &store.0[&tile.to_string()]).unwrap();
        assert_eq!(hashes.len(), usize::from(tile.width()));
        for (i, hash) in hashes.iter().enumerate().step_by(37) {
            let begin = (tile.index() as usize * 256 + i) * span;
            assert_eq!(*hash, mth(&leaves[begin..begin + span]), "{tile} entry {i}");
        }
    }
}

#[test]
fn a_lost_partial_tile_is_taken_from_the_full_one() {
    let leaves = leaves(600);
    let store = Store::of(&leaves);
    // Tiles of 600 leaves serve the tree of 300 too, whose partial tile of level 0 is part of a full one.
    let reader = TileReader::unchecked(&store, 300);
    assert_eq!(reader.node(Node { level: 0, index: 299 }).unwrap(), leaves[299]);
    let missing = TileReader::unchecked(&store, 599).node(Node { level: 0, index: 598 }).unwrap_err();
    assert_eq!(missing.to_string(), "tile/0/002.p/87: missing");
}

#[test]
fn what_is_not_there_is_named() {
    let leaves = leaves(600);
    let root = mth(&leaves);
    let mut store = Store::of(&leaves);
    let beyond = TileReader::unchecked(&store, 600).node(Node { level: 3, index: 75 }).unwrap_err();
    assert_eq!(beyond.to_string(), "a tree of 600 leaves has no node 75 in row 3");
    assert!(TileReader::unchecked(&store, 600).node(Node { level: 64, index: 0 }).is_err());
    assert!(TileReader::unchecked(&store, 600).node(Node { level: 0, index: u64::MAX }).is_err());

    let Err(wrong) = Builder::load(&store, 600, Hash::EMPTY) else { panic!("a wrong root was taken") };
    let text = wrong.to_string();
    assert!(
        text.starts_with("the partial tiles of size 600 have the root") && text.contains(&root.to_string())
    );

    store.0.get_mut("tile/1/000.p/2").unwrap().push(0);
    let Err(wrong) = TileReader::verified(&store, 600, root) else { panic!("a long tile was taken") };
    assert_eq!(wrong.to_string(), "tile/1/000.p/2: 65 bytes instead of 64");
}

/// Reads every leaf and the whole of two proofs, as a program does that trusts nothing but the root.
fn read_all(store: &Store, size: u64, root: Hash) -> Result<Vec<Hash>, ReadError<std::convert::Infallible>> {
    let reader = TileReader::verified(store, size, root)?;
    proof::consistency(&reader, size / 3, size)?;
    proof::inclusion(&reader, size / 2, size)?;
    (0..size).map(|index| reader.node(Node { level: 0, index })).collect()
}

#[test]
fn every_flipped_byte_of_every_tile_is_found() {
    let leaves = leaves(70_000);
    let (root, sound) = (mth(&leaves), Store::of(&leaves));
    for tile in tiles(70_000).filter(|t| t.level() > 0 || t.index() % 97 == 0 || !t.is_full()) {
        let mut store = sound.clone();
        let at = (tile.index() as usize * 31) % tile.byte_len();
        store.0.get_mut(&tile.to_string()).unwrap()[at] ^= 0x10;
        let found = match TileReader::verified(&store, 70_000, root) {
            Err(ReadError::Root { .. }) => !tile.is_full(),
            Ok(reader) => {
                let error = reader.tile(tile).unwrap_err();
                matches!(error, ReadError::Content { tile: named, .. } if named == tile)
            }
            Err(other) => panic!("{tile}: {other}"),
        };
        assert!(found, "{tile}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn grown_in_steps_is_built_at_once(
        steps in prop::collection::vec((0..1500_usize, 1..4_usize, any::<bool>()), 1..12),
    ) {
        let total: usize = steps.iter().map(|(step, _, _)| step).sum();
        let leaves = leaves(total as u64);
        let (mut store, mut builder) = (Store::default(), Builder::new());
        for (step, threads, reload) in steps {
            let old = builder.size();
            let mut before = store.clone();
            let begin = old as usize;
            store.grow(&mut builder, &leaves[begin..begin + step], threads);
            prop_assert_eq!(builder.root(), mth(&leaves[..begin + step]));
            for tile in new_tiles(old, builder.size()) {
                before.0.insert(tile.to_string(), store.0[&tile.to_string()].clone());
            }
            before.0.retain(|path, _| store.0.contains_key(path));
            prop_assert_eq!(&before, &store, "new_tiles names every tile that was written");
            if reload {
                builder = Builder::load(&store, builder.size(), builder.root()).unwrap();
            }
        }
        prop_assert_eq!(&store, &Store::of(&leaves));
        prop_assert_eq!(read_all(&store, total as u64, mth(&leaves)).unwrap(), leaves);
    }

    #[test]
    fn no_damage_passes_a_verifying_reader(
        size in 1..2000_u64,
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        kind in 0..5_u8,
    ) {
        let leaves = leaves(size);
        let mut store = Store::of(&leaves);
        let paths: Vec<String> = store.0.keys().cloned().collect();
        let path = &paths[which.index(paths.len())];
        let tile = store.0.get_mut(path).unwrap();
        let at = at.index(tile.len());
        match kind {
            0 => tile[at] ^= 1 << (at % 8),
            1 => tile.truncate(at),
            2 => tile.push(0),
            3 => drop(store.0.remove(path)),
            _ => {
                // The tile of another place, of the same length, where there is one.
                let wide = |other: &&String| *other != path && store.0[*other].len() == store.0[path].len();
                let Some(other) = paths.iter().find(wide) else { return Ok(()) };
                store.0.insert(path.clone(), store.0[other].clone());
            }
        }
        prop_assert!(read_all(&store, size, mth(&leaves)).is_err());
    }

    #[test]
    fn any_text_is_a_path_or_not(path in "(tile/)?[0-9x/.p]{0,24}") {
        if let Some(tile) = Tile::from_path(&path) {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}

#[test]
fn tiles_are_their_hashes_one_after_another() {
    let leaves = leaves(3);
    let tile = Tile::new(0, 0, 3).unwrap();
    let bytes = encode(&leaves);
    assert_eq!(bytes[32..64], *leaves[1].as_bytes());
    assert_eq!(decode(tile, &bytes), Some(leaves));
    assert_eq!(decode(tile, &bytes[1..]), None);
    assert_eq!(decode(tile.full(), &bytes), None);
}
