//! What a store must not do for anybody who can put something into a folder of the root.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

#[cfg(target_os = "linux")]
use super::Place;
use crate::journal::{self, Entry};
use crate::root::Root;
use crate::sys::real::RealStore;
use crate::sys::{Itself, ReadAt, ReadError, Secrecy, Store, Sys};

type Write = fn(&Path) -> io::Result<()>;

/// Every verb that writes into a file in place, or makes it.
const IN_PLACE: [(&str, Write); 4] = [
    ("append", |path| RealStore.append(path, "line").map(drop)),
    ("overwrite", |path| RealStore.overwrite(path, b"line")),
    ("set_modified", |path| RealStore.set_modified(path, SystemTime::UNIX_EPOCH)),
    ("try_lock", |path| RealStore.try_lock(path).map(drop)),
];

#[test]
fn what_writes_in_place_follows_no_link() {
    for (verb, write) in IN_PLACE {
        let dir = tempfile::tempdir().expect("a folder");
        let [precious, missing, link] = ["precious", "missing", "link"].map(|name| dir.path().join(name));
        fs::write(&precious, "precious\n").expect("written");
        let before = fs::metadata(&precious).and_then(|meta| meta.modified()).expect("its time");
        for target in [&precious, &missing] {
            symlink(target, &link).expect("a link");
            let error = write(&link).expect_err(verb).to_string();
            assert!(
                error.contains("is a symbolic link; Holdfast follows none when it writes"),
                "{verb}: {error}"
            );
            fs::remove_file(&link).expect("removed");
        }
        assert_eq!(fs::read(&precious).expect("still there"), b"precious\n", "{verb}");
        assert_eq!(
            fs::metadata(&precious).and_then(|meta| meta.modified()).expect("its time"),
            before,
            "{verb}"
        );
        assert!(!missing.exists(), "{verb} made what a link leads to");
    }
}

/// Every verb that changes something in a folder.
const INSIDE: [(&str, Write); 4] = [
    ("replace", |path| RealStore.replace(path, b"line", Secrecy::Shared)),
    ("remove", |path| RealStore.remove(path)),
    ("sweep", |path| RealStore.sweep(path.parent().expect("its folder"), Duration::ZERO).map(drop)),
    ("make_dir", |path| RealStore.make_dir(path.parent().expect("itself"))),
];

#[test]
fn nothing_is_written_where_a_folder_in_data_is_a_link() {
    for inner in ["data/outbox", "data/heartbeats"] {
        for (verb, write) in IN_PLACE.into_iter().chain(INSIDE) {
            let (root, others) =
                (tempfile::tempdir().expect("a root"), tempfile::tempdir().expect("a folder"));
            let (folder, precious) = (root.path().join(inner), others.path().join(".precious.tmp"));
            fs::create_dir(root.path().join("data")).expect("data");
            fs::write(&precious, "precious").expect("written");
            let before = fs::metadata(&precious).and_then(|meta| meta.modified()).expect("its time");
            symlink(others.path(), &folder).expect("a link");
            for name in [".precious.tmp", "new"] {
                let error = write(&folder.join(name)).expect_err(verb).to_string();
                let says = format!("{} is a symbolic link; Holdfast follows none in data/", folder.display());
                assert!(error.contains(&says), "{verb}: {error}");
            }
            assert_eq!(fs::read(&precious).expect("still there"), b"precious", "{verb}");
            let after = fs::metadata(&precious).and_then(|meta| meta.modified()).expect("its time");
            assert_eq!((before, fs::read_dir(others.path()).expect("listed").count()), (after, 1), "{verb}");
        }
    }
}

/// The folder is swapped for a link between the look and the write.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_is_held_stays_the_one_that_was_looked_at() {
    let (root, others) = (tempfile::tempdir().expect("a root"), tempfile::tempdir().expect("a folder"));
    let (outbox, aside) = (root.path().join("data/outbox"), root.path().join("data/aside"));
    fs::create_dir_all(&outbox).expect("an outbox");
    let place = Place::of(&outbox.join("a.json")).expect("a place");
    fs::rename(&outbox, &aside).expect("moved");
    symlink(others.path(), &outbox).expect("a link");
    fs::write(place.path(), "alert").expect("written");
    assert_eq!(fs::read(aside.join("a.json")).expect("there"), b"alert");
    assert_eq!(fs::read_dir(others.path()).expect("listed").count(), 0);
}

