//! SEALS from its first line to its last, in constant memory: a log that is sealed each minute has half a million a year.

use std::io;

use holdfast::sys::ReadAt;
use tlog::Hash;
use tlog::seals::{Fault, Record, SEALS_LINE_MAX, Seal, State, Walk};

use crate::finding::{Finding, Kind};

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 16;

/// Reads a file line by line.
pub(crate) struct SealsReader<'a> {
    file: &'a dyn ReadAt,
    buf: Vec<u8>,
    /// What of `buf` was read but not given out.
    from: usize,
    filled: usize,
    /// Where in the file `buf` begins.
    at: u64,
}

impl<'a> SealsReader<'a> {
    pub(crate) fn new(file: &'a dyn ReadAt, at: u64) -> Self {
        Self { file, buf: vec![0; PIECE], from: 0, filled: 0, at }
    }

    /// Where the next line begins.
    pub(crate) fn offset(&self) -> u64 {
        self.at + self.from as u64
    }

    /// The next line with its LF. Of one that is too long for any record only the beginning is given out, without LF.
    /// Nothing behind the last LF.
    pub(crate) fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        loop {
            let rest = &self.buf[self.from..self.filled];
            let end = memchr::memchr(b'\n', rest);
            let part = end.map_or(rest, |lf| &rest[..=lf]);
            let room = (SEALS_LINE_MAX + 1).saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            self.from += part.len();
            if end.is_some() {
                return Ok(Some(line));
            }
            self.at += self.filled as u64;
            self.from = 0;
            self.filled = self.file.read_at(self.at, &mut self.buf)?;
            if self.filled == 0 {
                // What was not ended by LF is no line: the offset goes back before it.
                self.at -= line.len() as u64;
                return Ok(None);
            }
        }
    }
}

/// What a way through SEALS found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// What the last line says; nothing where there is no first one.
    pub(crate) state: Option<State>,
    /// The bytes of all whole lines.
    pub(crate) len: u64,
    /// SHA-256 of the last line.
    pub(crate) head: Option<Hash>,
    /// Lines that break a rule.
    pub(crate) faults: Vec<Faulty>,
    /// How many there are, whether or not they are listed.
    pub(crate) fault_count: u64,
}

/// A line that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Faulty {
    /// Which, from 1.
    pub(crate) line: u64,
    pub(crate) fault: Fault,
    /// Of a seal: its number, and the one that it should have.
    pub(crate) number: Option<(u64, u64)>,
}

impl Faulty {
    fn is_prev(&self) -> bool {
        matches!(self.fault, Fault::Prev { .. })
    }
}

/// At most so many faults are listed.
const FAULTS_MAX: usize = 1000;

/// Goes through SEALS. `each` sees every record that could be read, what SEALS says up to it, and where its line ends.
pub(crate) fn walk(file: &dyn ReadAt, mut each: impl FnMut(&Record, &State, u64)) -> io::Result<Walked> {
    let mut reader = SealsReader::new(file, 0);
    let mut walk = Walk::new();
    let mut walked = Walked::default();
    while let Some(line) = reader.line()? {
        match walk.step(&line) {
            Ok(record) => {
                if let Some(state) = walk.state() {
                    each(&record, state, reader.offset());
                }
            }
            Err(fault) => {
                walked.fault_count += 1;
                let record = Record::parse(&line).ok();
                if walked.faults.len() < FAULTS_MAX {
                    let number = match (&record, walk.state()) {
                        (Some(Record::Seal(seal)), Some(state)) => Some((seal.n, state.seals + 1)),
                        _ => None,
                    };
                    walked.faults.push(Faulty { line: fault.line, fault: fault.fault, number });
                }
                walk.pass_over(&line);
                if let (Some(record), Some(state)) = (record, walk.state()) {
                    each(&record, state, reader.offset());
                }
            }
        }
        walked.len = reader.offset();
        walked.head = Some(Hash::of(&line));
    }
    walked.state = walk.state().cloned();
    Ok(walked)
}

