//! The sidecar of a log: `decisions.jsonl.audit/` beside `decisions.jsonl` (audit/FORMAT.md).

use std::io;

use holdfast::sys::{ReadAt, ReadError};
use tlog::note::NOTE_LEN_MAX;
use tlog::seals::State;
use tlog::{FileName, Hash, Note, Tile, TileSource};

use crate::finding::{Finding, Findings, Kind};
use crate::place::{FileError, Place};

/// What the sidecar's folder is called behind the log's name.
pub(crate) const SUFFIX: &str = ".audit";

/// The chain note that both keys signed over the line of SEALS by which the key changed.
pub(crate) fn key_note(records: u64) -> String {
    format!("keys/{records:020}")
}

/// The files of one log in some place.
pub(crate) struct Sidecar<'a> {
    pub(crate) place: &'a dyn Place,
    /// The name of the log's file, with the folders above it where the place has some.
    pub(crate) log: String,
}

impl<'a> Sidecar<'a> {
    pub(crate) fn new(place: &'a dyn Place, log: impl Into<String>) -> Self {
        Self { place, log: log.into() }
    }

    /// The name of a file in the sidecar.
    pub(crate) fn name(&self, file: &str) -> String {
        format!("{}{SUFFIX}/{file}", self.log)
    }

    /// The name of another file of the log, which lies beside it.
    pub(crate) fn beside(&self, file: &FileName) -> String {
        match self.log.rsplit_once('/') {
            Some((above, _)) => format!("{above}/{file}"),
            None => file.to_string(),
        }
    }

    pub(crate) fn open(&self, name: &str) -> Result<Option<Box<dyn ReadAt + 'a>>, FileError> {
        self.place.open(name).map_err(|error| self.error(name, error))
    }

    /// A file of the log, of which `sealed` bytes are sealed. Where there is none, that is a finding.
    pub(crate) fn open_log(
        &self,
        name: &str,
        sealed: u64,
        findings: &mut Findings,
    ) -> Result<Option<Box<dyn ReadAt + 'a>>, FileError> {
        let finding = |kind| Finding::new(kind, self.place.shown(name));
        match self.place.open(name) {
            Ok(None) if sealed > 0 => {
                findings.add(finding(Kind::Missing).says(format!("{sealed} sealed bytes were in it")));
                Ok(None)
            }
            Ok(file) => Ok(file),
            Err(error) => match error.stands_instead() {
                Some(what) => {
                    findings.add(finding(Kind::Replaced).says(format!("in its place stands {what}")));
                    Ok(None)
                }
                None => Err(self.error(name, error)),
            },
        }
    }

    /// A file of the sidecar as a signed note; nothing where it is missing. What is no note is told as a fact.
    pub(crate) fn note(&self, file: &str) -> Result<Option<Result<Note, String>>, FileError> {
        let name = self.name(file);
        match self.place.read(&name, NOTE_LEN_MAX as u64) {
            Ok(bytes) => Ok(bytes.map(|bytes| Note::parse(&bytes).map_err(|error| error.to_string()))),
            Err(ReadError::TooLarge(len)) => Ok(Some(Err(format!("has {len} bytes: no note is so long")))),
            Err(error) => match error.stands_instead() {
                Some(what) => Ok(Some(Err(format!("in its place stands {what}")))),
                None => Err(self.error(&name, error)),
            },
        }
    }

    /// What is wrong with the change of the key behind which SEALS says this. Who trusts the old key comes to trust the
    /// new one by a note that both have signed.
    pub(crate) fn key_change_fault(&self, state: &State) -> Result<Option<Finding>, FileError> {
        let file = key_note(state.records);
        let fault = match self.note(&file)? {
            None => Some("is missing".to_owned()),
            Some(Err(fact)) => Some(fact),
            Some(Ok(note)) if note.text() != state.chain().to_string() => {
                Some("is over something else".to_owned())
            }
            Some(Ok(note)) => {
                state.signers().find_map(|key| note.verify(key).err()).map(|error| error.to_string())
            }
        };
        Ok(fault.map(|fault| {
            let says = format!("it names a new key, and {file}, by which the old one agrees: {fault}");
            let seals = self.place.shown(&self.name("SEALS"));
            Finding::new(Kind::Unsigned, seals).line(state.records).says(says)
        }))
    }

    /// The stored tile is this one.
    pub(crate) fn has_tile(&self, tile: Tile, hashes: &[Hash]) -> bool {
        matches!(TileSource::tile(self, tile), Ok(Some(bytes)) if bytes == tlog::tile::encode(hashes))
    }

    pub(crate) fn error(&self, name: &str, error: impl Into<ReadError>) -> FileError {
        FileError::new(self.place.shown(name), error)
    }
}

impl TileSource for Sidecar<'_> {
    type Error = io::Error;

    fn tile(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        // One byte more than it should have shows that it is too long.
        let file = match self.place.open(&self.name(&tile.to_string())) {
            Ok(file) => file,
            Err(ReadError::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error.to_string())),
        };
        let Some(file) = file else { return Ok(None) };
        let mut bytes = vec![0; tile.byte_len() + 1];
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        Ok(Some(bytes))
    }
}
