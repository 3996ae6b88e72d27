//! Where words go: the answer to stdout, the story to stderr.

use std::fmt::Display;
use std::io::{self, Write};

use holdfast::Exit;

/// Writes the answer. An answer that could not be written is an error of its own, but it never hides the exit
/// code of a pause; a reader that went away (`| head`) is none.
pub(crate) fn answer(text: &str) -> Exit {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            tell(&format_args!(
                "the answer cannot be written to stdout: {error}\n  free the disk, or write elsewhere"
            ));
            Exit::Io
        }
    }
}

/// Tells a fact and what to do on stderr. Nobody may be there to read it; that must not stop us.
pub(crate) fn tell(text: &dyn Display) {
    let _ = writeln!(anstream::stderr(), "circuit-ctl: {text}");
}
