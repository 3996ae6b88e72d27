//! What goes into a pack, while it is collected: files with their facts, and what could not be packed and why.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bag::{Mode, Payload};
use holdfast::sys::{Itself, ReadAt, ReadError, Stat, Store};
use holdfast::time::iso;
use serde::Serialize;

use super::secrets::Secrets;
use crate::out;

/// The largest file that is taken into memory, in bytes: what is not a log.
pub(super) const TEXT_MAX: u64 = 8 << 20;
/// All of them together.
const TEXTS_MAX: u64 = 64 << 20;
/// How deep a path may be, and how long its parts, so that every tar holds it below its top folder.
const DEPTH_MAX: usize = 15;
const NAME_MAX: usize = 100;
const FOLDERS_MAX: usize = 90;

/// What is told of a packed file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FileFact {
    /// Where it is in the pack.
    pub(super) path: String,
    /// Where it was: from the root, or with its whole path.
    pub(super) source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    /// Its length before it was read, and after.
    size_before: u64,
    pub(super) size_after: u64,
    /// Which keys or secrets were struck out of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) struck_out: Vec<String>,
}

impl FileFact {
    pub(super) fn new(
        path: &str,
        source: &str,
        stat: Option<&Stat>,
        size_before: u64,
        size_after: u64,
    ) -> Self {
        let owner = stat.map(|stat| stat.owner).unwrap_or_default();
        let modified = stat.and_then(|stat| stat.modified.duration_since(UNIX_EPOCH).ok());
        Self {
            path: path.to_owned(),
            source: source.to_owned(),
            mode: owner.mode.map(|mode| format!("{mode:04o}")),
            uid: owner.uid,
            gid: owner.gid,
            modified: modified.map(|since| iso(since.as_secs_f64())),
            size_before,
            size_after,
            struck_out: Vec::new(),
        }
    }
}

/// Something that is not in the pack although one could look for it there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct NotPacked {
    pub(super) source: String,
    pub(super) why: String,
}

/// A small file in memory, with what is told of it where it was a file of this host.
struct Text {
    path: String,
    mode: Mode,
    bytes: Vec<u8>,
    fact: Option<FileFact>,
}

/// A small file that was read, and what was seen of it.
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    stat: Option<Stat>,
    size_before: u64,
    size_after: u64,
}

/// The pack while it is collected.
pub(super) struct Parcel<'a> {
    store: &'a (dyn Store + Sync),
    payload: Vec<Payload<'a>>,
    texts: Vec<Text>,
    text_bytes: u64,
    paths: BTreeSet<String>,
    pub(super) facts: Vec<FileFact>,
    pub(super) not_packed: Vec<NotPacked>,
}

impl<'a> Parcel<'a> {
    pub(super) fn new(store: &'a (dyn Store + Sync)) -> Self {
        Self {
            store,
            payload: Vec::new(),
            texts: Vec::new(),
            text_bytes: 0,
            paths: BTreeSet::new(),
            facts: Vec::new(),
            not_packed: Vec::new(),
        }
    }

    /// Packs a part of a large file; it is read when it is written.
    pub(super) fn part(&mut self, path: String, source: PathBuf, range: std::ops::Range<u64>) {
        let store = self.store;
        let len = range.end - range.start;
        self.paths.insert(path.clone());
        self.payload.push(Payload::new(path, Mode::Plain, len, move || {
            let file = store.open(&source).map_err(into_io)?;
            Ok(Box::new(Part { file, at: range.start, left: len }))
        }));
    }

    /// Packs bytes that may not be altered: they are signed elsewhere, or are our own.
    pub(super) fn exact(&mut self, path: String, bytes: Vec<u8>) {
        self.paths.insert(path.clone());
        self.payload.push(Payload::of_bytes(path, Mode::Plain, bytes));
    }

    /// Packs a small file, without the secrets that stand in it.
    pub(super) fn text(&mut self, path: &str, mode: Mode, bytes: Vec<u8>, mut fact: Option<FileFact>) {
        let path = self.unique(path);
        if let Some(fact) = &mut fact {
            fact.path.clone_from(&path);
        }
        self.text_bytes += bytes.len() as u64;
        self.texts.push(Text { path, mode, bytes, fact });
    }

    /// Reads a small file and packs it as `change` makes it; tells why, where it cannot be.
    pub(super) fn file(
        &mut self,
        path: &str,
        source: &str,
        from: &Path,
        change: impl FnOnce(Vec<u8>) -> Result<(Vec<u8>, Vec<String>), String>,
    ) {
        if let Some(taken) = self.take(source, from) {
            let fact = taken.fact(source);
            let mode = taken.mode();
            match change(taken.bytes) {
                Ok((bytes, struck_out)) => {
                    self.text(path, mode, bytes, Some(FileFact { struck_out, ..fact }));
                }
                Err(why) => self.without(source, why),
            }
        }
    }

    /// Reads a small file; nothing where there is none, or it cannot be packed, which is noted.
    pub(super) fn take(&mut self, source: &str, from: &Path) -> Option<Taken> {
        match take(self.store, from) {
            Ok(Some(taken)) if self.text_bytes + taken.size_before > TEXTS_MAX => {
                let why = format!("all files beside the logs would have more than {} MiB", TEXTS_MAX >> 20);
                self.without(source, why);
                None
            }
            Ok(taken) => taken,
            Err(why) => {
                self.without(source, why);
                None
            }
        }
    }

