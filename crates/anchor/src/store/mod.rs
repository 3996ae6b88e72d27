//! Stores that keep what they were given: a bucket, or a folder on another disk.
//!
//! A store is worth something only if it never replaces an object. So each is asked to put the same bytes at the same
//! place once more, under the condition that nothing is there: one that does not refuse ignores the condition.

mod folder;
mod s3;

use holdfast::config::Bucket;
use serde::Serialize;
use tlog::Origin;

pub use folder::Folder;
pub use s3::{Credentials, S3};

use crate::Trouble;

/// An object is not longer, in bytes.
pub const OBJECT_MAX: u64 = 64 << 10;

/// What came of a write under the condition that nothing is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there now.
    Done(Written),
    /// Something was there.
    Taken,
}

/// What a store says of an object that it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its tag of the content.
    pub etag: Option<String>,
    /// Its name of the version.
    pub version: Option<String>,
}

/// A store.
pub trait Vault {
    /// What people call it, without secrets.
    fn shown(&self) -> String;

    /// Puts an object where none is, locked until a time in Unix seconds.
    fn create(&self, key: &str, body: &[u8], locked_until: Option<u64>) -> Result<Put, Trouble>;

    /// The object, if there is one.
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Trouble>;

    /// Until when the object is locked, in Unix seconds.
    fn locked_until(&self, key: &str) -> Result<Option<u64>, Trouble>;
}

/// What is kept beside the log of an object in a store: a claim, since the store itself has to be looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The version of this form.
    pub v: u8,
    /// The store.
    pub store: String,
    /// The object.
    pub key: String,
    /// Its tag of the content.
    pub etag: Option<String>,
    /// Its name of the version.
    pub version: Option<String>,
    /// Until when it is locked.
    pub retain_until: Option<String>,
}

/// Has a store keep the text of a chain, once and for all.
pub fn keep(vault: &dyn Vault, key: &str, text: &str, locked_until: Option<u64>) -> Result<Receipt, Trouble> {
    let shown = vault.shown();
    let (written, is_ours) = match vault.create(key, text.as_bytes(), locked_until)? {
        Put::Done(written) => (written, true),
        // We were here before, and did not live to note it down.
        Put::Taken => match vault.read(key)? {
            Some(there) if there == text.as_bytes() => (Written::default(), false),
            Some(_) => {
                return Err(Trouble::Forked(format!("{shown} has another history of this log, in {key}")));
            }
            None => {
                let why = format!("{shown} says that {key} is taken, and does not have it");
                return Err(Trouble::later(why));
            }
        },
    };
    // The same bytes: where it is obeyed against the condition, nothing is lost.
    if vault.create(key, text.as_bytes(), locked_until)? != Put::Taken {
        return Err(Trouble::Refused(format!(
            "{shown} writes over what is there although it is told not to: it can hold no anchors, use another store"
        )));
    }
    let mut locked_until = locked_until;
    if let Some(wanted) = locked_until {
        let until = vault.locked_until(key)?;
        match until {
            // S3 keeps whole seconds. What was there before is locked since then.
            Some(until) if until + 1 >= wanted || !is_ours => locked_until = Some(until),
            _ => {
                return Err(Trouble::Refused(format!(
                    "{shown} does not lock {key} as it was told to: the bucket needs Object Lock, or take out retain"
                )));
            }
        }
    }
    let retain_until = locked_until.map(|until| holdfast::time::iso(until as f64));
    let Written { etag, version } = written;
    Ok(Receipt { v: 1, store: shown, key: key.to_owned(), etag, version, retain_until })
}

/// Where the text of a chain lies in a store: below a folder of the log's name, by the number of records.
pub fn key(origin: &Origin, records: u64) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = origin.as_str().chars().map(plain).collect();
    // Names that look the same after that are still two.
    let hash = tlog::Hash::of(origin.as_str().as_bytes()).to_string();
    format!("{}-{}/{records:020}.chain", name.trim_start_matches('.'), &hash[..8])
}

/// What a bucket is, by its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(std::path::PathBuf),
    /// A bucket of S3 or of what speaks like it, and what all objects' names begin with.
    S3 {
        /// The bucket.
        bucket: String,
        /// Without slashes at its ends; may be empty.
        prefix: String,
    },
}

impl Place {
    /// Reads the URL of the configuration. An error says what this version does not do.
    pub fn of(bucket: &Bucket) -> Result<Self, String> {
        if let Some(folder) = bucket.url.strip_prefix("file://") {
            if bucket.retain.is_some() {
                return Err("a folder locks nothing: take out retain".to_owned());
            }
            return Ok(Self::Folder(folder.into()));
        }
        let Some(rest) = bucket.url.strip_prefix("s3://") else {
            return Err("gs:// and az:// are not built yet: use s3:// or file:///".to_owned());
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self::S3 { bucket: name.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

#[cfg(test)]
mod tests;
