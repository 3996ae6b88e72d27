//! Manifests: `<64 hex digits>  <path>` a line, as `sha256sum -c` reads them.

use crate::digest::Digest;
use crate::name::{self, NameFault};

/// The largest manifest that is read: memory is bounded, whatever is in a bag.
pub(crate) const BYTES_MAX: u64 = 16 << 20;
/// Digits and two spaces.
const BEFORE_PATH: usize = Digest::DIGITS + 2;

/// What is wrong with a line of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// It is not a digest, two spaces and a path.
    #[error("it is not 64 lowercase hex digits, two spaces and a path")]
    Form,
    /// Such a path is never packed.
    #[error(transparent)]
    Path(NameFault),
    /// It is not after the one before it, in byte order of the paths.
    #[error("it is not in order")]
    Order,
    /// The path stands there already.
    #[error("the path stands there twice")]
    Twice,
    /// The last line has no end.
    #[error("it has no newline at its end")]
    Torn,
}

/// A manifest: paths and their digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    text: String,
    /// Where each line begins that can be used, in order of their paths.
    lines: Vec<u32>,
}

impl Manifest {
    /// Reads a manifest and tells `fault` of every line that is not as we write it, by its number from 1. A line in the
    /// wrong place still counts for what it says.
    pub fn parse(bytes: Vec<u8>, mut fault: impl FnMut(usize, LineFault)) -> Self {
        // What is not ASCII is no path, so nothing is lost by a replacement. It takes no more room.
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let ascii = |byte: u8| if byte.is_ascii() { byte } else { b'\x7f' };
            String::from_utf8(error.into_bytes().into_iter().map(ascii).collect()).unwrap_or_default()
        });
        let mut manifest = Self { text: String::new(), lines: Vec::new() };
        let (mut sorted, mut start) = (true, 0);
        let mut before: Option<&str> = None;
        for (number, whole) in text.split_inclusive('\n').enumerate() {
            match parse_line(whole) {
                Ok(path) => {
                    let wrong = match before.map(|before| before.cmp(path)) {
                        Some(std::cmp::Ordering::Equal) => Some(LineFault::Twice),
                        Some(std::cmp::Ordering::Greater) => Some(LineFault::Order),
                        _ => None,
                    };
                    if let Some(wrong) = wrong {
                        sorted = false;
                        fault(number + 1, wrong);
                    }
                    before = Some(path);
                    manifest.lines.push(start);
                }
                Err(wrong) => fault(number + 1, wrong),
            }
            start += whole.len() as u32;
        }
        manifest.text = text;
        if !sorted {
            let (text, lines) = (&manifest.text, &mut manifest.lines);
            lines.sort_by(|a, b| path_at(text, *a).cmp(path_at(text, *b)));
            lines.dedup_by(|b, a| path_at(text, *a) == path_at(text, *b));
        }
        manifest
    }

    /// The digest that it gives for this path.
    pub fn expect(&self, path: &str) -> Option<Digest> {
        let found = self.lines.binary_search_by(|line| path_at(&self.text, *line).cmp(path)).ok()?;
        Some(self.at(found).1)
    }

    /// Every path and its digest, in order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Digest)> {
        (0..self.lines.len()).map(|index| self.at(index))
    }

    /// How many paths there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// There is no path in it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The file, byte for byte, if it was read without a fault.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    fn at(&self, index: usize) -> (&str, Digest) {
        let line = self.lines[index];
        let hex = &self.text.as_bytes()[line as usize..][..Digest::DIGITS];
        // Lines are kept only if they have one.
        let digest = Digest::parse(hex).unwrap_or(Digest([0; 32]));
        (path_at(&self.text, line), digest)
    }
}

/// A manifest as it is written.
#[derive(Debug, Default)]
pub(crate) struct Lines(String);

impl Lines {
    /// Paths come in their order.
    pub(crate) fn add(&mut self, path: &str, digest: Digest) {
        use std::fmt::Write as _;
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{digest}  {path}");
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn into_manifest(self) -> Manifest {
        Manifest::parse(self.0.into_bytes(), |_, _| ())
    }
}

/// The path of the line that begins at `line`.
fn path_at(text: &str, line: u32) -> &str {
    let path = &text[line as usize + BEFORE_PATH..];
    path.split('\n').next().unwrap_or_default()
}

fn parse_line(whole: &str) -> Result<&str, LineFault> {
    let line = whole.strip_suffix('\n').ok_or(LineFault::Torn)?;
    let parts = line.as_bytes().split_at_checked(BEFORE_PATH);
    let (before, path) = parts.ok_or(LineFault::Form)?;
    let hex = before.strip_suffix(b"  ").ok_or(LineFault::Form)?;
    Digest::parse(hex).ok_or(LineFault::Form)?;
    name::check(path).map_err(LineFault::Path)?;
    Ok(&line[BEFORE_PATH..])
}

#[cfg(test)]
mod tests {
    use super::{LineFault, Manifest};
    use crate::digest::Digest;
    use crate::name::NameFault;

    #[test]
    fn every_bad_line_is_told_and_the_good_ones_count() {
        let hex = |digit: &str| digit.repeat(64);
        let lines = [
            format!("{}  data/b\n", hex("b")),
            format!("{}  data/a\n", hex("a")),
            format!("{} *data/c\n", hex("c")),
            format!("{}  data/c\n", hex("C")),
            format!("{}  ../c\n", hex("c")),
            format!("{}  data/\u{fc}\n", hex("c")),
            "\n".to_owned(),
            format!("{}  data/d\n", hex("d")),
            format!("{}  data/d\n", hex("e")),
            format!("{}  data/e", hex("e")),
        ];
        let mut faults = Vec::new();
        let manifest =
            Manifest::parse(lines.concat().into_bytes(), |number, fault| faults.push((number, fault)));
        let told = [
            (2, LineFault::Order),
            (3, LineFault::Form),
            (4, LineFault::Form),
            (5, LineFault::Path(NameFault::Dots)),
            (6, LineFault::Path(NameFault::Byte(0xc3))),
            (7, LineFault::Form),
            (9, LineFault::Twice),
            (10, LineFault::Torn),
        ];
        assert_eq!(faults, told);
        let paths: Vec<_> = manifest.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["data/a", "data/b", "data/d"]);
        assert_eq!(manifest.expect("data/a"), Some(Digest([0xaa; 32])));
        assert_eq!(manifest.expect("data/d"), Some(Digest([0xdd; 32])), "the first of two");
        assert_eq!(manifest.expect("data/c"), None);
    }
}
