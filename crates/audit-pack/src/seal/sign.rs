//! The two notes over what SEALS says.

use holdfast::sys::Secrecy;
use tlog::proof;
use tlog::seals::State;
use tlog::tile::{ReadError, TileReader};
use tlog::{Note, Signer, Vkey};

use super::{Growth, SealError, Sealer, sidecar};
use crate::finding::{Finding, Kind};
use crate::guard::{self, Guard};
use crate::keys::KeyError;
use crate::place::FileError;

/// Who signs the notes of one log.
pub(crate) struct NoteSigner<'k>(pub(crate) &'k mut dyn Signer<Error = KeyError>);

impl NoteSigner<'_> {
    pub(crate) fn vkey(&self) -> &Vkey {
        self.0.vkey()
    }

    fn note(&mut self, text: &str) -> Result<String, SealError> {
        let note = Note::sign(text, &mut [&mut *self.0]);
        note.map(|note| note.to_string()).map_err(|error| SealError::Signer(with_causes(&error)))
    }
}

/// An error with what caused it, in one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Sealer<'_> {
    /// Signs what SEALS says now, after a proof that it extends what was signed last (**never-rewritten**).
    pub(super) fn sign(&self, key: &mut NoteSigner, growth: &mut Growth) -> Result<(), SealError> {
        let (old, new) = (&growth.signed.state, &growth.state);
        let guard_lags = old.records != new.records || !self.guard_is_there();
        if !guard_lags && self.notes_are_whole(new, key.vkey())? {
            // By the number one knows the file again after it was renamed, though nothing of it is sealed.
            let guard = self.guard_of(growth)?;
            let is_other = guard.file_id.is_some() && guard.file_id != growth.signed.file_id;
            if is_other {
                guard.write(self.sys.store, &self.guard, self.log)?;
            }
            return Ok(());
        }
        let mended = self.prove_extension(old, new, &self.file(growth))?;
        let texts = [("checkpoint", new.checkpoint().to_string()), ("chain", new.chain().to_string())];
        let mut notes = Vec::new();
        for (file, text) in texts {
            notes.push((file, key.note(&text)?));
        }
        // Before anybody can see the signatures: a rollback to before them must never be signed.
        self.guard_of(growth)?.write(self.sys.store, &self.guard, self.log)?;
        for (file, note) in notes {
            let path = self.log.in_sidecar(file);
            let written = self.sys.store.replace(&path, note.as_bytes(), Secrecy::Shared);
            written.map_err(FileError::at(&path))?;
        }
        growth.mended += mended;
        Ok(())
    }

    /// What is to be remembered of it.
    pub(super) fn guard_of(&self, growth: &Growth) -> Result<Guard, SealError> {
        let file_id = match growth.closed.front() {
            Some(file) => guard::id_of(self.sys.store, &self.log.dir.join(file.as_str()))?,
            // Not what stands there by now: it may have been renamed.
            None => growth.id,
        };
        let file_id = file_id.filter(|id| *id != 0);
        Ok(Guard { state: growth.state.clone(), seals_len: growth.seals_len, file_id })
    }

    fn guard_is_there(&self) -> bool {
        matches!(self.sys.store.stat(&self.guard), Ok(Some(_)))
    }

    /// Both notes are there and are those of this state.
    pub(super) fn notes_are_whole(&self, state: &State, vkey: &Vkey) -> Result<bool, SealError> {
        let folder = self.folder();
        let sidecar = sidecar(&folder, self.log);
        let texts = [("checkpoint", state.checkpoint().to_string()), ("chain", state.chain().to_string())];
        for (file, text) in texts {
            let whole = match sidecar.note(file)? {
                Some(Ok(note)) => note.verify(vkey).is_ok_and(|signed| signed == text),
                _ => false,
            };
            if !whole {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The new log begins with the old one. Tiles that are too damaged for a proof are made anew; how many.
    fn prove_extension(&self, old: &State, new: &State, file: &str) -> Result<u64, SealError> {
        let folder = self.folder();
        let prove = || {
            let reader = TileReader::verified(sidecar(&folder, self.log), new.lines, new.root)?;
            proof::consistency(&reader, old.lines, new.lines)
        };
        let (mut proof, mut mended) = (prove(), 0);
        if proof.as_ref().is_err_and(|error| !matches!(error, ReadError::Source { .. })) {
            (_, mended) = self.rebuild(new, file)?;
            proof = prove();
        }
        let proof = proof.map_err(|error| match error {
            ReadError::Source { tile, source } => {
                let path = self.log.in_sidecar(&tile.to_string());
                SealError::from(FileError::new(path.display().to_string(), source))
            }
            error => SealError::changed(Finding::new(Kind::Malformed, "tile").says(error.to_string())),
        })?;
        proof::verify_consistency(&proof, old.lines, old.root, new.lines, new.root).map_err(|error| {
            let says = format!("the log does not extend the {} lines signed last: {error}", old.lines);
            SealError::changed(Finding::new(Kind::Forked, self.log.name.clone()).says(says))
        })?;
        Ok(mended)
    }
}
