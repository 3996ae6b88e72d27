//! Who counts, as the verifier says.

use std::path::PathBuf;
use std::sync::Arc;

use holdfast::Exit;
use holdfast::config::{AnchorKind, Config};
use holdfast::sys::{ReadError, Sys};
use holdfast::time::Span;
use tlog::WitnessKey;

use crate::cli::AnchorPolicy;
use crate::place::FileError;

/// A mailbox may be long; a file is read whole.
const FILE_MAX: u64 = 64 << 20;

/// Who counts, and what is asked for.
#[derive(Clone)]
pub(crate) struct Trust<'a> {
    /// For openssl.
    pub(crate) sys: &'a Sys<'a>,
    /// Witnesses.
    pub(crate) witnesses: Vec<WitnessKey>,
    /// Files with certificates of authorities.
    pub(crate) authorities: Vec<PathBuf>,
    /// What the verifier holds: what it is called, and its bytes.
    pub(crate) files: Vec<(String, Arc<[u8]>)>,
    /// So many must count.
    pub(crate) require: Option<u64>,
    /// Lines may go without an anchor for so long.
    pub(crate) max_age: Option<Span>,
    /// Unix seconds.
    pub(crate) now_s: u64,
    /// So many stamps of one log are verified at most, the newest of them.
    pub(crate) stamps_max: usize,
    /// So many folders are looked into at most, the newest of them.
    pub(crate) folders_max: usize,
}

/// Stamps of one log that are verified; each takes openssl a hundredth of a second.
const STAMPS_MAX: usize = 256;
/// Stamps of all logs of a pack: nobody waits for hours, and of the most logs that there may be each has its newest one.
const STAMPS_OF_ALL: usize = 1024;
/// In a quick check.
const STAMPS_QUICK: usize = 4;
const FOLDERS_QUICK: usize = 16;

/// Why it cannot be known who counts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error(transparent)]
    File(#[from] FileError),
}

impl TrustError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(FileError { error: ReadError::Missing | ReadError::NotRegular(_), .. }) => Exit::Usage,
            Self::File(_) => Exit::Io,
        }
    }
}

/// How many stamps of a pack are still verified. The logs share them: what one does not need the later ones have.
pub(crate) struct Stamps {
    left: usize,
    logs: usize,
}

impl Stamps {
    /// For so many logs.
    pub(crate) fn of(logs: usize) -> Self {
        Self { left: STAMPS_OF_ALL, logs }
    }

    /// The share of the next log.
    pub(crate) fn share(&self) -> usize {
        self.left / self.logs.max(1)
    }

    /// So many were verified of that log.
    pub(crate) fn took(&mut self, stamps: usize) {
        (self.left, self.logs) = (self.left.saturating_sub(stamps), self.logs.saturating_sub(1));
    }
}

impl<'a> Trust<'a> {
    /// Nobody counts, and nothing is asked for.
    pub(crate) fn nobody(sys: &'a Sys<'a>) -> Self {
        Self {
            sys,
            witnesses: Vec::new(),
            authorities: Vec::new(),
            files: Vec::new(),
            require: None,
            max_age: None,
            now_s: sys.clock.now().wall as u64,
            stamps_max: STAMPS_MAX,
            folders_max: usize::MAX,
        }
    }

    /// As the arguments say.
    pub(crate) fn told(sys: &'a Sys<'a>, policy: &AnchorPolicy) -> Result<Self, TrustError> {
        let mut trust = Self::nobody(sys);
        trust.witnesses.clone_from(&policy.witness);
        trust.authorities.clone_from(&policy.tsa_ca);
        (trust.require, trust.max_age) = (policy.require_anchors, policy.max_anchor_age);
        for path in &policy.tsa_ca {
            let shown = path.display().to_string();
            // openssl would say it of each stamp.
            let file = sys.store.open(path).map_err(|error| FileError::new(&shown, error))?;
            file.size().map_err(|error| FileError::new(&shown, error))?;
        }
        for path in &policy.anchor {
            let shown = path.display().to_string();
            let error = |error: ReadError| FileError::new(&shown, error);
            let file = sys.store.open(path).map_err(error)?;
            let len = file.size().map_err(|failed| error(failed.into()))?;
            if len > FILE_MAX {
                return Err(error(ReadError::TooLarge(len)).into());
            }
            let mut bytes = vec![0; len as usize];
            let read = file.read_at(0, &mut bytes).map_err(|failed| error(failed.into()))?;
            bytes.truncate(read);
            trust.files.push((shown, bytes.into()));
        }
        Ok(trust)
    }

    /// Only what takes a moment.
    pub(crate) fn quick(self) -> Self {
        Self { stamps_max: STAMPS_QUICK, folders_max: FOLDERS_QUICK, ..self }
    }

    /// And as the configuration of this host says, where the arguments say nothing.
    pub(crate) fn or_configured(mut self, root: &std::path::Path, config: &Config) -> Self {
        for anchor in &config.anchors {
            match &anchor.kind {
                AnchorKind::Witness { key, .. } => self.witnesses.extend(WitnessKey::parse(key).ok()),
                AnchorKind::Timestamp { ca_file, .. } => {
                    self.authorities.extend(ca_file.as_ref().map(|file| root.join(file)));
                }
                AnchorKind::Store(_) => {}
            }
        }
        self.max_age = self.max_age.or(config.audit.max_anchor_age);
        self
    }
}
