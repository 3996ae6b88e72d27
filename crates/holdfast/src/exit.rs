//! Exit codes, the same in every program.

/// How a program ends. A caller may treat everything but [`Exit::Ok`] as "stop".
///
/// Where several hold, the higher wins: the order of the variants is the order of the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Yes, go, healthy.
    Ok = 0,
    /// No: an alarm, a failed verification.
    No = 1,
    /// The circuit is paused, or cannot be read as green, or a required watchdog is stale.
    Paused = 2,
    /// Only orders that reduce risk.
    Reduce = 3,
    /// A log is torn, unsigned or unsealed beyond what is allowed.
    Unsealed = 4,
    /// Sound, but less than was asked for: a signer that nobody vouches for, too few anchors.
    BelowPolicy = 5,
    /// The arguments make no sense. Not 2: a typo must never look like a paused circuit.
    Usage = 64,
    /// A file or an input holds malformed data.
    Data = 65,
    /// An alert is undelivered or a peer unreachable.
    Undelivered = 69,
    /// Reading or writing failed.
    Io = 74,
    /// Another instance is at it.
    Busy = 75,
    /// The root or the configuration is not usable.
    Config = 78,
}

impl Exit {
    /// The code that the operating system sees.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The one of two that a caller must learn about.
    #[must_use]
    pub fn and(self, other: Exit) -> Exit {
        self.max(other)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_codes_are_those_of_the_documentation_and_the_higher_wins() {
        use Exit::{
            BelowPolicy, Busy, Config, Data, Io, No, Ok, Paused, Reduce, Undelivered, Unsealed, Usage,
        };
        let all = [Ok, No, Paused, Reduce, Unsealed, BelowPolicy, Usage, Data, Undelivered, Io, Busy, Config];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5, 64, 65, 69, 74, 75, 78]);
        for (low, high) in all.iter().zip(&all[1..]) {
            assert_eq!(low.and(*high), *high);
            assert_eq!(high.and(*low), *high);
        }
    }
}
