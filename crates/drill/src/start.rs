//! Becoming one of the programs of a drill.

use holdfast::sys::real;
use holdfast::{Exit, say};

use crate::cli::StartArgs;

/// Becomes the program. On Linux it is killed when the drill ends, however that ends: a rehearsal must not
/// leave a watchdog behind.
pub(crate) fn run(args: &StartArgs) -> Exit {
    if let Err(error) = prepare(args) {
        say::tell("drill", &format_args!("start: {error}"));
        return Exit::Io;
    }
    match real::exec(&args.argv, &[]) {
        Ok(0) => Exit::Ok,
        Ok(_) => Exit::No,
        Err(error) => {
            say::tell("drill", &format_args!("start: {}: {error}", args.argv[0].display()));
            Exit::Io
        }
    }
}

#[cfg(unix)]
fn prepare(args: &StartArgs) -> rustix::io::Result<()> {
    use rustix::fs::{Mode, OFlags, open};
    use rustix::process::{ioctl_tiocsctty, setsid};

    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if args.alone || args.terminal.is_some() {
        setsid()?;
    }
    if let Some(path) = &args.terminal {
        ioctl_tiocsctty(open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?)?;
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every platform")]
fn prepare(_args: &StartArgs) -> std::io::Result<()> {
    Ok(())
}
