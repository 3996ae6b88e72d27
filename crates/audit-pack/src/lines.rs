//! The lines of a file, one after the other, in bounded memory.

use std::io;

use holdfast::sys::ReadAt;

use crate::pieces::{Piece, Pieces};

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 20;
/// A line that is longer is not looked into.
pub(crate) const LINE_MAX: usize = 1 << 20;

/// How many line feeds there are.
pub(crate) fn count(file: &dyn ReadAt, size: u64) -> io::Result<u64> {
    let mut pieces = Pieces::new(file, 0, size, PIECE);
    let mut lines = 0;
    while let Some(piece) = pieces.next()? {
        lines += memchr::memchr_iter(b'\n', piece.bytes()).count() as u64;
    }
    Ok(lines)
}

/// Every whole line: its number from 1, where it begins, and its text, if it is not too long. What stands behind the
/// last line feed, as far as it is not too long, either.
pub(crate) fn each_line(
    file: &dyn ReadAt,
    size: u64,
    mut each: impl FnMut(u64, u64, Option<&[u8]>),
) -> io::Result<Vec<u8>> {
    let mut pieces = Pieces::new(file, 0, size, PIECE);
    let mut line = 0;
    // A line that is longer than a piece: where it begins, and its text so far.
    let mut long: Option<(u64, Vec<u8>)> = None;
    let mut tail = Vec::new();
    loop {
        let at = pieces.offset();
        match pieces.next()? {
            None => return Ok(tail),
            Some(Piece::Tail(bytes)) => {
                tail = long.take().map_or_else(Vec::new, |(_, text)| text);
                tail.extend_from_slice(bytes);
                tail.truncate(LINE_MAX);
            }
            Some(Piece::Lines(bytes)) => {
                let mut begin = 0;
                for lf in memchr::memchr_iter(b'\n', bytes) {
                    line += 1;
                    let text = &bytes[begin..lf];
                    each(line, at + begin as u64, Some(text).filter(|text| text.len() <= LINE_MAX));
                    begin = lf + 1;
                }
            }
            Some(Piece::Part(bytes)) => {
                let (begin, text) = long.get_or_insert_with(|| (at, Vec::new()));
                let room = (LINE_MAX + 2).saturating_sub(text.len());
                text.extend_from_slice(&bytes[..bytes.len().min(room)]);
                if bytes.ends_with(b"\n") {
                    line += 1;
                    let text = text.strip_suffix(b"\n").filter(|text| text.len() <= LINE_MAX);
                    each(line, *begin, text);
                    long = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_shown_once_whatever_its_length() {
        let long = "x".repeat(3 * PIECE);
        for (text, lines, tail) in [
            (String::new(), vec![], ""),
            ("\n".to_owned(), vec![(0, Some(0))], ""),
            ("a\nbc\n\n".to_owned(), vec![(0, Some(1)), (2, Some(2)), (5, Some(0))], ""),
            ("a\ntorn".to_owned(), vec![(0, Some(1))], "torn"),
            (format!("a\n{long}\nbc\n"), vec![(0, Some(1)), (2, None), (3 + long.len() as u64, Some(2))], ""),
            (format!("{long}\n{long}\n"), vec![(0, None), (1 + long.len() as u64, None)], ""),
        ] {
            let (bytes, mut seen) = (text.as_bytes(), Vec::new());
            let rest = each_line(&bytes, bytes.len() as u64, |number, at, line| {
                seen.push((at, line.map(<[u8]>::len)));
                assert_eq!(number, seen.len() as u64);
            });
            assert_eq!((seen, rest.unwrap()), (lines, tail.as_bytes().to_vec()), "{text:.20}");
            assert_eq!(count(&bytes, bytes.len() as u64).unwrap(), text.matches('\n').count() as u64);
        }
    }
}
