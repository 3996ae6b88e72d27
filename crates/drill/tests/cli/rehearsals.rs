//! With the real programs.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use holdfast::sys::Sys;

use super::Scratch;

/// How much is rehearsed.
const ROWS: usize = 29;

/// Everything, as a person runs it.
#[test]
fn all_of_it_passes() {
    let scratch = Scratch::new();
    let ended = scratch.plays(&[], &[]).expect(0);
    let report = ended.report();
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), ROWS);
    // Who is not root cannot leave another user's lock file.
    let root = rustix::process::geteuid().is_root();
    let not_run: &[&str] = if root { &[] } else { &["lock-foreign"] };
    assert_eq!(
        (&report["passed"], &report["failed"], &report["not_run"]),
        (&(ROWS - not_run.len()).into(), &0.into(), &not_run.len().into())
    );
    for row in rows.iter().filter(|row| !not_run.iter().any(|name| row["name"] == *name)) {
        let seconds = |key: &str| row[key].as_f64().unwrap_or_default();
        assert_eq!(row["result"], "passed", "{row}");
        assert!(row["seen"].as_str().is_some_and(|seen| !seen.is_empty()), "{row}");
        assert!(seconds("paused_s") < 10.0 && seconds("detected_s") < 10.0, "{row}");
    }
    // A stillness is not found before its time, counted from the last beat.
    let not_advancing = rows.iter().find(|row| row["name"] == "not-advancing").expect("a row");
    assert!(not_advancing["detected_s"].as_f64().is_some_and(|seconds| seconds > 1.5), "{not_advancing}");
    // A change of a log is named with its place, as it was made.
    for (name, kind) in [
        ("decision-edited", "edited"),
        ("decision-deleted", "deleted"),
        ("decision-inserted", "inserted"),
        ("edit-watched", "edited"),
        ("pack-flipped", "edited"),
    ] {
        let row = rows.iter().find(|row| row["name"] == name).expect("a row");
        let seen = row["seen"].as_str().expect("words");
        assert!(seen.contains(kind) && seen.contains("line 2, at byte "), "{row}");
    }
    // The table says the same, and only the reports and the evidence stay.
    let table = fs::read_to_string(scratch.path("here/drill-report.txt")).expect("the report");
    assert_eq!(table.matches(" passed").count(), ROWS - not_run.len() + 1, "{table}");
    let stored = fs::read_to_string(scratch.path("here/drill-report.json")).expect("the report");
    assert_eq!(stored, ended.out);
    assert_eq!(fs::read_dir(scratch.path("here")).expect("the folder").count(), 5);
}

#[test]
fn without_a_mount_the_full_disk_is_not_run_and_never_passed() {
    let scratch = Scratch::new();
    let mut command = scratch.command(&["--root", "here", "--json", "--only", "full-disk"]);
    // What the channel of the drill's own root needs.
    fs::create_dir(scratch.path("few"))
        .and_then(|()| symlink("/bin/cat", scratch.path("few/cat")))
        .expect("few programs");
    let ended: super::Ended = command.env("PATH", scratch.path("few")).output().expect("it starts").into();
    let report = ended.report();
    let row = &report["rows"][0];
    let seen = row["seen"].as_str().expect("words");
    assert_eq!(row["result"], "not-run", "{row}");
    assert!(seen.starts_with("a small file system cannot be mounted here: unshare: "), "{seen}");
}

#[test]
fn the_result_is_journalled_where_it_is_wanted_and_folders_are_kept() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("real/data")).expect("a root");
    scratch
        .plays(&["circuit-deleted"], &["--journal-root", "real", "--keep", "--report", "mine.txt"])
        .expect(0);
    let journal = fs::read_to_string(scratch.path("real/memory/journal.jsonl")).expect("a journal");
    let line: serde_json::Value = serde_json::from_str(journal.trim()).expect("one line");
    assert_eq!((&line["kind"], &line["passed"]), (&"drill".into(), &1.into()));
    assert_eq!((&line["failed"], &line["evidence"]), (&serde_json::json!([]), &"verified".into()));
    assert!(scratch.path("mine.txt").is_file() && scratch.path("mine.json").is_file());
    assert!(scratch.path("here/circuit-deleted/scratch/data/circuit.json").is_file());
    assert!(scratch.path("here/main/scratch/data/drill/drill-report.txt").is_file());
}

/// A rehearsal must not leave a watchdog behind that watches nothing for ever.
#[cfg(target_os = "linux")]
#[test]
fn a_drill_that_is_killed_takes_its_programs_with_it() {
    let scratch = Scratch::new();
    let mut drill = scratch.command(&["--root", "here", "--only", "alert-hangs"]).spawn().expect("it starts");
    let lock = scratch.path("here/alert-hangs/scratch/data/.watchdog.lock");
    let is_held = || lock.exists() && matches!(Sys::real().store.try_lock(&lock), Ok(None));
    eventually("a watchdog is at work", is_held);
    drill.kill().and_then(|()| drill.wait()).expect("killed");
    eventually("the watchdog is gone", || !is_held());
}

#[cfg(target_os = "linux")]
#[track_caller]
fn eventually(what: &str, mut ready: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !ready() {
        assert!(Instant::now() < end, "it did not come to this: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
