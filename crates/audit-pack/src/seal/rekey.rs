//! Another key signs from now on, and the old one agrees to it.

use std::path::PathBuf;

use holdfast::sys::Secrecy;
use tlog::seals::Record;
use tlog::{Hash, Note, Signer};

use super::sign::with_causes;
use super::{Growth, NoteSigner, PATIENCE, SealError, Sealed, Sealer, after};
use crate::guard::Guard;
use crate::place::FileError;
use crate::sidecar::key_note;

impl Sealer<'_> {
    /// Seals what is there with the old key, then lets the new one sign. It may be run again where it was interrupted.
    ///
    /// The note that both keys sign is there before the record is: so a record without it is nobody's who has the keys.
    pub(crate) fn change_key(
        &self,
        old: &mut NoteSigner<'_>,
        new: &mut NoteSigner<'_>,
        new_guard: PathBuf,
    ) -> Result<Sealed, SealError> {
        let lock = self.log.in_sidecar("lock");
        let held = self.sys.lock_within(&lock, PATIENCE).map_err(FileError::at(&lock))?;
        let Some(_held) = held else { return Err(SealError::Busy(lock.display().to_string())) };
        let with_new = Sealer { guard: new_guard, ..*self };
        let first = match self.seal_locked(old) {
            // It was interrupted behind the record.
            Err(SealError::OtherKey { log, .. }) if log == new.vkey().to_string() => None,
            first => Some(first?),
        };
        if first.is_some() {
            let mut growth = self.again_if_renamed(|| self.resume(self.last_signed(old.vkey())?))?;
            self.hand_over(&mut growth, old, new)?;
            let guard = self.guard_of(&growth)?;
            // The old key first: else it would sign another history from where it was.
            for path in [&self.guard, &with_new.guard] {
                guard.write(self.sys.store, path, self.log)?;
            }
        }
        let mut sealed = with_new.seal_locked(new)?;
        if let Some(first) = first {
            sealed.new_lines += first.new_lines;
            sealed.closed.splice(0..0, first.closed);
            sealed.findings.extend(first.findings);
        }
        // Where it was interrupted, the old key does not know it yet.
        if let Some(guard) = Guard::read(self.sys.store, &with_new.guard)? {
            guard.write(self.sys.store, &self.guard, self.log)?;
        }
        Ok(sealed)
    }

    fn hand_over(
        &self,
        growth: &mut Growth,
        old: &mut NoteSigner<'_>,
        new: &mut NoteSigner<'_>,
    ) -> Result<(), SealError> {
        let change = growth.state.key_change(self.now_ms(), new.vkey().clone());
        let changed = after(&growth.state, &change)?;
        let text = changed.chain().to_string();
        let mut signers: [&mut dyn Signer<Error = _>; 2] = [&mut *new.0, &mut *old.0];
        let note = Note::sign(&text, &mut signers);
        let note = note.map_err(|error| SealError::Signer(with_causes(&error)))?.to_string();
        let keys = self.log.in_sidecar("keys");
        self.sys.store.make_dir(&keys).map_err(FileError::at(&keys))?;
        let path = self.log.in_sidecar(&key_note(changed.records));
        self.sys.store.replace(&path, note.as_bytes(), Secrecy::Shared).map_err(FileError::at(&path))?;
        let seal = self.nothing_new(&changed);
        self.append(growth, &[change, seal])
    }

    /// A seal that adds nothing. Behind it the new key signs alone.
    fn nothing_new(&self, state: &tlog::seals::State) -> Record {
        state.seal(self.now_ms(), state.lines, state.bytes, Hash::EMPTY, state.root)
    }

    /// Makes the seal that a crash has kept a change of the key from.
    pub(super) fn affirm(&self, growth: &mut Growth) -> Result<(), SealError> {
        if growth.state.outgoing.is_none() {
            return Ok(());
        }
        let seal = self.nothing_new(&growth.state);
        self.append(growth, &[seal])
    }
}
