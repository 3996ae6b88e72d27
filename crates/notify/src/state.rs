//! What is known of a channel.

use std::collections::BTreeMap;
use std::fmt;

use holdfast::config::Channel;
use holdfast::json::Value;
use serde::{Deserialize, Serialize};

use crate::transport::Verdict;

/// What the last sends through a channel met. Whoever delivers keeps it between runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ChannelState {
    /// Nothing was sent through it yet.
    #[default]
    Untried,
    /// The last message was accepted.
    Ok {
        /// When, by the wall clock.
        at: f64,
    },
    /// The last messages were not accepted; they are tried again.
    Failing {
        /// Since when.
        since: f64,
        /// What the last one met.
        why: String,
        /// How many sends failed in a row.
        tries: u32,
    },
    /// It refuses everything until somebody mends it.
    Broken {
        /// Since when.
        since: f64,
        /// What it said, and what to do.
        why: String,
    },
}

/// States by name of channel.
pub type States = BTreeMap<String, ChannelState>;

/// The states as JSON of whoever keeps them; what cannot be read is a channel that was never tried.
pub fn states_of(kept: &BTreeMap<String, Value>) -> States {
    let read = |state: &Value| serde_json::from_value(state.clone()).unwrap_or_default();
    kept.iter().map(|(name, state)| (name.clone(), read(state))).collect()
}

impl ChannelState {
    /// As far as we know a message would be accepted.
    pub fn works(&self) -> bool {
        matches!(self, Self::Untried | Self::Ok { .. })
    }

    /// It refuses everything until somebody mends it.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken { .. })
    }

    /// The state after one more send, at `wall`.
    #[must_use]
    pub(crate) fn after(&self, verdict: &Verdict, wall: f64) -> Self {
        match verdict {
            Verdict::Accepted => Self::Ok { at: wall },
            Verdict::Refused { why } => Self::Broken { since: self.down_since(wall), why: why.clone() },
            Verdict::Later { why, .. } => {
                let tries = if let Self::Failing { tries, .. } = self { tries.saturating_add(1) } else { 1 };
                Self::Failing { since: self.down_since(wall), why: why.clone(), tries }
            }
        }
    }

    fn down_since(&self, wall: f64) -> f64 {
        match self {
            Self::Failing { since, .. } | Self::Broken { since, .. } => *since,
            Self::Untried | Self::Ok { .. } => wall,
        }
    }
}

impl fmt::Display for ChannelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untried => f.write_str("untried"),
            Self::Ok { .. } => f.write_str("ok"),
            Self::Failing { why, tries, .. } => write!(f, "failing, {tries} in a row: {why}"),
            Self::Broken { why, .. } => write!(f, "broken: {why}"),
        }
    }
}

/// Some channel is configured and none works: nobody would hear an alert (**no-silent-alert**).
pub fn mute(channels: &[Channel], states: &States) -> bool {
    let works = |channel: &Channel| states.get(&channel.name).is_none_or(ChannelState::works);
    !channels.is_empty() && !channels.iter().any(works)
}

/// None of the channels that are told first works: only those of a higher level could be heard.
pub fn deaf(channels: &[Channel], states: &States) -> bool {
    let lowest = channels.iter().map(|channel| channel.level).min();
    let first: Vec<Channel> =
        channels.iter().filter(|channel| Some(channel.level) == lowest).cloned().collect();
    mute(&first, states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_down_since_its_first_failure() {
        let later = Verdict::Later { why: "down".to_owned(), after: None };
        let refused = Verdict::Refused { why: "bad token".to_owned() };
        let failing = ChannelState::Ok { at: 1.0 }.after(&later, 2.0).after(&later, 3.0);
        assert_eq!(failing, ChannelState::Failing { since: 2.0, why: "down".to_owned(), tries: 2 });
        let broken = failing.after(&refused, 4.0);
        assert_eq!(broken, ChannelState::Broken { since: 2.0, why: "bad token".to_owned() });
        assert_eq!(broken.after(&Verdict::Accepted, 5.0), ChannelState::Ok { at: 5.0 });
    }

    #[test]
    fn states_are_written_as_people_read_them() {
        for (state, text) in [
            (ChannelState::Untried, r#"{"state":"untried"}"#),
            (ChannelState::Ok { at: 1.5 }, r#"{"state":"ok","at":1.5}"#),
            (
                ChannelState::Failing { since: 1.0, why: "w".to_owned(), tries: 2 },
                r#"{"state":"failing","since":1.0,"why":"w","tries":2}"#,
            ),
            (
                ChannelState::Broken { since: 1.0, why: "w".to_owned() },
                r#"{"state":"broken","since":1.0,"why":"w"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&state).expect("JSON"), text);
            assert_eq!(serde_json::from_str::<ChannelState>(text).expect("a state"), state);
        }
    }
}
