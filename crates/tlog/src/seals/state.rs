//! What a SEALS file says up to a line, and what may follow.

use crate::checkpoint::{Chain, Checkpoint};
use crate::hash::Hash;
use crate::name::{FileName, Origin};
use crate::note::Vkey;

use super::record::{Genesis, KeyChange, OldHead, Record, RecordError, Rotation, Seal};

/// What a line breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No record at all.
    #[error("not a record: {0}")]
    Record(#[from] RecordError),
    /// Something stands before the genesis.
    #[error("the first line is not g1")]
    NoGenesis,
    /// A genesis within a file.
    #[error("g1 stands only in the first line")]
    SecondGenesis,
    /// A restart under the old name, which would be a fork of that log.
    #[error("old-origin is the origin itself")]
    SameOrigin,
    /// A replaced log without lines that has a root.
    #[error("the root of a log of size 0 is {}", Hash::EMPTY)]
    OldRoot,
    /// The line before is not the one that this line followed.
    #[error("prev is {found} but the line before has {expected}")]
    Prev {
        /// SHA-256 of the line before.
        expected: Hash,
        /// What the line says.
        found: Hash,
    },
    /// Seals are missing, doubled or in another order.
    #[error("n is {found} instead of {expected}")]
    Number {
        /// One more than the last seal's.
        expected: u64,
        /// What the line says.
        found: u64,
    },
    /// A sum went down.
    #[error("{field} went down from {from} to {to}")]
    Shrunk {
        /// `lines` or `bytes`.
        field: &'static str,
        /// At the last seal.
        from: u64,
        /// What the line says.
        to: u64,
    },
    /// Each line has at least its LF, and each sealed byte is in a line.
    #[error("{lines} more lines cannot be {bytes} more bytes")]
    LinesAndBytes {
        /// Lines since the last seal.
        lines: u64,
        /// Bytes since the last seal.
        bytes: u64,
    },
    /// A hash differs although nothing was added.
    #[error("{field} is {found} instead of {expected}, though no line was added")]
    Unchanged {
        /// `seg` or `root`.
        field: &'static str,
        /// What it must be.
        expected: Hash,
        /// What the line says.
        found: Hash,
    },
    /// A file was ended elsewhere than at the last seal.
    #[error("the file ends at byte {found} of the log but the last seal at {expected}")]
    RotationAt {
        /// Bytes at the last seal.
        expected: u64,
        /// What the line says.
        found: u64,
    },
    /// The ended file and the one that goes on have one name.
    #[error("closed-file and new-file are the same")]
    SameFile,
    /// A key of another name.
    #[error("the key's name is {found} instead of the origin {expected}")]
    KeyName {
        /// The origin.
        expected: Origin,
        /// The key's name.
        found: String,
    },
    /// The key changes to itself.
    #[error("the new key is the old one")]
    SameKey,
    /// The key changes again before a seal.
    #[error("no seal stands between this k1 and the one before")]
    KeyChangedTwice,
}

/// What a SEALS file says up to one of its lines: all that is needed to check the next line or to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The name of the log.
    pub origin: Origin,
    /// The head that this log replaces, if it does.
    pub restart: Option<OldHead>,
    /// The key that must sign notes over this state.
    pub key: Vkey,
    /// The key before, which must sign too as long as no seal stands behind the change.
    pub outgoing: Option<Vkey>,
    /// Lines of SEALS so far.
    pub records: u64,
    /// SHA-256 of the last of them, with its LF.
    pub head: Hash,
    /// Seals so far.
    pub seals: u64,
    /// When the last seal was made, by the writer's clock.
    pub sealed_ms: Option<u64>,
    /// Sealed lines of the log.
    pub lines: u64,
    /// Sealed bytes of the log, over all its files.
    pub bytes: u64,
    /// The root of the tree over the sealed lines.
    pub root: Hash,
    /// The file that the log goes on in, where it was rotated.
    pub file: Option<FileName>,
    /// Which byte of the log is the first one of that file.
    pub file_begin: u64,
}

impl State {
    /// The state after the first line, which must be a genesis.
    pub(super) fn begin(record: &Record, line_hash: Hash) -> Result<Self, Fault> {
        let Record::Genesis(Genesis { origin, key, restart, .. }) = record else {
            return Err(Fault::NoGenesis);
        };
        has_name(key, origin)?;
        if let Some(old) = restart {
            if old.origin == *origin {
                return Err(Fault::SameOrigin);
            }
            if old.size == 0 && old.root != Hash::EMPTY {
                return Err(Fault::OldRoot);
            }
        }
        Ok(Self {
            origin: origin.clone(),
            restart: restart.clone(),
            key: key.clone(),
            outgoing: None,
            records: 1,
            head: line_hash,
            seals: 0,
            sealed_ms: None,
            lines: 0,
            bytes: 0,
            root: Hash::EMPTY,
            file: None,
            file_begin: 0,
        })
    }

