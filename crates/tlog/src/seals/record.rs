//! One line of SEALS.

use std::fmt;

use crate::hash::Hash;
use crate::name::{FileName, Origin};
use crate::note::Vkey;
use crate::text;

/// The longest line, in bytes, with its LF.
pub const SEALS_LINE_MAX: usize = 1024;

/// Why a line is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// More than [`SEALS_LINE_MAX`] bytes.
    #[error("longer than {SEALS_LINE_MAX} bytes")]
    TooLong,
    /// The line does not end in its only LF.
    #[error("not one line that ends in a line feed")]
    NotALine,
    /// A byte that is not printable ASCII.
    #[error("byte {0} is not printable ASCII")]
    NotAscii(usize),
    /// Neither `g1` nor `s1`, `f1` or `k1`.
    #[error("begins with neither g1, s1, f1 nor k1")]
    Kind,
    /// Too few or too many fields, or not one space between two.
    #[error("not the {expected} fields of {kind} with single spaces between them")]
    Fields {
        /// The first field.
        kind: &'static str,
        /// How many there are to be, the first one included.
        expected: &'static str,
    },
    /// A field is not what it should be.
    #[error("{field} is not {expected}")]
    Field {
        /// Its name in the format.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// A line of SEALS. Shown as its bytes, LF included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// `g1 <origin> <unix_ms> <vkey> [<old-origin> <size> <root>]`
    Genesis(Genesis),
    /// `s1 <n> <unix_ms> <lines> <bytes> <seg> <root> <prev>`
    Seal(Seal),
    /// `f1 <unix_ms> <closed-file> <bytes> <new-file> <prev>`
    Rotation(Rotation),
    /// `k1 <unix_ms> <new_vkey> <prev>`
    KeyChange(KeyChange),
}

/// The first line: which log, by which key, and what it goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The name of the log.
    pub origin: Origin,
    /// When, by the writer's clock.
    pub time_ms: u64,
    /// The key that signs the notes.
    pub key: Vkey,
    /// The head of a log that this one replaces without extending it.
    pub restart: Option<OldHead>,
}

/// The last known head of a replaced log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldHead {
    /// Its name.
    pub origin: Origin,
    /// Its number of lines.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

/// Everything up to `bytes` is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Number of the seal, from 1.
    pub n: u64,
    /// When, by the writer's clock.
    pub time_ms: u64,
    /// Lines of the log from its first one on.
    pub lines: u64,
    /// Bytes of the log from its first one on, over all its files.
    pub bytes: u64,
    /// SHA-256 of the bytes that this seal adds.
    pub seg: Hash,
    /// The root of the tree over all lines.
    pub root: Hash,
    /// SHA-256 of the line before.
    pub prev: Hash,
}

/// The log goes on in another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// When, by the writer's clock.
    pub time_ms: u64,
    /// The name that the ended file has from now on.
    pub closed: FileName,
    /// Bytes of the log up to its end.
    pub bytes: u64,
    /// The file that goes on.
    pub new: FileName,
    /// SHA-256 of the line before.
    pub prev: Hash,
}

/// Another key signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// When, by the writer's clock.
    pub time_ms: u64,
    /// The new key.
    pub key: Vkey,
    /// SHA-256 of the line before.
    pub prev: Hash,
}

impl Record {
    /// Reads one line with its LF. A record has one spelling.
    pub fn parse(line: &[u8]) -> Result<Self, RecordError> {
        if line.len() > SEALS_LINE_MAX {
            return Err(RecordError::TooLong);
        }
        let Some((b'\n', line)) = line.split_last() else { return Err(RecordError::NotALine) };
        if let Some(at) = line.iter().position(|b| !(b' '..=b'~').contains(b)) {
            return Err(if line[at] == b'\n' { RecordError::NotALine } else { RecordError::NotAscii(at) });
        }
        let fields: Vec<&str> = str::from_utf8(line).map_err(|_| RecordError::NotALine)?.split(' ').collect();
        match fields[0] {
            "g1" => Genesis::parse(&fields[1..]).map(Self::Genesis),
            "s1" => Seal::parse(&fields[1..]).map(Self::Seal),
            "f1" => Rotation::parse(&fields[1..]).map(Self::Rotation),
            "k1" => KeyChange::parse(&fields[1..]).map(Self::KeyChange),
            _ => Err(RecordError::Kind),
        }
    }

    /// When the record was made, by the writer's clock.
    pub fn time_ms(&self) -> u64 {
        match self {
            Self::Genesis(record) => record.time_ms,
            Self::Seal(record) => record.time_ms,
            Self::Rotation(record) => record.time_ms,
            Self::KeyChange(record) => record.time_ms,
        }
    }

