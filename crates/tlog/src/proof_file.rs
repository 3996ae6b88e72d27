//! A proof that goes from hand to hand (C2SP tlog-proof): the place of a leaf, the way to the root, and the checkpoint
//! that has this root. Who has the leaf and knows the key needs nothing else.

use std::fmt;

use crate::checkpoint::{BodyError, Checkpoint};
use crate::hash::Hash;
use crate::note::{Note, NoteError, VerifyError, Vkey};
use crate::proof::{PROOF_LEN_MAX, ProofError, verify_inclusion};
use crate::text;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// What begins the line with further data.
const EXTRA: &str = "extra ";
/// What begins the line with the place of the leaf.
const INDEX: &str = "index ";
/// The largest file, in bytes: the largest note, the longest proof, and room for further data.
pub const PROOF_FILE_LEN_MAX: usize = 2_000_000;

/// Why bytes are no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// More than [`PROOF_FILE_LEN_MAX`] bytes.
    #[error("the proof has more than {PROOF_FILE_LEN_MAX} bytes")]
    TooLong,
    /// The first line is another one.
    #[error("line 1 is not {HEADER}")]
    Header,
    /// Not text, or no empty line.
    #[error("no empty line stands before the checkpoint")]
    NoCheckpoint,
    /// The second line begins as further data and has none.
    #[error("line 2 is not `extra` and base64")]
    Extra,
    /// No line says which leaf it is.
    #[error("line {0} is not `index` and a decimal number without leading zeros, at most 2^63-1")]
    Index(usize),
    /// A line of the way to the root is no hash.
    #[error("line {0} is not the base64 of 32 bytes")]
    Hash(usize),
    /// More hashes than any proof has.
    #[error("it has more than {PROOF_LEN_MAX} hashes")]
    TooMany,
    /// What stands behind the empty line is no note.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The note is no checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] BodyError),
}

/// Why a proof does not count as signed by a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// The key is that of another log. (The chain note of a log could else be shown as a checkpoint.)
    #[error("the checkpoint is of {origin}, and the key is that of {key}")]
    OtherLog {
        /// The log that the checkpoint is of.
        origin: String,
        /// The name of the key.
        key: String,
    },
    /// The key did not sign, or not this.
    #[error(transparent)]
    Note(#[from] VerifyError),
}

/// A proof that some leaf is in a log. Shown as the bytes of its file; nothing in it counts before
/// [`ProofFile::verify`] and [`ProofFile::signed_by`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: Checkpoint,
    note: Note,
}

impl ProofFile {
    /// The proof for leaf `index`, from 0, under the checkpoint that the note has.
    pub fn new(index: u64, hashes: Vec<Hash>, note: Note) -> Result<Self, ProofFileError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { extra: None, index, hashes, checkpoint, note })
    }

    /// Reads a file, which has one spelling.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > PROOF_FILE_LEN_MAX {
            return Err(ProofFileError::TooLong);
        }
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or(ProofFileError::NoCheckpoint)?;
        let (head, note) = (&bytes[..end], &bytes[end + 2..]);
        let head = str::from_utf8(head).map_err(|_| ProofFileError::NoCheckpoint)?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        lines.next_if(|(_, line)| *line == HEADER).ok_or(ProofFileError::Header)?;
        let extra = lines.next_if(|(_, line)| line.starts_with(EXTRA));
        let extra = extra.map(|(_, line)| text::unbase64(&line[EXTRA.len()..]).ok_or(ProofFileError::Extra));
        let (number, line) = lines.next().ok_or(ProofFileError::Index(2))?;
        let index = line.strip_prefix(INDEX).and_then(text::decimal).ok_or(ProofFileError::Index(number))?;
        let mut hashes = Vec::new();
        for (number, line) in lines {
            if hashes.len() == PROOF_LEN_MAX {
                return Err(ProofFileError::TooMany);
            }
            hashes.push(Hash::from_base64(line).ok_or(ProofFileError::Hash(number))?);
        }
        let read = Self::new(index, hashes, Note::parse(note)?)?;
        Ok(Self { extra: extra.transpose()?, ..read })
    }

    /// Further data, which no signature covers. Ours have none.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Which leaf, from 0.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The way from the leaf to the root.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The head that the leaf is said to be under.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The same as it was signed.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Checks that the leaf stands at that place under the checkpoint, whoever signed it.
    pub fn verify(&self, leaf: Hash) -> Result<(), ProofError> {
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        verify_inclusion(&self.hashes, self.index, leaf, size, root)
    }

    /// Checks that the key, which is that of the log, signed the checkpoint.
    pub fn signed_by(&self, key: &Vkey) -> Result<(), NotSigned> {
        if key.name() != self.checkpoint.origin() {
            let (origin, key) = (self.checkpoint.origin().to_owned(), key.name().to_owned());
            return Err(NotSigned::OtherLog { origin, key });
        }
        Ok(self.note.verify(key).map(drop)?)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "{EXTRA}{}", text::base64(extra))?;
        }
        writeln!(f, "{INDEX}{}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.note)
    }
}
