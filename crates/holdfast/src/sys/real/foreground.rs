//! A program in our own place: it has our stdin, stdout, stderr and process group.

use std::ffi::OsString;
use std::io;
use std::process::{Child, Command};

/// Starts a program in the foreground. Its bytes are its own: nothing stands between it and who called us.
pub fn foreground(argv: &[OsString]) -> io::Result<Child> {
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
    Command::new(program).args(arguments).spawn()
}
