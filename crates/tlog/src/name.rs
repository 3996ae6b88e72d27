//! Names that stand in files of the format.

use std::fmt;

/// The longest origin, in bytes.
const ORIGIN_MAX: usize = 200;
/// The longest file name, in bytes.
const FILE_NAME_MAX: usize = 100;
/// What stands behind the origin in the body of a `chain` note.
pub(crate) const CHAIN_SUFFIX: &str = "/seals";

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not an [`Origin`].
    #[error(
        "an origin has 1 to {ORIGIN_MAX} printable ASCII characters, no space, no +, and does not end in {CHAIN_SUFFIX}"
    )]
    Origin,
    /// Not a [`FileName`].
    #[error(
        "a file name has 1 to {FILE_NAME_MAX} of A-Z a-z 0-9 . _ - and begins with a letter, a digit or _"
    )]
    FileName,
}

/// Which log this is: a name that nobody else's log has, best a URL without scheme such as `example.com/bot1/decisions`.
/// It is also the name of the log's keys.
///
/// It does not end in `/seals`, or else a log's `chain` note could be shown as another log's checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Checks the rules of an origin.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let allowed = name.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
        if allowed && (1..=ORIGIN_MAX).contains(&name.len()) && !name.ends_with(CHAIN_SUFFIX) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NameError::Origin)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The plain name of a log file, in the directory of the sidecar. No shell, archive or file system reads anything else
/// into it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

impl FileName {
    /// Checks the rules of a file name.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let allowed = name.bytes().all(|b| word(b) || b == b'.' || b == b'-');
        if allowed && name.len() <= FILE_NAME_MAX && name.bytes().next().is_some_and(word) {
            Ok(Self(name.to_owned()))
        } else {
            Err(NameError::FileName)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for good in ["a", "example.com/bot1/decisions", "seals", "x/seals/y", &"o".repeat(200)] {
            assert_eq!(Origin::new(good).unwrap().as_str(), good);
        }
        for wrong in ["", "a b", "a+b", "a\n", "a\t", "é", "a\u{7f}", "/seals", "a/seals", &"o".repeat(201)]
        {
            assert_eq!(Origin::new(wrong), Err(NameError::Origin), "{wrong:?}");
        }
    }

    #[test]
    fn file_names() {
        for good in ["decisions.jsonl", "_", "2026-11.jsonl", "a..b", &"f".repeat(100)] {
            assert_eq!(FileName::new(good).unwrap().as_str(), good);
        }
        for wrong in
            ["", ".", "..", ".hidden", "-rf", "a/b", "a b", "a\\b", "a\0", "é", "C:x", &"f".repeat(101)]
        {
            assert_eq!(FileName::new(wrong), Err(NameError::FileName), "{wrong:?}");
        }
    }
}