/// A seal that added lines, and what was sealed before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Lines and bytes of the log before it.
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) seal: Seal,
    /// It names the hash of the line before it.
    pub(crate) follows: bool,
}

/// Enough for a seal with the one before it, whatever stands between the two and wherever in a line one begins to look.
const BACK: u64 = 8 * SEALS_LINE_MAX as u64;

/// The seal whose line has byte `at` of SEALS. Of a line that sealed nothing, the last one before it that did; nothing
/// where that is too far away.
pub(crate) fn segment_at(seals: &dyn ReadAt, at: u64) -> io::Result<Option<Segment>> {
    let from = at.saturating_sub(BACK);
    let mut buf = vec![0; BACK as usize + SEALS_LINE_MAX];
    let read = seals.read_at(from, &mut buf)?;
    let within = (at - from) as usize;
    let Some(len) = buf[..read].get(within..).and_then(|rest| memchr::memchr(b'\n', rest)) else {
        return Ok(None);
    };
    let mut lines = buf[..=within + len].split_inclusive(|byte| *byte == b'\n');
    // What one began to look at in its middle is no line.
    let mut before = if from == 0 { None } else { lines.next() };
    let (mut sums, mut found) = (None, None);
    for line in lines {
        match Record::parse(line) {
            Ok(Record::Genesis(_)) => sums = Some((0, 0)),
            Ok(Record::Seal(seal)) => {
                let grown = sums.filter(|(_, bytes)| *bytes != seal.bytes);
                sums = Some((seal.lines, seal.bytes));
                let follows = before.is_none_or(|before| Hash::of(before) == seal.prev);
                found = grown.map(|(lines, bytes)| Segment { lines, bytes, seal, follows }).or(found);
            }
            _ => {}
        }
        before = Some(line);
    }
    Ok(found)
}

/// What happened to SEALS, as its lines betray it. Each names the hash of the one before, so a line with other bytes
/// shows in the next one, and a missing one in the numbers. `signed_head` is what a signature says of the last line.
pub(crate) fn damage(file: &str, walked: &Walked, signed_head: Option<Hash>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let last_line = walked.state.as_ref().map_or(0, |state| state.records);
    let head_differs = signed_head.is_some() && signed_head != walked.head;
    let mut faults = walked.faults.iter().peekable();
    while let Some(faulty) = faults.next() {
        let line = faulty.line;
        let finding = |kind| Finding::new(kind, file);
        let mut next_is_prev = || faults.next_if(|next| next.line == line + 1 && next.is_prev());
        let found = match (faulty.is_prev(), faulty.number) {
            (true, Some((found, expected))) if found > expected => {
                let swapped = next_is_prev();
                match swapped {
                    Some(next) if next.number.is_some_and(|(n, _)| n == expected) => {
                        faults.next_if(|next| next.line == line + 2 && next.is_prev());
                        finding(Kind::Swapped).lines(line, line + 1)
                    }
                    _ => finding(Kind::Deleted).lines(line, line + (found - expected) - 1),
                }
            }
            (true, Some((found, expected))) if found + 1 == expected => {
                next_is_prev();
                finding(Kind::Inserted).line(line).says(format!("a second seal {found}"))
            }
            (true, _) => {
                // Either its own hash of the line before was changed, which the next line shows, or that line was.
                let own = next_is_prev().is_some() || (line == last_line && head_differs);
                let changed = if own { line } else { line - 1 };
                finding(Kind::Edited).line(changed)
            }
            (false, _) => {
                next_is_prev();
                finding(Kind::Edited).line(line).says(faulty.fault.to_string())
            }
        };
        findings.push(found);
    }
    if head_differs && !findings.iter().any(|finding| finding.line == Some(last_line)) {
        let says = "the key has signed another line in its place";
        findings.push(Finding::new(Kind::Edited, file).line(last_line).says(says));
    }
    findings
}
