//! Content against manifests. All damage is told, not only the first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use holdfast::sys::{self, ReadAt};
use sha2::Digest as _;

use crate::digest::Digest;
use crate::index::{Bag, Entry, ReadError};
use crate::manifest::{BYTES_MAX, LineFault, Manifest};
use crate::{BAGIT, DATA, DECLARATION, INFO, MANIFEST, SIGNATURE, TAG_MANIFEST, TAGGED, TAGS, info};

/// How much is read at once, in bytes.
const CHUNK: usize = 256 << 10;
/// No signature is longer.
const SIGNATURE_MAX: u64 = 64 << 10;

/// One thing that is wrong with a bag.
#[derive(Debug, thiserror::Error)]
#[error("{path} {harm}")]
pub struct Finding {
    /// Below the top folder.
    pub path: String,
    /// What is wrong with it.
    #[source]
    pub harm: Harm,
}

/// What is wrong with a file of a bag.
#[derive(Debug, thiserror::Error)]
pub enum Harm {
    /// It is not what the manifest says.
    #[error("was changed: its SHA-256 is {found}, the manifest says {expected}")]
    Changed {
        /// In the manifest.
        expected: Digest,
        /// Of what is there.
        found: Digest,
    },
    /// A manifest names it, or every bag has it.
    #[error("is missing: it was removed")]
    Missing,
    /// No manifest names it.
    #[error("is not in the manifest: it was added")]
    Unlisted,
    /// A manifest names what it has no say over.
    #[error("is named in {0}, where it does not belong")]
    Misplaced(&'static str),
    /// A line of a manifest.
    #[error("has a bad line {number}: {fault}")]
    Line {
        /// From 1.
        number: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// It has a fixed form and is otherwise.
    #[error("{0}")]
    Odd(&'static str),
    /// The operating system refused, or it is longer than such a file can be.
    #[error(transparent)]
    Unreadable(sys::ReadError),
}

impl Harm {
    /// Where it stands among other findings about the same file.
    fn rank(&self) -> (u8, usize) {
        match self {
            Harm::Line { number, .. } => (0, *number),
            Harm::Odd(what) => (1, what.len()),
            Harm::Misplaced(_) => (2, 0),
            Harm::Missing => (3, 0),
            Harm::Unlisted => (4, 0),
            Harm::Unreadable(_) => (5, 0),
            Harm::Changed { .. } => (6, 0),
        }
    }
}

/// What the two manifests of a bag say, and what can be said against them without reading the payload.
#[derive(Debug)]
pub struct Manifests {
    /// Of the payload.
    pub payload: Manifest,
    /// Of the files beside it.
    pub tags: Manifest,
    /// What is missing, added or malformed.
    pub findings: Vec<Finding>,
}

impl Manifests {
    /// The digest that a file must have; `None` where no manifest speaks of it.
    pub fn expect(&self, path: &str) -> Option<Digest> {
        if path.starts_with(DATA) { self.payload.expect(path) } else { self.tags.expect(path) }
    }

    /// What is wrong if a file of a bag has this digest. For callers with a hasher of their own.
    pub fn judge(&self, path: &str, found: Digest) -> Option<Finding> {
        let expected = self.expect(path)?;
        (expected != found).then(|| finding(path, Harm::Changed { expected, found }))
    }
}

impl Bag<'_> {
    /// Reads the manifests and compares the names in them with those in the bag, both ways.
    pub fn manifests(&self) -> Manifests {
        let mut findings = Vec::new();
        let payload = self.manifest(MANIFEST, &mut findings);
        let tags = self.manifest(TAG_MANIFEST, &mut findings);
        for path in TAGS.iter().filter(|path| self.find(path).is_none()) {
            findings.push(finding(path, Harm::Missing));
        }
        for (path, _) in payload.iter().filter(|(path, _)| self.find(path).is_none()) {
            findings.push(finding(path, Harm::Missing));
        }
        let strays = payload.iter().filter(|(path, _)| !path.starts_with(DATA));
        findings.extend(strays.map(|(path, _)| finding(path, Harm::Misplaced(MANIFEST))));
        let strays = tags.iter().filter(|(path, _)| !TAGGED.contains(path));
        findings.extend(strays.map(|(path, _)| finding(path, Harm::Misplaced(TAG_MANIFEST))));
        let vouching = [TAG_MANIFEST, SIGNATURE];
        for entry in self.entries().iter().filter(|entry| !vouching.contains(&&*entry.path)) {
            let path = &*entry.path;
            let listed = if path.starts_with(DATA) {
                payload.expect(path).is_some()
            } else {
                tags.expect(path).is_some()
            };
            if !listed {
                findings.push(finding(path, Harm::Unlisted));
            }
        }
        findings.extend(self.forms());
        Manifests { payload, tags, findings }
    }

    fn manifest(&self, path: &str, findings: &mut Vec<Finding>) -> Manifest {
        let bytes = match self.find(path).map(|entry| self.read(entry, BYTES_MAX)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => {
                findings.push(finding(path, Harm::Unreadable(error.error)));
                Vec::new()
            }
            None => Vec::new(),
        };
        let (manifest, faults) = Manifest::parse(bytes);
        let told = |(number, fault)| finding(path, Harm::Line { number, fault });
        findings.extend(faults.into_iter().map(told));
        manifest
    }

    /// Files with a form of their own. Their digests are those of whoever made the manifests.
    fn forms(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let payload = || self.entries().iter().filter(|entry| entry.path.starts_with(DATA));
        if payload().next().is_none() {
            findings.push(finding(MANIFEST, Harm::Odd("names no payload: there is none")));
        }
        if let Some(entry) = self.find(DECLARATION) {
            match self.read(entry, BAGIT.len() as u64) {
                Ok(bytes) if bytes == BAGIT => {}
                Ok(_) | Err(_) => {
                    findings
                        .push(finding(DECLARATION, Harm::Odd("is not the declaration of a BagIt 1.0 bag")));
                }
            }
        }
        match self.info() {
            Err(error) => findings.push(finding(INFO, Harm::Unreadable(error.error))),
            Ok(None) if self.find(INFO).is_none() => {}
            Ok(None) => findings.push(finding(INFO, Harm::Odd("does not have the form of ours"))),
            Ok(Some(fields)) => {
                let counted = info::oxum(payload().map(|entry| entry.len));
                if fields.last().is_none_or(|(_, said)| *said != counted) {
                    let what = "counts other bytes and files (Payload-Oxum) than there are";
                    findings.push(finding(INFO, Harm::Odd(what)));
                }
            }
        }
        if self.find(SIGNATURE).is_some_and(|entry| entry.len > SIGNATURE_MAX) {
            findings.push(finding(SIGNATURE, Harm::Odd("is longer than a signature can be")));
        }
        findings
    }
}

/// Everything that is wrong with the content of a bag, by path: what the manifests' names say, and every file that they
/// speak of, hashed on `threads` threads. `on_bytes` is told how many bytes more were read.
pub fn check_all(
    bag: &Bag,
    mut manifests: Manifests,
    threads: usize,
    on_bytes: &(dyn Fn(u64) + Sync),
) -> Vec<Finding> {
    // There may be as many as there are files, so they are in memory once.
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
                Err(error) => Some(finding(&entry.path, Harm::Unreadable(error.error))),
            };
            found.lock().unwrap_or_else(PoisonError::into_inner).extend(harm);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Without another thread it takes longer, and that is all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, job);
        }
        job();
    });
    drop(work);
    let mut findings = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    // Threads end as they like; the report is the same each time.
    findings.sort_unstable_by(|a, b| a.path.cmp(&b.path).then_with(|| a.harm.rank().cmp(&b.harm.rank())));
    findings
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

fn finding(path: &str, harm: Harm) -> Finding {
    Finding { path: path.to_owned(), harm }
}
