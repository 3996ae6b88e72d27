//! One end for all that a message needs on its way.

use std::io::{self, ErrorKind};
use std::time::Duration;

use holdfast::sys::Clock;

/// When everything must be over.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    clock: &'static (dyn Clock + Sync),
    end: f64,
}

impl Deadline {
    pub(crate) fn after(clock: &'static (dyn Clock + Sync), timeout: Duration) -> Self {
        Self { clock, end: clock.now().up + timeout.as_secs_f64() }
    }

    /// What is left of it; an error when nothing is.
    pub(crate) fn left(self) -> io::Result<Duration> {
        let left = self.end - self.clock.now().up;
        if left > 0.0 {
            Ok(Duration::from_secs_f64(left.max(0.001)))
        } else {
            Err(ErrorKind::TimedOut.into())
        }
    }
}
