//! Tars made by an enemy are refused with the reason, at once, in little memory, and nothing is written.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bag::Bag;

use crate::cases::{a_million, all_wrong, foreign, member, tricks};
use crate::common::{NAME, fails, passes, small};

/// However large the tar is.
const TIME: Duration = Duration::from_secs(5);
const MEMORY_KIB: u64 = 64 << 10;

/// What the example says of a tar, its peak of memory in KiB, and the processor time it took.
pub(crate) fn inspect(folder: &Path, arguments: &[&str]) -> (String, u64, Duration) {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("examples/inspect");
    let output = Command::new(program).current_dir(folder).args(arguments).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let number = |start: &str| -> u64 {
        told.lines().find_map(|line| line.strip_prefix(start)).expect(&told).parse().expect(&told)
    };
    let (peak_kib, took) = (number("peak_kib: "), Duration::from_millis(number("cpu_ms: ")));
    (told, peak_kib, took)
}

/// Refused by a process of its own, which must hold to its bounds and leave nothing behind.
fn is_refused(folder: &Path, reason: &str) {
    let (told, peak_kib, took) = inspect(folder, &["x.tar"]);
    assert!(told.contains(reason), "{reason}: {told}");
    assert!(took < TIME, "{reason}: {took:?}");
    assert!(peak_kib < MEMORY_KIB, "{reason}: {peak_kib} KiB");
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["x.tar"], "{reason}");
}

#[test]
fn every_trick_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    for (tar, reason) in tricks() {
        let error = Bag::open_tar(&tar, None).expect_err(reason).to_string();
        assert!(error.contains(reason), "{reason}: {error}");
        assert!(error.contains("do not unpack it"), "{error}");
        std::fs::write(dir.path().join("x.tar"), &tar).unwrap();
        is_refused(dir.path(), reason);
    }
}

#[test]
fn another_top_folder_than_expected_is_refused() {
    let error = Bag::open_tar(&small(), Some("evidence-bot-4")).expect_err("another").to_string();
    assert!(error.contains("it is not in the folder evidence-bot-4/"), "{error}");
    let dirty = [small()[..512].to_vec(), vec![b'x'; 512 * 3]].concat();
    assert!(Bag::open_tar(&dirty, Some(NAME)).is_err());
}

#[test]
fn bytes_between_members_are_refused() {
    let mut first = member("t/data/x", b"123");
    first[512 + 4] = 1;
    let tar = [first, vec![0; 1024]].concat();
    let error = Bag::open_tar(&tar, None).expect_err("dirty").to_string();
    assert!(error.contains("bytes that are not zero stand behind it"), "{error}");
}

/// What other programs make of a folder has another form, and is refused for it.
#[test]
fn tars_of_other_programs_are_refused_with_the_reason() {
    for (script, reason) in foreign() {
        let dir = tempfile::tempdir().unwrap();
        passes(dir.path(), "sh", &["-c", &script]);
        is_refused(dir.path(), reason);
    }
}

#[test]
fn a_million_members_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    a_million(&dir.path().join("x.tar"));
    is_refused(dir.path(), "it has more than 200000 members");
}

/// As many members and as long a manifest as are read at all, and nothing in it is right.
#[test]
fn the_largest_bag_with_everything_wrong_is_within_bounds() {
    let dir = tempfile::tempdir().unwrap();
    all_wrong(&dir.path().join("x.tar"));
    let (told, peak_kib, took) = inspect(dir.path(), &["x.tar"]);
    assert!(told.contains("findings: 199006\n"), "{told}");
    assert!(took < TIME && peak_kib < MEMORY_KIB, "{took:?}, {peak_kib} KiB: {told}");
}

#[test]
fn a_fifo_or_link_in_the_place_of_a_tar_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    passes(dir.path(), "mkfifo", &["x.tar"]);
    is_refused(dir.path(), "x.tar is not a regular file (a FIFO, socket or device)");
    std::fs::remove_file(dir.path().join("x.tar")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join("x.tar")).unwrap();
    is_refused(dir.path(), "x.tar is not a regular file (a link, which is not followed)");
    fails(dir.path(), "tar", &["-tf", "x.tar"]);
}
