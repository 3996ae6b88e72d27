//! A file of fills, as a broker or an exchange gives it: CSV with a header, or a JSON object in each line.

use std::io;
use std::ops::Range;

use holdfast::config::Pointer;
use holdfast::json;
use holdfast::sys::ReadAt;

use super::{Key, text_of};
use crate::lines::each_line;

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 18;
/// A row is not longer, in bytes, as no line of JSON is.
pub(super) const RECORD_MAX: usize = 1 << 20;
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
    /// A file that begins with a brace has an object in each line; any other one has columns, and the key is one of
    /// them.
    pub(super) fn new(file: &'a dyn ReadAt, key: &'a Key) -> Result<Self, FillsError> {
        // What comes meanwhile is for the next time.
        let size = file.size()?;
        let mut first = [0; 1 << 10];
        let read = file.read_at(0, &mut first)?;
        let is_json = first[..read].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        let fills = Self { file, size, is_json, key };
        if !is_json {
            fills.rows()?;
        }
        Ok(fills)
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
        let (mut rows, column) = self.rows()?;
        let mut row = csv::StringRecord::new();
        while let Some(line) = rows.next(&mut row)? {
            each(line, row.get(column).filter(|key| !key.is_empty()));
        }
        Ok(())
    }

    /// The rows behind the header, and which column has the key.
    fn rows(&self) -> Result<(Rows<'a>, usize), FillsError> {
        let mut rows = Rows::new(self.file, self.size);
        let mut header = csv::StringRecord::new();
        rows.next(&mut header)?;
        let wanted = &self.key.column;
        let column = header.iter().position(|name| name == wanted).ok_or_else(|| {
            let found: Vec<&str> = header.iter().take(COLUMNS).collect();
            FillsError::NoColumn { wanted: wanted.clone(), found: found.join(", ") }
        })?;
        Ok((rows, column))
    }
}

/// The rows of a table, the header as the first.
struct Rows<'a> {
    rows: csv::Reader<Cursor<'a>>,
    /// Some bytes of the file, and where they stand there.
    near: (u64, Vec<u8>),
}

impl<'a> Rows<'a> {
    fn new(file: &'a dyn ReadAt, size: u64) -> Self {
        let cursor = Cursor { file, at: 0, size, most: 0 };
        let mut reader = csv::ReaderBuilder::new();
        reader.buffer_capacity(PIECE).trim(csv::Trim::All).has_headers(false);
        Self { rows: reader.from_reader(cursor), near: (0, Vec::new()) }
    }

    /// The next row, and the line that it begins in; nothing behind the last one. A quote that is not closed would
    /// swallow the rows behind it, whatever is in them: then nothing is said of any.
    fn next(&mut self, row: &mut csv::StringRecord) -> Result<Option<u64>, FillsError> {
        let (begin, line) = self.begin(&self.rows.position().clone())?;
        let wrong = |fact: &str| FillsError::Line { line, fact: fact.to_owned() };
        let too_long = "longer than 1 MiB";
        // What was read ahead is no longer than a piece.
        self.rows.get_mut().most = begin + (RECORD_MAX + PIECE) as u64;
        let is_there = self.rows.read_record(row).map_err(|error| match error.kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => wrong(too_long),
            _ => of_csv(error, line),
        })?;
        if !is_there {
            return Ok(None);
        }
        let end = self.rows.position();
        if end.byte() - begin > RECORD_MAX as u64 {
            return Err(wrong(too_long));
        }
        // In one line a stray quote swallows nothing, but at the end.
        let is_last = end.byte() >= self.rows.get_ref().size;
        let is_over_lines = end.line() > line + 1 || row.as_slice().contains(['\n', '\r']);
        if (is_last || is_over_lines) && !self.is_closed(begin..end.byte())? {
            return Err(wrong(
                "a quote is opened in it and not closed, so that nobody can say where it ends",
            ));
        }
        Ok(Some(line))
    }

    /// Which byte and line a row begins at: the reader stands before the LF of the last row's CR LF, or before empty
    /// lines.
    fn begin(&mut self, at: &csv::Position) -> io::Result<(u64, u64)> {
        let (mut byte, mut line) = (at.byte(), at.line());
        loop {
            let (from, bytes) = &self.near;
            match byte.checked_sub(*from).and_then(|at| bytes.get(usize::try_from(at).ok()?)) {
                Some(b'\n') => (byte, line) = (byte + 1, line + 1),
                Some(b'\r') => byte += 1,
                Some(_) => return Ok((byte, line)),
                None => {
                    let cursor = self.rows.get_ref();
                    let mut bytes = vec![0; cursor.room(byte, PIECE)];
                    let read = cursor.file.read_at(byte, &mut bytes)?;
                    if read == 0 {
                        return Ok((byte, line));
                    }
                    bytes.truncate(read);
                    self.near = (byte, bytes);
                }
            }
        }
    }

    fn is_closed(&self, bytes: Range<u64>) -> io::Result<bool> {
        let mut text = vec![0; (bytes.end - bytes.start) as usize];
        let read = self.rows.get_ref().file.read_at(bytes.start, &mut text)?;
        Ok(memchr::memchr_iter(b'"', &text[..read]).count().is_multiple_of(2))
    }
}

fn key_of(text: &[u8], pointer: &Pointer) -> Result<Option<String>, String> {
    let object = json::object_of(text, &[pointer.first()])?;
    Ok(pointer.get(&object).and_then(text_of))
}

fn of_csv(error: csv::Error, line: u64) -> FillsError {
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
    /// Nobody wants to know what stands behind this byte.
    most: u64,
}

impl Cursor<'_> {
    /// How many of `wanted` bytes there are.
    fn room(&self, at: u64, wanted: usize) -> usize {
        wanted.min(usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX))
    }
}

impl io::Read for Cursor<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let most = self.room(self.at, buf.len());
        let read = self.file.read_at(self.at, &mut buf[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}
