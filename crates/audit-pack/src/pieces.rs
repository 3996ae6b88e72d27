//! A log from one byte to another, as whole lines, in pieces that fit into memory whatever the length of a line.

use std::io;

use holdfast::sys::ReadAt;
use rayon::prelude::*;
use tlog::lines::hash_lines;
use tlog::{Hash, Hasher};

/// Some bytes of a log.
pub(crate) enum Piece<'b> {
    /// Whole lines.
    Lines(&'b [u8]),
    /// A part of a line that is longer than a piece; the last part ends in its LF.
    Part(&'b [u8]),
    /// What stands behind the last LF.
    Tail(&'b [u8]),
}

/// Reads pieces.
pub(crate) struct Pieces<'a> {
    file: &'a dyn ReadAt,
    /// Where in the file the next piece begins.
    at: u64,
    end: u64,
    buf: Vec<u8>,
    /// Bytes of `buf` that were read and belong to the next piece.
    kept: std::ops::Range<usize>,
    within_long: bool,
    threads: usize,
}

impl<'a> Pieces<'a> {
    /// From byte `begin`, where a line begins, to byte `end` of the file.
    pub(crate) fn new(file: &'a dyn ReadAt, begin: u64, end: u64, piece_len: usize) -> Self {
        let len = piece_len.min(usize::try_from(end - begin).unwrap_or(usize::MAX)).max(1);
        Self { file, at: begin, end, buf: vec![0; len], kept: 0..0, within_long: false, threads: 1 }
    }

    /// Reads on so many threads at once, each its part of a piece, which is then near when that is hashed.
    pub(crate) fn on_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Where in the file the next piece begins.
    pub(crate) fn offset(&self) -> u64 {
        self.at
    }

    /// The next piece; nothing at the end. A file that has become shorter since ends earlier.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece<'_>>> {
        let kept = self.kept.len();
        self.buf.copy_within(self.kept.clone(), 0);
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = self.buf.len().min(left);
        let read = read_on(self.threads, self.file, self.at + kept as u64, &mut self.buf[kept..wanted])?;
        let filled = kept + read;
        let bytes = &self.buf[..filled];
        let whole =
            if self.within_long { memchr::memchr(b'\n', bytes) } else { memchr::memrchr(b'\n', bytes) };
        let take = whole.map_or(filled, |lf| lf + 1);
        if take == 0 {
            return Ok(None);
        }
        // The end of the file, and no LF any more.
        let at_end = filled < wanted || filled == left;
        let piece = &self.buf[..take];
        self.kept = take..filled;
        self.at += take as u64;
        let long = std::mem::replace(&mut self.within_long, whole.is_none() && !at_end);
        Ok(Some(match (long, whole) {
            (false, Some(_)) => Piece::Lines(piece),
            (_, None) if at_end => Piece::Tail(piece),
            (true, Some(_)) | (_, None) => Piece::Part(piece),
        }))
    }
}

/// Below this many bytes a second thread costs more than it saves.
const THREAD_BYTES_MIN: usize = 1 << 18;

fn read_on(threads: usize, file: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    let part_len = buf.len().div_ceil(threads).max(THREAD_BYTES_MIN);
    if part_len >= buf.len() {
        return file.read_at(offset, buf);
    }
    let parts = buf.par_chunks_mut(part_len).enumerate();
    let read = parts.map(|(n, part)| {
        let wanted = part.len();
        file.read_at(offset + (n * part_len) as u64, part).map(|read| (read, read == wanted))
    });
    let read: Vec<(usize, bool)> = read.collect::<io::Result<_>>()?;
    // A file that was cut meanwhile ends at the first part that is not whole.
    let whole = read.iter().take_while(|(_, whole)| *whole).count();
    Ok(read.iter().take(whole + 1).map(|(read, _)| read).sum())
}

/// The leaves of pieces that come one after another.
#[derive(Default)]
pub(crate) struct Leaves {
    long: Option<Hasher>,
}

impl Leaves {
    /// The leaves that this piece completes.
    pub(crate) fn of(&mut self, piece: &Piece<'_>, threads: usize) -> Vec<Hash> {
        match piece {
            Piece::Lines(bytes) => hash_lines(bytes, threads).leaves,
            Piece::Part(bytes) => {
                let mut hasher = self.long.take().unwrap_or_else(Hasher::leaf);
                hasher.update(bytes);
                if bytes.ends_with(b"\n") {
                    return vec![hasher.finish()];
                }
                self.long = Some(hasher);
                Vec::new()
            }
            Piece::Tail(_) => Vec::new(),
        }
    }
}

impl Piece<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Lines(bytes) | Self::Part(bytes) | Self::Tail(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Vec<u8>);

    impl ReadAt for Bytes {
        fn size(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            let left = self.0.get(offset as usize..).unwrap_or_default();
            let len = left.len().min(buf.len());
            buf[..len].copy_from_slice(&left[..len]);
            Ok(len)
        }
    }

    #[test]
    fn any_piece_length_gives_the_same_leaves_and_bytes() {
        for text in
            ["", "a", "\n", "\n\n", "a\nbb\nccc\ndddd\n", "a\nbbbbbbbbbbbbbbbbbbbbbbb\nc", "xxxxxxxxxxxxxxxx"]
        {
            let file = Bytes(text.as_bytes().to_vec());
            let expected: Vec<Hash> = text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .map(|l| Hash::leaf(l.as_bytes()))
                .collect();
            for len in 1..30 {
                let mut pieces = Pieces::new(&file, 0, text.len() as u64, len);
                let (mut leaves, mut found, mut bytes) = (Leaves::default(), Vec::new(), Vec::new());
                while let Some(piece) = pieces.next().unwrap() {
                    found.extend(leaves.of(&piece, 1));
                    bytes.extend_from_slice(piece.bytes());
                }
                assert_eq!(found, expected, "{text:?} by {len}");
                assert_eq!(bytes, text.as_bytes(), "{text:?} by {len}");
            }
        }
    }
}
