//! The 512 bytes before each member. There is one way to write them; whatever else is read is refused.

use crate::name::NameFault;

/// Everything in a tar comes in blocks of this size.
pub(crate) const BLOCK: usize = 512;
/// The largest member: eleven octal digits, less than 8 GiB.
pub const SIZE_MAX: u64 = (1 << 33) - 1;
/// The latest time, in seconds since 1970: eleven octal digits.
pub(crate) const TIME_MAX: u64 = (1 << 33) - 1;

/// Where the parts of a header are.
const NAME: (usize, usize) = (0, 100);
const MODE: (usize, usize) = (100, 8);
const UID: (usize, usize) = (108, 8);
const GID: (usize, usize) = (116, 8);
const SIZE: (usize, usize) = (124, 12);
const MTIME: (usize, usize) = (136, 12);
const CHECKSUM: (usize, usize) = (148, 8);
const TYPE: usize = 156;
const LINK: (usize, usize) = (157, 100);
const MAGIC: (usize, usize) = (257, 8);
const USER: (usize, usize) = (265, 32);
const GROUP: (usize, usize) = (297, 32);
const MAJOR: (usize, usize) = (329, 8);
const MINOR: (usize, usize) = (337, 8);
const PREFIX: (usize, usize) = (345, 155);
const REST: (usize, usize) = (500, 12);

/// What a part of a header is called, but for the checksum, which differs whenever another one does.
const PARTS: [(&str, (usize, usize)); 14] = [
    ("name", NAME),
    ("mode", MODE),
    ("uid", UID),
    ("gid", GID),
    ("size", SIZE),
    ("mtime", MTIME),
    ("link name", LINK),
    ("magic", MAGIC),
    ("user name", USER),
    ("group name", GROUP),
    ("device major", MAJOR),
    ("device minor", MINOR),
    ("prefix", PREFIX),
    ("unused end", REST),
];

const USTAR: &[u8; 8] = b"ustar\x0000";

/// The permissions of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 0644.
    Plain,
    /// 0755.
    Executable,
}

impl Mode {
    fn bits(self) -> u64 {
        match self {
            Mode::Plain => 0o644,
            Mode::Executable => 0o755,
        }
    }
}

/// All that differs between the headers of two members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) path: String,
    pub(crate) mode: Mode,
    pub(crate) len: u64,
    pub(crate) mtime: u64,
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// A byte of it has changed, or it is no header at all.
    #[error("the header's checksum is wrong")]
    Checksum,
    /// Another format, or an extension of it.
    #[error("the header is not that of a POSIX ustar")]
    NotUstar,
    /// Not a plain file.
    #[error("it is {0}; only plain files are packed")]
    Type(&'static str),
    /// Its path.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// A part that has another form than ours: owners, numbers to another base, bytes behind a NUL.
    #[error("the header's {0} is not as we write it")]
    Part(&'static str),
}

impl Header {
    /// The header as bytes. The path must have passed [`crate::name::check`].
    pub(crate) fn encode(&self) -> Result<[u8; BLOCK], NameFault> {
        let mut block = [0; BLOCK];
        let (prefix, name) = divide(self.path.as_bytes())?;
        put(&mut block, NAME, name);
        put(&mut block, PREFIX, prefix);
        octal(&mut block, MODE, self.mode.bits());
        octal(&mut block, UID, 0);
        octal(&mut block, GID, 0);
        octal(&mut block, SIZE, self.len);
        octal(&mut block, MTIME, self.mtime);
        block[TYPE] = b'0';
        put(&mut block, MAGIC, USTAR);
        octal(&mut block, MAJOR, 0);
        octal(&mut block, MINOR, 0);
        // Six digits, a NUL and a space, as everybody has written it since 1979.
        let sum = format!("{:06o}\0 ", checksum(&block));
        put(&mut block, CHECKSUM, sum.as_bytes());
        Ok(block)
    }

    /// Reads what [`Header::encode`] writes, and nothing else.
    pub(crate) fn parse(block: &[u8; BLOCK]) -> Result<Self, HeaderFault> {
        if number(block, (CHECKSUM.0, 7)) != Some(checksum(block)) || block[CHECKSUM.0 + 7] != b' ' {
            return Err(HeaderFault::Checksum);
        }
        if let Some(what) = other_type(block[TYPE]) {
            return Err(HeaderFault::Type(what));
        }
        if part(block, MAGIC) != USTAR {
            return Err(HeaderFault::NotUstar);
        }
        let (prefix, name) = (text(part(block, PREFIX)), text(part(block, NAME)));
        let path = if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() };
        crate::name::check(&path)?;
        let mode = match number(block, MODE) {
            Some(0o644) => Mode::Plain,
            Some(0o755) => Mode::Executable,
            _ => return Err(HeaderFault::Part("mode")),
        };
        let len = number(block, SIZE).ok_or(HeaderFault::Part("size"))?;
        let mtime = number(block, MTIME).ok_or(HeaderFault::Part("mtime"))?;
        // A path that was checked is ASCII.
        let path = String::from_utf8_lossy(&path).into_owned();
        let header = Self { path, mode, len, mtime };
        let canonical = header.encode()?;
        let odd = PARTS.iter().find(|(_, at)| part(block, *at) != part(&canonical, *at));
        match odd {
            Some((what, _)) => Err(HeaderFault::Part(what)),
            None if *block != canonical => Err(HeaderFault::Part("type")),
            None => Ok(header),
        }
    }
}

