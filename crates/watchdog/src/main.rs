//! `watchdog`: see `watchdog --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    watchdog::main().into()
}
