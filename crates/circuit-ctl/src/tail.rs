//! The end of a log, line by line from the last one back, in bounded memory.

use std::collections::VecDeque;
use std::path::PathBuf;

use holdfast::sys::{ReadError, Sys};

/// How much is read at once, in bytes.
const CHUNK: u64 = 256 << 10;
/// A longer line is nobody's entry; this much of its end is shown.
const LINE_MAX: usize = 64 << 10;

/// The lines of a log, last first, each with the place of its first byte that was kept.
pub(crate) struct Tail<'a> {
    sys: &'a Sys<'a>,
    path: PathBuf,
    /// Everything before this byte has not been read.
    unread: u64,
    /// Whole lines that were read, first to last.
    lines: VecDeque<(u64, Vec<u8>)>,
    /// The beginning of what was read: the end of a line whose beginning has not been.
    head: Vec<u8>,
    /// The head belongs to a line that is too long.
    cut: bool,
}

impl<'a> Tail<'a> {
    /// Of the log at `path`; a missing one has no lines.
    pub(crate) fn of(sys: &'a Sys<'a>, path: PathBuf) -> Result<Self, ReadError> {
        let len = sys.store.stat(&path)?.map_or(0, |stat| stat.len);
        Ok(Self { sys, path, unread: len, lines: VecDeque::new(), head: Vec::new(), cut: false })
    }

    /// The line before the last one that was given.
    pub(crate) fn before(&mut self) -> Result<Option<(u64, Vec<u8>)>, ReadError> {
        while self.lines.is_empty() && self.unread > 0 {
            self.read_on()?;
        }
        Ok(self.lines.pop_back())
    }

    fn read_on(&mut self) -> Result<(), ReadError> {
        let from = self.unread.saturating_sub(CHUNK);
        let mut bytes = self.sys.store.read_at(&self.path, from, (self.unread - from) as usize)?;
        if !self.cut {
            bytes.append(&mut self.head);
        } else if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
            // The line that was too long begins here; it has been given.
            bytes.truncate(end + 1);
            self.cut = false;
        } else {
            bytes.clear();
        }
        self.unread = from;
        let begin = match bytes.iter().position(|byte| *byte == b'\n') {
            _ if from == 0 => 0,
            Some(end) => end + 1,
            None => bytes.len(),
        };
        let mut at = from + begin as u64;
        for line in bytes[begin..].split_inclusive(|byte| *byte == b'\n') {
            let next = at + line.len() as u64;
            self.keep(at, line);
            at = next;
        }
        bytes.truncate(begin);
        self.head = bytes;
        if self.head.len() > LINE_MAX {
            let head = std::mem::take(&mut self.head);
            let begin = head.len() - LINE_MAX;
            self.lines.push_front((from + begin as u64, head[begin..].to_vec()));
            self.cut = true;
        }
        Ok(())
    }

    fn keep(&mut self, at: u64, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let begin = line.len().saturating_sub(LINE_MAX);
        self.lines.push_back((at + begin as u64, line[begin..].to_vec()));
    }
}