#[test]
fn the_root_data_and_memory_may_be_links() {
    let (root, disk) = (tempfile::tempdir().expect("a root"), tempfile::tempdir().expect("a disk"));
    for folder in ["data", "memory"] {
        fs::create_dir(disk.path().join(folder)).expect(folder);
        symlink(disk.path().join(folder), root.path().join(folder)).expect("a link");
        for (verb, write) in IN_PLACE.into_iter().chain(INSIDE) {
            write(&root.path().join(folder).join("file")).unwrap_or_else(|error| panic!("{verb}: {error}"));
        }
    }
    let outbox = root.path().join("data/outbox");
    RealStore.make_dir(&outbox).expect("made");
    RealStore.replace(&outbox.join("a.json"), b"alert", Secrecy::Shared).expect("written");
    assert_eq!(fs::read(disk.path().join("data/outbox/a.json")).expect("there"), b"alert");
}

#[test]
fn a_link_is_replaced_by_a_file_that_has_nothing_of_its_target() {
    let dir = tempfile::tempdir().expect("a folder");
    let [precious, link] = ["precious", "link"].map(|name| dir.path().join(name));
    fs::write(&precious, "precious").expect("written");
    fs::set_permissions(&precious, fs::Permissions::from_mode(0o4777)).expect("its mode");
    symlink(&precious, &link).expect("a link");
    RealStore.replace(&link, b"new", Secrecy::Shared).expect("replaced");
    let new = fs::symlink_metadata(&link).expect("there");
    assert!(new.is_file());
    assert_eq!(new.mode() & 0o7777, 0o640);
    assert_eq!(fs::read(&precious).expect("still there"), b"precious");
}

#[test]
fn a_folder_is_made_only_in_one_that_is_there() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let error = RealStore.make_dir(&data.join("outbox")).expect_err("no data").to_string();
    assert_eq!(error, format!("the folder {} is missing, and is not made on the way", data.display()));
    assert!(!data.exists());
    fs::create_dir(&data).expect("data");
    for _ in 0..2 {
        RealStore.make_dir(&data.join("outbox")).expect("made, or there already");
        assert!(data.join("outbox").is_dir());
    }
}

#[test]
fn a_write_into_a_folder_that_is_missing_names_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let file = data.join("f");
    let replaced = RealStore.replace(&file, b"x", Secrecy::Shared).expect_err("no data");
    let appended = RealStore.append(&file, "x").expect_err("no data");
    for error in [replaced, appended] {
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains(&format!("the folder {} is missing", data.display())), "{error}");
    }
    assert!(!data.exists());
}

#[test]
fn the_journal_makes_no_memory_where_data_is_gone() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, memory) = (dir.path().join("data"), dir.path().join("memory"));
    fs::create_dir(&data).expect("data");
    let root = Root::open(&RealStore, dir.path()).expect("a root");
    fs::remove_dir(&data).expect("away");
    let error = journal::append(&Sys::real(), &root, &Entry::new("test", "test")).expect_err("no root");
    assert!(error.to_string().contains(&format!("the folder {} is missing", data.display())), "{error}");
    assert!(!memory.exists());
    fs::create_dir(&data).expect("data");
    journal::append(&Sys::real(), &root, &Entry::new("test", "test")).expect("written");
    assert!(memory.is_dir());
}

#[test]
fn a_lock_file_is_for_everybody_who_may_write_into_its_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let lock = dir.path().join(".lock");
    if rustix::process::geteuid().is_root() {
        chown(dir.path(), Some(64_101), Some(64_100)).expect("given away");
    }
    let folder = fs::metadata(dir.path()).expect("there");
    RealStore.try_lock(&lock).expect("locked").expect("free");
    let made = fs::metadata(&lock).expect("made");
    assert_eq!((made.uid(), made.gid(), made.mode() & 0o7777), (folder.uid(), folder.gid(), 0o660));
}

#[test]
fn a_lock_file_that_cannot_be_opened_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    let lock = dir.path().join("missing").join(".lock");
    let error = RealStore.try_lock(&lock).expect_err("no folder").to_string();
    assert!(error.starts_with(&format!("the lock file {}: ", lock.display())), "{error}");
}

