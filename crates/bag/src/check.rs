//! Content against manifests. All damage is looked for, not only the first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use holdfast::sys::ReadAt;
use sha2::Digest as _;

use crate::digest::Digest;
use crate::findings::{Finding, Findings, Harm};
use crate::index::{Bag, Entry, ReadError};
use crate::manifest::{BYTES_MAX, Manifest};
use crate::{BAGIT, DATA, DECLARATION, INFO, MANIFEST, SIGNATURE, TAG_MANIFEST, TAGGED, TAGS, info};

/// How much is read at once, in bytes.
const CHUNK: usize = 256 << 10;
/// No signature is longer.
const SIGNATURE_MAX: u64 = 64 << 10;

/// What the two manifests of a bag say, and what can be said against them without reading the payload.
#[derive(Debug)]
pub struct Manifests {
    /// Of the payload.
    pub payload: Manifest,
    /// Of the files beside it.
    pub tags: Manifest,
    /// What is missing, added or malformed.
    pub findings: Findings,
}

impl Manifests {
    /// The digest that a file must have; `None` where no manifest speaks of it.
    pub fn expect(&self, path: &str) -> Option<Digest> {
        if path.starts_with(DATA) { self.payload.expect(path) } else { self.tags.expect(path) }
    }

    /// What is wrong if a file of a bag has this digest. For callers with a hasher of their own.
    pub fn judge(&self, path: &str, found: Digest) -> Option<Finding> {
        let expected = self.expect(path)?;
        (expected != found).then(|| Finding::new(path, Harm::Changed { expected, found }))
    }
}

impl Bag<'_> {
    /// Reads the manifests and compares the names in them with those in the bag, both ways.
    pub fn manifests(&self) -> Manifests {
        let mut findings = Findings::default();
        let mut add = |path: &str, harm| findings.add(Finding::new(path, harm));
        let payload = self.manifest(MANIFEST, &mut add);
        let tags = self.manifest(TAG_MANIFEST, &mut add);
        for path in TAGS.iter().filter(|path| self.find(path).is_none()) {
            add(path, Harm::Missing);
        }
        for (path, _) in payload.iter().filter(|(path, _)| self.find(path).is_none()) {
            add(path, Harm::Missing);
        }
        for (path, _) in payload.iter().filter(|(path, _)| !path.starts_with(DATA)) {
            add(path, Harm::Misplaced(MANIFEST));
        }
        for (path, _) in tags.iter().filter(|(path, _)| !TAGGED.contains(path)) {
            add(path, Harm::Misplaced(TAG_MANIFEST));
        }
        let vouching = [TAG_MANIFEST, SIGNATURE];
        for entry in self.entries().iter().filter(|entry| !vouching.contains(&&*entry.path)) {
            let path = &*entry.path;
            let listed = if path.starts_with(DATA) {
                payload.expect(path).is_some()
            } else {
                tags.expect(path).is_some()
            };
            if !listed {
                add(path, Harm::Unlisted);
            }
        }
        self.forms(&mut add);
        Manifests { payload, tags, findings }
    }

    fn manifest(&self, path: &str, add: &mut impl FnMut(&str, Harm)) -> Manifest {
        let bytes = match self.find(path).map(|entry| self.read(entry, BYTES_MAX)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => {
                add(path, Harm::Unreadable(error.error));
                Vec::new()
            }
            None => Vec::new(),
        };
        Manifest::parse(bytes, |number, fault| add(path, Harm::Line { number, fault }))
    }

    /// Files with a form of their own. Their digests are those of whoever made the manifests.
    fn forms(&self, add: &mut impl FnMut(&str, Harm)) {
        let payload = || self.entries().iter().filter(|entry| entry.path.starts_with(DATA));
        if payload().next().is_none() {
            add(MANIFEST, Harm::Odd("names no payload: there is none"));
        }
        if let Some(entry) = self.find(DECLARATION) {
            match self.read(entry, BAGIT.len() as u64) {
                Ok(bytes) if bytes == BAGIT => {}
                Ok(_) | Err(_) => add(DECLARATION, Harm::Odd("is not the declaration of a BagIt 1.0 bag")),
            }
        }
        match self.info() {
            Err(error) => add(INFO, Harm::Unreadable(error.error)),
            Ok(None) if self.find(INFO).is_none() => {}
            Ok(None) => add(INFO, Harm::Odd("does not have the form of ours")),
            Ok(Some(fields)) => {
                let counted = info::oxum(payload().map(|entry| entry.len));
                if fields.last().is_none_or(|(_, said)| *said != counted) {
                    add(INFO, Harm::Odd("counts other bytes and files (Payload-Oxum) than there are"));
                }
            }
        }
        if self.find(SIGNATURE).is_some_and(|entry| entry.len > SIGNATURE_MAX) {
            add(SIGNATURE, Harm::Odd("is longer than a signature can be"));
        }
    }
}

/// Everything that is wrong with the content of a bag, by path: what the manifests' names say, and every file that they
/// speak of, hashed on `threads` threads. `on_bytes` is told how many bytes more were read.
pub fn check_all(
    bag: &Bag,
    mut manifests: Manifests,
    threads: usize,
    on_bytes: &(dyn Fn(u64) + Sync),
) -> Findings {
    let found = Mutex::new(std::mem::take(&mut manifests.findings));
    let mut work: Vec<&Entry> =
        bag.entries().iter().filter(|entry| manifests.expect(&entry.path).is_some()).collect();
    // The longest first: no thread is left with it at the end.
    work.sort_by_key(|entry| std::cmp::Reverse(entry.len));
    let next = AtomicUsize::new(0);
    let job = || {
        let mut buffer = vec![0; CHUNK];
        while let Some(entry) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let harm = match hash(bag, entry, &mut buffer, on_bytes) {
                Ok(digest) => manifests.judge(&entry.path, digest),
                Err(error) => Some(Finding::new(&entry.path, Harm::Unreadable(error.error))),
            };
            if let Some(harm) = harm {
                found.lock().unwrap_or_else(PoisonError::into_inner).add(harm);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Without another thread it takes longer, and that is all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, job);
        }
        job();
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn hash(
    bag: &Bag,
    entry: &Entry,
    buffer: &mut [u8],
    on_bytes: &(dyn Fn(u64) + Sync),
) -> Result<Digest, ReadError> {
    let member = bag.open(entry)?;
    let told = |error: std::io::Error| ReadError { path: entry.path.to_string(), error: error.into() };
    let (mut hasher, mut offset) = (sha2::Sha256::new(), 0);
    while offset < entry.len {
        let read = match member.read_at(offset, buffer).map_err(told)? {
            0 => return Err(told(std::io::ErrorKind::UnexpectedEof.into())),
            read => read,
        };
        hasher.update(&buffer[..read]);
        offset += read as u64;
        on_bytes(read as u64);
    }
    Ok(Digest::ended(hasher))
}
