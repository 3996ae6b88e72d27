//! A full disk: the reserve is released, the seal is finished and somebody is told; with room again all is as before.

use std::fs;

use holdfast_tests::harness::{Mounted, Run, Scratch, full_disk, read};

use super::logs::{LOG, SIDECAR, all_sealed, append, audit, furnish, init, line, lines, seal, write};

const RESERVE: u64 = 64 << 10;

/// A log on a small disk that has no room for one more byte, but for what `left` bytes give. The file `new` has what is
/// to be appended.
fn full(count: u64, left: u64, new: &str) -> (Mounted, Scratch) {
    let disk = full_disk(512 << 10, 1000);
    let root = Scratch::at(disk.path());
    furnish(&root);
    write(&root, &lines(0..count));
    init(&root).finish().expect(0);
    assert_eq!(reserve(&root), Some(RESERVE), "init sets it aside");
    write(&root, &lines(count..count + 3));
    root.put("new", new);
    root.put("left", vec![0; left as usize]);
    fill(&root);
    fs::remove_file(root.path("left")).expect("room");
    (disk, root)
}

fn fill(root: &Scratch) {
    let filling = root.sh("cat /dev/zero >> filler").finish();
    assert!(filling.stderr.contains("No space left"), "{filling}");
}

fn reserve(root: &Scratch) -> Option<u64> {
    fs::metadata(root.path(SIDECAR).join("reserve")).ok().map(|meta| meta.len())
}

fn make_room(root: &Scratch) {
    fs::remove_file(root.path("filler")).expect("room");
}

#[test]
fn a_seal_on_a_full_disk_is_finished_out_of_the_reserve() {
    // SEALS begins its next page within a line somewhere among these: then a part of it can be written.
    for (count, left) in [(5, 0), (5, 4096), (5, 8192), (254, 0), (254, 4096), (254, 16384)] {
        let (_disk, root) = full(count, left, "");
        let ended = seal(&root).finish();
        if ended.code != Some(0) {
            let ended = ended.expect(74).says("its reserve was used").says("make room");
            assert_eq!(reserve(&root), None, "{ended}");
        }
        all_sealed(&root);
        make_room(&root);
        write(&root, &line(1000));
        seal(&root).finish().expect(0);
        all_sealed(&root);
        assert_eq!(reserve(&root), Some(RESERVE), "it is set aside anew");
    }
}

#[test]
fn a_part_of_a_seal_that_was_written_on_a_full_disk_is_no_seal() {
    // As many seals as fill a page but for a part of a line: the disk takes that part, and says so by its length.
    let disk = full_disk(512 << 10, 1000);
    let root = Scratch::at(disk.path());
    furnish(&root);
    init(&root).finish().expect(0);
    let seals = root.path(SIDECAR).join("SEALS");
    let mut number = 0;
    while read(&seals).expect("SEALS").len() % 4096 < 4096 - 200 {
        write(&root, &line(number));
        seal(&root).finish().expect(0);
        number += 1;
    }
    let before = read(&seals).expect("SEALS");
    // The tiles and notes find room, SEALS does not.
    write(&root, &line(number));
    root.put("left", vec![0; 4096]);
    fill(&root);
    fs::remove_file(root.path("left")).expect("room for a tile");
    seal(&root).finish().expect(74).says("its reserve was used");
    let after = read(&seals).expect("SEALS");
    assert!(after.starts_with(&before) && after.len() > before.len() + 200, "{} bytes", after.len());
    all_sealed(&root);
}

#[test]
fn without_a_reserve_the_sealer_fails_and_says_so_and_nothing_is_lost() {
    let (_disk, root) = full(5, 0, "");
    fs::remove_file(root.path(SIDECAR).join("reserve")).expect("the reserve");
    fill(&root);
    let ended = seal(&root).finish().expect(74).says("No space left").says("memory/decisions.jsonl");
    assert!(!ended.stderr.contains("its reserve was used"), "there was none\n{ended}");
    let check = audit(&root, &["check", LOG, "--deep"]).finish();
    assert!(matches!(check.code, Some(0 | 4)), "what was sealed is unchanged\n{check}");
    make_room(&root);
    seal(&root).finish().expect(0);
    all_sealed(&root);
    assert_eq!(reserve(&root), Some(RESERVE));
}

#[test]
fn a_line_that_a_full_disk_does_not_take_is_not_acknowledged() {
    // Longer than what the last page of the log has room for, which the disk takes.
    let new = format!("\"{}\"\n", "x".repeat(5000));
    let (_disk, root) = full(5, 0, &new);
    let before = read(&root.path(LOG)).expect("the log");
    let ended = append(&root).finish().expect(74).says("before you append it again");
    assert_eq!(ended.stdout, "", "no receipt\n{ended}");
    let after = read(&root.path(LOG)).expect("the log");
    assert!(after.starts_with(&before) && after.len() > before.len(), "a part of it is there\n{ended}");
    make_room(&root);
    append(&root).finish().expect(0).says("10 ");
    all_sealed(&root);
    // What was torn stays as it is, a line of its own.
    assert!(read(&root.path(LOG)).expect("the log").starts_with(&after));
}