#[test]
fn a_file_is_read_in_place_and_nothing_else_is_opened() {
    let dir = tempfile::tempdir().expect("a folder");
    let [file, link, fifo, missing] = ["file", "link", "fifo", "missing"].map(|name| dir.path().join(name));
    fs::write(&file, "0123456789").expect("written");
    symlink(&file, &link).expect("a link");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR).expect("a FIFO");
    let opened = RealStore.open(&file).expect("opened");
    let mut bytes = [0; 4];
    for (offset, expected) in [(2, "2345"), (8, "89"), (10, ""), (u64::MAX / 2, "")] {
        for reader in [&*opened as &dyn ReadAt, &b"0123456789".as_slice()] {
            let read = reader.read_at(offset, &mut bytes).expect("read");
            assert_eq!(&bytes[..read], expected.as_bytes(), "at {offset}");
            assert_eq!(reader.size().expect("a size"), 10);
        }
    }
    fs::write(&file, "0123").expect("cut");
    assert_eq!(opened.size().expect("a size"), 4, "as long as it is now");
    for (path, reason) in [(&link, "a link"), (&fifo, "a FIFO"), (&dir.path().to_owned(), "a folder")] {
        match RealStore.open(path).err() {
            Some(ReadError::NotRegular(what)) => assert!(what.starts_with(reason), "{what}"),
            other => panic!("{}: {other:?}", path.display()),
        }
    }
    assert!(matches!(RealStore.open(&missing).err(), Some(ReadError::Missing)));
}

#[test]
fn a_folder_is_scanned_without_following_anything_and_up_to_a_bound() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("b"), "").expect("written");
    fs::create_dir(dir.path().join("a")).expect("a folder");
    symlink("a", dir.path().join("c")).expect("a link");
    rustix::fs::mkfifoat(rustix::fs::CWD, dir.path().join("d"), rustix::fs::Mode::RUSR).expect("a FIFO");
    let found = RealStore.scan(dir.path(), 4).expect("scanned");
    let expected = [("a", Itself::Dir), ("b", Itself::File), ("c", Itself::Link), ("d", Itself::Other)];
    assert_eq!(found, expected.map(|(name, itself)| (name.to_owned(), itself)));
    let error = RealStore.scan(dir.path(), 3).expect_err("too many").to_string();
    assert_eq!(error, "has more than 3 entries");
    assert!(RealStore.scan(&dir.path().join("missing"), 3).is_err());
}

#[test]
fn a_draft_is_nothing_until_it_is_kept() {
    use std::io::Write;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x.tar");
    let names = || RealStore.list(dir.path()).expect("names");
    let mut draft = RealStore.draft(&path, Secrecy::Shared).expect("begun");
    draft.write_all(&vec![7; 1 << 20]).expect("written");
    assert!(!path.exists());
    drop(draft);
    assert_eq!(names(), [""; 0]);
    for content in [b"old", b"new"] {
        let mut draft = RealStore.draft(&path, Secrecy::Shared).expect("begun");
        draft.write_all(content).expect("written");
        draft.keep().expect("kept");
        assert_eq!(fs::read(&path).expect("a file"), content);
        assert_eq!(names(), ["x.tar"]);
    }
    let missing = dir.path().join("missing/x.tar");
    assert!(RealStore.draft(&missing, Secrecy::Shared).is_err());
}

#[test]
fn what_is_there_is_not_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("once");
    assert!(RealStore.create(&path, b"first").unwrap());
    assert!(!RealStore.create(&path, b"second").unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"first");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no other name is left");
}

/// A line of several pages is seen while it grows: it is no torn one, and gets no empty line behind it.
#[test]
fn a_line_that_another_writes_at_this_moment_is_not_torn() {
    const WRITERS: usize = 8;
    const LINES: usize = 400;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let line = "x".repeat(15_000);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for _ in 0..LINES {
                    assert!(!RealStore.append(&path, &line).unwrap().closed_torn_line);
                }
            });
        }
    });
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.lines().all(|each| each == line));
    assert_eq!(text.lines().count(), WRITERS * LINES);
}
