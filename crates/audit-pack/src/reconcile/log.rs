//! A sealed log of this host beside a file of fills.

use std::path::Path;

use holdfast::Exit;
use holdfast::sys::Store;

use super::{FillsError, Key, Part, Reconciled, reconcile};
use crate::check::extents;
use crate::cli::CheckArgs;
use crate::finding::Findings;
use crate::log::Log;
use crate::place::{FileError, Folder};
use crate::sidecar::Sidecar;
use crate::verify::exit_of;

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReconcileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: {error}")]
    Fills { path: String, error: FillsError },
}

impl ReconcileError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(error) => exit_of(error),
            Self::Fills { error: FillsError::Io(_), .. } => Exit::Io,
            Self::Fills { error: FillsError::NoColumn { .. }, .. } => Exit::Usage,
            Self::Fills { error: FillsError::Line { .. }, .. } => Exit::Data,
        }
    }
}

/// Compares what is sealed, over all files of the log, with the fills that the arguments name; nothing where they name
/// none. That something of the log is missing the check has told.
pub(crate) fn of_log(
    store: &(dyn Store + Sync),
    args: &CheckArgs,
    log: &Log,
    unsealed_bytes: u64,
) -> Result<Option<Reconciled>, ReconcileError> {
    let (Some(path), Some(order_key)) = (&args.reconcile, &args.order_key) else { return Ok(None) };
    let folder = Folder { store, dir: log.dir.clone() };
    let sidecar = Sidecar::new(&folder, log.name.clone());
    let mut parts = Vec::new();
    for extent in extents(&sidecar)? {
        let len = extent.end - extent.begin;
        let Some(file) = sidecar.open_log(&extent.file, len, &mut Findings::default())? else { break };
        let len = len.min(file.size().map_err(|error| sidecar.error(&extent.file, error))?);
        parts.push(Part { file, len, shown: folder.path(&extent.file).display().to_string() });
    }
    let fills_key = args.fills_key.as_ref().unwrap_or(order_key);
    let found = beside(store, &parts, order_key, path, fills_key)?;
    Ok(Some(Reconciled { unsealed_bytes, ..found }))
}

fn beside(
    store: &dyn Store,
    parts: &[Part<'_>],
    order_key: &Key,
    path: &Path,
    fills_key: &Key,
) -> Result<Reconciled, ReconcileError> {
    let shown = path.display().to_string();
    let fills = store.open(path).map_err(|error| FileError::new(&shown, error))?;
    reconcile(parts, order_key, &*fills, &shown, fills_key)
        .map_err(|error| ReconcileError::Fills { path: shown, error })
}
