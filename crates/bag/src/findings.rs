//! What is wrong with a bag. All of it is counted, and the first of it kept: there may be as much as there are lines in a
//! manifest, and memory is bounded.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use holdfast::sys;

use crate::digest::Digest;
use crate::manifest::LineFault;

/// So many findings are kept, the first ones by path.
pub const FINDINGS_MAX: usize = 1000;

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

impl Finding {
    pub(crate) fn new(path: &str, harm: Harm) -> Self {
        Self { path: path.to_owned(), harm }
    }
}

impl Ord for Finding {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path.cmp(&other.path).then_with(|| self.harm.rank().cmp(&other.harm.rank()))
    }
}

impl PartialOrd for Finding {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Finding {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Finding {}

/// Everything that is wrong with a bag. Whatever the order in which it was found, the same is kept.
#[derive(Debug, Default)]
pub struct Findings {
    /// The largest on top, to make room for a smaller one.
    first: BinaryHeap<Finding>,
    count: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.count += 1;
        self.first.push(finding);
        if self.first.len() > FINDINGS_MAX {
            self.first.pop();
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first [`FINDINGS_MAX`], by path.
    pub fn into_first(self) -> Vec<Finding> {
        self.first.into_sorted_vec()
    }
}
