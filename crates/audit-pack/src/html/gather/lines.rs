//! The lines of a file in a pack, one after the other, in bounded memory.

use std::io;

use holdfast::sys::ReadAt;

use crate::pieces::{Piece, Pieces};

/// How much is read at once, in bytes. A longer line is nobody's entry.
const PIECE: usize = 1 << 18;

/// Shows each line without its LF; nothing where it is too long. Gives back how many there were.
pub(super) fn each(file: &dyn ReadAt, mut look: impl FnMut(Option<&[u8]>)) -> io::Result<u64> {
    let (mut count, mut within_long) = (0, false);
    let mut pieces = Pieces::new(file, 0, file.size()?, PIECE);
    let mut seen = |line: Option<&[u8]>| {
        count += 1;
        look(line);
    };
    while let Some(piece) = pieces.next()? {
        match piece {
            Piece::Lines(bytes) => {
                let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
                let mut begin = 0;
                for end in memchr::memchr_iter(b'\n', bytes) {
                    seen(Some(&bytes[begin..end]));
                    begin = end + 1;
                }
                seen(Some(&bytes[begin..]));
            }
            Piece::Part(bytes) => {
                if !within_long {
                    seen(None);
                }
                within_long = !bytes.ends_with(b"\n");
            }
            // Torn: not a line, and no part of a sealed log.
            Piece::Tail(_) => {}
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_shown_once_whatever_its_length() {
        let long = "x".repeat(3 * PIECE);
        for (text, lines) in [
            (String::new(), vec![]),
            ("\n".to_owned(), vec![Some(0)]),
            ("a\nbc\n\n".to_owned(), vec![Some(1), Some(2), Some(0)]),
            ("a\ntorn".to_owned(), vec![Some(1)]),
            (format!("a\n{long}\nbc\n"), vec![Some(1), None, Some(2)]),
            (format!("{long}\n{long}\n"), vec![None, None]),
        ] {
            let mut seen = Vec::new();
            let count = each(&text.as_bytes(), |line| seen.push(line.map(<[u8]>::len))).unwrap();
            assert_eq!((seen, count), (lines.clone(), lines.len() as u64), "{text:.20}");
        }
    }
}
