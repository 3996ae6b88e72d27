//! `check --base`: a log must begin with the bytes that a git revision has of it.
//!
//! The blob is read once where the log only grew. Where it did not, the leaves of the blob's lines are what was sealed,
//! and the same comparison names what happened as for a sealed log.

mod git;
mod sinks;

use std::collections::HashSet;
use std::io;
use std::sync::mpsc::sync_channel;

use holdfast::sys::{ReadAt, Sys};
use holdfast::text::printable;
use serde::Serialize;

use crate::check::classify::{Classifier, Placed};
use crate::check::diagnose::Lines;
use crate::check::differ::{Old, differ};
use crate::finding::{Finding, Findings, Kind};
use crate::log::Log;
use crate::pieces::Pieces;
use crate::place::{FileError, Folder, Place};
use git::Git;
pub(crate) use git::GitError;
use sinks::{Compare, Look, SHOWN, Send};

/// How much of the log is read at once, in bytes.
const PIECE: usize = 1 << 20;
/// Of so many findings the line itself is shown.
const TEXTS: usize = 10;

/// Why it could not be compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BaseError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    File(#[from] FileError),
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Based {
    /// As it was named.
    revision: String,
    commit: String,
    /// How many whole lines, and bytes, the revision has of the log; nothing where it does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip)]
    pub(crate) findings: Findings,
}

/// Compares a log with what a revision has of it.
pub(crate) fn compare(sys: &Sys<'_>, log: &Log, rev: &str) -> Result<Based, BaseError> {
    let git = Git { spawner: sys.spawner, dir: log.dir.clone() };
    let commit = git.commit(rev)?;
    let mut based =
        Based { revision: rev.to_owned(), commit, lines: None, bytes: None, findings: Findings::default() };
    let Some(blob) = git.blob(&based.commit, &log.name)? else { return Ok(based) };
    let folder = Folder { store: sys.store, dir: log.dir.clone() };
    let shown = folder.shown(&log.name);
    let error = |error| FileError::new(&shown, error);
    let (there, instead) = match folder.open(&log.name) {
        Ok(there) => (there, None),
        Err(error) => match error.stands_instead() {
            Some(what) => (None, Some(what)),
            None => return Err(FileError::new(&shown, error).into()),
        },
    };
    let empty: &[u8] = b"";
    let file = there.as_deref().unwrap_or(&empty);
    let mut compare = Compare::new(file);
    git.read(&blob, &mut compare)?;
    (based.lines, based.bytes) = (Some(compare.lines), Some(compare.bytes));
    if there.is_none() {
        let (kind, now) = match instead {
            Some(what) => (Kind::Replaced, format!("in its place stands {what}")),
            None => (Kind::Missing, "it is not there any more".to_owned()),
        };
        let says = format!("{} has {} lines of it, and {now}", based.named(), compare.lines);
        based.findings.add(Finding::new(kind, &shown).says(says));
    } else if let Some(from) = compare.differs {
        let blob = Blob { git: &git, id: &blob, lines: compare.lines, whole: compare.whole };
        let size = file.size().map_err(error)?;
        based.findings = blob.diagnose(file, size, from, &shown)?;
        let named = based.named();
        for finding in &mut based.findings.listed {
            let detail = std::mem::take(&mut finding.detail);
            let first = if detail.is_empty() { String::new() } else { format!("{detail}; ") };
            finding.detail = format!("{first}not as in {named}");
        }
    }
    Ok(based)
}

impl Based {
    /// What it is called.
    fn named(&self) -> String {
        let short = self.commit.get(..10).unwrap_or(&self.commit);
        if self.commit == self.revision { short.to_owned() } else { format!("{} ({short})", self.revision) }
    }
}

impl std::fmt::Display for Based {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.named();
        match (self.lines, self.bytes) {
            (Some(lines), Some(bytes)) if self.findings.is_empty() => {
                write!(f, "it begins with the {lines} lines, {bytes} bytes, of {named}")
            }
            (Some(lines), Some(bytes)) => {
                write!(f, "NOT as in {named}, which has {lines} lines, {bytes} bytes")
            }
            _ => write!(f, "{named} does not have it: it is new"),
        }
    }
}

