//! Limits of the process, such as `ulimit -f`.

/// Makes a file that may not grow an error of the write. By default the signal that comes with it ends the process,
/// and a trip must live to do what can still be done.
#[cfg(unix)]
pub fn take_limits_as_errors() {
    use std::sync::{Arc, atomic::AtomicBool};
    // Without it everything works but that.
    let _ =
        signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), Arc::new(AtomicBool::new(false)));
}

/// There is no such limit.
#[cfg(not(unix))]
pub fn take_limits_as_errors() {}
