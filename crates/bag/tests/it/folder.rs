//! An unpacked bag: the same verdicts, and nothing followed.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use bag::Bag;
use holdfast::sys::real::RealStore;

use crate::common::{NAME, passes, said_against_bag, small, unpacked};

fn said_against_folder(folder: &Path) -> Vec<String> {
    match Bag::open_folder(&RealStore, folder) {
        Err(error) => vec![error.to_string()],
        Ok(bag) => said_against_bag(&bag),
    }
}

#[test]
fn an_unpacked_bag_has_the_files_of_the_tar() {
    let tar = small();
    let (_dir, folder) = unpacked(&tar);
    let (packed, unpacked) =
        (Bag::open_tar(&tar, None).unwrap(), Bag::open_folder(&RealStore, &folder).unwrap());
    assert_eq!(unpacked.name(), NAME);
    let files = |bag: &Bag| -> Vec<_> {
        let read = |entry: &bag::Entry| (entry.path.clone(), bag.read(entry, 1 << 20).unwrap());
        bag.entries().iter().map(read).collect()
    };
    assert!(files(&packed) == files(&unpacked));
    assert_eq!(said_against_folder(&folder), [""; 0]);
}

type Damage = fn(&Path);

#[test]
fn what_is_put_into_an_unpacked_bag_is_told() {
    let cases: [(Damage, &[&str]); 12] = [
        (
            |bag| symlink("/etc/passwd", bag.join("data/link")).unwrap(),
            &["data/link is a link; a pack has plain"],
        ),
        (|bag| symlink("/etc", bag.join("data/link")).unwrap(), &["data/link is a link; a pack has plain"]),
        (
            |bag| symlink("nowhere", bag.join("data/link")).unwrap(),
            &["data/link is a link; a pack has plain"],
        ),
        (|bag| drop(passes(bag, "mkfifo", &["data/fifo"])), &["data/fifo is a FIFO, socket or device"]),
        (
            |bag| drop(UnixListener::bind(bag.join("data/s")).unwrap()),
            &["data/s is a FIFO, socket or device"],
        ),
        (|bag| std::fs::create_dir(bag.join("data/none")).unwrap(), &["data/none is an empty folder"]),
        (|bag| std::fs::write(bag.join("data/a b"), "").unwrap(), &["data/a b: the path has the byte 0x20"]),
        (
            |bag| std::fs::write(bag.join("data/a\nb"), "").unwrap(),
            &["data/a\\nb: the path has the byte 0x0a"],
        ),
        (
            |bag| std::fs::create_dir_all(bag.join("data").join("d/".repeat(40))).unwrap(),
            &["the path is 17 components deep"],
        ),
        (
            |bag| std::fs::write(bag.join(".DS_Store"), "x").unwrap(),
            &[".DS_Store is not in the manifest: it was added"],
        ),
        (
            |bag| {
                std::fs::write(bag.join("data/block"), "other").unwrap();
                std::fs::write(bag.join("data/more"), "more").unwrap();
                std::fs::remove_file(bag.join("data/blocks")).unwrap();
            },
            &[
                "bag-info.txt counts other bytes and files",
                "data/block was changed",
                "data/blocks is missing: it was removed",
                "data/more is not in the manifest: it was added",
            ],
        ),
        (
            |bag| std::fs::remove_file(bag.join("tagmanifest-sha256.txt")).unwrap(),
            &[
                "VERIFY.md is not in the manifest",
                "bag-info.txt is not in the manifest",
                "bagit.txt is not in the manifest",
                "manifest-sha256.txt is not in the manifest",
                "tagmanifest-sha256.txt is missing",
            ],
        ),
    ];
    for (damage, expected) in cases {
        let (_dir, folder) = unpacked(&small());
        damage(&folder);
        let said = said_against_folder(&folder);
        let same = said.len() == expected.len()
            && said.iter().zip(expected).all(|(said, start)| said.contains(start));
        assert!(same, "{expected:#?}\n{said:#?}");
    }
}

#[test]
fn a_file_that_grows_after_the_walk_is_told() {
    let (_dir, folder) = unpacked(&small());
    let bag = Bag::open_folder(&RealStore, &folder).unwrap();
    std::fs::write(folder.join("data/block"), "shorter").unwrap();
    let said = said_against_bag(&bag);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0]
            .contains("data/block cannot be read: was 512 bytes long and is 7 now: it is being written to"),
        "{said:?}"
    );
}

#[test]
fn a_folder_that_is_missing_or_no_folder_is_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    for name in ["missing", "file"] {
        assert!(Bag::open_folder(&RealStore, &dir.path().join(name)).is_err());
    }
    let said = said_against_folder(dir.path());
    assert!(said.iter().any(|line| line.starts_with("bagit.txt is missing")), "{said:?}");
}