    pub(super) fn without(&mut self, source: &str, why: impl Into<String>) {
        self.not_packed.push(NotPacked { source: source.to_owned(), why: why.into() });
    }

    /// The names in a folder; nothing where there is none.
    pub(super) fn names(&mut self, source: &str, dir: &Path, most: usize) -> Vec<(String, Itself)> {
        if matches!(self.store.stat(dir), Ok(None)) {
            return Vec::new();
        }
        self.store.scan(dir, most).unwrap_or_else(|error| {
            self.without(source, format!("cannot be listed: {error}"));
            Vec::new()
        })
    }

    pub(super) fn store(&self) -> &'a (dyn Store + Sync) {
        self.store
    }

    /// This file of the host is among the small ones.
    pub(super) fn has_text_of(&self, source: &str) -> bool {
        self.texts.iter().any(|text| text.fact.as_ref().is_some_and(|fact| fact.source == source))
    }

    /// The content of a small file that was read, before anything is struck out of it.
    pub(super) fn text_of(&self, source: &str) -> Option<&[u8]> {
        let mut texts = self.texts.iter();
        texts
            .find(|text| text.fact.as_ref().is_some_and(|fact| fact.source == source))
            .map(|text| &*text.bytes)
    }

    /// A path that every tool takes, and that no other file has.
    fn unique(&mut self, path: &str) -> String {
        let safe = safe(path);
        let mut name = safe.clone();
        let mut number = 2;
        while !self.paths.insert(name.clone()) {
            name = format!("{safe}.{number}");
            number += 1;
        }
        name
    }

    /// Strikes the secrets out of everything that was read, and tells of it. What holds a private key is left out.
    pub(super) fn strike(&mut self, secrets: &Secrets) {
        for text in std::mem::take(&mut self.texts) {
            let Text { path, mode, bytes, fact } = text;
            let source = fact.as_ref().map_or_else(|| path.clone(), |fact| fact.source.clone());
            if holds_private_key(&bytes) {
                self.without(&source, "holds a private key");
                continue;
            }
            let (bytes, found) = secrets.strike(bytes);
            for name in &found {
                out::tell(&format_args!(
                    "{source}: holds {name}, which is struck out of the pack\n  take it out there, too, and change it"
                ));
            }
            if let Some(mut fact) = fact {
                fact.struck_out.extend(found);
                self.facts.push(fact);
            }
            self.payload.push(Payload::of_bytes(path, mode, bytes));
        }
        self.facts.sort_by(|a, b| a.path.cmp(&b.path));
        self.not_packed.sort();
        self.not_packed.dedup();
    }

    pub(super) fn payload(self) -> Vec<Payload<'a>> {
        self.payload
    }

    /// How many files there are below a folder of the pack.
    pub(super) fn count(&self, folder: &str) -> usize {
        self.payload.iter().filter(|file| file.as_ref().starts_with(folder)).count()
    }
}

impl Taken {
    /// Where it is packed is filled in when it is.
    pub(super) fn fact(&self, source: &str) -> FileFact {
        FileFact::new("", source, self.stat.as_ref(), self.size_before, self.size_after)
    }

    pub(super) fn mode(&self) -> Mode {
        let executable = self.stat.and_then(|stat| stat.owner.mode).is_some_and(|mode| mode & 0o100 != 0);
        if executable { Mode::Executable } else { Mode::Plain }
    }
}

/// Reads a small file without following a link. Nothing where there is none.
pub(super) fn take(store: &dyn Store, from: &Path) -> Result<Option<Taken>, String> {
    let file = match store.open(from) {
        Ok(file) => file,
        Err(ReadError::Missing) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let stat = store.stat(from).ok().flatten();
    let io = |error: io::Error| format!("cannot be read: {error}");
    let size_before = file.size().map_err(io)?;
    if size_before > TEXT_MAX {
        return Err(format!(
            "is {size_before} bytes long; of files that are no logs at most {TEXT_MAX} are packed"
        ));
    }
    let mut bytes = vec![0; size_before as usize];
    let read = file.read_at(0, &mut bytes).map_err(io)?;
    bytes.truncate(read);
    let size_after = file.size().map_err(io)?;
    Ok(Some(Taken { bytes, stat, size_before, size_after }))
}

/// Bytes that name themselves a private key.
pub(super) fn holds_private_key(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, "-----BEGIN ").any(|at| {
        let rest = &bytes[at..];
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        memchr::memmem::find(line, b"PRIVATE KEY").is_some()
    })
}

/// The path with every byte replaced that a tar of ours does not have.
pub(super) fn safe(path: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let clean: String = path.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
    clean.replace("/-", "/_")
}

/// It fits below a top folder into a tar of any kind.
pub(super) fn fits(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    path.split('/').count() <= DEPTH_MAX && name.len() <= NAME_MAX && folders.len() <= FOLDERS_MAX
}

fn into_io(error: ReadError) -> io::Error {
    match error {
        ReadError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

/// Some bytes of an open file.
struct Part {
    file: Box<dyn ReadAt>,
    at: u64,
    left: u64,
}

impl Read for Part {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).map_or(buf.len(), |left| left.min(buf.len()));
        let read = self.file.read_at(self.at, &mut buf[..most])?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}
