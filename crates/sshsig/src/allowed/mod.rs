//! Who may sign what: the file that `ssh-keygen -Y verify -f` takes (ssh-keygen(1), ALLOWED SIGNERS).

mod line;
mod options;
mod pattern;
mod time;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::digest::Digest;
use crate::public::PublicKey;
use crate::signature::{Signature, SignatureError};

pub use line::Line;

/// A line that cannot be read. The whole file is refused then: what it was to say is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the allowed signers {reason}")]
pub struct AllowedError {
    /// From 1 on.
    pub line: usize,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// Why a signature does not count as that of a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The signature itself is none, or for another purpose.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// No line has this signer and this key.
    #[error(
        "the signature is by {fingerprint}, and no line of the allowed signers gives this key to {identity:?}: ask the \
         signer for the fingerprint on another way, then add the key"
    )]
    Unknown {
        /// Whose signature was wanted.
        identity: String,
        /// The key that signed.
        fingerprint: String,
    },
    /// The key is the signer's, for other purposes.
    #[error("line {line} of the allowed signers does not let the key sign for the namespace {namespace:?}")]
    OtherNamespaces {
        /// From 1 on.
        line: usize,
        /// Of the signature.
        namespace: String,
    },
    /// The key is not valid yet.
    #[error("line {line} of the allowed signers lets the key sign from {} on, and {} was asked for", shown(*from_s), shown(*at_s))]
    TooEarly {
        /// From 1 on.
        line: usize,
        /// When it becomes valid, in Unix seconds.
        from_s: u64,
        /// The moment that was asked for, in Unix seconds.
        at_s: u64,
    },
    /// The key is no longer valid.
    #[error("line {line} of the allowed signers lets the key sign until {}, and {} was asked for", shown(*until_s), shown(*at_s))]
    Expired {
        /// From 1 on.
        line: usize,
        /// When it was valid last, in Unix seconds.
        until_s: u64,
        /// The moment that was asked for, in Unix seconds.
        at_s: u64,
    },
    /// The key of an authority has signed a file itself.
    #[error(
        "line {0} of the allowed signers has the key as `cert-authority`: that would vouch for certificates, which are \
         not supported. List the key that signs in a line of its own"
    )]
    Authority(usize),
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Of the key that signed, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// The line that allows it, from 1 on.
    pub line: usize,
}

/// The lines of a file of allowed signers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigners {
    lines: Vec<Line>,
}

impl AllowedSigners {
    /// Reads a file. Times without a zone are in the zone of this system.
    pub fn parse(bytes: &[u8]) -> Result<Self, AllowedError> {
        Self::parse_in(bytes, &TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// Reads a file. Times without a zone are in this zone.
    pub fn parse_in(bytes: &[u8], zone: &TimeZone) -> Result<Self, AllowedError> {
        let mut lines = Vec::new();
        for (line, bytes) in (1..).zip(bytes.split(|&b| b == b'\n')) {
            let refuse = |reason| AllowedError { line, reason };
            let text = str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
            let text = text.ok_or_else(|| refuse("is no text".to_owned()))?;
            lines.extend(Line::parse(line, text, zone).map_err(refuse)?);
        }
        Ok(Self { lines })
    }

    /// All lines but the blank ones and comments, in their order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether `identity` signed this digest for this purpose with a key that was valid at `at_s`, in Unix seconds. Of
    /// several lines with signer and key, one that allows it is enough.
    pub fn verify(
        &self,
        signature: &Signature,
        digest: &Digest,
        namespace: &str,
        identity: &str,
        at_s: u64,
    ) -> Result<Verified, Refused> {
        signature.verify(namespace, digest)?;
        let mut refused = None;
        for line in self.lines.iter().filter(|line| line.names(identity) && line.key() == signature.public())
        {
            match line.allows(namespace, at_s) {
                Ok(()) => {
                    return Ok(Verified {
                        fingerprint: signature.public().fingerprint(),
                        line: line.number(),
                    });
                }
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        Err(refused.unwrap_or_else(|| Refused::Unknown {
            identity: identity.to_owned(),
            fingerprint: signature.public().fingerprint(),
        }))
    }

    /// The lines that let a key sign for a purpose at `at_s`, in Unix seconds: whose signature it may be.
    pub fn find_principals<'a>(
        &'a self,
        public: &'a PublicKey,
        namespace: &'a str,
        at_s: u64,
    ) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.key() == public && line.allows(namespace, at_s).is_ok())
    }
}

/// A moment for people: in UTC.
fn shown(unix_s: u64) -> String {
    let moment = i64::try_from(unix_s).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| format!("{unix_s} s after 1970"), |moment| moment.to_string())
}
