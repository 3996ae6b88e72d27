//! Facts about this host, and the watchdog's source.
//!
//! The same inputs give the same pack, byte for byte. Inputs are the files that are packed with their owners, modes and
//! times, the programs, the name of the host, and whether its clock is synchronised. No input, and so nowhere in a pack:
//! the time of packing, who packs, from where, where the root and the programs lie, locale, time zone and umask.

use std::path::PathBuf;
use std::time::Duration;

use bag::Mode;
use holdfast::json::{self, Value};
use holdfast::sys::{Job, ReadAt, Sys};
use serde::Serialize;
use tlog::Hasher;

use super::logs::LogFact;
use super::parcel::{FileFact, NotPacked, Parcel};
use super::state::WATCHDOG;
use super::units::PROGRAMS;

#[allow(clippy::unreadable_literal, reason = "written by the build script")]
mod source {
    include!(concat!(env!("OUT_DIR"), "/source.rs"));
}

/// A program is asked this long. On a busy host it takes seconds, and an answer that came too late would make another pack
/// of the same inputs.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a program is hashed at once, in bytes.
const PIECE: usize = 1 << 20;

/// `data/host/facts.json`.
#[derive(Serialize)]
pub(super) struct Facts<'a> {
    v: u8,
    /// What packed it.
    program: &'static str,
    version: &'static str,
    host: &'a str,
    system: String,
    /// Whether the operating system says that its clock follows another one; null: it does not say.
    clock_synchronised: Option<bool>,
    /// The programs that lie beside the one that packed.
    programs: Vec<Program>,
    watchdog: &'a Sources,
    logs: &'a [LogFact],
    files: &'a [FileFact],
    not_packed: &'a [NotPacked],
}

#[derive(Serialize)]
struct Program {
    name: String,
    bytes: u64,
    sha256: String,
}

/// Which source the watchdog is of: digests of `data/source/watchdog/`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sources {
    /// What is packed.
    pub(super) packed: &'static str,
    /// What the installed watchdog says of itself; null: there is none, or it does not say.
    pub(super) installed: Option<String>,
    /// What the one that ran last said.
    pub(super) running: Option<String>,
    /// All that is known is the same; null: neither of the two others is known.
    pub(super) agree: Option<bool>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        sys: &'a Sys<'_>,
        watchdog: &'a Sources,
        logs: &'a [LogFact],
        files: &'a [FileFact],
        not_packed: &'a [NotPacked],
    ) -> Self {
        Self {
            v: 1,
            program: "audit-pack",
            version: env!("CARGO_PKG_VERSION"),
            host: sys.host,
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            clock_synchronised: synchronised(sys),
            programs: programs(sys),
            watchdog,
            logs,
            files,
            not_packed,
        }
    }
}

/// Packs the source and compares it with the programs that are here.
pub(super) fn source(sys: &Sys<'_>, parcel: &mut Parcel<'_>) -> Sources {
    for (path, bytes) in source::files() {
        parcel.text(&format!("data/source/watchdog/{path}"), Mode::Plain, bytes.to_vec(), None);
    }
    let state = parcel.text_of(WATCHDOG).and_then(|bytes| json::object(bytes).ok());
    let running = state.and_then(|state| state.get("source").and_then(Value::as_str).and_then(digest));
    let installed = installed(sys);
    let known: Vec<&String> = installed.iter().chain(&running).collect();
    let agree = (!known.is_empty()).then(|| known.iter().all(|digest| *digest == source::DIGEST));
    Sources { packed: source::DIGEST, installed, running, agree }
}

/// How many files the source has.
pub(super) fn source_files() -> usize {
    source::files().len()
}

/// Where our own program lies, the others are too.
fn folder() -> Option<PathBuf> {
    std::env::current_exe().ok()?.parent().map(PathBuf::from)
}

fn file_name(program: &str) -> String {
    format!("{program}{}", std::env::consts::EXE_SUFFIX)
}

fn installed(sys: &Sys<'_>) -> Option<String> {
    let beside = folder().map(|folder| folder.join(file_name("watchdog")));
    let beside = beside.filter(|path| matches!(sys.store.stat(path), Ok(Some(_))));
    let program = beside.map_or_else(|| "watchdog".to_owned(), |path| path.display().to_string());
    let said = run(sys, &[&program, "--version"])?;
    said.split(|c: char| !c.is_ascii_hexdigit()).find_map(digest)
}

/// 64 hex digits.
fn digest(text: &str) -> Option<String> {
    let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| text.to_owned())
}

fn synchronised(sys: &Sys<'_>) -> Option<bool> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    match run(sys, &["timedatectl", "show", "-p", "NTPSynchronized", "--value"])?.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// What a program says that ends well, and in time.
fn run(sys: &Sys<'_>, argv: &[&str]) -> Option<String> {
    let argv = argv.iter().map(|word| (*word).to_owned()).collect();
    let env = vec![("LC_ALL".to_owned(), "C".to_owned())];
    let job = Job { argv, env, dir: None, stdin: Vec::new(), timeout: TIMEOUT };
    sys.spawner.run(&job).ok().filter(holdfast::sys::Outcome::ok).map(|outcome| outcome.output)
}

fn programs(sys: &Sys<'_>) -> Vec<Program> {
    let Some(folder) = folder() else { return Vec::new() };
    let hashed = |name: &&str| {
        let file = sys.store.open(&folder.join(file_name(name))).ok()?;
        let (bytes, sha256) = hash(&*file).ok()?;
        Some(Program { name: (*name).to_owned(), bytes, sha256 })
    };
    PROGRAMS.iter().filter_map(hashed).collect()
}

fn hash(file: &dyn ReadAt) -> std::io::Result<(u64, String)> {
    let (mut hasher, mut at, mut buf) = (Hasher::plain(), 0, vec![0; PIECE]);
    loop {
        let read = file.read_at(at, &mut buf)?;
        if read == 0 {
            return Ok((at, hasher.finish().to_string()));
        }
        hasher.update(&buf[..read]);
        at += read as u64;
    }
}
