//! `bag-info.txt`: `Label: value` lines.

use crate::OXUM;
use crate::index::{Bag, ReadError};

/// Nobody needs more.
const BYTES_MAX: u64 = 64 << 10;

/// What is wrong with a field, in words.
pub(crate) fn odd(label: &str, value: &str) -> Option<&'static str> {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if label.is_empty() || !label.bytes().all(in_label) {
        Some("a label has letters, digits and `-` only")
    } else if label.eq_ignore_ascii_case(OXUM) {
        Some("it is counted here")
    } else if value.is_empty() || value != value.trim() || value.chars().any(char::is_control) {
        Some("a value is one line of text, with no space around it")
    } else {
        None
    }
}

/// Bytes and files of the payload.
pub(crate) fn oxum(lens: impl Iterator<Item = u64>) -> String {
    let (bytes, files) =
        lens.fold((0, 0), |(bytes, files): (u64, u64), len| (bytes.saturating_add(len), files + 1));
    format!("{bytes}.{files}")
}

pub(crate) fn format(fields: &[(String, String)], oxum: &str) -> String {
    let ours = [(OXUM.to_owned(), oxum.to_owned())];
    let lines = fields.iter().chain(&ours);
    lines.flat_map(|(label, value)| [label.as_str(), ": ", value.as_str(), "\n"]).collect()
}

/// The fields, the count of the payload at the end; `None` if it is not as [`format`] writes it.
pub(crate) fn parse(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut fields = Vec::new();
    for line in text.split_inclusive('\n') {
        let (label, value) = line.strip_suffix('\n')?.split_once(": ")?;
        fields.push((label.to_owned(), value.to_owned()));
    }
    let (ours, theirs) = fields.split_last()?;
    let sound = ours.0 == OXUM && theirs.iter().all(|(label, value)| odd(label, value).is_none());
    sound.then_some(fields)
}

impl Bag<'_> {
    /// The fields of `bag-info.txt`; `None` if it is missing or not as we write it.
    pub fn info(&self) -> Result<Option<Vec<(String, String)>>, ReadError> {
        match self.find(crate::INFO) {
            Some(entry) => Ok(parse(&self.read(entry, BYTES_MAX)?)),
            None => Ok(None),
        }
    }
}
