//! The power goes: what was acknowledged is there and sealed, and what a seal says is there is there.

use holdfast_tests::harness::{Fault, Image, Mounted, Run, Scratch, Traced, calls, each, privileged, read};

use super::logs::{LOG, all_sealed, append, furnish, in_order, init, line, lines, seal, write};

/// A root on a disk of its own.
struct Disk {
    image: Image,
    mounted: Mounted,
    root: Scratch,
}

impl Disk {
    fn of(image: Image) -> Self {
        let mounted = image.mount();
        let root = Scratch::at(&mounted.path().join("root"));
        Self { image, mounted, root }
    }

    /// With a log that is sealed up to line 250.
    fn sealed() -> Self {
        let disk = Self::of(Image::new());
        furnish(&disk.root);
        write(&disk.root, &lines(0..250));
        init(&disk.root).finish().expect(0);
        privileged("sync", &["-f", disk.mounted.path().to_str().expect("an UTF-8 path")]);
        disk
    }

    /// The disk as it is when it is mounted again after the power went now.
    fn after_power_loss(&self) -> Self {
        Self::of(self.image.without_power())
    }
}

/// All that was said to be sealed is, and the next run finds nothing in its way.
fn recovered(disk: &Disk, count: usize) {
    in_order(&disk.root);
    let log = read(&disk.root.path(LOG)).expect("the log");
    assert!(log.starts_with(lines(0..250).as_bytes()));
    assert!(log.iter().filter(|byte| **byte == b'\n').count() >= count, "acknowledged lines are gone");
    seal(&disk.root).finish().expect(0);
    all_sealed(&disk.root);
}

#[test]
fn a_log_that_was_begun_and_a_line_that_was_acknowledged_are_there() {
    let disk = Disk::of(Image::new());
    furnish(&disk.root);
    privileged("sync", &["-f", disk.mounted.path().to_str().expect("an UTF-8 path")]);
    // Neither the line nor the log's name is durable by itself.
    write(&disk.root, &line(0));
    init(&disk.root).finish().expect(0);
    let begun = disk.after_power_loss();
    all_sealed(&begun.root);
    disk.root.put("new", line(1));
    append(&disk.root).finish().expect(0);
    let after = disk.after_power_loss();
    all_sealed(&after.root);
    assert_eq!(after.root.text(LOG), lines(0..2));
}

#[test]
fn what_a_seal_says_is_there_is_there_though_its_writer_made_nothing_durable() {
    let disk = Disk::sealed();
    write(&disk.root, &lines(250..300));
    let lost = disk.after_power_loss();
    assert_eq!(lost.root.text(LOG), lines(0..250), "this test could not fail: the lines are there");
    seal(&disk.root).finish().expect(0);
    let after = disk.after_power_loss();
    all_sealed(&after.root);
    assert_eq!(after.root.text(LOG), lines(0..300));
    recovered(&after, 300);
}

#[test]
fn power_that_goes_at_any_call_leaves_what_the_next_run_goes_on_from() {
    const CALLS: &str = "openat,write,fsync,syncfs,rename,mkdir,unlink,ftruncate";
    let all = std::env::var_os("HOLDFAST_ALL_CALLS").is_some();
    let prepared = || {
        let disk = Disk::sealed();
        disk.root.put("new", lines(250..258));
        disk
    };
    let example = prepared();
    let (calls, ended) = calls(&example.root, &append(&example.root), CALLS);
    ended.expect(0);
    let some = calls.into_iter().enumerate().filter(|(index, _)| all || index % 8 == 0).map(|(_, call)| call);
    each(some, |call| {
        let disk = prepared();
        let mut stopping = Traced::with(&disk.root, &append(&disk.root), call, Fault::Stop);
        let stopped = stopping.command.start();
        stopping.wait_until_stopped();
        let after = disk.after_power_loss();
        drop(stopped);
        recovered(&after, 250);
    });
}
