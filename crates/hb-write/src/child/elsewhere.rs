//! Where there are no signals to pass on (Windows): Ctrl-C reaches the command and us alike.

use std::ffi::OsString;
use std::io;

use holdfast::sys::real;

use crate::End;

/// Runs one command in our place.
pub(crate) struct Foreground;

impl Foreground {
    /// Nothing needs to be prepared here.
    #[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
    pub(crate) fn prepare() -> io::Result<Self> {
        Ok(Self)
    }

    /// Runs the command to its end.
    #[expect(clippy::unused_self, reason = "the same shape on every platform")]
    pub(crate) fn run(self, argv: &[OsString]) -> io::Result<End> {
        Ok(End::Code(real::foreground(argv)?.wait()?.code().unwrap_or(1)))
    }
}

/// There is no such end here.
pub(crate) fn die_of(_signal: i32) {}

/// The process that beats through us is not known here.
pub(crate) fn caller() -> u32 {
    std::process::id()
}
