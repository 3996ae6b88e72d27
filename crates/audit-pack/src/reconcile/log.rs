//! A sealed log of this host beside a file of fills.

use holdfast::Exit;
use holdfast::sys::{ReadAt, Store};

use super::{Fills, FillsError, Key, Part, Reconciled, reconcile};
use crate::check::Checked;
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

/// The fills that somebody named.
pub(crate) struct Asked<'a> {
    path: String,
    file: Box<dyn ReadAt + 'a>,
    order_key: &'a Key,
    fills_key: &'a Key,
}

impl<'a> Asked<'a> {
    /// Nothing where the arguments name none. That there are such fills, and that they have the key, is seen at once.
    pub(crate) fn of(store: &'a dyn Store, args: &'a CheckArgs) -> Result<Option<Self>, ReconcileError> {
        let (Some(path), Some(order_key)) = (&args.reconcile, &args.order_key) else { return Ok(None) };
        let fills_key = args.fills_key.as_ref().unwrap_or(order_key);
        let file = store.open(path).map_err(|error| FileError::new(path.display().to_string(), error))?;
        let path = path.display().to_string();
        match Fills::new(&*file, fills_key) {
            Err(error) => Err(ReconcileError::Fills { path, error }),
            Ok(_) => Ok(Some(Self { path, file, order_key, fills_key })),
        }
    }

    /// Compares what is sealed, over all files of the log, with the fills. That something of the log is missing the
    /// check has told, over whose very lines this goes.
    pub(crate) fn of_log(
        &self,
        store: &(dyn Store + Sync),
        log: &Log,
        checked: &Checked,
    ) -> Result<Reconciled, ReconcileError> {
        let folder = Folder { store, dir: log.dir.clone() };
        let sidecar = Sidecar::new(&folder, log.name.clone());
        let mut parts = Vec::new();
        for extent in &checked.extents {
            let len = extent.end - extent.begin;
            let Some(file) = sidecar.open_log(&extent.file, len, &mut Findings::default())? else { break };
            let len = len.min(file.size().map_err(|error| sidecar.error(&extent.file, error))?);
            parts.push(Part { file, len, shown: folder.path(&extent.file).display().to_string() });
        }
        let found = reconcile(&parts, self.order_key, &*self.file, &self.path, self.fills_key)
            .map_err(|error| ReconcileError::Fills { path: self.path.clone(), error })?;
        Ok(Reconciled { unsealed_bytes: checked.unsealed, ..found })
    }
}
