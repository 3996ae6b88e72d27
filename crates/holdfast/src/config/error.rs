//! What is wrong with a configuration: the place, the fact, what to do.

use std::fmt;
use std::ops::{Deref, DerefMut, Range};

/// The name that a configuration has in errors, and in the root.
pub const FILE_NAME: &str = "holdfast.toml";

/// How many mistakes are shown at once, and how many characters of each.
const SHOWN: usize = 20;
const FACT_LENGTH: usize = 300;

/// One thing that is wrong, at bytes of the text. In a box: everything that reads a value may give one, and whoever
/// only passes it on need not move all of it.
#[derive(Clone, Debug)]
pub(super) struct Problem(Box<Told>);

/// What is told of a problem.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) at: Range<usize>,
    pub(super) fact: String,
    pub(super) advice: String,
    pub(super) blame: Blame,
}

/// What of its table a problem lies in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blame {
    /// One key or its value, whatever stands beside it.
    Alone,
    /// How keys go together.
    Together,
    /// A key that is not there; a value that it could have.
    Missing(&'static str, &'static str),
}

impl Problem {
    pub(super) fn new(at: &Range<usize>, fact: impl Into<String>, advice: impl Into<String>) -> Self {
        let (at, fact, advice) = (at.clone(), fact.into(), advice.into());
        Self(Box::new(Told { at, fact, advice, blame: Blame::Alone }))
    }

    pub(super) fn blaming(mut self, blame: Blame) -> Self {
        self.blame = blame;
        self
    }

    /// The same, said of a key or an item: `max_age of [[watch]]: …`.
    pub(super) fn of(mut self, what: impl fmt::Display) -> Self {
        self.fact = format!("{what}: {}", self.fact);
        self.blaming(Blame::Alone)
    }
}

impl Deref for Problem {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.0
    }
}

impl DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Told {
        &mut self.0
    }
}

/// Everything that is wrong with a configuration, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub mistakes: Vec<Mistake>,
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub fact: String,
    /// What to do about it.
    pub advice: String,
}

impl ConfigError {
    pub(super) fn new(text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.at.start);
        Self { mistakes: problems.into_iter().map(|problem| Mistake::new(text, problem)).collect() }
    }
}

impl From<(&[u8], std::str::Utf8Error)> for ConfigError {
    fn from((bytes, error): (&[u8], std::str::Utf8Error)) -> Self {
        let end = error.valid_up_to();
        let text = String::from_utf8_lossy(&bytes[..end]);
        let fact = format!("is not UTF-8 from here on: byte {:#04x}", bytes[end]);
        let advice = "save it as UTF-8, without which TOML cannot be read";
        Self::new(&text, vec![Problem::new(&(end..end), fact, advice)])
    }
}

impl Mistake {
    fn new(text: &str, Problem(problem): Problem) -> Self {
        let before = text.get(..problem.at.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            fact: shortened(problem.fact),
            advice: problem.advice,
        }
    }
}

/// A fact quotes the file, which can hold anything; it must still fit into a message.
fn shortened(mut fact: String) -> String {
    if let Some((end, _)) = fact.char_indices().nth(FACT_LENGTH) {
        fact.truncate(end);
        fact.push('…');
    }
    fact
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, fact, advice } = self;
        write!(f, "{FILE_NAME}:{line}:{column}: {fact}\n  {advice}")
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, mistake) in self.mistakes.iter().take(SHOWN).enumerate() {
            let line_end = if number == 0 { "" } else { "\n" };
            write!(f, "{line_end}{mistake}")?;
        }
        match self.mistakes.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl std::error::Error for ConfigError {}
