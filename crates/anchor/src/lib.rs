//! Anchors: what others can say of a log's head, so that not even the owner of its key can rewrite it unseen.
//!
//! * [`witness`]: C2SP witnesses, which cosign one history and refuse every other;
//! * [`stamp`]: RFC 3161 authorities, which say that something was there by then;
//! * [`store`]: folders and buckets that keep what they were given;
//! * [`heads`]: heads of logs in any text that people have.
//!
//! What is asked and what an answer means is decided without I/O; whoever asks brings the means to.

pub mod heads;
pub mod stamp;
pub mod store;
pub mod witness;

use std::time::Duration;

use holdfast_http::{HttpError, Reply};

/// Why there is no anchor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Not now.
    #[error("{why}")]
    Later {
        /// What happened.
        why: String,
        /// How long we were asked to wait.
        after: Option<Duration>,
    },
    /// Not before somebody mends it.
    #[error("{0}")]
    Refused(String),
    /// Somebody outside knows more lines of the log than there are.
    #[error("{0}")]
    RolledBack(String),
    /// Somebody outside knows another history of the log.
    #[error("{0}")]
    Forked(String),
}

impl Trouble {
    /// Not now.
    pub fn later(why: impl Into<String>) -> Self {
        Self::Later { why: why.into(), after: None }
    }

    /// The log itself is in doubt, not the way to whoever was asked.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::RolledBack(_) | Self::Forked(_))
    }

    /// An answer of which nothing more is known than its status.
    pub fn of_status(who: &str, reply: &Reply) -> Self {
        let why = format!("{who} answers {} {}", reply.status, reply.said()).trim_end().to_owned();
        match reply.status {
            408 | 425 | 429 | 500 | 502.. => {
                let seconds = reply.header("retry-after").and_then(|value| value.parse().ok());
                Self::Later { why, after: seconds.map(Duration::from_secs) }
            }
            _ => Self::Refused(why),
        }
    }
}

impl From<HttpError> for Trouble {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Url => Self::Refused(error.to_string()),
            _ => Self::later(error.to_string()),
        }
    }
}
