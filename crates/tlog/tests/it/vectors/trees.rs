//! Leaves, roots, tiles and proofs.

use serde_json::{Value, json};
use tlog::proof::{ProofError, consistency, inclusion, root, verify_consistency, verify_inclusion};
use tlog::tile::{TileReader, new_tiles, partial_tiles, stale_tiles, tiles as all_tiles};
use tlog::{Hash, Tile};

use crate::common::{Store, leaves, line, mth};

const SIZES: [u64; 19] =
    [0, 1, 2, 3, 4, 5, 7, 8, 9, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000];
const LARGEST: u64 = 70_000;
const LINES: &str = "line i, from 0, is {\"i\":i} and LF, i in decimal: line 0 is 7b2269223a307d0a in hex";

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

pub(super) fn hashes() -> Value {
    let long = [b"x".repeat(100_000), b"\n".to_vec()].concat();
    let lines: [&[u8]; 7] =
        [b"\n", b"a\n", b"{\"i\":0}\n", b"\r\n", b"\0\xff\xfe\n", &[b'x'; 54], &[b'x'; 55]];
    let leaves: Vec<Value> =
        lines.iter().map(|l| json!({"line_hex": hex(l), "leaf": Hash::leaf(l).to_string()})).collect();
    let (left, right) = (Hash::leaf(b"a\n"), Hash::leaf(b"b\n"));
    json!({
        "empty_tree": Hash::EMPTY.to_string(),
        "leaves": leaves,
        "leaf_of_100000_x_and_lf": Hash::leaf(&long).to_string(),
        "node": {
            "left": left.to_string(), "right": right.to_string(), "node": Hash::node(left, right).to_string()
        },
    })
}

pub(super) fn trees() -> Value {
    let leaves = leaves(LARGEST);
    let roots: Vec<Value> = SIZES
        .iter()
        .map(|&size| {
            let root = mth(&leaves[..size as usize]);
            json!({"size": size, "root": root.to_string(), "root_base64": root.to_base64()})
        })
        .collect();
    json!({ "lines": LINES, "roots": roots })
}

fn paths(tiles: impl Iterator<Item = Tile>) -> Vec<String> {
    tiles.map(|tile| tile.to_string()).collect()
}

pub(super) fn tiles() -> Value {
    let leaves = leaves(LARGEST);
    let trees: Vec<Value> = SIZES
        .iter()
        .map(|&size| {
            let store = Store::of(&leaves[..size as usize]);
            let tiles: Vec<Value> = all_tiles(size)
                .filter(|tile| tile.level() > 0 || tile.index() < 3 || !tile.is_full())
                .map(|tile| {
                    let bytes = &store.0[&tile.to_string()];
                    let mut entry = json!({"path": tile.to_string(), "sha256": Hash::of(bytes).to_string()});
                    if tile.width() < 4 {
                        entry["hex"] = hex(bytes).into();
                    }
                    entry
                })
                .collect();
            json!({"size": size, "count": store.0.len(), "tiles": tiles})
        })
        .collect();
    let growth: Vec<Value> =
        [(0, 0), (0, 1), (0, 257), (1, 255), (255, 256), (256, 257), (256, 513), (65_280, 65_537)]
            .iter()
            .map(|&(old, new)| {
                json!({
                    "from": old, "to": new,
                    "added": paths(new_tiles(old, new)),
                    "superfluous": paths(stale_tiles(old, new)),
                })
            })
            .collect();
    json!({
        "lines": LINES,
        "trees_note": "of full tiles of level 0 only the first three are listed; count is that of all tiles",
        "trees": trees,
        "growth": growth,
        "right_edge_of_the_largest_tree": {
            "size": tlog::NUMBER_MAX, "partial": paths(partial_tiles(tlog::NUMBER_MAX)),
        },
        "paths": [
            {"level": 0, "index": 1_234_067, "width": 8, "path": Tile::new(0, 1_234_067, 8).unwrap().to_string()},
            {"level": 2, "index": 1000, "width": 256, "path": Tile::new(2, 1000, 256).unwrap().to_string()},
        ],
        "wrong_paths": wrong_paths(),
    })
}

fn wrong_paths() -> Vec<&'static str> {
    let wrong = vec![
        "tile/0/00",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/00/000",
        "tile/8/000",
    ];
    assert!(wrong.iter().all(|path| Tile::from_path(path).is_none()));
    wrong
}

