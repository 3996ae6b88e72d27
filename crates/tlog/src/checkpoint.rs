//! The texts of the two notes: `checkpoint` over the tree, `chain` over the SEALS file.

use std::fmt;

use crate::hash::Hash;
use crate::name::{CHAIN_SUFFIX, Origin};
use crate::text;

/// What is wrong with the text of a checkpoint or chain note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Not at least three lines that all end in LF.
    #[error("the text is not three lines that end in a line feed: origin, number, hash")]
    Lines,
    /// A line is empty.
    #[error("line {0} is empty")]
    Empty(usize),
    /// The second line is no number in its one spelling.
    #[error("line 2 is not a decimal number without leading zeros, at most 2^63-1")]
    Number,
    /// The third line is no hash.
    #[error("line 3 is not the base64 of 32 bytes")]
    Hash,
    /// The first line of a chain is not an origin with `/seals` behind it.
    #[error("line 1 is not an origin and {CHAIN_SUFFIX}")]
    ChainOrigin,
    /// A chain over nothing.
    #[error("a chain has at least one record")]
    NoRecords,
    /// A chain has more than its three lines.
    #[error("a chain has no further lines")]
    Extension,
}

/// The text of a checkpoint (C2SP tlog-checkpoint), shown as its bytes. It may be that of any log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// The statement that the log has this size and root.
    pub fn new(origin: &Origin, size: u64, root: Hash) -> Self {
        Self { origin: origin.as_str().to_owned(), size, root, extensions: Vec::new() }
    }

    /// Reads the text of a note. Further lines are kept, not understood.
    pub fn parse(text: &str) -> Result<Self, BodyError> {
        let body = Body::parse(text)?;
        let extensions = body.rest.into_iter().map(str::to_owned).collect();
        Ok(Self { origin: body.origin.to_owned(), size: body.number, root: body.hash, extensions })
    }

    /// Which log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Lines behind the third. Our logs have none.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// The text of a chain note, shown as its bytes: how many lines SEALS has and the hash of the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    origin: Origin,
    records: u64,
    head: Hash,
}

impl Chain {
    /// The statement that SEALS has this many lines, the last of which has this hash.
    pub fn new(origin: &Origin, records: u64, head: Hash) -> Self {
        Self { origin: origin.clone(), records, head }
    }

    /// Reads the text of a note.
    pub fn parse(text: &str) -> Result<Self, BodyError> {
        let body = Body::parse(text)?;
        let origin = body.origin.strip_suffix(CHAIN_SUFFIX).ok_or(BodyError::ChainOrigin)?;
        let origin = Origin::new(origin).map_err(|_| BodyError::ChainOrigin)?;
        if body.number == 0 {
            return Err(BodyError::NoRecords);
        }
        if !body.rest.is_empty() {
            return Err(BodyError::Extension);
        }
        Ok(Self { origin, records: body.number, head: body.hash })
    }

    /// Which log.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The number of lines of SEALS.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// SHA-256 of the last of them, with its LF.
    pub fn head(&self) -> Hash {
        self.head
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{CHAIN_SUFFIX}\n{}\n{}\n", self.origin, self.records, self.head.to_base64())
    }
}

/// What both texts have in common.
struct Body<'a> {
    origin: &'a str,
    number: u64,
    hash: Hash,
    rest: Vec<&'a str>,
}

impl<'a> Body<'a> {
    fn parse(text: &'a str) -> Result<Self, BodyError> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(BodyError::Lines)?.split('\n').collect();
        let [origin, number, hash, ref rest @ ..] = lines[..] else { return Err(BodyError::Lines) };
        if let Some(empty) = lines.iter().position(|line| line.is_empty()) {
            return Err(BodyError::Empty(empty + 1));
        }
        let number = text::decimal(number).ok_or(BodyError::Number)?;
        let hash = Hash::from_base64(hash).ok_or(BodyError::Hash)?;
        Ok(Self { origin, number, hash, rest: rest.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn the_example_of_the_c2sp_specification() {
        let text = format!("example.com/behind-the-sofa\n20852163\n{ROOT}\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!(checkpoint.size(), 20_852_163);
        assert_eq!(checkpoint.to_string(), text);
        assert_eq!(
            Checkpoint::new(
                &Origin::new("example.com/behind-the-sofa").unwrap(),
                20_852_163,
                checkpoint.root()
            ),
            checkpoint
        );
        let more = format!("{text}one\ntwo three\n");
        let extended = Checkpoint::parse(&more).unwrap();
        assert_eq!(extended.extensions(), ["one", "two three"]);
        assert_eq!(extended.to_string(), more);
    }

    #[test]
    fn wrong_bodies_say_what_is_wrong() {
        for (text, error) in [
            (String::new(), BodyError::Lines),
            ("o\n1\n".into(), BodyError::Lines),
            (format!("o\n1\n{ROOT}"), BodyError::Lines),
            (format!("\n1\n{ROOT}\n"), BodyError::Empty(1)),
            (format!("o\n\n{ROOT}\n"), BodyError::Empty(2)),
            (format!("o\n1\n{ROOT}\n\n"), BodyError::Empty(4)),
            (format!("o\n01\n{ROOT}\n"), BodyError::Number),
            (format!("o\n+1\n{ROOT}\n"), BodyError::Number),
            (format!("o\n9223372036854775808\n{ROOT}\n"), BodyError::Number),
            ("o\n1\nAAAA\n".into(), BodyError::Hash),
            (format!("o\n1\n{}\n", ROOT.replace("2I=", "2J=")), BodyError::Hash),
            (format!("o\n1\n{ROOT} \n"), BodyError::Hash),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_chain_is_told_from_a_checkpoint() {
        let chain = Chain::new(&Origin::new("o").unwrap(), 3, Hash::from_base64(ROOT).unwrap());
        let text = format!("o/seals\n3\n{ROOT}\n");
        assert_eq!(chain.to_string(), text);
        assert_eq!(Chain::parse(&text), Ok(chain));
        for (text, error) in [
            (format!("o\n3\n{ROOT}\n"), BodyError::ChainOrigin),
            (format!("/seals\n3\n{ROOT}\n"), BodyError::ChainOrigin),
            (format!("o/seals/seals\n3\n{ROOT}\n"), BodyError::ChainOrigin),
            (format!("o+/seals\n3\n{ROOT}\n"), BodyError::ChainOrigin),
            (format!("o/seals\n0\n{ROOT}\n"), BodyError::NoRecords),
            (format!("o/seals\n3\n{ROOT}\nx\n"), BodyError::Extension),
        ] {
            assert_eq!(Chain::parse(&text), Err(error), "{text:?}");
        }
    }
}
