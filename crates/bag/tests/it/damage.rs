//! Whatever is changed in a bag is refused or told, and all of it.

use bag::{Bag, Digest, Mode, Payload, SIGNATURE, check_all};
use proptest::prelude::*;

use crate::common::{NAME, said_against, small, written_of};

#[test]
fn nothing_is_said_against_a_bag_as_it_was_written() {
    let tar = small();
    let bag = Bag::open_tar(&tar, Some(NAME)).unwrap();
    assert_eq!((bag.name(), bag.mtime()), (NAME, Some(crate::common::MTIME)));
    let read = std::sync::atomic::AtomicU64::new(0);
    let count = |bytes| {
        read.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    };
    let findings = check_all(&bag, bag.manifests(), 4, &count);
    assert!(findings.is_empty(), "{findings:?}");
    let vouched = bag.entries().iter().filter(|entry| !entry.path.starts_with("tagmanifest"));
    assert_eq!(read.into_inner(), vouched.map(|entry| entry.len).sum::<u64>());
    let info = bag.info().unwrap().unwrap();
    let payload = || bag.entries().iter().filter(|entry| entry.path.starts_with("data/"));
    let bytes: u64 = payload().map(|entry| entry.len).sum();
    assert_eq!(info.last().unwrap(), &("Payload-Oxum".to_owned(), format!("{bytes}.{}", payload().count())));
}

/// All bytes but those of the signature, which its reader checks with a key.
#[test]
fn any_flipped_byte_is_refused_or_told() {
    let tar = small();
    let bag = Bag::open_tar(&tar, None).unwrap();
    let signature = bag.find(SIGNATURE).unwrap();
    let start = signature.offset.unwrap() as usize;
    let unseen = start..start + signature.len as usize;
    let mut checked = 0;
    for at in (0..tar.len()).filter(|at| !unseen.contains(at)) {
        // A bit, the bit between upper and lower case, all bits.
        for flip in [1, 0x20, 0xff] {
            let mut other = tar.clone();
            other[at] ^= flip;
            let told = match Bag::open_tar(&other, None) {
                Err(_) => true,
                Ok(bag) => !check_all(&bag, bag.manifests(), 1, &|_| {}).is_empty(),
            };
            assert!(told, "byte {at} flipped by {flip:#x}");
            checked += 1;
        }
    }
    assert_eq!(checked, 3 * (tar.len() - unseen.len()));
    let mut other = tar.clone();
    other[start + 40] ^= 1;
    assert_eq!(said_against(&other), [""; 0], "the signature is its reader's");
}

#[test]
fn a_tar_that_is_cut_anywhere_or_goes_on_is_refused() {
    let tar = small();
    for cut in (0..tar.len()).step_by(512).flat_map(|at| [at, at + 1, at + 511]) {
        let error = Bag::open_tar(&&tar[..cut], None).expect_err("cut").to_string();
        let reasons = ["it is cut", "the file has only", "the tar is empty"];
        assert!(reasons.iter().any(|reason| error.contains(reason)), "at {cut}: {error}");
    }
    for more in [1, 512, 1024, 10 * 1024] {
        let longer = [tar.clone(), vec![0; more]].concat();
        let error = Bag::open_tar(&longer, None).expect_err("longer").to_string();
        assert!(error.contains("behind the end mark"), "{more} more: {error}");
    }
}

