//! The walk over an unpacked bag. The folder may be somebody else's: no link is followed, nothing but plain files is
//! opened, and there is an end to depth and number.

use std::io;
use std::path::Path;

use holdfast::sys::{Itself, Store};

use crate::index::Entry;
use crate::name::{self, DEPTH_MAX, ENTRIES_MAX, NameFault};

/// Why a folder is refused.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The operating system refused, or there are more than [`ENTRIES_MAX`] files.
    #[error("{path}: {error}")]
    Io {
        /// Below the folder.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// Something that is neither file nor folder.
    #[error(
        "{path} is {what}; a pack has plain files only. It was put there after unpacking: unpack it anew"
    )]
    Kind {
        /// Below the folder.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// A name that no pack of ours has.
    #[error("{path}: {fault}. It was put there after unpacking: unpack it anew")]
    Name {
        /// Below the folder.
        path: String,
        /// What is odd.
        fault: NameFault,
    },
    /// A pack has no folders without files.
    #[error("{path} is an empty folder, which no pack has: something was removed. Unpack it anew")]
    EmptyFolder {
        /// Below the folder.
        path: String,
    },
}

/// Every file below `folder`, in byte order of the paths.
pub(crate) fn walk(store: &dyn Store, folder: &Path) -> Result<Vec<Entry>, FolderError> {
    let (mut entries, mut waiting) = (Vec::new(), vec![String::new()]);
    let mut seen = 0;
    while let Some(inside) = waiting.pop() {
        let failed = |path: &str, error| FolderError::Io { path: path.escape_debug().to_string(), error };
        let here = if inside.is_empty() { folder.to_owned() } else { folder.join(&inside) };
        let names = store.scan(&here, ENTRIES_MAX - seen).map_err(|error| failed(&inside, error))?;
        seen += names.len();
        if names.is_empty() && !inside.is_empty() {
            return Err(FolderError::EmptyFolder { path: inside });
        }
        for (name, itself) in names {
            let path = if inside.is_empty() { name } else { format!("{inside}/{name}") };
            // Its name goes to people and into errors: odd ones are escaped.
            let told = || path.escape_debug().to_string();
            name::check(path.as_bytes()).map_err(|fault| FolderError::Name { path: told(), fault })?;
            let what = match itself {
                Itself::File => {
                    let stat = store.stat(&folder.join(&path)).map_err(|error| failed(&path, error))?;
                    let stat = stat.ok_or_else(|| failed(&path, io::ErrorKind::NotFound.into()))?;
                    let path = path.into_boxed_str();
                    entries.push(Entry { path, len: stat.len, mode: None, offset: None });
                    continue;
                }
                Itself::Dir if path.matches('/').count() + 2 > DEPTH_MAX => {
                    return Err(FolderError::Name { path: told(), fault: NameFault::Deep(DEPTH_MAX + 1) });
                }
                Itself::Dir => {
                    waiting.push(path);
                    continue;
                }
                Itself::Link => "a link",
                Itself::Other => "a FIFO, socket or device",
            };
            return Err(FolderError::Kind { path: told(), what });
        }
    }
    entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}
