//! What is done with the bytes of a blob as they come, in constant memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Write};
use std::sync::mpsc::SyncSender;

use holdfast::sys::ReadAt;
use tlog::{Hash, Hasher};

/// What is shown of a line, in bytes.
pub(super) const SHOWN: usize = 200;

/// Compares them with those of a file.
pub(super) struct Compare<'f> {
    file: &'f dyn ReadAt,
    buf: Vec<u8>,
    /// How many bytes there were, how many of their lines are whole, and where the last of these ends.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    pub(super) whole: u64,
    /// The first line that is not alike, from 0, and where it begins.
    pub(super) differs: Option<(u64, u64)>,
}

impl<'f> Compare<'f> {
    pub(super) fn new(file: &'f dyn ReadAt) -> Self {
        Self { file, buf: Vec::new(), bytes: 0, lines: 0, whole: 0, differs: None }
    }

    /// How many of these bytes, which come now, the file has, too.
    fn alike(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buf.resize(bytes.len(), 0);
        let read = self.file.read_at(self.bytes, &mut self.buf)?;
        let there = &self.buf[..read];
        if there == bytes {
            return Ok(read);
        }
        Ok(there.iter().zip(bytes).take_while(|(a, b)| a == b).count())
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        if let Some(lf) = memchr::memrchr(b'\n', bytes) {
            self.whole = self.bytes + lf as u64 + 1;
        }
        self.bytes += bytes.len() as u64;
    }
}

impl Write for Compare<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        if self.differs.is_none() {
            let alike = self.alike(bytes)?;
            let (same, other) = bytes.split_at(alike);
            self.pass(same);
            if !other.is_empty() {
                self.differs = Some((self.lines, self.whole));
            }
            rest = other;
        }
        self.pass(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Cuts what comes into lines, each hashed as a leaf. What stands behind the last LF is no line.
#[derive(Default)]
struct Cut {
    begun: Option<Hasher>,
}

impl Cut {
    /// `each` gets the bytes of a line, as far as they are in this piece, and at its end the leaf.
    fn lines(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8], Option<Hash>)) {
        while !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |lf| lf + 1));
            let mut hasher = self.begun.take().unwrap_or_else(Hasher::leaf);
            hasher.update(part);
            if end.is_some() {
                each(part, Some(hasher.finish()));
            } else {
                each(part, None);
                self.begun = Some(hasher);
            }
            bytes = rest;
        }
    }
}

/// Sends the leaves of the lines behind the first `skip` bytes to somebody who may have enough of them.
pub(super) struct Send {
    skip: u64,
    cut: Cut,
    to: SyncSender<Vec<Hash>>,
}

impl Send {
    pub(super) fn new(skip: u64, to: SyncSender<Vec<Hash>>) -> Self {
        Self { skip, cut: Cut::default(), to }
    }
}

impl Write for Send {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let skipped = bytes.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
        self.skip -= skipped as u64;
        let mut leaves = Vec::new();
        self.cut.lines(&bytes[skipped..], |_, leaf| leaves.extend(leaf));
        if self.to.send(leaves).is_err() {
            // Nobody listens any more; that is how the other side says that it knows enough.
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Looks for lines by their leaves, and keeps the beginning of some by their numbers.
pub(super) struct Look {
    wanted: HashSet<Hash>,
    /// Where (from 0) each wanted leaf stands first.
    pub(super) found: HashMap<Hash, u64>,
    /// Lines from 0.
    pub(super) texts: BTreeMap<u64, Vec<u8>>,
    line: u64,
    cut: Cut,
}

impl Look {
    /// For these leaves, and these lines from 0.
    pub(super) fn of(wanted: HashSet<Hash>, lines: impl Iterator<Item = u64>) -> Self {
        let texts = lines.map(|line| (line, Vec::new())).collect();
        Self { wanted, found: HashMap::new(), texts, line: 0, cut: Cut::default() }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.wanted.is_empty() && self.texts.is_empty()
    }
}

impl Write for Look {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { wanted, found, texts, line, cut } = self;
        cut.lines(bytes, |part, leaf| {
            if let Some(text) = texts.get_mut(line) {
                let room = SHOWN.saturating_sub(text.len());
                text.extend_from_slice(&part[..part.len().min(room)]);
            }
            if let Some(leaf) = leaf {
                if wanted.contains(&leaf) {
                    found.entry(leaf).or_insert(*line);
                }
                *line += 1;
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
