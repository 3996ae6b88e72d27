//! The heads of the sealed logs, for the end of every message: what stands in other people's hands cannot be rewritten.
//!
//! They are read as the sealer left them, and nothing is signed or checked here: a message must not wait for that.

use std::path::Path;

use holdfast::Root;
use holdfast::config::Config;
use holdfast::sys::{ReadError, Sys};
use tlog::{Checkpoint, Note};

/// So many logs are named.
const LOGS_MAX: usize = 10;
/// A name that is longer has no room in a message, in bytes.
const ORIGIN_MAX: usize = 120;

/// What is known of the heads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// `<origin> <size> <root>`, one for each sealed log.
    pub lines: Vec<String>,
    /// What could not be read, and why.
    pub faults: Vec<String>,
}

impl Heads {
    /// Reads the checkpoints of the configured logs. A log that is not sealed has none, and that is no fault.
    pub fn read(sys: &Sys, root: &Root, config: &Config) -> Self {
        let mut heads = Self::default();
        for log in config.audit.logs.iter().take(LOGS_MAX) {
            let mut path = root.path().join(log).into_os_string();
            path.push(".audit/checkpoint");
            match sys.store.read(Path::new(&path)).map_err(Fault::Read).and_then(|bytes| head(&bytes)) {
                Ok(line) => heads.lines.push(line),
                Err(Fault::Read(ReadError::Missing)) => {}
                Err(fault) => heads.faults.push(format!("the checkpoint of {} {fault}", log.display())),
            }
        }
        heads
    }

    /// The end of a message; nothing where nothing is sealed.
    pub fn footer(&self) -> String {
        if self.lines.is_empty() {
            return String::new();
        }
        let first = "\n\nHeads of the sealed logs; whoever keeps this message can prove them later:";
        self.lines.iter().fold(first.to_owned(), |text, line| text + "\n" + line)
    }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Read(ReadError),
    #[error("is malformed: {0}")]
    Malformed(String),
}

fn head(bytes: &[u8]) -> Result<String, Fault> {
    let malformed = |error: &dyn std::fmt::Display| Fault::Malformed(error.to_string());
    let note = Note::parse(bytes).map_err(|error| malformed(&error))?;
    let head = Checkpoint::parse(note.text()).map_err(|error| malformed(&error))?;
    let plain =
        head.origin().len() <= ORIGIN_MAX && head.origin().bytes().all(|byte| byte.is_ascii_graphic());
    if !plain {
        return Err(malformed(&"its name is too long, or has letters that no message should carry"));
    }
    Ok(format!("{} {} {}", head.origin(), head.size(), head.root().to_base64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_name_a_size_and_a_root() {
        let root = "h5nKoLp7Y3+Jl8Yn8WJkYH3AIsE5aAFeEL5r3krPJGA=";
        let note = |origin: &str| {
            format!(
                "{origin}\n5\n{root}\n\n\u{2014} {origin} HLDl7BnM556a4qP14Y4WIG5Il1FJo1eGanOzgl24q67papzXc7LY3nRiGwH7pjUB+Bb3aEjarO+Yj4uvTEf/fm662wY=\n"
            )
        };
        assert_eq!(
            head(note("desk/decisions").as_bytes()).expect("a head"),
            format!("desk/decisions 5 {root}")
        );
        for bad in [String::new(), "x\n".to_owned(), note(&"x".repeat(121)), note("d\u{202e}")] {
            assert!(head(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_message_ends_with_them_and_without_any_as_it_was() {
        assert_eq!(Heads::default().footer(), "");
        let heads = Heads { lines: vec!["a 1 x".to_owned(), "b 2 y".to_owned()], faults: Vec::new() };
        assert!(heads.footer().starts_with("\n\n") && heads.footer().ends_with(":\na 1 x\nb 2 y"));
    }
}
