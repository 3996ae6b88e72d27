//! The controlling terminal: the only place that a resume listens to (**manual-resume**).

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};

/// The longest answer that is read, in bytes.
const ANSWER_MAX: u64 = 4096;

/// A person at a terminal.
pub(crate) struct Terminal {
    input: BufReader<File>,
    output: File,
}

impl Terminal {
    /// Opens it, whatever stdin and stdout are. Fails where there is none: cron, `setsid`, a pipe from a
    /// machine.
    pub(crate) fn open() -> io::Result<Self> {
        let (input, output) = platform::open()?;
        Ok(Self { input: BufReader::new(input), output })
    }

    /// Shows text.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())?;
        self.output.flush()
    }

    /// Asks, and reads one line. A line that was not ended by Enter is no answer: the terminal went away.
    pub(crate) fn ask(&mut self, question: &str) -> io::Result<String> {
        self.say(question)?;
        let mut bytes = Vec::new();
        self.input.by_ref().take(ANSWER_MAX).read_until(b'\n', &mut bytes)?;
        match bytes.strip_suffix(b"\n") {
            Some(line) => Ok(String::from_utf8_lossy(line).trim().to_owned()),
            None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was not ended by Enter")),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a terminal is no state file")]
fn device(path: &str, options: impl Fn(&mut OpenOptions) -> &mut OpenOptions) -> io::Result<File> {
    options(&mut OpenOptions::new()).open(path)
}

#[cfg(unix)]
mod platform {
    use super::{File, device, io};

    pub(super) fn open() -> io::Result<(File, File)> {
        let terminal = device("/dev/tty", |options| options.read(true).write(true))?;
        Ok((terminal.try_clone()?, terminal))
    }
}

#[cfg(not(unix))]
mod platform {
    use super::{File, device, io};

    pub(super) fn open() -> io::Result<(File, File)> {
        let both = |path| device(path, |options| options.read(true).write(true));
        Ok((both("CONIN$")?, both("CONOUT$")?))
    }
}
