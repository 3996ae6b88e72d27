//! States of face, ledger and root that are not known to be green.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::{Scratch, make_fifo};

pub(crate) const GREEN: &str = "{\"v\":1,\"paused\":false,\"trips\":0}\n";
pub(crate) const LINE: &str = "{\"v\":1,\"id\":\"20251121T080000Z-7f3a01\",\"mode\":\"halt\",\"reason\":\"r\",\"by\":\"b\",\"host\":\"h\",\"since\":1763712000}\n";

/// Breaks a root.
pub(crate) type Break = Box<dyn Fn(&Scratch) + Send + Sync>;

/// A name for it, how it is made, and the exit code it must end with.
pub(crate) struct Case(pub(crate) &'static str, pub(crate) Break, pub(crate) i32);

pub(crate) const PAUSED: i32 = 2;
pub(crate) const NO_ROOT: i32 = 78;

fn face(name: &'static str, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Case {
    Case(name, Box::new(move |scratch| scratch.put("data/circuit.json", &bytes)), PAUSED)
}

/// A thing at the place of the face, and then of the ledger behind a green face.
fn thing(name: &'static str, make: fn(&Path)) -> [Case; 2] {
    let as_face: Break = Box::new(move |scratch| make(&scratch.path("data/circuit.json")));
    let as_ledger: Break = Box::new(move |scratch| {
        scratch.put("data/circuit.json", GREEN);
        make(&scratch.path("data/trips.jsonl"));
    });
    [Case(name, as_face, PAUSED), Case(name, as_ledger, PAUSED)]
}

fn state(name: &'static str, code: i32, make: fn(&Scratch)) -> Case {
    Case(name, Box::new(make), code)
}

/// Contents of the face.
pub(crate) fn contents() -> Vec<Case> {
    let utf16 = "\u{feff}{\"paused\":false}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let deep = format!("{{\"paused\":false,\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects =
        format!("{{\"paused\":false,\"x\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    vec![
        face("empty", ""),
        face("white space", " \n\n"),
        face("NUL bytes", vec![0_u8; 64]),
        face("a NUL after it", "{\"paused\":false}\0"),
        face("half of it", "{\"paused\":fal"),
        face("not JSON", "paused = false"),
        face("single quotes", "{'paused': false}"),
        face("Python's False", "{\"paused\": False}"),
        face("null", "null"),
        face("a list", "[{\"paused\":false}]"),
        face("a boolean", "false"),
        face("no paused", "{\"v\":1}"),
        face("another case", "{\"Paused\":false}"),
        face("paused: no", "{\"paused\":\"no\"}"),
        face("paused: 0", "{\"paused\":0}"),
        face("paused: null", "{\"paused\":null}"),
        face("duplicate keys", "{\"paused\":false,\"paused\":false}"),
        face("duplicate keys, one escaped", "{\"paused\":true,\"\\u0070aused\":false}"),
        face("duplicate keys further down", "{\"paused\":false,\"x\":{\"a\":1,\"a\":1}}"),
        face("trailing garbage", "{\"paused\":false} }"),
        face("two objects", "{\"paused\":false}\n{\"paused\":false}"),
        face("a trailing comma", "{\"paused\":false,}"),
        face("a comment", "{\"paused\":false} // ok"),
        face("UTF-16", utf16),
        face("not UTF-8", b"{\"paused\":false,\"x\":\"\xff\"}"),
        face("unknown version", "{\"v\":2,\"paused\":false}"),
        face("version as text", "{\"v\":\"1\",\"paused\":false}"),
        face("unknown mode", "{\"paused\":false,\"mode\":\"slow\"}"),
        face("mode as number", "{\"paused\":true,\"mode\":1}"),
        face("negative trips", "{\"paused\":false,\"trips\":-1}"),
        face("trips as float", "{\"paused\":false,\"trips\":0.0}"),
        face("trips as text", "{\"paused\":false,\"trips\":\"0\"}"),
        face("trips: null", "{\"paused\":false,\"trips\":null}"),
        face("holds not a list", "{\"paused\":false,\"holds\":{}}"),
        face("a hold without id", "{\"paused\":false,\"holds\":[{}]}"),
        face("deep lists", deep),
        face("deep objects", deep_objects),
        face("longer than is read", format!("{{\"paused\":false,\"x\":\"{}\"}}", "x".repeat(1 << 20))),
        face("simply paused", "{\"paused\":true}"),
        face(
            "paused with reduce, and a trip it has not seen",
            "{\"paused\":true,\"mode\":\"reduce\",\"trips\":9}",
        ),
    ]
}

/// Files that are not what they should be, and files that disagree.
pub(crate) fn states() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(thing("a folder", |path| fs::create_dir(path).expect("a folder")));
    cases.extend(thing("a FIFO", make_fifo));
    cases.extend(thing("a socket", |path| drop(UnixListener::bind(path).expect("a socket"))));
    cases.extend(thing("a device", |path| symlink("/dev/zero", path).expect("a link")));
    cases.extend(thing("a dangling link", |path| symlink("nowhere", path).expect("a link")));
    cases.extend(thing("a link loop", |path| symlink(path, path).expect("a link")));
    cases.extend([
        state("a face of 1 GB", PAUSED, |scratch| sparse(&scratch.path("data/circuit.json"))),
        state("a ledger of 1 GB", PAUSED, |scratch| {
            scratch.put("data/circuit.json", GREEN);
            sparse(&scratch.path("data/trips.jsonl"));
        }),
        state("a ledger and no face", PAUSED, |scratch| scratch.put("data/trips.jsonl", LINE)),
        state("a torn ledger line and no face", PAUSED, |scratch| scratch.put("data/trips.jsonl", "{\"id")),
        state("a trip that the face has not seen", PAUSED, |scratch| {
            scratch.put("data/circuit.json", GREEN);
            scratch.put("data/trips.jsonl", LINE);
        }),
        state("a torn trip that the face has not seen", PAUSED, |scratch| {
            scratch.put("data/circuit.json", format!("{{\"paused\":false,\"trips\":{}}}", LINE.len()));
            scratch.put("data/trips.jsonl", format!("{LINE}{{"));
        }),
        state("a ledger that shrank", PAUSED, |scratch| {
            scratch.put("data/circuit.json", "{\"paused\":false,\"trips\":1000}");
            scratch.put("data/trips.jsonl", LINE);
        }),
        state("a ledger that is gone", PAUSED, |scratch| {
            scratch.put("data/circuit.json", "{\"paused\":false,\"trips\":1000}");
        }),
        state("a face older than the ledger", PAUSED, |scratch| {
            scratch.put("data/circuit.json", "{\"paused\":false}");
            scratch.put("data/trips.jsonl", LINE);
            date(&scratch.path("data/circuit.json"), 100);
        }),
        state("data is a file", NO_ROOT, |scratch| {
            fs::remove_dir(scratch.path("data")).expect("removed");
            scratch.put("data", "");
        }),
        state("data is missing", NO_ROOT, |scratch| fs::remove_dir(scratch.path("data")).expect("removed")),
        state("data is a dangling link", NO_ROOT, |scratch| {
            fs::remove_dir(scratch.path("data")).expect("removed");
            symlink("nowhere", scratch.path("data")).expect("a link");
        }),
    ]);
    cases
}

/// What another user finds who has not been let in.
pub(crate) fn forbidden() -> Vec<Case> {
    vec![
        state("a face that may not be read", PAUSED, |scratch| {
            scratch.put("data/circuit.json", GREEN);
            chmod(&scratch.path("data/circuit.json"), 0o000);
        }),
        state("a folder that may not be entered", PAUSED, |scratch| {
            scratch.put("data/circuit.json", GREEN);
            chmod(&scratch.path("data"), 0o600);
        }),
        state("a root that may not be entered", NO_ROOT, |scratch| {
            scratch.put("data/circuit.json", GREEN);
            chmod(&scratch.path(""), 0o000);
        }),
    ]
}

pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

fn sparse(path: &Path) {
    fs::File::create(path).and_then(|file| file.set_len(1 << 30)).expect("a sparse file");
}

/// Dates a file so many seconds back.
fn date(path: &Path, seconds: u64) {
    let modified = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
    fs::File::options().append(true).open(path).and_then(|file| file.set_modified(modified)).expect("dated");
}
