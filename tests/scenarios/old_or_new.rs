//! **old-or-new**: whoever reads a state file while its writers are being killed sees the old content or the new,
//! whole.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use fastrand::Rng;
use holdfast::circuit::Face;
use holdfast::heartbeat::Beat;
use holdfast::json::Value;
use holdfast_tests::harness::{Fault, Run, Running, Scratch, calls, each, read, with_fault};
use rustix::process::Signal;

/// How many writers are killed in the middle, of each kind.
const KILLS: usize = 150;
/// How many kills a reader must have read through to count as one.
const READINGS: usize = 100;

/// Between two readings: the writers need the processor, too.
const READING_PAUSE: Duration = Duration::from_micros(300);

/// A file that is read all the time, and the program that writes it.
struct Case {
    name: &'static str,
    file: &'static str,
    writer: fn(&Scratch) -> Command,
    /// Says what is wrong with the bytes of a reader.
    whole: fn(&[u8]) -> Result<(), String>,
}

const CASES: [Case; 4] = [
    Case {
        name: "hb-write",
        file: "data/heartbeat.json",
        writer: |root| root.hb(&["--set", &format!("filler={}", "x".repeat(20_000))]),
        whole: a_beat,
    },
    Case {
        name: "hb-write exec",
        file: "data/heartbeats/bot.json",
        writer: |root| root.hb(&["--name", "bot", "exec", "--", "/bin/true"]),
        whole: a_beat,
    },
    Case {
        name: "circuit-ctl trip",
        file: "data/circuit.json",
        writer: |root| root.ctl(&["trip", "--reason", &"long ".repeat(150)]),
        whole: a_face,
    },
    Case {
        name: "watchdog check",
        file: "data/watchdog.json",
        writer: |root| root.watchdog(&["check"]),
        whole: a_beat,
    },
];

fn a_beat(bytes: &[u8]) -> Result<(), String> {
    let whole = bytes.ends_with(b"}\n");
    let beat = Beat::parse(bytes).map_err(|error| error.to_string())?;
    if whole && beat.seq.is_some() { Ok(()) } else { Err("is cut short".to_owned()) }
}

fn a_face(bytes: &[u8]) -> Result<(), String> {
    let face = Face::parse(bytes)?;
    if bytes.ends_with(b"}\n") && face.paused && face.trips.is_some() {
        Ok(())
    } else {
        Err("is cut short".to_owned())
    }
}

#[test]
fn a_reader_never_sees_a_part_while_writers_are_killed() {
    each(CASES.iter().map(|case| case.name), |name| {
        let case = CASES.iter().find(|case| case.name == *name).expect("a case");
        let root = Scratch::new();
        // About half of them are to be killed, however busy the machine is.
        let mut usual = (case.writer)(&root).finish().took;
        let reader = python_reader(&root, case.file);
        let mut dice = Rng::new();
        println!("{name}: seed {}", dice.get_seed());
        let (mut killed, mut contents) = (0, HashSet::new());
        for _ in 0..KILLS {
            let writer = (case.writer)(&root).start();
            let (began, end) = (Instant::now(), usual.mul_f64(dice.f64() * 2.0));
            while !writer.is_over() {
                if began.elapsed() >= end {
                    writer.send(Signal::KILL);
                }
                let bytes = read(&root.path(case.file)).expect("the file was there before");
                (case.whole)(&bytes).unwrap_or_else(|what| panic!("{name}: {} {what}", case.file));
                contents.insert(bytes);
                std::thread::sleep(READING_PAUSE);
            }
            let was_killed = writer.ended().signal == Some(9);
            killed += usize::from(was_killed);
            usual = usual.mul_f64(if was_killed { 1.05 } else { 0.95 });
        }
        stop_reader(&root, reader);
        assert!(killed > KILLS / 10, "{name}: only {killed} writers were killed in time");
        assert!(contents.len() > KILLS / 10, "{name}: only {} different contents", contents.len());
    });
}

/// A reader in the manner of the articles, in a loop until the file `stop` is there. It ends with 1 and the
/// bytes when it has read something that is not whole.
fn python_reader(root: &Scratch, file: &str) -> Running {
    let reader = root.python("reader.py", &[file]).start();
    holdfast_tests::harness::eventually("the reader reads", || root.path("reading").exists());
    reader
}

fn stop_reader(root: &Scratch, reader: Running) {
    root.put("stop", "");
    let ended = reader.ended().expect(0);
    let readings: usize = ended.stdout.trim().parse().expect("a number of readings");
    assert!(readings > READINGS, "too few to show anything: {readings}");
}

/// The calls at which a kill leaves the files in different states.
const CALLS: &str = "openat,write,fsync,fdatasync,rename,unlink,mkdir,close,flock";

#[test]
fn a_writer_killed_at_any_call_leaves_the_old_or_the_new() {
    for case in &CASES {
        // There is something to lose.
        let prepared = || {
            let root = Scratch::new();
            (case.writer)(&root).finish();
            root
        };
        let example = prepared();
        let (calls, _) = calls(&example, &(case.writer)(&example), CALLS);
        each(calls, |call| {
            let root = prepared();
            let path = root.path(case.file);
            let ended = with_fault(&root, &(case.writer)(&root), call, Fault::Kill);
            let left = read(&path).unwrap_or_else(|| panic!("{} is gone\n{ended}", case.file));
            (case.whole)(&left).unwrap_or_else(|what| panic!("{} {what}\n{ended}", case.file));
            // What is left does not stand in the way of the next one, whose file is another then.
            let next = (case.writer)(&root).finish();
            assert!(matches!(next.code, Some(0..=3)), "after a kill\n{next}");
            assert_ne!(read(&path), Some(left), "{}: nothing was written\n{next}", case.name);
        });
    }
}

#[test]
fn temporary_files_of_the_killed_are_swept_when_they_are_old() {
    let root = Scratch::new();
    let [old, new] = ["data/.circuit.json.1-0.tmp", "data/.circuit.json.2-0.tmp"];
    for name in [old, new] {
        root.put(name, "{");
    }
    age(&root.path(old), Duration::from_hours(2));
    root.watchdog(&["check"]).finish();
    assert!(!root.path(old).exists(), "{:?}", root.names("data"));
    assert!(root.path(new).exists(), "its writer may be at work: {:?}", root.names("data"));
}

fn age(path: &Path, by: Duration) {
    let file = std::fs::File::options().append(true).open(path).expect("a file");
    file.set_modified(std::time::SystemTime::now() - by).expect("its time");
}

#[test]
fn lines_of_killed_writers_are_whole_in_the_ledger_and_in_the_journal() {
    let root = Scratch::new();
    let trip = |root: &Scratch| root.ctl(&["trip", "--reason", "one of many"]);
    let took = trip(&root).finish().took;
    each(0..100u64, |seed| {
        let writer = trip(&root).start();
        if seed % 4 > 0 {
            std::thread::sleep(took.mul_f64(Rng::with_seed(*seed).f64() * 4.0));
            writer.send(Signal::KILL);
        }
        writer.ended();
    });
    for file in ["data/trips.jsonl", "memory/journal.jsonl"] {
        let text = root.text(file);
        let whole = text.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
        assert_eq!(whole, text.lines().count(), "{file} holds a part of a line:\n{text}");
        assert!(whole > 5 && text.ends_with('\n'), "{file}:\n{text}");
    }
}
