//! What was found to be wrong, in words for people and for machines.

use std::fmt;

use holdfast::time::iso;
use serde::Serialize;

/// What kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A line has other bytes than when it was sealed.
    Edited,
    /// A sealed line is gone.
    Deleted,
    /// A line stands between sealed lines that was not there.
    Inserted,
    /// Sealed lines stand in another order.
    Swapped,
    /// A sealed line stands there once more.
    Duplicated,
    /// The log ends before its last sealed line.
    Truncated,
    /// Log and seals are those of an earlier time.
    RolledBack,
    /// So much is different that it is another log.
    Replaced,
    /// A line was torn: a write that was not finished, or an end that was cut off.
    Torn,
    /// There is a second history that does not extend the first.
    Forked,
    /// It has taken the place of another log, which is not shown.
    Restarted,
    /// A signature is not that of the key, or not of this.
    Unsigned,
    /// Something that must be there is not.
    Missing,
    /// It is not in the form that it must have.
    Malformed,
    /// A fill that no decision asked for.
    Undecided,
    /// An order that has no fill.
    Unfilled,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Inserted => "inserted",
            Self::Swapped => "swapped",
            Self::Duplicated => "duplicated",
            Self::Truncated => "truncated",
            Self::RolledBack => "rolled back",
            Self::Replaced => "replaced",
            Self::Torn => "torn",
            Self::Forked => "forked",
            Self::Restarted => "restarted",
            Self::Unsigned => "unsigned",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Undecided => "undecided",
            Self::Unfilled => "unfilled",
        })
    }
}

/// Between which seals something stands: it was as sealed when the later one was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interval {
    /// The seal that covers it.
    pub seal: u64,
    /// When that was made, by the sealer's clock, in Unix milliseconds.
    pub sealed_ms: u64,
    /// When the seal before it was made.
    pub after_ms: Option<u64>,
}

/// One damage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What happened.
    pub kind: Kind,
    /// In which file.
    pub file: String,
    /// Which line, from 1: as it was sealed; of an inserted one, as the file has it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The last line, where it is about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_line: Option<u64>,
    /// Where that is in the file as it is now, in bytes from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// By which seal it was covered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The beginning of the line as it was, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// The beginning of the line that stands there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<String>,
    /// What more there is to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(kind: Kind, file: impl Into<String>) -> Self {
        Self {
            kind,
            file: file.into(),
            line: None,
            last_line: None,
            byte: None,
            interval: None,
            was: None,
            is: None,
            detail: String::new(),
        }
    }

    pub(crate) fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    pub(crate) fn lines(mut self, first: u64, last: u64) -> Self {
        (self.line, self.last_line) = (Some(first), (last > first).then_some(last));
        self
    }

    pub(crate) fn byte(mut self, byte: u64) -> Self {
        self.byte = Some(byte);
        self
    }

    pub(crate) fn says(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11} {}", self.kind, self.file)?;
        match (self.line, self.last_line) {
            (Some(first), Some(last)) => write!(f, ", lines {first} to {last}")?,
            (Some(line), None) => write!(f, ", line {line}")?,
            _ => {}
        }
        if let Some(byte) = self.byte {
            write!(f, ", at byte {byte}")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail.replace('\n', "\n            "))?;
        }
        if let Some(Interval { seal, sealed_ms, after_ms }) = &self.interval {
            let at = |ms: u64| iso(ms as f64 / 1e3);
            write!(f, "\n            it was sealed by seal {seal} at {}", at(*sealed_ms))?;
            if let Some(after) = after_ms {
                write!(f, " (the one before: {})", at(*after))?;
            }
        }
        for (word, text) in [("was", &self.was), ("is ", &self.is)] {
            if let Some(text) = text {
                write!(f, "\n            {word} {text}")?;
            }
        }
        Ok(())
    }
}

/// At most so many are listed; the others are counted.
const LISTED_MAX: usize = 1000;

/// All damage of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub listed: Vec<Finding>,
}

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.listed.len() < LISTED_MAX {
            self.listed.push(finding);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Drops what is listed and of no use.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&Finding) -> bool) {
        let before = self.listed.len();
        self.listed.retain(wanted);
        self.count -= (before - self.listed.len()) as u64;
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.count += other.count - other.listed.len() as u64;
        other.listed.into_iter().for_each(|finding| self.add(finding));
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        let mut all = Self::default();
        findings.into_iter().for_each(|finding| all.add(finding));
        all
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.listed {
            writeln!(f, "  {finding}")?;
        }
        match self.count - self.listed.len() as u64 {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more"),
        }
    }
}