/// The same structure with other content: what somebody without the key can do.
#[test]
fn all_damage_is_told_at_once_with_kind_and_path() {
    let tar = small();
    let mut other = tar.clone();
    let bag = Bag::open_tar(&tar, None).unwrap();
    let mut put = |path: &str, at: usize, bytes: &[u8]| {
        let start = bag.find(path).unwrap().offset.unwrap() as usize + at;
        other[start..start + bytes.len()].copy_from_slice(bytes);
    };
    put("data/block", 3, b"!");
    put("data/log/decisions.jsonl", 0, b"[");
    put("VERIFY.md", 0, b"c");
    put("bagit.txt", 17, b"9");
    // The second line of the manifest names another file, the third has another form.
    let manifest = String::from_utf8(bag.read(bag.find(bag::MANIFEST).unwrap(), 1 << 20).unwrap()).unwrap();
    let lines: Vec<usize> = manifest.match_indices('\n').map(|(at, _)| at + 1).collect();
    put(bag::MANIFEST, lines[0] + 66, b"data/bloczz");
    put(bag::MANIFEST, lines[1] + 64, b" *");
    let said = said_against(&other);
    let expected = [
        ("VERIFY.md was changed: its SHA-256 is ", 1),
        ("bagit.txt is not the declaration of a BagIt 1.0 bag", 1),
        ("bagit.txt was changed", 1),
        ("data/block was changed", 1),
        ("data/blocks is not in the manifest: it was added", 1),
        ("data/bloczz is missing: it was removed", 1),
        ("data/log/decisions.jsonl was changed", 1),
        ("manifest-sha256.txt has a bad line 3: it is not 64 lowercase hex digits", 1),
        ("manifest-sha256.txt was changed", 1),
    ];
    for (start, times) in expected {
        let found = said.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!(found, times, "{start}: {said:#?}");
    }
    let unlisted = manifest.lines().nth(2).unwrap()[66..].to_owned();
    assert!(said.contains(&format!("{unlisted} is not in the manifest: it was added")), "{said:#?}");
    assert_eq!(said.len(), expected.len() + 1, "{said:#?}");
}

#[test]
fn a_caller_with_a_hasher_of_its_own_gets_the_same_verdict() {
    let tar = small();
    let bag = Bag::open_tar(&tar, None).unwrap();
    let manifests = bag.manifests();
    assert!(manifests.findings.is_empty());
    for entry in bag.entries().iter().filter(|entry| !entry.path.starts_with("tagmanifest")) {
        let found = Digest::of(&bag.read(entry, u64::MAX).unwrap());
        assert_eq!(manifests.expect(&entry.path), Some(found));
        assert!(manifests.judge(&entry.path, found).is_none());
        let told = manifests.judge(&entry.path, Digest([0; 32])).unwrap().to_string();
        assert!(told.starts_with(&format!("{} was changed", entry.path)), "{told}");
    }
    assert_eq!(manifests.expect(SIGNATURE), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Any payload comes back as it was, whatever the order in which it was given.
    #[test]
    fn what_is_packed_is_read(
        files in proptest::collection::btree_map("[a-z]{1,3}(/[A-Za-z0-9._]{1,40}x){0,4}", proptest::collection::vec(any::<u8>(), 0..2000), 1..12),
        seed in any::<u64>(),
    ) {
        // One folder for each, or a file might be another one's folder.
        let files: Vec<_> = files.into_iter().enumerate().map(|(n, (path, bytes))| (format!("data/{n}/{path}"), bytes)).collect();
        let mut payload: Vec<_> = files
            .iter()
            .map(|(path, bytes)| Payload::of_bytes(path.clone(), Mode::Plain, bytes.clone()))
            .collect();
        let (tar, _) = written_of(files.iter().map(|(path, bytes)| Payload::of_bytes(path.clone(), Mode::Plain, bytes.clone())).collect());
        let turn = seed as usize % payload.len();
        payload.rotate_left(turn);
        let (again, written) = written_of(payload);
        prop_assert!(tar == again);
        prop_assert_eq!(written.sha256, Digest::of(&tar));
        let bag = Bag::open_tar(&tar, Some(NAME)).unwrap();
        for (path, bytes) in &files {
            prop_assert_eq!(&bag.read(bag.find(path).unwrap(), 2000).unwrap(), bytes);
        }
        prop_assert_eq!(bag.entries().len(), files.len() + 6);
        prop_assert!(said_against(&tar).is_empty());
    }
}
