//! Unix: signals are passed on, and we die of what the command died of.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use holdfast::sys::real;
use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, kill_process, setrlimit};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::emulate_default_handler;
use signal_hook::low_level::siginfo::{Cause, Origin};

use crate::End;

/// Taken before the command starts, so that none of them is lost.
const EARLY: [i32; 6] = [SIGCHLD, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT];
/// Taken after it: `nohup`, and `&` in a script, have these ignored, which the command must inherit.
const LATE: [i32; 3] = [SIGHUP, SIGINT, SIGQUIT];
/// A terminal sends these to the whole foreground group, of which the command is a member.
const OF_TERMINALS: [i32; 3] = [SIGINT, SIGQUIT, SIGTSTP];

/// Runs one command in our place.
pub(crate) struct Foreground {
    signals: SignalsInfo<WithOrigin>,
}

impl Foreground {
    /// From here on signals wait for the command.
    pub(crate) fn prepare() -> io::Result<Self> {
        Ok(Self { signals: SignalsInfo::new(EARLY)? })
    }

    /// Runs the command to its end, whatever we are told meanwhile.
    pub(crate) fn run(mut self, argv: &[OsString]) -> io::Result<End> {
        let mut child = real::foreground(argv)?;
        for signal in LATE {
            // If that fails the signal ends us as it would have; the command runs and must be waited for.
            let _ = self.signals.add_signal(signal);
        }
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.signal().map_or(End::Code(status.code().unwrap_or(1)), End::Signal));
            }
            for origin in self.signals.wait() {
                relay(&child, &origin);
            }
        }
    }
}

fn relay(child: &Child, origin: &Origin) {
    let by_terminal = origin.process.is_none() || origin.cause == Cause::Kernel;
    let has_it_already = by_terminal && OF_TERMINALS.contains(&origin.signal);
    let signal = Signal::from_named_raw(origin.signal).filter(|signal| *signal != Signal::CHILD);
    if let Some(signal) = signal.filter(|_| !has_it_already) {
        // Not waited for yet, so the id is still its own; that it has just ended is no error.
        let _ = kill_process(Pid::from_child(child), signal);
    }
    if origin.signal == SIGTSTP {
        // Who stopped us finds us stopped, until SIGCONT.
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// Ends us by the signal that ended the command. Returns where that cannot be: signals do not end process 1,
/// and some have no name.
pub(crate) fn die_of(signal: i32) {
    if std::process::id() == 1 {
        return;
    }
    // The command has left its core already, and ours would take its place.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    let _ = emulate_default_handler(signal);
}

/// The process that beats through us.
pub(crate) fn caller() -> u32 {
    getppid().map_or_else(std::process::id, |pid| pid.as_raw_nonzero().get().unsigned_abs())
}
