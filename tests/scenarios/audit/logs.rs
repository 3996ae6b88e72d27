//! A log in a root, with a key, and what must be true of it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use holdfast::json::Value;
use holdfast_tests::harness::{Ended, Run, Scratch, program, read};
use tempfile::TempDir;

pub(super) const LOG: &str = "memory/decisions.jsonl";
pub(super) const SIDECAR: &str = "memory/decisions.jsonl.audit";
pub(super) const KEY: &str = "key/audit";
pub(super) const ORIGIN: &str = "example.com/bot/decisions";

/// A root with an empty folder for the log, and a key. (The key belongs outside of the root. Here its calls are to be
/// seen, too.)
pub(super) fn root() -> Scratch {
    let root = Scratch::new();
    furnish(&root);
    root
}

pub(super) fn furnish(root: &Scratch) {
    for dir in ["memory", "key"] {
        fs::create_dir_all(root.path(dir)).expect("a folder");
    }
    for name in ["audit", "audit.pub"] {
        fs::copy(key_maker("audit").join(name), root.path("key").join(name)).expect("a key");
    }
}

/// A folder with a key that was made once for all tests.
pub(super) fn key_maker(name: &str) -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let dir = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["audit", "other"] {
            let mut keygen = Command::new("/usr/bin/ssh-keygen");
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(dir.path().join(name))
                .finish()
                .expect(0);
        }
        dir
    });
    assert!(dir.path().join(name).is_file(), "a key {name}");
    dir.path()
}

pub(super) fn audit(root: &Scratch, args: &[&str]) -> Command {
    root.ours("audit-pack", args)
}

pub(super) fn init(root: &Scratch) -> Command {
    audit(root, &["init", LOG, "--key", KEY, "--origin", ORIGIN])
}

pub(super) fn seal(root: &Scratch) -> Command {
    audit(root, &["seal", LOG, "--key", KEY])
}

/// The lines of the file `new` by way of stdin, which strace does not pass on by itself.
pub(super) fn append(root: &Scratch) -> Command {
    let program = program("audit-pack");
    root.sh(&format!("exec {} append {LOG} --key {KEY} < new", program.display()))
}

/// The decision with this number, a line of about 100 bytes.
pub(super) fn line(number: u64) -> String {
    format!("{{\"id\":{number},\"act\":\"buy\",\"why\":\"{}\"}}\n", "because ".repeat(8))
}

pub(super) fn lines(numbers: std::ops::Range<u64>) -> String {
    numbers.map(line).collect()
}

/// Appends in the manner of any program: no lock, and nothing made durable.
pub(super) fn write(root: &Scratch, text: &str) {
    let mut log = OpenOptions::new().append(true).create(true).open(root.path(LOG)).expect("the log");
    log.write_all(text.as_bytes()).expect("a write");
}

/// A log that was begun, and sealed once with so many lines.
pub(super) fn sealed(count: u64) -> Scratch {
    let root = root();
    write(&root, &lines(0..count));
    init(&root).finish().expect(0);
    root
}

/// What `check --deep` says, whose exit code must be 0.
#[track_caller]
pub(super) fn checked(root: &Scratch) -> Value {
    let ended = audit(root, &["check", LOG, "--key", KEY, "--deep", "--json"]).finish().expect(0);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}\n{ended}"))
}

/// The log's files one after another: those that it was, which have a date behind its name, and the one that it is.
pub(super) fn whole_log(root: &Scratch) -> Vec<u8> {
    let names = root.names("memory").into_iter();
    let mut names: Vec<String> = names.filter(|name| name.starts_with("decisions.jsonl-")).collect();
    names.sort_unstable();
    let paths = names.iter().map(|name| root.path("memory").join(name)).chain([root.path(LOG)]);
    paths.filter_map(|path| read(&path)).flatten().collect()
}

/// Every line that is there is sealed and signed.
#[track_caller]
pub(super) fn all_sealed(root: &Scratch) {
    let answer = checked(root);
    let log = whole_log(root);
    assert!(log.ends_with(b"\n"), "a line is torn");
    let count = line_feeds(&log);
    assert_eq!(answer["lines"], count, "{answer}");
    assert_eq!(answer["signed_lines"], count, "{answer}");
    assert_eq!(answer["unsealed_bytes"], 0, "{answer}");
}

/// The sidecar has the tiles of the current size and no others, and nothing that a killed sealer left in their folders.
#[track_caller]
pub(super) fn no_strays(root: &Scratch) {
    let count = line_feeds(&whole_log(root)) as u64;
    let mut expected: Vec<String> = tlog::tile::tiles(count).map(|tile| tile.to_string()).collect();
    let found = root.sh(&format!("cd {SIDECAR} && find tile -type f")).finish().expect(0);
    let mut found: Vec<&str> = found.stdout.lines().collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    let empty = root.sh(&format!("cd {SIDECAR} && find tile -type d -empty")).finish().expect(0);
    assert_eq!(empty.stdout, "", "folders without a tile");
}

/// It failed, and said of which file and what to do.
#[track_caller]
pub(super) fn told(root: &Scratch, ended: &Ended) {
    let names_file = ended.stderr.contains("memory/") || ended.stderr.contains("key/");
    let advises = ended.stderr.contains("\n  ");
    assert!(names_file && advises, "no word of the file or of what to do\n{ended}");
    assert!(!ended.stderr.contains("panicked"), "{}\n{ended}", root.dir().display());
}

/// Whenever it is looked at: SEALS has what is remembered beside the key, and that has what any signature shows. A
/// signature that nobody remembers could be followed by one over another history.
#[track_caller]
pub(super) fn in_order(root: &Scratch) {
    let noted = |file: &str| -> u64 {
        let note = read(&root.path(SIDECAR).join(file)).unwrap_or_default();
        let number = String::from_utf8_lossy(&note).lines().nth(1).map(str::to_owned);
        number.map_or(0, |number| number.parse().expect("a number"))
    };
    let remembered = |field: &str| -> u64 {
        let there = root.names("key/audit.signed").iter().any(|name| !name.starts_with('.'));
        if there {
            root.json(&format!("key/audit.signed/{}", shown(root)))[field].as_u64().expect("a number")
        } else {
            0
        }
    };
    let seals = read(&root.path(SIDECAR).join("SEALS")).unwrap_or_default();
    let records = line_feeds(&seals) as u64;
    let row = [noted("chain"), remembered("records"), records];
    assert!(row.is_sorted(), "signed, remembered, in SEALS: {row:?} records");
    assert!(noted("checkpoint") <= remembered("lines"), "lines are signed that nobody remembers");
}

/// The name of what is remembered, beside what a killed writer may have left.
fn shown(root: &Scratch) -> String {
    let names = root.names("key/audit.signed").into_iter().filter(|name| !name.starts_with('.'));
    let names: Vec<String> = names.collect();
    let [name] = names.as_slice() else { panic!("one log was signed, and these are remembered: {names:?}") };
    name.clone()
}

/// The files that hold what was signed, to see whether anything was.
pub(super) fn signatures(root: &Scratch) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut paths: Vec<PathBuf> = ["checkpoint", "chain"].map(|name| root.path(SIDECAR).join(name)).into();
    paths.push(guard(root));
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// Where it is remembered what was signed last.
pub(super) fn guard(root: &Scratch) -> PathBuf {
    root.path("key/audit.signed").join(shown(root))
}

pub(super) fn line_feeds(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}