    /// The hash of the line before, which every record but the first one has.
    pub fn prev(&self) -> Option<Hash> {
        match self {
            Self::Genesis(_) => None,
            Self::Seal(record) => Some(record.prev),
            Self::Rotation(record) => Some(record.prev),
            Self::KeyChange(record) => Some(record.prev),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Genesis(Genesis { origin, time_ms, key, restart }) => {
                write!(f, "g1 {origin} {time_ms} {key}")?;
                if let Some(OldHead { origin, size, root }) = restart {
                    write!(f, " {origin} {size} {root}")?;
                }
                writeln!(f)
            }
            Self::Seal(Seal { n, time_ms, lines, bytes, seg, root, prev }) => {
                writeln!(f, "s1 {n} {time_ms} {lines} {bytes} {seg} {root} {prev}")
            }
            Self::Rotation(Rotation { time_ms, closed, bytes, new, prev }) => {
                writeln!(f, "f1 {time_ms} {closed} {bytes} {new} {prev}")
            }
            Self::KeyChange(KeyChange { time_ms, key, prev }) => writeln!(f, "k1 {time_ms} {key} {prev}"),
        }
    }
}

impl Genesis {
    fn parse(fields: &[&str]) -> Result<Self, RecordError> {
        let (head, old) = fields.split_at_checked(3).ok_or(Self::FIELDS)?;
        let restart = match *old {
            [] => None,
            [old, size, old_root] => Some(OldHead {
                origin: origin("old-origin", old)?,
                size: number("size", size)?,
                root: hash("root", old_root)?,
            }),
            _ => return Err(Self::FIELDS),
        };
        let key = vkey("vkey", head[2])?;
        Ok(Self { origin: origin("origin", head[0])?, time_ms: number("unix_ms", head[1])?, key, restart })
    }

    const FIELDS: RecordError = RecordError::Fields { kind: "g1", expected: "4 or 7" };
}

impl Seal {
    fn parse(fields: &[&str]) -> Result<Self, RecordError> {
        let [n, time_ms, lines, bytes, seg, root, prev] = *fields else {
            return Err(RecordError::Fields { kind: "s1", expected: "8" });
        };
        Ok(Self {
            n: number("n", n)?,
            time_ms: number("unix_ms", time_ms)?,
            lines: number("lines", lines)?,
            bytes: number("bytes", bytes)?,
            seg: hash("seg", seg)?,
            root: hash("root", root)?,
            prev: hash("prev", prev)?,
        })
    }
}

impl Rotation {
    fn parse(fields: &[&str]) -> Result<Self, RecordError> {
        let [time_ms, closed, bytes, new, prev] = *fields else {
            return Err(RecordError::Fields { kind: "f1", expected: "6" });
        };
        Ok(Self {
            time_ms: number("unix_ms", time_ms)?,
            closed: file("closed-file", closed)?,
            bytes: number("bytes", bytes)?,
            new: file("new-file", new)?,
            prev: hash("prev", prev)?,
        })
    }
}

impl KeyChange {
    fn parse(fields: &[&str]) -> Result<Self, RecordError> {
        let [time_ms, key, prev] = *fields else {
            return Err(RecordError::Fields { kind: "k1", expected: "4" });
        };
        Ok(Self {
            time_ms: number("unix_ms", time_ms)?,
            key: vkey("new_vkey", key)?,
            prev: hash("prev", prev)?,
        })
    }
}

fn number(field: &'static str, text: &str) -> Result<u64, RecordError> {
    let expected = "a decimal number without leading zeros, at most 2^63-1";
    text::decimal(text).ok_or(RecordError::Field { field, expected })
}

fn hash(field: &'static str, text: &str) -> Result<Hash, RecordError> {
    Hash::from_hex(text).ok_or(RecordError::Field { field, expected: "64 lowercase hex digits" })
}

fn origin(field: &'static str, text: &str) -> Result<Origin, RecordError> {
    Origin::new(text).map_err(|_| RecordError::Field { field, expected: "an origin" })
}

fn file(field: &'static str, text: &str) -> Result<FileName, RecordError> {
    FileName::new(text).map_err(|_| RecordError::Field { field, expected: "a plain file name" })
}

fn vkey(field: &'static str, text: &str) -> Result<Vkey, RecordError> {
    Vkey::parse(text).map_err(|_| RecordError::Field { field, expected: "an Ed25519 verifier key" })
}
