//! `hb-write exec`: a command between two beats.

use std::ffi::{OsStr, OsString};
use std::io;

use holdfast::Root;
use holdfast::heartbeat::Draft;
use holdfast::sys::Sys;

use crate::child::Foreground;
use crate::cli::Cli;
use crate::{End, tell, write};

/// What a shell says of a command that is not there.
const NOT_FOUND: i32 = 127;
/// What a shell says of a command that is there and cannot be run.
const NOT_RUNNABLE: i32 = 126;

/// Beats, runs the command to its end, beats again. The command runs whether or not the first beat could be
/// written: the watchdog will miss it, and a full disk must not keep a bot from closing a position.
pub(crate) fn run(cli: &Cli, argv: &[OsString], sys: &Sys, root: &Root) -> End {
    let began = sys.clock.now();
    // Before the first beat: a signal in between then reaches the command instead of ending us.
    let foreground = Foreground::prepare();
    let begin_written = write(Draft::begin().began(&began), cli, sys, root);
    let end = foreground
        .and_then(|foreground| foreground.run(argv))
        .unwrap_or_else(|error| not_started(&argv[0], &error));
    let last = match end {
        End::Code(code) => Draft::exited(code),
        End::Signal(signal) => Draft::killed(signal),
    };
    let end_written = write(last.began(&began), cli, sys, root);
    match end {
        End::Code(0) => begin_written.and(end_written).into(),
        end => end,
    }
}

fn not_started(program: &OsStr, error: &io::Error) -> End {
    let program = program.display();
    if error.kind() == io::ErrorKind::NotFound {
        tell(&format_args!(
            "\"{program}\" cannot be started: it is not there, or what runs it is not\n  check its name, PATH, and the first line if it is a script"
        ));
        return End::Code(NOT_FOUND);
    }
    tell(&format_args!(
        "\"{program}\" cannot be started: {error}\n  it must be a program that this user may execute"
    ));
    End::Code(NOT_RUNNABLE)
}
