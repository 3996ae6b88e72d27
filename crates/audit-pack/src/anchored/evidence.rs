//! What lies in the folders of `anchors/`, one folder at a time: there may be tens of thousands.

use std::collections::BTreeMap;

use anchor::stamp::{STAMP_MAX, Stamp};
use holdfast::sys::ReadError;
use tlog::note::NOTE_LEN_MAX;
use tlog::seals::State;
use tlog::{Chain, Checkpoint, Hash, Note};

use super::pins::{At, Pin, Pinned};
use super::{ANCHORS, FILES_MAX};
use crate::place::FileError;
use crate::sidecar::Sidecar;

/// The files in each folder that is about a number of lines of SEALS.
pub(super) type Folders = BTreeMap<u64, Vec<String>>;

/// What a folder is called.
pub(super) fn folder(records: u64) -> String {
    format!("{records:020}")
}

/// What somebody may be called in a folder. Other files mean nothing.
fn is_name(name: &str) -> bool {
    let known = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=40).contains(&name.len()) && name.bytes().all(known)
}

/// All folders, by number. What else lies there is somebody else's.
pub(super) fn folders(sidecar: &Sidecar<'_>, unchecked: &mut Vec<String>) -> Result<Folders, FileError> {
    let dir = sidecar.name(ANCHORS);
    let files = match sidecar.place.below(&dir, FILES_MAX) {
        Ok(files) => files,
        Err(ReadError::Missing) => Vec::new(),
        Err(error) => return Err(sidecar.error(&dir, error)),
    };
    if files.len() >= FILES_MAX {
        unchecked.push(format!("{ANCHORS}: more than {FILES_MAX} files"));
    }
    let mut folders = Folders::new();
    for path in files {
        let Some((name, file)) = path.split_once('/') else { continue };
        let records = name.parse().ok().filter(|records| folder(*records) == name);
        if let Some(records) = records {
            folders.entry(records).or_default().push(file.to_owned());
        }
    }
    Ok(folders)
}

/// One folder.
#[derive(Debug)]
pub(super) struct Evidence {
    /// How many lines of SEALS it is about.
    pub(super) records: u64,
    chain: Option<(Note, Chain)>,
    pub(super) checkpoint: Option<(Note, Checkpoint)>,
    /// Stamps, by what their files are called without `.tsr`.
    pub(super) stamps: Vec<(String, Stamp)>,
    /// Receipts of stores, and texts that somebody imported: claims.
    pub(super) claims: u64,
    /// Files that are not what their names say, and why.
    pub(super) faults: Vec<(String, String)>,
}

impl Evidence {
    pub(super) fn read(sidecar: &Sidecar<'_>, records: u64, files: &[String]) -> Result<Self, FileError> {
        let mut evidence = Self {
            records,
            chain: None,
            checkpoint: None,
            stamps: Vec::new(),
            claims: 0,
            faults: Vec::new(),
        };
        for file in files {
            let end = file.rsplit_once('.').filter(|(name, _)| is_name(name)).map(|(_, end)| end);
            let most = match (file.as_str(), end) {
                ("chain" | "checkpoint", _) => NOTE_LEN_MAX as u64,
                (_, Some("tsr")) => STAMP_MAX,
                (_, Some("object" | "text")) => {
                    evidence.claims += 1;
                    continue;
                }
                _ => continue,
            };
            let name = sidecar.name(&format!("{ANCHORS}/{}/{file}", folder(records)));
            let bytes = match sidecar.place.read(&name, most) {
                Ok(bytes) => bytes.unwrap_or_default(),
                Err(ReadError::TooLarge(len)) => {
                    evidence.faults.push((file.clone(), format!("has {len} bytes: that is too long")));
                    continue;
                }
                Err(error) => match error.stands_instead() {
                    Some(what) => {
                        evidence.faults.push((file.clone(), format!("in its place stands {what}")));
                        continue;
                    }
                    None => return Err(sidecar.error(&name, error)),
                },
            };
            if let Err(fault) = evidence.take(file, &bytes) {
                evidence.faults.push((file.clone(), fault));
            }
        }
        Ok(evidence)
    }

    fn take(&mut self, file: &str, bytes: &[u8]) -> Result<(), String> {
        fn said<E: std::fmt::Display>(error: E) -> String {
            error.to_string()
        }
        if let Some(name) = file.strip_suffix(".tsr") {
            self.stamps.push((name.to_owned(), Stamp::parse(bytes).map_err(said)?));
            return Ok(());
        }
        let note = Note::parse(bytes).map_err(said)?;
        if file == "chain" {
            let chain = Chain::parse(note.text()).map_err(said)?;
            if chain.records() != self.records {
                return Err(format!(
                    "it is over {} lines of SEALS, and lies in another folder",
                    chain.records()
                ));
            }
            self.chain = Some((note, chain));
        } else {
            let checkpoint = Checkpoint::parse(note.text()).map_err(said)?;
            self.checkpoint = Some((note, checkpoint));
        }
        Ok(())
    }

    pub(super) fn notes(&self) -> impl Iterator<Item = (&'static str, &Note)> {
        let chain = self.chain.as_ref().map(|(note, _)| ("chain", note));
        chain.into_iter().chain(self.checkpoint.as_ref().map(|(note, _)| ("checkpoint", note)))
    }

    /// The digest of the text that is stamped.
    pub(super) fn stamped(&self) -> Option<Hash> {
        self.chain.as_ref().map(|(note, _)| Hash::of(note.text().as_bytes()))
    }

    /// Whether it is about a log that was restarted under another name.
    pub(super) fn is_of_before(&self, state: &State) -> bool {
        let origin = self.chain.as_ref().map(|(_, chain)| chain.origin());
        state.restart.as_ref().is_some_and(|old| origin == Some(&old.origin))
    }

    /// How the log stands to both notes; `at` is what SEALS says there. Nothing where neither can be read.
    pub(super) fn pin(&self, at: Option<&At>, state: &State) -> Option<Pin> {
        let origins = self.chain.iter().map(|(_, chain)| chain.origin().as_str());
        let origins = origins.chain(self.checkpoint.iter().map(|(_, checkpoint)| checkpoint.origin()));
        let another = origins.clone().find(|origin| *origin != state.origin.as_str()).map(str::to_owned);
        origins.count().checked_sub(1)?;
        let claimed = self.checkpoint.as_ref().map(|(_, checkpoint)| (checkpoint.size(), checkpoint.root()));
        let pinned = match (another, at) {
            (Some(origin), _) => Pinned::Another(origin),
            (None, None) => Pinned::Beyond,
            (None, Some(at)) => {
                let chain = self.chain.as_ref().is_none_or(|(_, chain)| chain.head() == at.head);
                let tree = claimed.is_none_or(|claimed| claimed == (at.lines, at.root));
                if chain && tree { Pinned::Fits } else { Pinned::Differs }
            }
        };
        let lines = claimed.map(|(size, _)| size).or(at.map(|at| at.lines)).unwrap_or(state.lines);
        let label = format!("{ANCHORS}/{}", folder(self.records));
        Some(Pin { label, folder: Some(self.records), lines, pinned })
    }
}
