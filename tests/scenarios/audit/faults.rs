//! `audit-pack` killed at every call on a file, and every call failing in turn: the next run goes on from there, and
//! nothing that was acknowledged is lost.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use holdfast_tests::harness::{Call, Ended, Fault, Run, Scratch, Traced, calls, each, read};

use super::logs::{
    LOG, SIDECAR, all_sealed, append, in_order, init, line, lines, no_strays, root, seal, sealed, told,
    whole_log, write,
};

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EDQUOT", "EROFS"];
const CALLS: &str = "openat,read,pread64,write,fsync,fdatasync,syncfs,ftruncate,rename,renameat2,unlink,mkdir,statx,\
                     newfstatat,getdents64,getrandom,lseek,fchmod,fchown,lchown,utimensat,flock";
/// Calls that make a change, or make it durable: where one fails, and all looks well, nobody looked.
const NEEDED: [&str; 8] =
    ["write", "fsync", "fdatasync", "syncfs", "ftruncate", "rename", "renameat2", "mkdir"];

/// A command, what stands before it, and what the log holds that `append` is to add.
struct Case {
    prepared: fn() -> Scratch,
    command: fn(&Scratch) -> Command,
    /// What is run after it was interrupted.
    again: fn(&Scratch) -> Command,
    appends: bool,
}

impl Case {
    fn seals(prepared: fn() -> Scratch) -> Self {
        Self { prepared, command: seal, again: seal, appends: false }
    }

    /// Kills and errors at every call, or at every `step`th of them.
    fn run(&self, step: usize) {
        let all = std::env::var_os("HOLDFAST_ALL_CALLS").is_some();
        let template = (self.prepared)();
        let example = template.copy();
        let (mut calls, ended) = calls(&example, &(self.command)(&example), CALLS);
        ended.expect(0);
        // The shell's own, and stdin.
        calls.retain(|call| !call.line.contains("</new>"));
        for name in ["openat", "write", "fsync", "rename"] {
            assert!(calls.iter().any(|call| call.name == name), "no {name} in {calls:#?}");
        }
        let mut faults: Vec<(Call, Fault)> = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            // Those of many tiles are much the same.
            if all && calls.len() < 300 {
                faults.extend(ERRORS.map(|error| (call.clone(), Fault::Error(error))));
                faults.push((call.clone(), Fault::Kill));
            } else if all || index % step == 0 {
                // Each error comes to some call of each name.
                faults.push((call.clone(), Fault::Error(ERRORS[index / step % ERRORS.len()])));
                faults.push((call.clone(), Fault::Kill));
            }
        }
        println!("{} calls, {} faults", calls.len(), faults.len());
        let (missed, count) = (AtomicUsize::new(0), faults.len());
        each(faults, |(call, fault)| {
            let root = template.copy();
            let mut traced = Traced::with(&root, &(self.command)(&root), call, *fault);
            let ended = traced.command.finish();
            let log = traced.log();
            if log.contains("(INJECTED)") || log.contains("killed by SIGKILL") {
                self.judge(&template, &root, call, &ended);
            } else {
                ended.expect(0);
                missed.fetch_add(1, Ordering::Relaxed);
            }
        });
        // The sealer looks at an old segment at random, so that the last calls are not always the same.
        let missed = missed.into_inner();
        assert!(missed * 20 <= count, "{missed} of {count} faults did not come to their call");
    }

    fn judge(&self, template: &Scratch, root: &Scratch, call: &Call, ended: &Ended) {
        in_order(root);
        let before = whole_log(template);
        let after = whole_log(root);
        assert!(after.starts_with(&before), "{call:?}: what stood in the log does not any more\n{ended}");
        assert!(self.appends || after == before, "{call:?}: a sealer wrote into the log\n{ended}");
        match ended.code {
            Some(0) => {
                assert!(!NEEDED.contains(&call.name.as_str()), "{call:?} failed, and it looks well\n{ended}");
                all_sealed(root);
            }
            Some(_) if call.line.starts_with("write(1<") => {
                assert!(ended.stderr.contains("stdout"), "no word of the answer\n{ended}");
                all_sealed(root);
            }
            Some(_) => told(root, ended),
            None => {}
        }
        let receipts = ended.stdout.lines().filter(|line| line.len() > 64).count();
        if self.appends && receipts > 0 {
            // A receipt is a promise, whatever else failed.
            assert_eq!(receipts, 3, "{ended}");
            all_sealed(root);
        }
        (self.again)(root).finish().expect(0);
        all_sealed(root);
        no_strays(root);
        assert_eq!(whole_log(root), after, "sealing changed the log");
        let seals = |root: &Scratch| read(&root.path(SIDECAR).join("SEALS")).unwrap_or_default();
        assert!(
            seals(root).starts_with(&seals(template)),
            "a seal that was made is another one now\n{ended}"
        );
    }
}

#[test]
fn a_beginning_that_is_interrupted_anywhere_is_completed() {
    let prepared = || {
        let root = root();
        write(&root, &lines(0..3));
        root
    };
    Case { prepared, command: init, again: init, appends: false }.run(2);
}

#[test]
fn a_seal_of_one_line_that_is_interrupted_anywhere_is_made_up_for() {
    let prepared = || {
        let root = sealed(5);
        write(&root, &line(5));
        root
    };
    Case::seals(prepared).run(1);
}

#[test]
fn a_seal_that_fills_a_tile_and_is_interrupted_anywhere_is_made_up_for() {
    let prepared = || {
        let root = sealed(250);
        write(&root, &lines(250..265));
        root
    };
    Case::seals(prepared).run(2);
}

#[test]
fn many_segments_interrupted_anywhere_are_made_up_for() {
    let prepared = || {
        let root = sealed(250);
        // Three segments and a hundred tiles, which are made durable together.
        write(&root, &lines(250..30_000));
        // A seal that was torn is in the way.
        let seals = root.path(SIDECAR).join("SEALS");
        let mut torn = read(&seals).expect("SEALS");
        torn.extend_from_slice(b"s1 2 17");
        std::fs::write(seals, torn).expect("SEALS");
        root
    };
    Case { prepared, command: seal, again: seal, appends: false }.run(40);
}

#[test]
fn a_rotation_that_is_interrupted_anywhere_is_made_up_for() {
    let prepared = || {
        let root = sealed(250);
        write(&root, &lines(250..253));
        let old = root.path("memory/decisions.jsonl-20261128");
        std::fs::rename(root.path(LOG), &old).expect("renamed");
        root.sh("touch -d '2 minutes ago' memory/decisions.jsonl-*").finish().expect(0);
        write(&root, &lines(253..260));
        root
    };
    Case::seals(prepared).run(2);
}

#[test]
fn lines_that_are_appended_and_interrupted_anywhere_are_sealed_by_the_next_run() {
    let prepared = || {
        let root = sealed(254);
        root.put("new", lines(254..257));
        // Somebody else has written meanwhile.
        write(&root, &line(1000));
        root
    };
    Case { prepared, command: append, again: seal, appends: true }.run(2);
}
