//! Words for people: the answer to stdout, the story to stderr.
//!
//! The standard macros panic when nobody can take the words. With a full disk behind stderr that would end a
//! watchdog before its trip (**trip-first**).

use std::fmt::Display;
use std::io::{self, Write};
#[cfg(any(test, feature = "sim"))]
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;

#[cfg(any(test, feature = "sim"))]
static HUSHED: AtomicBool = AtomicBool::new(false);

/// From now on this process tells nothing: for a simulation, whose thousands of lives are full of misfortunes.
#[cfg(any(test, feature = "sim"))]
pub fn hush() {
    HUSHED.store(true, Ordering::Relaxed);
}

/// Tells a fact and what to do on stderr. Nobody may be there to read it; that must not stop us.
pub fn tell(program: &str, what: &dyn Display) {
    #[cfg(any(test, feature = "sim"))]
    if HUSHED.load(Ordering::Relaxed) {
        return;
    }
    let _ = writeln!(io::stderr(), "{program}: {what}");
}

/// Gives the answer on stdout. An answer that could not be given is no success; a reader that went away
/// (`| head`) is no error.
pub fn answer(program: &str, text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            tell(
                program,
                &format_args!(
                    "the answer cannot be written to stdout: {error}\n  free the disk, or write elsewhere"
                ),
            );
            Exit::Io
        }
    }
}