/// As GNU tar and bsdtar divide a long path: the last `/` that leaves at most 155 bytes before it.
fn divide(path: &[u8]) -> Result<(&[u8], &[u8]), NameFault> {
    if path.len() <= NAME.1 {
        return Ok((b"", path));
    }
    let most = path.len().min(PREFIX.1 + 1);
    let slash = path[..most].iter().rposition(|byte| *byte == b'/').ok_or(NameFault::Undivided)?;
    let (prefix, name) = (&path[..slash], &path[slash + 1..]);
    if name.is_empty() || name.len() > NAME.1 { Err(NameFault::Undivided) } else { Ok((prefix, name)) }
}

fn other_type(flag: u8) -> Option<&'static str> {
    Some(match flag {
        b'0' => return None,
        0 => "a file of a tar older than ustar",
        b'1' => "a hard link",
        b'2' => "a symbolic link",
        b'3' => "a character device",
        b'4' => "a block device",
        b'5' => "a folder",
        b'6' => "a FIFO",
        b'7' => "a contiguous file",
        b'x' => "a pax header",
        b'g' => "a global pax header",
        b'L' => "a GNU long name",
        b'K' => "a GNU long link name",
        b'S' => "a GNU sparse file",
        b'D' | b'M' | b'N' | b'V' => "a GNU extension",
        _ => "of an unknown type",
    })
}

fn part(block: &[u8; BLOCK], (at, len): (usize, usize)) -> &[u8] {
    &block[at..at + len]
}

fn put(block: &mut [u8; BLOCK], (at, _): (usize, usize), bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Zero-padded digits and a NUL. The caller keeps to the bounds.
fn octal(block: &mut [u8; BLOCK], at: (usize, usize), number: u64) {
    let digits = format!("{number:0width$o}", width = at.1 - 1);
    put(block, at, digits.as_bytes());
}

/// Reads what [`octal`] writes.
fn number(block: &[u8; BLOCK], at: (usize, usize)) -> Option<u64> {
    let (nul, digits) = part(block, at).split_last()?;
    let is_octal = *nul == 0 && digits.iter().all(|digit| (b'0'..=b'7').contains(digit));
    is_octal.then(|| digits.iter().fold(0, |sum, digit| sum << 3 | u64::from(digit - b'0')))
}

/// Up to the first NUL; what is behind it must be NULs too, which the comparison of the whole finds.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The sum of all bytes, its own place counted as spaces.
fn checksum(block: &[u8; BLOCK]) -> u64 {
    let own = CHECKSUM.0..CHECKSUM.0 + CHECKSUM.1;
    let bytes = block.iter().enumerate();
    bytes.map(|(at, byte)| if own.contains(&at) { u64::from(b' ') } else { u64::from(*byte) }).sum()
}

#[cfg(test)]
mod tests {
    use super::{Header, HeaderFault, Mode, SIZE_MAX, TIME_MAX, divide};
    use crate::name::NameFault;

    #[test]
    fn what_is_written_is_read() {
        let long = format!("{}/{}", "p".repeat(155), "n".repeat(99));
        for (path, mode, len, mtime) in [
            ("a", Mode::Plain, 0, 0),
            ("top/data/x.jsonl", Mode::Executable, SIZE_MAX, TIME_MAX),
            (long.as_str(), Mode::Plain, 1, 1_700_000_000),
        ] {
            let header = Header { path: path.to_owned(), mode, len, mtime };
            assert_eq!(Header::parse(&header.encode().unwrap()), Ok(header));
        }
    }

    #[test]
    fn every_flipped_bit_of_a_header_is_seen() {
        let header = Header { path: "top/data/x".to_owned(), mode: Mode::Plain, len: 8, mtime: 9 };
        let block = header.encode().unwrap();
        for at in 0..block.len() {
            for bit in 0..8 {
                let mut other = block;
                other[at] ^= 1 << bit;
                assert_eq!(Header::parse(&other), Err(HeaderFault::Checksum), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn long_paths_are_divided_as_others_divide_them() {
        let exactly = "n".repeat(100);
        assert_eq!(divide(exactly.as_bytes()), Ok((&b""[..], exactly.as_bytes())));
        assert_eq!(divide("n".repeat(101).as_bytes()), Err(NameFault::Undivided));
        let far = format!("a/{}", "n".repeat(101));
        assert_eq!(divide(far.as_bytes()), Err(NameFault::Undivided));
        let path = format!("{}/b/{}", "a".repeat(153), "n".repeat(99));
        assert_eq!(divide(path.as_bytes()), Ok((&path.as_bytes()[..155], &path.as_bytes()[156..])));
    }
}
