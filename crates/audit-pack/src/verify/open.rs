//! A pack where it lies: a tar with its signature beside it, or the folder that it was unpacked to.

use std::path::{Path, PathBuf};

use bag::Bag;
use holdfast::sys::{Kind as FileKind, ReadAt, ReadError};

use super::trust::Trust;
use super::{Verdict, VerifyError, examine, not_ours};
use crate::context::Context;
use crate::place::FileError;

/// The bytes of a tar, and the signature beside it, where there is one.
pub(crate) type Outer<'a> = Option<(&'a dyn ReadAt, Option<Vec<u8>>)>;

/// A pack that was opened.
pub(crate) struct Pack<'a> {
    /// What it was called by who named it.
    pub(super) shown: &'a str,
    /// What is in it, or why it is not in the form of ours.
    pub(crate) bag: Result<Bag<'a>, String>,
    /// An unpacked pack has none.
    pub(super) outer: Outer<'a>,
}

impl<'a> Pack<'a> {
    /// Under whatever name it lies here: a tar that was renamed is the same tar.
    pub(super) fn of_tar(shown: &'a str, tar: &'a dyn ReadAt, signature: Option<Vec<u8>>) -> Self {
        let bag = Bag::open_tar(tar, None).map_err(|fault| fault.to_string());
        Self { shown, bag, outer: Some((tar, signature)) }
    }

    /// What can be said of it alone.
    pub(super) fn judge(&self, trust: &Trust<'_>, threads: usize) -> Verdict {
        match &self.bag {
            Ok(bag) => examine(trust, threads, self.shown, bag, self.outer.as_ref()),
            Err(fault) => not_ours(self.shown, fault),
        }
    }
}

/// Opens a pack for as long as something is done with it.
pub(crate) fn with<T>(
    context: &Context<'_>,
    path: &Path,
    then: impl FnOnce(&Pack<'_>) -> T,
) -> Result<T, VerifyError> {
    let store = context.sys.store;
    let shown = path.display().to_string();
    let error = |error: ReadError| VerifyError::Pack(FileError::new(shown.clone(), error));
    match store.stat(path).map_err(|failed| error(failed.into()))? {
        None => Err(error(ReadError::Missing)),
        Some(stat) if stat.kind == FileKind::Dir => {
            let bag = Bag::open_folder(store, path).map_err(|fault| fault.to_string());
            Ok(then(&Pack { shown: &shown, bag, outer: None }))
        }
        Some(_) => {
            let tar = store.open(path).map_err(error)?;
            let signature = outer_signature(context, path)?;
            Ok(then(&Pack::of_tar(&shown, &*tar, signature)))
        }
    }
}

fn outer_signature(context: &Context<'_>, pack: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let mut path = pack.as_os_str().to_owned();
    path.push(".sig");
    read_small(context, &PathBuf::from(path), sshsig::SIGNATURE_LEN_MAX as u64)
}

/// A file that is short, or nothing where there is none.
pub(super) fn read_small(
    context: &Context<'_>,
    path: &Path,
    most: u64,
) -> Result<Option<Vec<u8>>, FileError> {
    let shown = path.display().to_string();
    match context.sys.store.read(path) {
        Ok(bytes) if bytes.len() as u64 > most => {
            Err(FileError::new(shown, ReadError::TooLarge(bytes.len() as u64)))
        }
        Ok(bytes) => Ok(Some(bytes)),
        Err(ReadError::Missing) => Ok(None),
        Err(error) => Err(FileError::new(shown, error)),
    }
}