fn text(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

pub(super) fn proofs() -> Value {
    let leaves = leaves(LARGEST);
    let reader = TileReader::verified(Store::of(&leaves), LARGEST, mth(&leaves)).unwrap();
    let root = |size| root(&reader, size).unwrap();
    let mut inclusions = Vec::new();
    for size in SIZES.into_iter().filter(|&size| size > 0) {
        let mut indexes = vec![0, 1, 2, size / 2, 255, 256, size - 1];
        indexes.retain(|&index| index < size);
        indexes.sort_unstable();
        indexes.dedup();
        for index in indexes {
            let proof = inclusion(&reader, index, size).unwrap();
            let leaf = leaves[index as usize];
            assert_eq!(verify_inclusion(&proof, index, leaf, size, root(size)), Ok(()));
            inclusions.push(json!({
                "index": index, "leaf": leaf.to_string(), "size": size, "root": root(size).to_string(),
                "proof": text(&proof),
            }));
        }
    }
    let mut consistencies = Vec::new();
    for new in SIZES {
        for old in
            [0, 1, 3, 4, 6, 7, 8, 200, 256, 257, 511, 65_535, 65_536, new].into_iter().filter(|&o| o <= new)
        {
            let proof = consistency(&reader, old, new).unwrap();
            assert_eq!(verify_consistency(&proof, old, root(old), new, root(new)), Ok(()));
            consistencies.push(json!({
                "old": old, "old_root": root(old).to_string(), "new": new, "new_root": root(new).to_string(),
                "proof": text(&proof),
            }));
        }
    }
    consistencies.dedup();
    json!({
        "lines": LINES,
        "inclusion": inclusions,
        "consistency": consistencies,
        "wrong_inclusion": wrong_inclusions(&reader),
        "wrong_consistency": wrong_consistencies(&reader),
    })
}

fn wrong_inclusions(reader: &TileReader<Store>) -> Vec<Value> {
    let leaf = Hash::leaf(&line(3));
    let good = inclusion(reader, 3, 7).unwrap();
    let root = root(reader, 7).unwrap();
    let mut swapped = good.clone();
    swapped.swap(0, 1);
    let longer = [&good[..], &[Hash::EMPTY]].concat();
    [
        ("another leaf", good.clone(), 3, Hash::leaf(&line(4)), 7, root),
        ("another index", good.clone(), 2, leaf, 7, root),
        ("another size", good.clone(), 3, leaf, 9, root),
        ("another root", good.clone(), 3, leaf, 7, Hash::EMPTY),
        ("two hashes exchanged", swapped, 3, leaf, 7, root),
        ("a hash too few", good[1..].to_vec(), 3, leaf, 7, root),
        ("a hash too many", longer, 3, leaf, 7, root),
        ("an index behind the end", Vec::new(), 7, leaf, 7, root),
        ("a node given for a leaf", good[1..].to_vec(), 1, Hash::node(leaf, leaf), 4, root),
    ]
    .into_iter()
    .map(|(name, proof, index, leaf, size, root)| {
        let why: ProofError = verify_inclusion(&proof, index, leaf, size, root).unwrap_err();
        json!({
            "name": name, "index": index, "leaf": leaf.to_string(), "size": size, "root": root.to_string(),
            "proof": text(&proof), "why": why.to_string(),
        })
    })
    .collect()
}

fn wrong_consistencies(reader: &TileReader<Store>) -> Vec<Value> {
    let roots = |size| root(reader, size).unwrap();
    let good = consistency(reader, 3, 7).unwrap();
    let mut swapped = good.clone();
    swapped.swap(1, 2);
    let longer = [&good[..], &[Hash::EMPTY]].concat();
    [
        ("another old root", good.clone(), 3, roots(2), 7, roots(7)),
        ("another new root", good.clone(), 3, roots(3), 7, roots(8)),
        ("two hashes exchanged", swapped, 3, roots(3), 7, roots(7)),
        ("a hash too few", good[1..].to_vec(), 3, roots(3), 7, roots(7)),
        ("a hash too many", longer, 3, roots(3), 7, roots(7)),
        ("smaller than before", good, 7, roots(7), 3, roots(3)),
        ("a proof where none is needed", vec![Hash::EMPTY], 7, roots(7), 7, roots(7)),
        ("two roots of one size", Vec::new(), 7, roots(7), 7, roots(8)),
        ("a proof from the empty tree", vec![roots(7)], 0, Hash::EMPTY, 7, roots(7)),
        ("an empty tree with another root", Vec::new(), 0, roots(1), 7, roots(7)),
        ("no proof where one is needed", Vec::new(), 4, roots(4), 7, roots(7)),
    ]
    .into_iter()
    .map(|(name, proof, old, old_root, new, new_root)| {
        let why: ProofError = verify_consistency(&proof, old, old_root, new, new_root).unwrap_err();
        json!({
            "name": name, "old": old, "old_root": old_root.to_string(), "new": new,
            "new_root": new_root.to_string(), "proof": text(&proof), "why": why.to_string(),
        })
    })
    .collect()
}
