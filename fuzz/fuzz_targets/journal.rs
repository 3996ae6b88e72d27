//! `memory/journal.jsonl`, NUL, `data/watchdog.json`, NUL, `data/heartbeat.json`: whatever stands there, what is appended
//! is the last that is read, nothing before it changes, and a person who resumes is told what the watches say.
#![no_main]

use holdfast::config::Config;
use holdfast::journal::{self, Entry};
use holdfast::watch::ask;
use holdfast_fuzz::{Host, parts, root};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [log, memory, beat] = parts(data);
    let files =
        [("memory/journal.jsonl", log), ("data/watchdog.json", memory), ("data/heartbeat.json", beat)];
    let host = Host::with(&files);
    let process = host.process();
    let (sys, root) = (process.sys(), root(&process.sys()));

    let said = ask(&sys, &root, &Config::default());
    assert!(!said.is_empty(), "the heartbeat is watched where nothing is configured");

    let (before, _) = journal::recent(&sys, &root).expect("a log that can be read");
    journal::append(&sys, &root, &Entry::new("checked", "fuzz").with("watches", 1)).expect("room");
    let (after, _) = journal::recent(&sys, &root).expect("a log that can be read");
    let torn = log.last().is_some_and(|last| *last != b'\n');
    let ours = if torn { 2 } else { 1 };
    assert_eq!(after.len(), before.len() + ours, "one line, and a flag for a torn one");
    assert_eq!(after[..before.len()], before);
    assert_eq!(after[before.len()]["kind"], "checked");
    let bytes = sys.store.read_at(&root.journal(), 0, log.len()).expect("a log that can be read");
    assert_eq!(bytes, log, "nothing before it changes (never-rewritten)");
});
