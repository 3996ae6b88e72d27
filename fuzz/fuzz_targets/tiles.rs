//! Tiles: a path has one spelling; and whatever is done to the tiles of a tree, a verified reader gives out no hash that
//! is not in it, so that no proof of it proves anything else.
#![no_main]

use std::collections::BTreeMap;
use std::convert::Infallible;

use holdfast_fuzz::parts;
use libfuzzer_sys::fuzz_target;
use tlog::tile::{Builder, TileReader, TileSource, tiles};
use tlog::{Hash, Tile, proof, tile};

/// Two full tiles and more, so that there are two levels.
const SIZE_MAX: u16 = 800;

struct Stored(BTreeMap<Tile, Vec<u8>>);

impl TileSource for Stored {
    type Error = Infallible;

    fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(&tile).cloned())
    }
}

fuzz_target!(|data: &[u8]| {
    let [path, rest] = parts(data);
    if let Ok(path) = str::from_utf8(path)
        && let Some(tile) = Tile::from_path(path)
    {
        assert_eq!(tile.to_string(), path);
        assert_eq!(Tile::new(tile.level(), tile.index(), tile.width()), Some(tile));
    }
    let Some((size, damages)) = rest.split_first_chunk() else { return };
    let size = u64::from(u16::from_le_bytes(*size) % SIZE_MAX);
    let leaves: Vec<Hash> = (0..size).map(|leaf| Hash::of(&leaf.to_le_bytes())).collect();
    let whole = stored(&leaves);
    let mut damaged = Stored(whole.0.clone());
    for damage in damages.as_chunks().0 {
        damage_one(&mut damaged, *damage);
    }
    let root = built(&leaves).root();
    let is_damaged = damaged.0 != whole.0;
    let Ok(reader) = TileReader::verified(&damaged, size, root) else {
        assert!(is_damaged, "the tiles of the tree itself");
        return;
    };
    for tile in tiles(size) {
        match reader.tile(tile) {
            Ok(hashes) => assert_eq!(tile::encode(&hashes), whole.0[&tile]),
            Err(_) => assert!(is_damaged),
        }
    }
    let old = size / 3;
    if let Ok(proof) = proof::consistency(&reader, old, size) {
        let old_root = built(&leaves[..old as usize]).root();
        proof::verify_consistency(&proof, old, old_root, size, root).expect("a proof");
    }
    if old < size
        && let Ok(proof) = proof::inclusion(&reader, old, size)
    {
        proof::verify_inclusion(&proof, old, leaves[old as usize], size, root).expect("a proof");
    }
});

fn built(leaves: &[Hash]) -> Builder {
    let mut builder = Builder::new();
    match builder.extend(leaves, 1, |_, _| Ok::<(), Infallible>(())) {
        Ok(()) => builder,
        Err(never) => match never {},
    }
}

fn stored(leaves: &[Hash]) -> Stored {
    let (mut builder, mut stored) = (Builder::new(), BTreeMap::new());
    let done: Result<(), Infallible> = builder.extend(leaves, 1, |tile, hashes| {
        stored.insert(tile, tile::encode(hashes));
        Ok(())
    });
    match done {
        Ok(()) => {}
        Err(never) => match never {},
    }
    stored.extend(builder.partials().map(|(tile, hashes)| (tile, tile::encode(hashes))));
    Stored(stored)
}

/// Which tile, what is done to it, and where.
fn damage_one(stored: &mut Stored, [which, how, at, bits]: [u8; 4]) {
    let tiles: Vec<Tile> = stored.0.keys().copied().collect();
    let Some(tile) = tiles.get(usize::from(which) % tiles.len().max(1)) else { return };
    let Some(bytes) = stored.0.get_mut(tile) else { return };
    let place = usize::from(at) * 32 % bytes.len().max(1);
    match how % 5 {
        0 => bytes.truncate(place),
        1 => bytes.extend_from_slice(&[bits; 32]),
        2 => drop(stored.0.remove(tile)),
        3 if bytes.len() >= 64 => bytes.rotate_left(32),
        _ => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= bits;
            }
        }
    }
}
