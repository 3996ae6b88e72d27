//! Why nothing was sealed, or not all.

use holdfast::Exit;

use crate::finding::{Finding, Findings};
use crate::guard::GuardError;
use crate::place::FileError;

/// Why a log could not be sealed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    /// Another sealer is at it.
    #[error(
        "another process is sealing this log (it holds {0})\n  wait for it; where it hangs, end it: fuser {0}"
    )]
    Busy(String),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// What was signed last is not known.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// There is no sidecar.
    #[error("{log} is not sealed yet\n  begin with: audit-pack init {log} --key KEY")]
    NoSidecar {
        /// Which log.
        log: String,
    },
    /// There is one that was never signed.
    #[error(
        "{log} was begun, and nothing shows that this key has ever signed it\n  where you were interrupted: \
         audit-pack init {log} --key KEY; else put the right sidecar back"
    )]
    NotBegun {
        /// Which log.
        log: String,
    },
    /// It was sealed by somebody else.
    #[error(
        "the log is sealed by another key\n  its key: {log}\n  given:   {given}\n  name the right one with --key"
    )]
    OtherKey {
        /// The log's.
        log: String,
        /// The one that was given.
        given: String,
    },
    /// The log's file was given another name, and several could be it.
    #[error(
        "the log was renamed, and all that is sealed of it stands in several files: {files}\n  name the one that was \
         the log: audit-pack rotate {log} --closed FILE"
    )]
    Moved {
        /// Which log.
        log: String,
        /// The files.
        files: String,
    },
    /// It was made durable under a name that another file had by then.
    #[error("{0} was renamed while it was sealed: nothing was sealed, and the next run goes on")]
    Renamed(String),
    /// A file that somebody named was not the log.
    #[error("{file} {fact}\n  name the files that were the log, the oldest first, as they lie beside it")]
    NotClosed {
        /// Which.
        file: String,
        /// What speaks against it.
        fact: &'static str,
    },
    /// What is there does not extend what was signed.
    #[error("nothing was signed: what is there does not extend what was signed last\n{0}")]
    Changed(Findings),
    /// The key did not sign.
    #[error("the key did not sign: {0}\n  what was appended is sealed, and will be signed next time")]
    Signer(String),
    /// What we wrote is not what we would read.
    #[error("our own seal is not valid: {0}\n  nothing was sealed; please report it")]
    Own(String),
}

impl SealError {
    pub(crate) fn changed(finding: Finding) -> Self {
        let mut findings = Findings::default();
        findings.add(finding);
        Self::Changed(findings)
    }

    /// The disk has no room left.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::File(error) | Self::Guard(GuardError::File(error)) if error.is_full())
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Busy(_) | Self::Renamed(_) => Exit::Busy,
            Self::File(_) | Self::Own(_) | Self::Guard(GuardError::File(_)) => Exit::Io,
            Self::Guard(GuardError::Malformed { .. }) => Exit::Data,
            Self::NoSidecar { .. } | Self::OtherKey { .. } => Exit::Config,
            Self::Changed(_) | Self::NotBegun { .. } => Exit::No,
            Self::Moved { .. } => Exit::Unsealed,
            Self::NotClosed { .. } => Exit::Usage,
            Self::Signer(_) => Exit::Undelivered,
        }
    }
}
