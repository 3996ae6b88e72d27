//! Words for people: the answer to stdout, the story to stderr.
//!
//! The standard macros panic when nobody can take the words. With a full disk behind stderr that would end a
//! watchdog before its trip (**trip-first**).

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
#[cfg(any(test, feature = "sim"))]
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;
use crate::json::{Object, Value};

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

/// Says why there is no answer: to people on stderr and, where a machine asked (`--json`), as the answer on stdout. It
/// must never read nothing, which is what a program that was killed says, too. Returns `exit`.
pub fn refuse(program: &str, json: bool, what: &dyn Display, exit: Exit) -> Exit {
    tell(program, what);
    if json { exit.and(answer(program, &refusal(what, exit))) } else { exit }
}

/// After arguments that are none, which the parser has told on stderr: where a machine asked, the answer too. Returns
/// [`Exit::Usage`].
pub fn misused(program: &str, args: &[OsString], told: &dyn Display) -> Exit {
    let ours = args.iter().take_while(|arg| *arg != "--");
    if !ours.into_iter().any(|arg| arg == "--json") {
        return Exit::Usage;
    }
    let told = told.to_string();
    let told = told.strip_prefix("error: ").unwrap_or(&told);
    Exit::Usage.and(answer(program, &refusal(&told, Exit::Usage)))
}

/// A refusal for machines, in one line: `{"exit":78,"error":"the fact","advice":["what to do"]}`.
pub fn refusal(what: &dyn Display, exit: Exit) -> String {
    let text = what.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut object = Object::new();
    object.insert("exit".into(), exit.code().into());
    object.insert("error".into(), lines.next().unwrap_or_default().into());
    object.insert("advice".into(), lines.collect::<Vec<_>>().into());
    format!("{}\n", Value::from(object))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_of_json_with_the_fact_and_what_to_do() {
        for (text, line) in [
            (
                "a \"b\" is missing\n  make it\n  or name another",
                r#"{"exit":78,"error":"a \"b\" is missing","advice":["make it","or name another"]}"#,
            ),
            ("no", r#"{"exit":78,"error":"no","advice":[]}"#),
            ("", r#"{"exit":78,"error":"","advice":[]}"#),
        ] {
            assert_eq!(refusal(&text, Exit::Config), format!("{line}\n"));
        }
    }
}
