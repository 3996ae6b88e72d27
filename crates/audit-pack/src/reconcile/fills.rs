//! A file of fills, as a broker or an exchange gives it: CSV with a header, or a JSON object in each line.

use std::io;

use holdfast::config::Pointer;
use holdfast::json;
use holdfast::sys::ReadAt;

use super::{Key, text_of};
use crate::unique::each_line;

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 18;
/// So many columns are named where the one that is wanted is missing.
const COLUMNS: usize = 20;

/// Why a file of fills could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FillsError {
    /// The system did not give it.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is in no form that is known.
    #[error("line {line}: {fact}")]
    Line { line: u64, fact: String },
    /// No column has the name.
    #[error("no column is named {wanted}: there are {found}\n  name one with --fills-key")]
    NoColumn { wanted: String, found: String },
}

/// Fills that may be gone through several times.
pub(super) struct Fills<'a> {
    file: &'a dyn ReadAt,
    size: u64,
    is_json: bool,
    key: &'a Key,
}

impl<'a> Fills<'a> {
    /// A file that begins with a brace has an object in each line; any other one has columns.
    pub(super) fn new(file: &'a dyn ReadAt, key: &'a Key) -> io::Result<Self> {
        // What comes meanwhile is for the next time.
        let size = file.size()?;
        let mut first = [0; 1 << 10];
        let read = file.read_at(0, &mut first)?;
        let is_json = first[..read].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        Ok(Self { file, size, is_json, key })
    }

    /// Every fill: the line that it begins in, from 1, and its key, if it has one.
    pub(super) fn each(&self, each: impl FnMut(u64, Option<&str>)) -> Result<(), FillsError> {
        if self.is_json { self.each_object(each) } else { self.each_row(each) }
    }

    fn each_object(&self, mut each: impl FnMut(u64, Option<&str>)) -> Result<(), FillsError> {
        let pointer = &self.key.pointer;
        let mut wrong = None;
        let mut last = 0;
        let mut take = |line: u64, text: Option<&[u8]>| {
            let parsed = text.ok_or_else(|| "longer than 1 MiB".to_owned());
            match parsed.and_then(|text| key_of(text, pointer)) {
                Ok(key) => each(line, key.as_deref()),
                Err(fact) => _ = wrong.get_or_insert(FillsError::Line { line, fact }),
            }
        };
        let tail = each_line(self.file, self.size, |line, _, text| {
            last = line;
            if text.is_none_or(|text| !text.trim_ascii().is_empty()) {
                take(line, text);
            }
        })?;
        // The last line of a file that somebody exported may lack its LF.
        if !tail.trim_ascii().is_empty() {
            take(last + 1, Some(&tail));
        }
        wrong.map_or(Ok(()), Err)
    }

    fn each_row(&self, mut each: impl FnMut(u64, Option<&str>)) -> Result<(), FillsError> {
        let cursor = Cursor { file: self.file, at: 0, size: self.size };
        let mut rows =
            csv::ReaderBuilder::new().buffer_capacity(PIECE).trim(csv::Trim::All).from_reader(cursor);
        let headers = rows.headers().map_err(of_csv)?.clone();
        let wanted = &self.key.column;
        let column = headers.iter().position(|name| name == wanted).ok_or_else(|| {
            let found: Vec<&str> = headers.iter().take(COLUMNS).collect();
            FillsError::NoColumn { wanted: wanted.clone(), found: found.join(", ") }
        })?;
        let mut row = csv::StringRecord::new();
        while rows.read_record(&mut row).map_err(of_csv)? {
            let line = row.position().map_or(0, csv::Position::line);
            each(line, row.get(column).filter(|key| !key.is_empty()));
        }
        Ok(())
    }
}

fn key_of(text: &[u8], pointer: &Pointer) -> Result<Option<String>, String> {
    let object = json::object_of(text, &[pointer.first()])?;
    Ok(pointer.get(&object).and_then(text_of))
}

fn of_csv(error: csv::Error) -> FillsError {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            FillsError::Line { line, fact: format!("{len} fields, and the header has {expected_len}") }
        }
        csv::ErrorKind::Utf8 { .. } => FillsError::Line { line, fact: "not UTF-8".to_owned() },
        other => FillsError::Line { line, fact: format!("{other:?}") },
    }
}

/// A file from its beginning.
struct Cursor<'a> {
    file: &'a dyn ReadAt,
    at: u64,
    size: u64,
}

impl io::Read for Cursor<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(usize::try_from(self.size - self.at).unwrap_or(usize::MAX));
        let read = self.file.read_at(self.at, &mut buf[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}