    /// Whether the record may stand in the next line.
    pub fn admits(&self, record: &Record) -> Result<(), Fault> {
        if let Some(found) = record.prev()
            && found != self.head
        {
            return Err(Fault::Prev { expected: self.head, found });
        }
        match record {
            Record::Genesis(_) => Err(Fault::SecondGenesis),
            Record::Seal(seal) => self.admits_seal(seal),
            Record::Rotation(Rotation { bytes, .. }) if *bytes != self.bytes => {
                Err(Fault::RotationAt { expected: self.bytes, found: *bytes })
            }
            Record::Rotation(Rotation { closed, new, .. }) if closed == new => Err(Fault::SameFile),
            Record::Rotation(_) => Ok(()),
            Record::KeyChange(KeyChange { key, .. }) => {
                has_name(key, &self.origin)?;
                if *key == self.key {
                    Err(Fault::SameKey)
                } else if self.outgoing.is_some() {
                    Err(Fault::KeyChangedTwice)
                } else {
                    Ok(())
                }
            }
        }
    }

    fn admits_seal(&self, seal: &Seal) -> Result<(), Fault> {
        let expected = self.seals + 1;
        if seal.n != expected {
            return Err(Fault::Number { expected, found: seal.n });
        }
        let grown = |field, from: u64, to: u64| to.checked_sub(from).ok_or(Fault::Shrunk { field, from, to });
        let lines = grown("lines", self.lines, seal.lines)?;
        let bytes = grown("bytes", self.bytes, seal.bytes)?;
        if lines > bytes || (lines == 0) != (bytes == 0) {
            return Err(Fault::LinesAndBytes { lines, bytes });
        }
        let unchanged = |field, expected, found| {
            let sound = lines > 0 || expected == found;
            sound.then_some(()).ok_or(Fault::Unchanged { field, expected, found })
        };
        unchanged("seg", Hash::EMPTY, seal.seg)?;
        unchanged("root", self.root, seal.root)
    }

    /// Takes a record over, whether or not it is admitted.
    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::Genesis(_) => {}
            Record::Seal(seal) => {
                self.seals = seal.n;
                self.sealed_ms = Some(seal.time_ms);
                (self.lines, self.bytes, self.root) = (seal.lines, seal.bytes, seal.root);
                self.outgoing = None;
            }
            Record::Rotation(rotation) => {
                self.file = Some(rotation.new.clone());
                self.file_begin = rotation.bytes;
            }
            Record::KeyChange(change) => {
                let old = std::mem::replace(&mut self.key, change.key.clone());
                self.outgoing = Some(old);
            }
        }
    }

    /// The record that seals up to these sums. `seg` is over the bytes since the last seal.
    pub fn seal(&self, time_ms: u64, lines: u64, bytes: u64, seg: Hash, root: Hash) -> Record {
        Record::Seal(Seal { n: self.seals + 1, time_ms, lines, bytes, seg, root, prev: self.head })
    }

    /// The record by which the log goes on in another file, from the last seal on.
    pub fn rotation(&self, time_ms: u64, closed: FileName, new: FileName) -> Record {
        Record::Rotation(Rotation { time_ms, closed, bytes: self.bytes, new, prev: self.head })
    }

    /// The record by which another key signs.
    pub fn key_change(&self, time_ms: u64, key: Vkey) -> Record {
        Record::KeyChange(KeyChange { time_ms, key, prev: self.head })
    }

    /// The text of the checkpoint note over this state.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(&self.origin, self.lines, self.root)
    }

    /// The text of the chain note over this state.
    pub fn chain(&self) -> Chain {
        Chain::new(&self.origin, self.records, self.head)
    }

    /// The keys that must all have signed a note over this state: the one in force and, between a key change and the
    /// next seal, the one before.
    pub fn signers(&self) -> impl Iterator<Item = &Vkey> {
        std::iter::once(&self.key).chain(&self.outgoing)
    }
}

fn has_name(key: &Vkey, origin: &Origin) -> Result<(), Fault> {
    if key.name() == origin.as_str() {
        Ok(())
    } else {
        Err(Fault::KeyName { expected: origin.clone(), found: key.name().to_owned() })
    }
}