/// A blob that the log does not begin with.
struct Blob<'g> {
    git: &'g Git<'g>,
    id: &'g str,
    lines: u64,
    /// Where its last whole line ends.
    whole: u64,
}

impl Blob<'_> {
    fn diagnose(
        &self,
        file: &dyn ReadAt,
        size: u64,
        from: (u64, u64),
        shown: &str,
    ) -> Result<Findings, BaseError> {
        let classifier = self.changes(file, size, from, shown)?;
        let mut look = Look::of(classifier.inserted(), std::iter::empty());
        if !look.is_idle() {
            self.git.read(self.id, &mut look)?;
        }
        let mut findings = Findings { count: classifier.more, ..Findings::default() };
        let placed = classifier.findings(shown, &look.found, self.lines, size);
        placed.into_iter().map(|Placed { finding, .. }| finding).for_each(|finding| findings.add(finding));
        if findings.is_empty() {
            findings.add(self.in_tail(size, shown));
        }
        self.show(file, shown, &mut findings)?;
        Ok(findings)
    }

    /// What differs, line by line, from the first line that does.
    fn changes(
        &self,
        file: &dyn ReadAt,
        size: u64,
        (line, byte): (u64, u64),
        shown: &str,
    ) -> Result<Classifier, BaseError> {
        let mut classifier = Classifier::default();
        let (sender, leaves) = sync_channel(4);
        let (read, compared) = std::thread::scope(|scope| {
            let reading = scope.spawn(move || self.git.read(self.id, &mut Send::new(byte, sender)));
            let old = leaves.into_iter().flatten().map(|leaf| Ok(Old(Some(leaf))));
            let mut pieces = Pieces::new(file, byte.min(size), size, PIECE);
            let compared =
                differ(old, Lines::new(&mut pieces), (line, line), size, |change| classifier.add(change));
            (reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), compared)
        });
        compared.map_err(|error| FileError::new(shown, error))?;
        match read {
            // The comparison knew enough.
            Err(GitError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
            read => read?,
        }
        Ok(classifier)
    }

    /// All whole lines are alike, so it is the beginning of a line that was not finished then.
    fn in_tail(&self, size: u64, shown: &str) -> Finding {
        let kind = if size <= self.whole { Kind::Truncated } else { Kind::Edited };
        let finding = Finding::new(kind, shown).line(self.lines + 1).byte(self.whole.min(size));
        finding.says("that line was not finished then, and does not go on as it began")
    }

    /// Puts the lines themselves beside the first findings: as they were, and as they are.
    fn show(&self, file: &dyn ReadAt, shown: &str, findings: &mut Findings) -> Result<(), BaseError> {
        let was = |finding: &Finding| !matches!(finding.kind, Kind::Inserted | Kind::Duplicated);
        let is = |finding: &Finding| !matches!(finding.kind, Kind::Deleted | Kind::Truncated);
        let first = findings.listed.iter().take(TEXTS);
        let lines = first.filter(|finding| was(finding)).filter_map(|finding| finding.line);
        let mut look = Look::of(HashSet::new(), lines.map(|line| line - 1));
        if !look.is_idle() {
            self.git.read(self.id, &mut look)?;
        }
        for finding in findings.listed.iter_mut().take(TEXTS) {
            let old = finding.line.filter(|_| was(finding)).and_then(|line| look.texts.get(&(line - 1)));
            finding.was = old.map(|text| text_of(text));
            if let Some(byte) = finding.byte.filter(|_| is(finding)) {
                let mut buf = vec![0; SHOWN];
                let read = file.read_at(byte, &mut buf).map_err(|error| FileError::new(shown, error))?;
                finding.is = Some(text_of(&buf[..read]));
            }
        }
        Ok(())
    }
}

/// The beginning of a line, harmless on a terminal.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    printable(&String::from_utf8_lossy(line), SHOWN - 40)
}
