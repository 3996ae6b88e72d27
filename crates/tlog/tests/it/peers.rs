//! A second opinion: what other people's implementations say of the same bytes.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;
use sha2::digest::Output;
use signed_note::{Note as PeerNote, StandardVerifier, Verifier, VerifierList};
use tlog::note::Signer;
use tlog::tile::{TileReader, new_tiles};
use tlog::{Chain, Checkpoint, Hash, Note, Origin, Tile, proof};
use tlog_tiles::{TileHashReader, check_record, check_tree, prove_record, prove_tree};

use crate::common::{ORIGIN, Store, key, leaves, line, mth};

const SIZE: u64 = 70_000;

fn digest(hash: Hash) -> Output<Sha256> {
    (*hash.as_bytes()).into()
}

#[test]
fn ct_merkle_agrees_on_roots_and_proofs() {
    let (mut tree, mut roots) = (MemoryBackedTree::<Sha256, Vec<u8>>::new(), vec![]);
    for i in 0..=130 {
        let root = tree.root();
        assert_eq!(root.as_bytes().as_slice(), mth(&leaves(i)).as_bytes(), "size {i}");
        roots.push(root);
        tree.push(line(i));
    }
    let reader = TileReader::unchecked(Store::of(&leaves(130)), 130);
    for size in 1..=130 {
        let root: &RootHash<Sha256> = &roots[size as usize];
        for old in 1..size {
            let ours: Vec<_> =
                proof::consistency(&reader, old, size).unwrap().into_iter().map(digest).collect();
            let theirs = ConsistencyProof::from_digests(&ours);
            root.verify_consistency(&roots[old as usize], &theirs).unwrap();
            let ours: Vec<_> =
                proof::inclusion(&reader, old, size).unwrap().into_iter().map(digest).collect();
            root.verify_inclusion(&line(old), old, &InclusionProof::from_digests(&ours)).unwrap();
        }
    }
}

/// Our store as the other implementation's.
struct PeerStore(Store);

impl tlog_tiles::TileReader for PeerStore {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        Ok(tiles.iter().map(|tile| self.0.0[&peer_path(tile)].clone()).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// That implementation names a tile with its height, `tile/8/0/000`.
fn peer_path(tile: &tlog_tiles::Tile) -> String {
    tile.path().replacen("tile/8/", "tile/", 1)
}

#[test]
fn tlog_tiles_reads_our_tiles_and_agrees_on_proofs() {
    let leaves = leaves(SIZE);
    let store = Store::of(&leaves);
    let ours = TileReader::verified(store.clone(), SIZE, mth(&leaves)).unwrap();
    let root = tlog_tiles::Hash(*mth(&leaves).as_bytes());
    let store = PeerStore(store);
    // It fetches every tile it needs and checks them against our root.
    let theirs = TileHashReader::new(SIZE, root, &store);
    let bytes = |proof: Vec<Hash>| proof.iter().map(|h| tlog_tiles::Hash(*h.as_bytes())).collect::<Vec<_>>();
    for at in [1, 2, 3, 255, 256, 257, 511, 4096, 65_535, 65_536, 65_537, SIZE - 1] {
        let ours_inclusion = bytes(proof::inclusion(&ours, at, SIZE).unwrap());
        assert_eq!(ours_inclusion, prove_record(SIZE, at, &theirs).unwrap(), "leaf {at}");
        check_record(&ours_inclusion, SIZE, root, at, tlog_tiles::record_hash(&line(at))).unwrap();
        let ours_consistency = bytes(proof::consistency(&ours, at, SIZE).unwrap());
        assert_eq!(ours_consistency, prove_tree(SIZE, at, &theirs).unwrap(), "from {at}");
        let old = tlog_tiles::Hash(*proof::root(&ours, at).unwrap().as_bytes());
        check_tree(&ours_consistency, SIZE, root, at, old).unwrap();
    }
}

/// A proof as a file, taken apart as the specification says and judged by other people's code alone.
#[test]
fn tlog_tiles_and_signed_note_accept_our_proof_files() {
    let vkey = key(ORIGIN, 1).vkey().to_string();
    for (index, size) in [(0, 1), (0, 2), (3, 7), (255, 256), (256, 257), (69_999, SIZE)] {
        let file = crate::vectors::proof_files::file(index, size);
        let (head, note) = file.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
        assert_eq!(lines.next(), Some(format!("index {index}").as_str()));
        let hashes: Vec<_> = lines.map(|line| tlog_tiles::Hash::parse_hash(line).unwrap()).collect();
        let note = PeerNote::from_bytes(note.as_bytes()).unwrap();
        note.verify(&VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())])).unwrap();
        let head = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        let leaf = tlog_tiles::record_hash(&line(index));
        assert_eq!((head.origin(), head.size()), (ORIGIN, size));
        check_record(&hashes, size, *head.hash(), index, leaf).unwrap();
        let other = tlog_tiles::record_hash(&line(index + 1));
        assert!(check_record(&hashes, size, *head.hash(), index, other).is_err());
    }
}

#[test]
fn tlog_tiles_agrees_on_which_tiles_arise() {
    for (old, new) in [(0, 1), (0, 255), (255, 256), (256, 257), (257, 70_000), (65_535, 65_536), (3, 3)] {
        let ours: Vec<String> = new_tiles(old, new).map(|tile| tile.to_string()).collect();
        let mut theirs: Vec<String> =
            tlog_tiles::Tile::new_tiles(8, old, new).iter().map(peer_path).collect();
        theirs.sort_by_key(|path| Tile::from_path(path));
        assert_eq!(ours, theirs, "{old} to {new}");
    }
}

#[test]
fn signed_note_and_tlog_tiles_accept_our_notes() {
    let (origin, mut key) = (Origin::new(ORIGIN).unwrap(), key(ORIGIN, 1));
    let vkey = key.vkey().clone();
    let known = || VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey.to_string()).unwrap())]);
    assert_eq!(StandardVerifier::new(&vkey.to_string()).unwrap().key_id(), u32::from_be_bytes(vkey.id()));

    let checkpoint = Checkpoint::new(&origin, 3, mth(&leaves(3)));
    for text in [checkpoint.to_string(), Chain::new(&origin, 2, Hash::of(b"x")).to_string()] {
        let note = Note::sign(&text, &mut [&mut key]).unwrap();
        let peer = PeerNote::from_bytes(note.to_string().as_bytes()).unwrap();
        peer.verify(&known()).unwrap();
        let read = tlog_tiles::Checkpoint::from_bytes(peer.text()).unwrap();
        assert_eq!(read.to_bytes(), text.as_bytes());

        let forged = note.to_string().replacen("\n\n", "\nmore\n\n", 1);
        assert!(PeerNote::from_bytes(forged.as_bytes()).unwrap().verify(&known()).is_err());
        assert!(Note::parse(forged.as_bytes()).unwrap().verify(&vkey).is_err());
    }
    let read = tlog_tiles::Checkpoint::from_bytes(checkpoint.to_string().as_bytes()).unwrap();
    assert_eq!((read.origin(), read.size(), read.hash().0), (ORIGIN, 3, *checkpoint.root().as_bytes()));
}
