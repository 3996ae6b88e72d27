//! A folder, best on another host's disk.

use std::io::ErrorKind;
use std::path::PathBuf;

use holdfast::sys::{ReadError, Store};

use super::{Put, Vault, Written};
use crate::Trouble;

/// A folder that is there already: where it is not, a disk is not mounted.
pub struct Folder<'a> {
    /// How it is reached.
    pub store: &'a dyn Store,
    /// Where.
    pub dir: PathBuf,
}

impl Vault for Folder<'_> {
    fn shown(&self) -> String {
        format!("file://{}", self.dir.display())
    }

    fn create(&self, key: &str, body: &[u8], _locked_until: Option<u64>) -> Result<Put, Trouble> {
        let path = self.dir.join(key);
        let failed = |error: std::io::Error| Trouble::later(format!("{}: {error}", path.display()));
        if let Some(above) = path.parent() {
            self.store.make_dir(above).map_err(failed)?;
        }
        let created = self.store.create(&path, body).map_err(|error| match error.kind() {
            ErrorKind::Unsupported | ErrorKind::PermissionDenied => Trouble::Refused(format!(
                "{}: {error}: we may not write there, or its file system has no hard links, without which something could \
                 be written over: use another folder",
                path.display()
            )),
            _ => failed(error),
        })?;
        Ok(if created { Put::Done(Written::default()) } else { Put::Taken })
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let path = self.dir.join(key);
        match self.store.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ReadError::Missing) => Ok(None),
            Err(error) => Err(Trouble::later(format!("{}: {error}", path.display()))),
        }
    }

    fn locked_until(&self, _key: &str) -> Result<Option<u64>, Trouble> {
        Ok(None)
    }
}
