//! What lies in the folders of `anchors/`.

use std::collections::BTreeMap;

use anchor::heads::Head;
use anchor::stamp::{STAMP_MAX, Stamp};
use holdfast::sys::ReadError;
use tlog::note::NOTE_LEN_MAX;
use tlog::seals::State;
use tlog::{Chain, Checkpoint, Hash, Note};

use super::pins::{Pin, Pinned, Pins, Seen};
use super::{ANCHORS, FILES_MAX};
use crate::place::FileError;
use crate::sidecar::Sidecar;

/// One folder.
#[derive(Debug)]
pub(super) struct Evidence {
    /// How many lines of SEALS it is about.
    pub(super) records: u64,
    pub(super) chain: Option<(Note, Chain)>,
    pub(super) checkpoint: Option<(Note, Checkpoint)>,
    /// Files with stamps, by what they are called without `.tsr`.
    pub(super) stamps: Vec<(String, Stamp)>,
    /// Receipts of stores, and texts that somebody imported: claims.
    pub(super) claims: u64,
    /// Files that are not what their names say, and why.
    pub(super) faults: Vec<(String, String)>,
}

impl Evidence {
    /// All folders, by number. What else lies there is somebody else's.
    pub(super) fn all(sidecar: &Sidecar<'_>, unchecked: &mut Vec<String>) -> Result<Vec<Self>, FileError> {
        let dir = sidecar.name(ANCHORS);
        let files = match sidecar.place.below(&dir, FILES_MAX) {
            Ok(files) => files,
            Err(ReadError::Missing) => Vec::new(),
            Err(error) => return Err(sidecar.error(&dir, error)),
        };
        if files.len() >= FILES_MAX {
            unchecked.push(format!("{ANCHORS}: more than {FILES_MAX} files"));
        }
        let mut folders: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for path in files {
            let Some((folder, file)) = path.split_once('/') else { continue };
            let records = Some(folder).filter(|name| name.len() == 20).and_then(|name| name.parse().ok());
            if let Some(records) = records.filter(|records| format!("{records:020}") == folder) {
                folders.entry(records).or_default().push(file.to_owned());
            }
        }
        folders.into_iter().map(|(records, files)| Self::read(sidecar, records, &files)).collect()
    }

    fn read(sidecar: &Sidecar<'_>, records: u64, files: &[String]) -> Result<Self, FileError> {
        let mut evidence = Self {
            records,
            chain: None,
            checkpoint: None,
            stamps: Vec::new(),
            claims: 0,
            faults: Vec::new(),
        };
        for file in files {
            let end = file.rsplit_once('.').map(|(_, end)| end);
            let most = match (file.as_str(), end) {
                ("chain" | "checkpoint", _) => NOTE_LEN_MAX as u64,
                (_, Some("tsr")) => STAMP_MAX,
                (_, Some("object" | "text")) => {
                    evidence.claims += 1;
                    continue;
                }
                _ => continue,
            };
            let name = sidecar.name(&format!("{ANCHORS}/{}/{file}", evidence.folder()));
            let bytes = match sidecar.place.read(&name, most) {
                Ok(bytes) => bytes.unwrap_or_default(),
                Err(ReadError::TooLarge(len)) => {
                    evidence.faults.push((file.clone(), format!("has {len} bytes: that is too long")));
                    continue;
                }
                Err(error) => return Err(sidecar.error(&name, error)),
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

    pub(super) fn folder(&self) -> String {
        format!("{:020}", self.records)
    }

    pub(super) fn notes(&self) -> impl Iterator<Item = (&'static str, &Note)> {
        let chain = self.chain.as_ref().map(|(note, _)| ("chain", note));
        chain.into_iter().chain(self.checkpoint.as_ref().map(|(note, _)| ("checkpoint", note)))
    }

    /// The text that is stamped.
    pub(super) fn text(&self) -> Option<Hash> {
        self.chain.as_ref().map(|(note, _)| Hash::of(note.text().as_bytes()))
    }

    /// Whether it is about a log that was restarted under another name.
    pub(super) fn is_of_before(&self, state: &State) -> bool {
        let origin = self.chain.as_ref().map(|(_, chain)| chain.origin());
        state.restart.as_ref().is_some_and(|old| origin == Some(&old.origin))
    }

    pub(super) fn want(&self, wanted: &mut Pins) {
        wanted.records(self.records);
        if let Some((_, checkpoint)) = &self.checkpoint {
            wanted.size(checkpoint.size());
        }
    }

    /// What it pins, and whether the log fits that. Nothing where neither note can be read.
    pub(super) fn pin(&self, seen: &Seen, state: &State) -> Option<Pin> {
        let label = format!("{ANCHORS}/{}", self.folder());
        let of_chain = self.chain.as_ref().map(|(_, chain)| {
            if chain.origin() != &state.origin {
                return Pin::another(&label, chain.origin().as_str());
            }
            seen.judge(Head::Chain { records: chain.records(), head: chain.head() }, &label, state)
        });
        let of_tree = self.checkpoint.as_ref().map(|(_, checkpoint)| {
            if checkpoint.origin() != state.origin.as_str() {
                return Pin::another(&label, checkpoint.origin());
            }
            let head = Head::Tree { size: checkpoint.size(), root: checkpoint.root() };
            seen.judge(head, &label, state)
        });
        let mut pin = match (of_chain, of_tree) {
            (Some(chain), Some(tree)) if chain.pinned == Pinned::Fits => tree,
            (Some(chain), Some(tree)) => Pin { lines: tree.lines, ..chain },
            (chain, tree) => chain.or(tree)?,
        };
        pin.folder = Some(self.records);
        Some(pin)
    }
}
